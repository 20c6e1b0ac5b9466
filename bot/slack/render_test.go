package slack

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"kakehashi/bot/answer"
	"kakehashi/bot/conversation"
	"kakehashi/bot/thread"
	"kakehashi/corpus"
)

// sentOf is the JSON of all blocks of a reply.
func sentOf(t *testing.T, messages []message) string {
	t.Helper()
	check(t, messages)
	var all strings.Builder
	for _, m := range messages {
		raw, err := json.Marshal(m.Blocks)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(raw)
	}
	return all.String()
}

func TestWhatAReplyOffers(t *testing.T) {
	t.Parallel()
	const feedback, expert, share, next = `"block_id":"feedback:a-1"`, `"action_id":"expert","value":"a-1"`, `"action_id":"share","value":"a-1"`, `"action_id":"follow-up:1","value":"And in Japan?"`
	for _, c := range []struct {
		name    string
		outcome answer.Outcome
		shares  bool
		want    []string
	}{
		{"an answer", answer.Answered, false, []string{feedback, expert, next}},
		{"a private answer may be shared", answer.Answered, true, []string{feedback, expert, share, next}},
		{"a question back", answer.Clarify, false, []string{feedback, expert, next}},
		{"nothing in the sources", answer.Declined, false, []string{feedback, expert, next}},
		{"marked text goes nowhere", answer.Refused, true, nil},
		{"a fault", answer.Failed, true, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := answer.Answer{ID: "a-1", Outcome: c.outcome, Notices: []answer.Notice{{Text: "Something."}}, FollowUps: []string{"And in Japan?"}}
			sent := sentOf(t, renderer{}.reply(conversation.Reply{Kind: conversation.KindAnswer, Language: language.English, Shares: c.shares, Answer: &a}))
			for _, offer := range []string{feedback, expert, share, next} {
				if got, want := strings.Contains(sent, offer), slices.Contains(c.want, offer); got != want {
					t.Errorf("%s is there: %v, want %v", offer, got, want)
				}
			}
		})
	}
}

func TestOrderOfAnAnswer(t *testing.T) {
	t.Parallel()
	a := replyIn(t, filepath.Join("testdata", "replies", "status-en.json")).Answer
	a.Notices = append(a.Notices, answer.Notice{Code: answer.NoticePassed, Text: "A date has passed."})
	sent := sentOf(t, renderer{}.reply(conversation.Reply{Kind: conversation.KindAnswer, Language: language.English, Answer: a, Colleagues: []thread.Disagreement{{About: thread.Nationality, Said: []thread.Said{{Person: "U0ONE", Text: "One says A."}, {Person: "U0TWO", Text: "Another B."}}}}}))
	at := -1
	for _, what := range []string{"rests in part on proposed text", "One says A", a.Sentences[0].Text, a.Sentences[3].Text, "Sources", a.Sources[0].Citation, "proposed · as of", "A date has passed", "And in Japan?", "feedback_buttons", "Ask an expert"} {
		next := strings.Index(sent, what)
		if next <= at {
			t.Errorf("%q stands at %d, after what comes before it ends at %d", what, next, at)
		}
		at = next
	}
}

func TestCitationsLeadToTheReaderElseToTheOfficialPage(t *testing.T) {
	t.Parallel()
	source := answer.Source{N: 1, Passage: "us-ear/734 8#a", Version: "0a1b", URL: "https://www.ecfr.gov/x"}
	long := strings.Repeat("許可を要する。", 40)
	for _, c := range []struct{ name, public, url, quote, want string }{
		{"the official page", "", source.URL, "a quote", "https://www.ecfr.gov/x"},
		{"the reader", "https://k.example.org/", source.URL, "a “quote” & more", "https://k.example.org/s/us-ear%2F734%208%23a@0a1b?q=a+%E2%80%9Cquote%E2%80%9D+%26+more"},
		{"the reader without a page", "https://k.example.org", "", "q", "https://k.example.org/s/us-ear%2F734%208%23a@0a1b?q=q"},
		{"nowhere", "", "", "q", ""},
		{"not to a script", "", "javascript:alert(1)", "q", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := source
			s.URL = c.url
			if got := (renderer{PublicURL: c.public}).reader(s, c.quote); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if got := (renderer{PublicURL: "https://k.example.org"}).reader(source, long); len(got) > 400 || !strings.HasSuffix(got, "%E3%80%82") {
		t.Errorf("a long quotation is not cut at the end of a sentence: %q", got)
	}
}

func TestTwoCountriesShareATable(t *testing.T) {
	t.Parallel()
	sources := []answer.Source{{N: 1, Title: "A", Jurisdiction: corpus.US}, {N: 2, Title: "B", Jurisdiction: corpus.JP}, {N: 3, Title: "C", Jurisdiction: corpus.Bilateral}}
	say := func(text string, cites ...int) answer.Sentence {
		s := answer.Sentence{Text: text}
		for _, n := range cites {
			s.Cites = append(s.Cites, answer.Cite{Source: n, Quote: text})
		}
		return s
	}
	for _, c := range []struct {
		name      string
		sentences []answer.Sentence
		want      string // the first row, "" for no table
	}{
		{"each country has a sentence", []answer.Sentence{say("United States: x.", 1), say("Japan: y.", 2)}, `{"type":"raw_text","text":"United States"},{"type":"raw_text","text":"x."}`},
		{"a sentence of both", []answer.Sentence{say("x.", 1, 2), say("y.", 2), say("z.", 1)}, `{"type":"raw_text","text":"US and Japan"},{"type":"raw_text","text":"x."}`},
		{"one country", []answer.Sentence{say("x.", 1), say("y.", 1)}, ""},
		{"one country and a comparison", []answer.Sentence{say("x.", 1), say("y.", 3)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := answer.Answer{ID: "a-1", Outcome: answer.Answered, Sentences: c.sentences, Sources: sources}
			sent := sentOf(t, renderer{}.reply(conversation.Reply{Kind: conversation.KindAnswer, Language: language.English, Answer: &a}))
			if c.want == "" && strings.Contains(sent, `"table"`) || !strings.Contains(sent, c.want) {
				t.Errorf("want %q in %s", c.want, sent)
			}
		})
	}
}

func TestAnExpertIsToldFromTheBot(t *testing.T) {
	t.Parallel()
	for lang, want := range map[language.Tag]string{language.English: "A person answers, not Kakehashi", language.Japanese: "Kakehashiではなく、人による回答です"} {
		messages := renderer{}.reply(conversation.Reply{Kind: conversation.KindExpert, Language: lang, Person: "U0EXPERT", Text: "Yes.\n\nAsk us first."})
		sent := sentOf(t, messages)
		for _, s := range []string{want, `{"type":"user","user_id":"U0EXPERT"}`, `"rich_text_quote"`, `Yes.\n\nAsk us first.`} {
			if !strings.Contains(sent, s) {
				t.Errorf("%q is not in %s", s, sent)
			}
		}
		if !strings.HasPrefix(messages[0].Text, want) || strings.Contains(messages[0].Text, "U0EXPERT") {
			t.Errorf("the fallback is %q", messages[0].Text)
		}
	}
}

func TestReasonModalComesBackWithItsAnswer(t *testing.T) {
	t.Parallel()
	v := renderer{}.reasonModal(language.Japanese, "a-1", "somewhere")
	if v.CallbackID != callbackReason+"a-1" || v.PrivateMetadata != "somewhere" || utf16Length(v.Title.Text) > 24 || utf16Length(v.Submit.Text) > 24 || utf16Length(v.Close.Text) > 24 {
		t.Errorf("got %+v", v)
	}
}

func TestAReplyOfNothingSaysSo(t *testing.T) {
	t.Parallel()
	for _, kind := range []conversation.ReplyKind{conversation.KindAnswer, conversation.KindNote} {
		if got := (renderer{}).reply(conversation.Reply{Kind: kind}); len(got) != 1 || got[0].Text != "There is nothing to show." {
			t.Errorf("%s: %v", kind, got)
		}
	}
}
