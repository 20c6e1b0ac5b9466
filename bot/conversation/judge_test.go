package conversation

import (
	"reflect"
	"testing"
	"time"

	"kakehashi/bot/state"
	"kakehashi/bot/thread"
)

var inThread = state.Thread{Platform: "p", Workspace: "w", Channel: "c", ID: "1"}

// talk is a thread in which people, or the bot as "", have said things; the first message
// begins the thread.
func talk(said ...[2]string) []state.Turn {
	var turns []state.Turn
	for i, s := range said {
		turn := state.Turn{Message: string(rune('1' + i)), Person: s[0], Role: thread.User, Text: s[1], At: time.Unix(int64(i), 0)}
		if s[0] == "" {
			turn.Person, turn.Role = botPerson, thread.Assistant
		}
		turns = append(turns, turn)
	}
	return turns
}

func TestWhomAMessageIsFor(t *testing.T) {
	t.Parallel()
	asked := [][2]string{{"A", "What is CUI?"}, {"", "It is …"}}
	after := func(more ...[2]string) []state.Turn { return talk(append(append([][2]string{}, asked...), more...)...) }
	from := func(person, text string) Message {
		return Message{Thread: inThread, Person: person, Way: Overheard, Text: text}
	}
	guests := after()
	for i := range guests {
		guests[i].Message = "later" // the thread is another's
	}
	for name, c := range map[string]struct {
		message Message
		turns   []state.Turn
		want    verdict
	}{
		"where the bot was never asked":          {from("A", "What is CUI?"), nil, ignore},
		"a follow-up of the one who asked":       {from("A", "And in Japan?"), after(), respond},
		"a statement of the one who asked":       {from("A", "She holds a green card."), after(), respond},
		"another's":                              {from("B", "And in Japan?"), after(), remember},
		"after another has written":              {from("A", "And in Japan?"), after([2]string{"B", "Our postdoc is from India."}), remember},
		"after another has asked the bot":        {from("A", "And in Japan?"), after([2]string{"B", "And in Japan?"}, [2]string{"", "There …"}), remember},
		"a guest's":                              {from("A", "And in Japan?"), guests, remember},
		"a colleague is mentioned":               {Message{Thread: inThread, Person: "A", Way: Overheard, Text: "and in Japan?", Others: []string{"B"}}, after(), remember},
		"a colleague is called by name":          {from("A", "Ben, what do you think?"), after(), remember},
		"after a colleague was called":           {from("A", "I mean the camera."), after([2]string{"A", "Ben, what do you think?"}), remember},
		"after a colleague was called and asked": {from("A", "And in Japan?"), after([2]string{"A", "Ben, what do you think?"}, [2]string{"A", "And for visitors?"}, [2]string{"", "Visitors …"}), respond},
		"thanks":                                 {from("A", "Thanks!"), after(), remember},
		"after thanks":                           {from("A", "And in Japan?"), after([2]string{"A", "Thanks!"}), respond},
		"after thanks to a colleague":            {from("A", "And in Japan?"), after([2]string{"A", "Thanks, Ben!"}), remember},
		"a mention among colleagues":             {Message{Thread: inThread, Person: "B", Way: Mention, Text: "and in Japan?", Others: []string{"A"}}, after([2]string{"B", "hello"}), respond},
		"written to the bot alone":               {Message{Thread: inThread, Person: "A", Way: Direct, Text: "Thanks!"}, nil, respond},
		"a command":                              {Message{Person: "A", Way: Command, Text: "What is CUI?"}, nil, respond},
	} {
		if got := judge(c.message, c.turns); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestThanksAskNothing(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"Thanks!": true, "thank you so much": true, "Great, thanks a lot.": true, "Ok, got it. Thanks!": true, "Perfect, that answers my question.": true,
		"👍": true, "🙏🏽": true, ":pray:": true, "Makes sense 👍": true, "Good to know.": true, "I see. Thanks for the quick reply!": true, "No problem": true,
		"Thanks for clarifying!": true, "Thank you, I will file the form tomorrow.": true, "Thanks, Ben!": true, "ok": true,
		"ありがとうございます。": true, "了解です。": true, "承知しました。ありがとうございます!": true, "なるほど、よくわかりました。": true, "とても参考になりました。": true,
		"ご説明ありがとうございました。": true, "了解しました、確認してみます。": true, "助かりました😊": true, "どうも": true,

		"": false, "Thanks, and in Japan?": false, "Thanks. And in Japan": false, "Great. Which form do I need?": false, "Ok, what about visitors": false,
		"Thanks, please also explain EAR99.": false, "Thank you. Our postdoc is from India.": false, "Who do I thank for this?": false, "Yes or no?": false,
		"Is it clear?": false, "Understood. Does that hold for contractors as well?": false, "What does 'understood' mean in CUI training?": false,
		"Great Britain": false, "Sure thing clauses": false, "CUI": false, "Perfect knowledge standard": false,
		"ありがとうございます。どの様式が必要ですか。": false, "なるほど。罰則は": false, "了解です。委託先にも当てはまりますか": false, "わかりました。では米国は": false,
		"ありがとうございます。日本についても教えてください。": false, "ありがとうございます。うちのポスドクはインド国籍です。": false, "お礼の品は届出が要りますか": false, "どうもよくわかりません": false,
	} {
		if got := courteous(text); got != want {
			t.Errorf("%q: %t, want %t", text, got, want)
		}
	}
}

func TestAColleagueIsCalledByName(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"Ben, what do you think?": true, "Hi Ben, are you in today?": true, "Dr. Sato, could you check the list?": true, "Maria: is the laser yours?": true, "What do you think, Eve?": true,
		"Sato-san, do you have the form?": true, "Thanks, Ben!": true, "Ben can you send me the contract?": true, "Ben — is this yours?": true, "Everyone, please update the list.": true,
		"Professor Lee, is your student from Iran?": true, "ok Ben, is this yours?": true,
		"田中さん、どう思いますか。": true, "佐藤先生、名簿を確認していただけますか。": true, "この件、鈴木さんはどう思いますか?": true, "皆さん、一覧を更新してください。": true, "すみません田中さん、様式はありますか。": true,
		"中村さんにお聞きしたいのですが、いつ来ますか。": true,

		"And in Japan?": false, "Japan, too?": false, "Also, what about visitors?": false, "Actually, she is a permanent resident.": false, "However, what if it is published?": false,
		"Thanks, and in Japan?": false, "Exports": false, "Deemed exports": false, "China, Hong Kong or Macau?": false, "Does this apply to the US, Japan, or Canada?": false, "Is he from Lyon, France?": false,
		"Can you answer for China, India?": false, "Postdocs, students and visitors: who must register?": false, "Kakehashi, what is CUI?": false, "Okay, so what is the limit?": false, "NSPM-33, what is it?": false,
		"Hmm, are you sure?": false, "Great, which form do I need?": false, "Awesome, thank you": false, "Question: who decides?": false, "Does Dr. Sato need a licence?": false, "How can you tell?": false,
		"日本では、どうですか。": false, "学生さんの場合も同じですか。": false, "田中さんの学生は対象ですか。": false, "留学生さん、研究員さんも対象ですか": false, "先生が外国籍の場合は?": false, "では、訪問者は?": false,
		"たくさんありますか": false, "たくさん、ありますか": false,
	} {
		if got := callsSomeone(text); got != want {
			t.Errorf("%q: %t, want %t", text, got, want)
		}
	}
}

func TestTheHistoryIsThatOfOnePersonsCase(t *testing.T) {
	t.Parallel()
	turns := talk(
		[2]string{"A", "I am at a DOE lab. Does the rule cover visitors?"}, [2]string{"", "It covers them."}, [2]string{"B", "My student is from Iran."},
		[2]string{"", ""}, [2]string{"B", "The rule is from 2022. うちの装置は該当します。"})
	for person, want := range map[string][]thread.Turn{
		"A": {{Role: thread.User, Text: "I am at a DOE lab. Does the rule cover visitors?"}, {Role: thread.Assistant, Text: "It covers them."}, {Role: thread.User, Text: "The rule is from 2022."}},
		"B": {{Role: thread.User, Text: "Does the rule cover visitors?"}, {Role: thread.Assistant, Text: "It covers them."}, {Role: thread.User, Text: "My student is from Iran."}, {Role: thread.User, Text: "The rule is from 2022. うちの装置は該当します。"}},
		"C": {{Role: thread.User, Text: "Does the rule cover visitors?"}, {Role: thread.Assistant, Text: "It covers them."}, {Role: thread.User, Text: "The rule is from 2022."}},
	} {
		if got := historyFor(person, turns); !reflect.DeepEqual(got, want) {
			t.Errorf("for %s: %+v, want %+v", person, got, want)
		}
	}
}
