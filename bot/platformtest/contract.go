package platformtest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"kakehashi/bot/answer"
	"kakehashi/bot/state"
	"kakehashi/bot/thread"
	"kakehashi/corpus"
)

// Open makes a platform with the bot in it, for one test.
type Open func(*testing.T, *Bot) Platform

// Run tries a platform against the contract, in both languages.
func Run(t *testing.T, open Open) {
	for name, s := range specifications {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, w := range []words{english, japanese} {
				t.Run(w.language.String(), func(t *testing.T) {
					t.Parallel()
					b := newBot(t, w.client)
					b.Patience = s.patience
					p := open(t, b)
					for _, needed := range s.needs {
						if p.Lacks(needed) {
							t.Skipf("the platform has no %s", needed)
						}
					}
					s.test(&try{p, t, b, w})
				})
			}
		})
	}
}

type specification struct {
	needs    []Ability
	patience time.Duration
	test     func(*try)
}

// try is one test of the contract.
type try struct {
	Platform
	t *testing.T
	*Bot
	words
}

// words are what people write in a language, and what the bot says to it.
type words struct {
	language, client                                                language.Tag
	question, followUp, other, thanks, aside, fact, contrary        string
	marked, secret, asOf, badDate, own, owns                        string
	help, status, digestOn, digestOff, digestShow, forget           string
	refused, disagree, helps, library, subscribed, ended, forgotten string
	failed, stopped, person, gone, unread, welcome, asked, newName  string
}

var english = words{
	language: language.English, client: language.AmericanEnglish,
	question: "What is a deemed export?", followUp: "And in Japan?", other: "What does CMMC Level 2 ask for?", thanks: "Thanks, that's very helpful!", aside: "I shall be away on Friday.",
	fact: "Our postdoc is from India.", contrary: "Our postdoc is from China. Is a licence needed?",
	marked: "SECRET//NOFORN The range of the heron radar is 4 km. May I send it?", secret: "heron radar",
	asOf: "as of 2024-04-01, what is a deemed export?", badDate: "as of 2024-13-01, what is a deemed export?",
	own: "I am at a DOE laboratory. Does the rule cover foreign visitors?", owns: "DOE laboratory",
	help: "help", status: "status", digestOn: "digest on 07:45", digestOff: "digest off", digestShow: "digest", forget: "forget this thread",
	refused: "carries a marking", disagree: "does not agree", helps: "mention me", library: "I hold", subscribed: "07:45", ended: "has been ended", forgotten: "I have deleted",
	failed: "could not answer", stopped: "Stopped.", person: "A person answers", gone: "has been deleted", unread: "as a date", welcome: "You are welcome", asked: "experts' channel",
	newName: "Deemed export, again: who decides?",
}

var japanese = words{
	language: language.Japanese, client: language.MustParse("ja-JP"),
	question: "みなし輸出とは何ですか。", followUp: "日本ではどうですか。", other: "CMMCのレベル2では何が求められますか。", thanks: "ありがとうございます。とても助かりました!", aside: "金曜日は不在にします。",
	fact: "ポスドクはインド国籍です。", contrary: "ポスドクは中国籍です。許可は必要ですか。",
	marked: "【特定秘密】鷺型レーダーの探知距離は4kmです。送ってもよいですか。", secret: "鷺型レーダー",
	asOf: "2024年4月1日時点で、みなし輸出とは何ですか。", badDate: "2024年13月1日時点で、みなし輸出とは何ですか。",
	own: "私は国立研究所にいます。この規則は外国人の訪問者に及びますか。", owns: "国立研究所",
	help: "ヘルプ", status: "ステータス", digestOn: "ダイジェスト オン 07:45", digestOff: "ダイジェスト オフ", digestShow: "ダイジェスト", forget: "このスレッドを忘れて",
	refused: "受け付けませんでした", disagree: "食い違い", helps: "メンション", library: "収録しています", subscribed: "07:45", ended: "止めました", forgotten: "削除しました",
	failed: "回答できませんでした", stopped: "中止しました", person: "人による回答", gone: "削除されています", unread: "日付として", welcome: "どういたしまして", asked: "専門家のチャンネル",
	newName: "みなし輸出についてもう一度。誰が判断しますか。",
}

// says has a person write, and waits until it has been dealt with.
func (c *try) says(person string, in Place, text string) Place {
	c.t.Helper()
	at := c.Write(person, in, text)
	c.Quiet()
	return at
}

// begins has a person begin a thread with a question to the bot.
func (c *try) begins(person, text string) Place {
	c.t.Helper()
	return c.says(person, Place{Room: General}, Kakehashi+" "+text)
}

// shows expects the bot's messages in a place, each with a text in it.
func (c *try) shows(in Place, want ...string) []Shown {
	c.t.Helper()
	return c.are("replies", c.Replies(in), want)
}

// tells expects the bot's messages for one person.
func (c *try) tells(person string, want ...string) []Shown {
	c.t.Helper()
	return c.are("notes to "+person, c.Private(person), want)
}

func (c *try) are(what string, got []Shown, want []string) []Shown {
	c.t.Helper()
	fits := len(got) == len(want)
	for i := 0; fits && i < len(got); i++ {
		fits = strings.Contains(got[i].Text, want[i])
	}
	if !fits {
		var texts []string
		for _, s := range got {
			texts = append(texts, s.Text)
		}
		c.t.Fatalf("%s: %q; want %q", what, texts, want)
	}
	return got
}

// last is the question that the engine was asked last, of as many.
func (c *try) last(want int) answer.Question {
	c.t.Helper()
	asked := c.Engine.questions()
	if len(asked) != want {
		c.t.Fatalf("%d questions were taken, want %d: %+v", len(asked), want, asked)
	}
	return asked[want-1]
}

// waits waits until the engine has been asked.
func (c *try) waits(questions int) {
	c.t.Helper()
	if err := c.Engine.wait(c.t.Context(), questions); err != nil {
		c.t.Fatal(err)
	}
}

var together = []Ability{Rooms}

var specifications = map[string]specification{
	"a mention is answered once, in its thread": {together, 0, func(c *try) {
		at := c.begins(Ann, c.question)
		c.shows(at, c.question)
		c.shows(Place{Room: General})
		c.tells(Ann)
		c.tells(Ben)
	}},
	"what is written to the bot alone is answered": {nil, 0, func(c *try) {
		at := c.says(Ann, Place{Room: Ann}, c.question)
		c.says(Ann, at, c.followUp)
		c.shows(at, c.question, c.followUp)
		if h := c.last(2).History; len(h) == 0 || h[0].Text != c.question {
			c.t.Errorf("history %+v", h)
		}
	}},
	"what others say to each other is left alone": {together, 0, func(c *try) {
		c.says(Ann, Place{Room: General}, c.question)
		at := c.says(Ann, Place{Room: General}, Ben+" "+c.question)
		c.says(Ben, at, c.aside)
		c.says(Ben, at, c.forget)
		c.shows(at)
		c.shows(Place{Room: General})
		if len(c.Engine.questions()) > 0 || c.holds(c.t, c.aside) {
			c.t.Error("it was taken")
		}
	}},
	"a thread of two goes on without a mention, until colleagues talk": {together, 0, func(c *try) {
		at := c.begins(Ann, c.question)
		c.says(Ann, at, c.followUp)
		c.shows(at, c.question, c.followUp)
		c.says(Ben, at, c.fact)
		c.says(Ann, at, c.other)
		c.says(Ben, at, c.followUp)
		c.shows(at, c.question, c.followUp)
		c.says(Ann, at, Kakehashi+" "+c.other)
		c.says(Ben, at, Kakehashi+" "+c.followUp)
		c.says(Ann, at, c.other)
		c.says(Ben, at, c.other)
		c.shows(at, c.question, c.followUp, c.other, c.followUp)
	}},
	"who turns to a colleague goes on talking to the colleague": {together, 0, func(c *try) {
		at := c.begins(Ann, c.question)
		c.says(Ann, at, Ben+" "+c.followUp)
		c.says(Ann, at, c.aside)
		c.shows(at, c.question)
		c.says(Ann, at, Kakehashi+" "+c.followUp)
		c.says(Ann, at, c.other)
		c.shows(at, c.question, c.followUp, c.other)
	}},
	"a guest in another's thread is answered only by mention": {together, 0, func(c *try) {
		root := c.says(Ben, Place{Room: General}, c.aside)
		c.says(Ann, root, Kakehashi+" "+c.question)
		c.says(Ann, root, c.followUp)
		c.says(Ben, root, c.followUp)
		c.shows(root, c.question)
		c.says(Ann, root, Kakehashi+" "+c.followUp)
		c.shows(root, c.question, c.followUp)
	}},
	"a follow-up while the answer is awaited is answered after it": {together, 0, func(c *try) {
		held := make(chan struct{})
		c.Engine.set(nil, held)
		at := c.Write(Ann, Place{Room: General}, Kakehashi+" "+c.question)
		c.waits(1)
		c.Write(Ann, at, c.followUp)
		c.Received()
		close(held)
		c.Quiet()
		c.shows(at, c.question, c.followUp)
	}},
	"thanks ask nothing": {together, 0, func(c *try) {
		at := c.begins(Ann, c.question)
		c.says(Ann, at, c.thanks)
		c.shows(at, c.question)
		c.says(Ann, at, c.followUp)
		c.says(Ann, at, Kakehashi+" "+c.thanks)
		c.shows(at, c.question, c.followUp, c.welcome)
		c.last(2)
	}},
	"marked text is refused to its author alone, and stored nowhere": {[]Ability{Rooms, Notes}, 0, func(c *try) {
		at := c.begins(Ann, c.marked)
		c.tells(Ann, c.refused)
		c.tells(Ben)
		c.shows(at)
		in := c.begins(Ben, c.question)
		c.says(Ben, in, c.marked)
		c.shows(in, c.question)
		c.tells(Ben, c.refused)
		c.says(Eve, in, c.marked)
		c.says(Ann, Place{Room: General}, c.marked)
		c.shows(in, c.question)
		if c.last(1); c.holds(c.t, c.secret) {
			c.t.Error("it is in the database")
		}
	}},
	"marked text to the bot alone is stored nowhere": {nil, 0, func(c *try) {
		at := c.says(Ann, Place{Room: Ann}, c.marked)
		c.shows(at, c.refused)
		if len(c.Engine.questions()) > 0 || c.holds(c.t, c.secret) {
			c.t.Error("it was taken")
		}
	}},
	"each one's own case stays theirs": {together, 0, func(c *try) {
		at := c.begins(Ann, c.own)
		c.says(Ben, at, Kakehashi+" "+c.followUp)
		for _, turn := range c.last(2).History {
			if turn.Role == thread.User && strings.Contains(turn.Text, c.owns) {
				c.t.Errorf("Ben is answered as if he were Ann: %+v", turn)
			}
		}
		c.says(Ann, at, Kakehashi+" "+c.other)
		if h := c.last(3).History; len(h) == 0 || !strings.Contains(h[0].Text, c.owns) {
			c.t.Errorf("Ann's own case is forgotten: %+v", h)
		}
	}},
	"a contradiction of colleagues is named, with who has said what": {together, 0, func(c *try) {
		at := c.begins(Ann, c.question)
		c.says(Ben, at, c.fact)
		c.says(Ann, at, Kakehashi+" "+c.contrary)
		text := c.shows(at, c.question, c.disagree)[1].Text
		ben, india := strings.Index(text, Ben), strings.Index(text, c.fact)
		ann := strings.LastIndex(text, Ann)
		if ben < 0 || india < ben || ann < india {
			c.t.Errorf("who has said what: %s", text)
		}
	}},
	"a question is answered as of a day": {together, 0, func(c *try) {
		at := c.begins(Ann, c.asOf)
		if q := c.last(1); q.AsOf.String() != "2024-04-01" || !strings.EqualFold(q.Text, c.question) {
			c.t.Errorf("%q as of %s", q.Text, q.AsOf)
		}
		c.says(Ann, at, c.followUp)
		if q := c.last(2); q.AsOf != (corpus.Date{}) {
			c.t.Errorf("%q as of %s", q.Text, q.AsOf)
		}
	}},
	"a day that cannot be is told to the asker alone, who may mend it": {[]Ability{Rooms, Notes}, 0, func(c *try) {
		at := c.begins(Ann, c.badDate)
		c.shows(at)
		c.tells(Ann, c.unread)
		c.says(Ann, at, c.asOf)
		if q := c.last(1); q.AsOf.String() != "2024-04-01" {
			c.t.Errorf("as of %s", q.AsOf)
		}
		c.shows(at, "")
	}},
	"help and status": {nil, 0, func(c *try) {
		c.shows(c.says(Ann, Place{Room: Ann}, c.help), c.helps)
		c.shows(c.says(Ann, Place{Room: Ann}, c.status), c.library)
	}},
	"the digest comes on, is shown and goes off": {nil, 0, func(c *try) {
		in := Place{Room: Ann}
		c.shows(c.says(Ann, in, c.digestOn), c.subscribed)
		c.shows(c.says(Ann, in, c.digestShow), c.subscribed)
		c.shows(c.says(Ann, in, c.digestOff), c.ended)
		if shown := c.Replies(c.says(Ann, in, c.digestShow)); len(shown) != 1 || strings.Contains(shown[0].Text, c.subscribed) {
			c.t.Errorf("%+v", shown)
		}
	}},
	"the digest of a room is the room's": {together, 0, func(c *try) {
		c.begins(Ann, c.digestOn)
		c.shows(c.begins(Ben, c.digestShow), c.subscribed)
	}},
	"a thread is forgotten, its record too": {[]Ability{Rooms, Notes}, 0, func(c *try) {
		kept := c.begins(Ann, c.newName)
		at := c.begins(Ann, c.question)
		c.says(Ben, at, c.aside)
		c.says(Ann, at, Kakehashi+" "+c.other)
		old := c.shows(at, c.question, c.other)[1]
		for _, text := range []string{c.question, c.aside, c.other} {
			if !c.holds(c.t, text) {
				c.t.Errorf("%q cannot be found in the database, so it could not be missed", text)
			}
		}
		c.says(Ben, at, Kakehashi+" "+c.forget)
		c.shows(at, c.question, c.other, c.forgotten)
		for _, text := range []string{c.question, c.aside, c.other} {
			if c.holds(c.t, text) {
				c.t.Errorf("%q is in the database still", text)
			}
		}
		c.Press(Ann, old, Expert, "")
		c.Quiet()
		c.tells(Ann, c.gone)
		c.shows(Place{Room: Experts})
		c.shows(kept, c.newName)
		if !c.holds(c.t, c.newName) {
			c.t.Error("another thread was forgotten too")
		}
		c.says(Ann, at, c.followUp)
		c.shows(at, c.question, c.other, c.forgotten)
	}},
	"a private answer is its asker's until it is shared": {[]Ability{Rooms, Notes, Commands}, 0, func(c *try) {
		c.Command(Ann, General, c.question)
		c.Quiet()
		private := c.tells(Ann, c.question)[0]
		c.tells(Ben)
		c.shows(Place{Room: General})
		c.Press(Ann, private, Share, "")
		c.Quiet()
		shared := c.shows(Place{Room: General}, c.question)[0]
		if !slices.Contains(private.Buttons, Share) || slices.Contains(shared.Buttons, Share) {
			c.t.Errorf("buttons %v, then %v", private.Buttons, shared.Buttons)
		}
		c.Press(Ann, private, Share, "")
		c.Quiet()
		c.shows(Place{Room: General}, c.question)
	}},
	"experts' words come back as a person's": {together, 0, func(c *try) {
		at := c.begins(Ann, c.question)
		c.Press(Ann, c.shows(at, c.question)[0], Expert, "")
		c.Quiet()
		request := c.shows(Place{Room: Experts}, c.question)[0]
		if !strings.Contains(request.Text, Ann) {
			c.t.Errorf("who asks is not said: %s", request.Text)
		}
		c.says(Eve, request.Place, c.aside)
		text := c.shows(at, c.question, c.person)[1].Text
		if !strings.Contains(text, c.aside) || !strings.Contains(text, Eve) {
			c.t.Errorf("%s", text)
		}
		c.says(Eve, request.Place, Ben+" "+c.fact)
		c.says(Ann, at, c.followUp)
		c.shows(at, c.question, c.person, c.followUp)
		c.shows(request.Place)
		if !slices.ContainsFunc(c.last(2).History, func(turn thread.Turn) bool { return strings.Contains(turn.Text, c.aside) }) {
			c.t.Errorf("the expert's words cannot be followed up: %+v", c.last(2).History)
		}
	}},
	"an expert's marked words go nowhere, and the expert is told": {[]Ability{Rooms, Notes}, 0, func(c *try) {
		at := c.begins(Ann, c.question)
		c.Press(Ann, c.shows(at, c.question)[0], Expert, "")
		c.Quiet()
		c.says(Eve, c.shows(Place{Room: Experts}, c.question)[0].Place, c.marked)
		c.shows(at, c.question)
		c.tells(Eve, c.refused)
		if c.holds(c.t, c.secret) {
			c.t.Error("it is in the database")
		}
	}},
	"what was asked in private comes back in private": {[]Ability{Rooms, Notes, Commands}, 0, func(c *try) {
		c.Command(Ann, General, c.question)
		c.Quiet()
		c.Press(Ann, c.tells(Ann, c.question)[0], Expert, "")
		c.Quiet()
		c.says(Eve, c.shows(Place{Room: Experts}, c.question)[0].Place, c.aside)
		c.shows(Place{Room: General})
		c.tells(Ben)
		told := append(c.Private(Ann), c.Replies(Place{Room: Ann})...)
		if !slices.ContainsFunc(told, func(s Shown) bool { return strings.Contains(s.Text, c.aside) && strings.Contains(s.Text, c.person) }) {
			c.t.Errorf("%+v", told)
		}
	}},
	"votes are kept with their reasons, each person's last": {together, 0, func(c *try) {
		shown := c.shows(c.begins(Ann, c.question), c.question)[0]
		c.Press(Ben, shown, Helpful, "")
		c.Quiet()
		c.Press(Ben, shown, Unhelpful, c.aside)
		c.Press(Ann, shown, Helpful, "")
		c.Quiet()
		var votes []state.Feedback
		if err := c.Store.View(c.t.Context(), func(r *state.Reader) (err error) {
			votes, err = r.Feedback(c.last(1).ID)
			return err
		}); err != nil {
			c.t.Fatal(err)
		}
		slices.SortFunc(votes, func(x, y state.Feedback) int { return strings.Compare(x.Reason, y.Reason) })
		if len(votes) != 2 || !votes[0].Helpful || votes[1].Helpful || !strings.Contains(votes[1].Reason, c.aside) {
			c.t.Errorf("%+v", votes)
		}
	}},
	"a question that is suggested is asked by pressing it": {together, 0, func(c *try) {
		at := c.begins(Ann, c.question)
		c.Press(Ann, c.shows(at, c.question)[0], FollowUp, "")
		c.Quiet()
		c.shows(at, c.question, "And who decides?")
	}},
	"an answer under way is stopped": {[]Ability{Stopping}, 0, func(c *try) {
		held := make(chan struct{})
		defer close(held)
		c.Engine.set(nil, held)
		at := c.Write(Ann, Place{Room: Ann}, c.question)
		c.waits(1)
		c.Stop(Ann, at)
		c.Quiet()
		c.shows(at, c.stopped)
	}},
	"an engine that fails ends in a note to the asker alone": {[]Ability{Rooms, Notes}, 0, func(c *try) {
		c.Engine.set(errors.New("out of order"), nil)
		at := c.begins(Ann, c.question)
		c.shows(at)
		c.tells(Ann, c.failed)
		c.tells(Ben)
		c.Engine.set(nil, nil)
		c.says(Ann, at, c.question)
		c.shows(at, c.question)
	}},
	"an engine that is too slow ends in a note to the asker alone": {[]Ability{Rooms, Notes}, 20 * time.Millisecond, func(c *try) {
		held := make(chan struct{})
		defer close(held)
		c.Engine.set(nil, held)
		at := c.begins(Ann, c.question)
		c.shows(at)
		c.tells(Ann, c.failed)
		c.tells(Ben)
	}},
	"what comes twice changes nothing": {[]Ability{Rooms, Notes, Commands}, 0, func(c *try) {
		at := c.begins(Ann, c.question)
		c.says(Ann, at, c.followUp)
		c.Command(Ann, General, c.other)
		c.Quiet()
		c.Press(Ann, c.tells(Ann, c.other)[0], Share, "")
		c.Press(Ben, c.shows(at, c.question, c.followUp)[1], Expert, "")
		c.Quiet()
		c.Again()
		c.Quiet()
		c.shows(at, c.question, c.followUp)
		c.shows(Place{Room: General}, c.other)
		c.shows(Place{Room: Experts}, c.followUp)
		c.tells(Ann, c.other)
		c.tells(Ben, c.asked)
		c.last(3)
	}},
	"the bot's page shows a person's own questions": {[]Ability{HomePage}, 0, func(c *try) {
		c.says(Ann, Place{Room: Ann}, c.question)
		c.says(Ben, Place{Room: Ben}, c.other)
		if home := c.Home(Ann); !strings.Contains(home, c.question) || strings.Contains(home, c.other) {
			c.t.Errorf("%s", home)
		}
	}},
}
