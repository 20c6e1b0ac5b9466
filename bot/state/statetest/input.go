package statetest

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"kakehashi/bot/state"
	"kakehashi/bot/thread"
)

var inputTests = map[string]func(*testing.T, *fixture){
	"stores no marked text, and does not echo it":      refusesMarked,
	"takes a question about a marking":                 takesQuestions,
	"stores whatever can be stored exactly":            storesExactly,
	"refuses what cannot be stored, and does not echo": refusesUnfit,
	"keeps nothing of what goes with a refused text":   keepsNothingRefused,
}

// refused expects an *InputError that does not repeat a text, and that goes on thereafter.
func refused(t testing.TB, f *fixture, name, text string, write func(*state.Tx) error) {
	t.Helper()
	var input *state.InputError
	err := f.Update(t.Context(), write)
	if !errors.As(err, &input) || input.Field == "" || input.Fault == "" {
		t.Errorf("%s: %v; want it refused", name, err)
		return
	}
	if text != "" && strings.Contains(err.Error(), text) {
		t.Errorf("%s: %v repeats the text", name, err)
	}
}

// writes are the ways by which a text gets into the state.
func writes(text string) map[string]func(*state.Tx) error {
	quoted, err := json.Marshal(map[string]any{"event": map[string]any{"blocks": []any{map[string]string{"text": text}}}})
	if err != nil {
		panic(err) // a fault of the suite itself
	}
	question, context := answerTo("A1", "U1", text, slackThread), answerTo("A2", "U1", "a", slackThread)
	question.Answer = json.RawMessage(`{}`)
	question.Citations = nil
	context.Context = []state.Quote{{Person: "U2", Role: thread.User, Text: text}}
	settings := subscription("C1")
	settings.Settings = quoted
	return map[string]func(*state.Tx) error{
		"a turn":     func(tx *state.Tx) error { return tx.Append(slackThread, turn("m", "U1", text)) },
		"a question": func(tx *state.Tx) error { return tx.Record(question) },
		"a context":  func(tx *state.Tx) error { return tx.Record(context) },
		"a reason": func(tx *state.Tx) error {
			return tx.SetFeedback(state.Feedback{Answer: "A", Person: person("U1"), Reason: text})
		},
		"an event": func(tx *state.Tx) error {
			_, _, err := tx.Claim(state.Event{Key: "k", Thread: slackThread, Payload: text})
			return err
		},
		"an event in JSON": func(tx *state.Tx) error {
			_, _, err := tx.Claim(state.Event{Key: "j", Thread: slackThread, Payload: string(quoted)})
			return err
		},
		"settings": func(tx *state.Tx) error { return tx.Subscribe(settings) },
	}
}

func refusesMarked(t *testing.T, f *fixture) {
	record(t, f.Store, answerTo("A", "U1", "a", slackThread))
	for _, text := range []string{"SECRET//NOFORN\nThe beacon is at 41 km.", "【特定秘密】beaconの位置は次のとおりである。"} {
		for name, write := range writes(text) {
			err := f.Update(t.Context(), write)
			if !errors.Is(err, state.ErrMarked) || strings.Contains(err.Error(), "beacon") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if f.Holds(t, "beacon") {
		t.Error("marked text is stored")
	}
}

func takesQuestions(t *testing.T, f *fixture) {
	record(t, f.Store, answerTo("A", "U1", "a", slackThread))
	for name, write := range writes("What does SECRET//NOFORN mean?") {
		if err := f.Update(t.Context(), write); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	bot := turn("b", "B", "SECRET//NOFORN\nis how the text of a rule begins") // the library's words, not a person's
	bot.Role = thread.Assistant
	appendTurns(t, f.Store, slackThread, bot)
}

func storesExactly(t *testing.T, f *fixture) {
	for name, text := range map[string]string{
		"SQL":               `'; DROP TABLE turns; --`,
		"quotation marks":   "'\"`\\ $1 ? %s \x01\x1f\u2028",
		"Japanese":          "外為法第25条 🇯🇵 e\u0301 é ｶﾞ",
		"an empty text":     "",
		"white space":       " \t\r\n ",
		"a text of 1 MiB":   strings.Repeat("a", state.MaxText),
		"as long, in kanji": strings.Repeat("秘", state.MaxText/len("秘")),
	} {
		th := state.Thread{Platform: "slack", Workspace: "T1", Channel: "C1", ID: name}
		appendTurns(t, f.Store, th, turn("m", "U1", text))
		if got := turnsOf(t, f.Store, th); len(got) != 1 || got[0].Text != text {
			t.Errorf("%s comes back changed", name)
		}
	}
	for _, id := range []string{`o'b"r\ien`, "$1", "'; DROP TABLE turns; --", " ", "秘密", "a:1/b;messageid=1@x", strings.Repeat("i", state.MaxID)} {
		th := state.Thread{Platform: id, Workspace: id, Channel: id, ID: id}
		appendTurns(t, f.Store, th, turn(id, id, "a"))
		record(t, f.Store, answerTo(id, id, "a", th))
		d := delivery(id, th)
		enqueue(t, f.Store, d)
		p := &Platform{}
		deliverAll(t, f.Store, p)
		e, won := claim(t, f.Store, state.Event{Key: id, Thread: th, Person: id})
		got := turnsOf(t, f.Store, th)
		if len(got) != 1 || got[0].Message != id || got[0].Person != id || !won || e.Key != id || count(p.Posts(), id) != 1 {
			t.Errorf("%q: %+v, claimed %t, %q", id, got, won, p.Posts())
		}
		sound(t, f.Store, th, 1)
	}
}

func refusesUnfit(t *testing.T, f *fixture) {
	record(t, f.Store, answerTo("A", "U1", "a", slackThread))
	for fault, text := range map[string]string{
		"NUL": "beacon\x00", "not UTF-8": "beacon\xff", "a half of UTF-16": "beacon\xed\xa0\x80", "1 MiB and a byte": "beacon" + strings.Repeat("a", state.MaxText-5),
	} {
		for name, write := range writes(text) {
			// In JSON these may be written in another way, and are then what can be stored.
			if name == "settings" || name == "an event in JSON" {
				continue
			}
			refused(t, f, name+" with "+fault, "beacon", write)
		}
	}
	for fault, id := range map[string]string{"empty": "", "NUL": "beacon\x00", "not UTF-8": "\xffbeacon", "long": "beacon" + strings.Repeat("i", state.MaxID)} {
		th := slackThread
		th.Channel = id
		for name, write := range map[string]func(*state.Tx) error{
			"thread":    func(tx *state.Tx) error { return tx.Append(th, turn("m", "U1", "a")) },
			"message":   func(tx *state.Tx) error { return tx.Append(slackThread, turn(id, "U1", "a")) },
			"author":    func(tx *state.Tx) error { return tx.Append(slackThread, turn("m", id, "a")) },
			"answer":    func(tx *state.Tx) error { return tx.Record(answerTo(id, "U1", "a", slackThread)) },
			"asker":     func(tx *state.Tx) error { return tx.Record(answerTo("A9", id, "a", slackThread)) },
			"forgotten": func(tx *state.Tx) error { return tx.Forget(th) },
			"delivery":  func(tx *state.Tx) error { return tx.Enqueue(delivery(id, slackThread)) },
			"event":     func(tx *state.Tx) error { _, _, err := tx.Claim(event(id)); return err },
			"once":      func(tx *state.Tx) error { _, err := tx.Once(id); return err },
			"lease":     func(tx *state.Tx) error { _, _, err := tx.Acquire(id, "a", term); return err },
			"holder":    func(tx *state.Tx) error { _, _, err := tx.Acquire("a", id, term); return err },
			"source":    func(tx *state.Tx) error { return tx.SetCursor(state.Cursor{Source: id}) },
			"signer": func(tx *state.Tx) error {
				return tx.SignOff(state.SignOff{Subject: "s", Version: "v", Person: person(id)})
			},
			"subject": func(tx *state.Tx) error {
				return tx.SignOff(state.SignOff{Subject: id, Version: "v", Person: person("U1")})
			},
			"voter":      func(tx *state.Tx) error { return tx.SetFeedback(state.Feedback{Answer: "A", Person: person(id)}) },
			"subscriber": func(tx *state.Tx) error { return tx.Subscribe(subscription(id)) },
			"target": func(tx *state.Tx) error {
				return tx.SetConversation(state.Conversation{Target: subscription(id).Target, Reference: json.RawMessage(`{}`)})
			},
		} {
			refused(t, f, name+" that is "+fault, "beacon", write)
		}
	}
	bad := delivery("k", slackThread)
	bad.Payload = json.RawMessage(`{"beacon"`)
	refused(t, f, "a payload without form", "beacon", func(tx *state.Tx) error { return tx.Enqueue(bad) })
	if f.Holds(t, "beacon") {
		t.Error("something of it is stored")
	}
}

func keepsNothingRefused(t *testing.T, f *fixture) {
	for _, text := range []string{"SECRET//NOFORN\nThe range is 41 km.", "a\x00"} {
		if err := f.Update(t.Context(), func(tx *state.Tx) error {
			if err := tx.Append(slackThread, turn("1", "U1", "a question")); err != nil {
				return err
			}
			return tx.Append(slackThread, turn("2", "U1", text))
		}); err == nil {
			t.Error("no error")
		}
	}
	if turns := turnsOf(t, f.Store, slackThread); len(turns) > 0 {
		t.Errorf("%d turns are kept", len(turns))
	}
}
