package slack

import (
	"fmt"
	"regexp"

	"github.com/slack-go/slack"

	"kakehashi/bot/conversation"
)

// The ids by which what people press or fill in is told apart. One that ends in a colon
// is followed by more: a number that sets it apart from its neighbours, or the id of the
// answer that it belongs to.
const (
	actionFeedback = "feedback"   // its value is feedbackUp or feedbackDown
	actionExpert   = "expert"     // its value is the answer's id
	actionShare    = "share"      // its value is the answer's id
	actionFollowUp = "follow-up:" // and a number; its value is the question
	actionPrompt   = "prompt:"    // and a number; its value is the question
	actionReason   = "reason"     // its value is a word that wording.reasons knows
	actionComment  = "comment"

	blockFeedback  = "feedback:"   // and the answer's id
	blockActions   = "actions:"    // and the answer's id
	blockFollowUps = "follow-ups:" // and the answer's id
	blockReason    = "reason"
	blockComment   = "comment"

	callbackReason = "reason:" // and the answer's id

	feedbackUp   = "up"
	feedbackDown = "down"
)

// message is one post. Text is what notifications and screen readers get.
type message struct {
	Text   string
	Blocks []slack.Block
}

// renderer puts what the bot says into Slack's form.
type renderer struct {
	PublicURL string // of the source reader, https://host; "" where people cannot reach it
}

// reply is what to post: one message, and where Slack's limits ask for it further ones,
// which belong in its thread. Nothing in it is read as Slack's markup but our own words.
func (r renderer) reply(p conversation.Reply) []message {
	w := wording(p.Language)
	var parts []part
	switch p.Kind {
	case conversation.KindAnswer:
		if p.Answer != nil {
			parts = append(r.answer(w, *p.Answer, p.Colleagues), offers(w, *p.Answer, p.Shares)...)
		}
	case conversation.KindRequest:
		parts = r.request(w, p)
	case conversation.KindExpert:
		parts = expert(w, p)
	default:
		parts = rich(paragraph, say(p.Text, nil))
	}
	messages := pack(parts)
	if len(messages) == 0 {
		messages = pack(rich(paragraph, say(w.choose("There is nothing to show.", "表示する内容がありません。"), nil)))
	}
	for i := range messages {
		if messages[i].Text == "" { // buttons alone
			messages[i].Text = w.choose("What you can do next", "次にできること")
		}
	}
	return messages
}

// request puts a person's question before the experts.
func (r renderer) request(w wording, p conversation.Reply) []part {
	parts := rich(paragraph,
		say(w.choose("An expert's answer is wanted", "専門家の回答が求められています"), bold),
		append(say(w.label("Asked by", "質問者"), nil), person(p.Person)...))
	parts = append(parts, rich(paragraph, say(w.choose("Question", "質問"), bold))...)
	parts = append(parts, rich(quotation, say(p.Question, nil))...)
	if p.Answer != nil {
		parts = append(parts, part{block: slack.NewDividerBlock()})
		parts = append(parts, rich(paragraph, say(w.choose("Kakehashi's answer so far", "Kakehashiのこれまでの回答"), bold))...)
		parts = append(parts, r.answer(w, *p.Answer, p.Colleagues)...)
	}
	return append(parts, aside(w.choose(
		"To answer, reply in this thread: your words go back to where the question was asked, marked as a person's. Put nothing controlled or classified in them.",
		"このスレッドに返信すると、回答者が人であることを示したうえで、質問のあった場所に届きます。管理対象又は秘密の情報は書かないでください。"))...)
}

// expert passes on a person's words, and says whose they are.
func expert(w wording, p conversation.Reply) []part {
	parts := rich(paragraph, append(say(w.choose("A person answers, not Kakehashi", "Kakehashiではなく、人による回答です"), bold),
		append(say(w.choose(": ", "："), nil), person(p.Person)...)...))
	if !blank(p.Question) {
		parts = append(parts, aside(w.label("On the question", "質問")+w.quote(shorten(p.Question, maxShown)))...)
	}
	parts = append(parts, rich(quotation, say(p.Text, nil))...)
	return append(parts, aside(w.choose("Kakehashi has not checked this against its sources.", "この回答は、Kakehashiの資料と照合されていません。"))...)
}

var userID = regexp.MustCompile(`^[UW][A-Z0-9]{2,30}$`)

// person shows who someone is. Slack refuses a message that names a user who cannot be.
func person(id string) line {
	if userID.MatchString(id) {
		return line{slack.NewRichTextSectionUserElement(id, nil)}
	}
	return say(id, nil)
}

func number(n int) string { return fmt.Sprintf("[%d]", n) }
