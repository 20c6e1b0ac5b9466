package state

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"kakehashi/bot/guard"
)

// What goes by the checks can be stored by Postgres, is not marked, and no error repeats
// what was refused.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"", "a", "a\x00", "\xff", `{"text":"SECRET//NOFORN\nthe range is 41 km"}`, `["特定秘密\n深度"]`, `{"CUI//SP-EXPT drawing": 1}`, "SECRET//NOFORN\ntext", `"\u0000"`, `{"a":{"b":[{"c":"(S//NF) text"}]}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for name, err := range map[string]error{
			"id": checkID("it", value), "text": checkText("it", value), "people's": checkPeoples("it", value),
			"payload": checkPayload("it", value), "JSON": checkJSON("it", json.RawMessage(value)),
		} {
			if err != nil {
				if len(value) > 8 && strings.Contains(err.Error(), value) {
					t.Errorf("%s: %v repeats the text", name, err)
				}
				continue
			}
			if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
				t.Errorf("%s: %q goes by and cannot be stored", name, value)
			}
		}
		if guard.Marked(value) && checkPeoples("it", value) == nil {
			t.Errorf("%q is marked and goes by", value)
		}
		inner, err := json.Marshal(map[string]any{"events": []any{map[string]string{"text": value}}})
		if err != nil {
			t.Fatal(err)
		}
		if utf8.ValidString(value) && guard.Marked(value) && checkPayload("it", string(inner)) == nil {
			t.Errorf("%q is marked and goes by in JSON", value)
		}
	})
}

// No two lists are hashed alike, wherever their strings are cut.
func FuzzHash(f *testing.F) {
	f.Add("ab", "c", "a", "bc")
	f.Add("1:a", "", "1:", "a")
	f.Add("", "3:abc", "3:abc", "")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		if (a != c || b != d) && hashOf(a, b) == hashOf(c, d) {
			t.Errorf("%q and %q are hashed as %q and %q", a, b, c, d)
		}
		if hashOf(a, b) == hashOf(a+b) || hashOf(a) == hashOf(a, "") {
			t.Errorf("%q and %q are hashed as one", a, b)
		}
	})
}

func TestAHashCoversTheWholeRecord(t *testing.T) {
	t.Parallel()
	whole := func() Answer {
		return Answer{
			ID: "id", Thread: Thread{"slack", "T1", "C1", "1"}, Person: "U1", Question: "q", Answer: json.RawMessage(`{}`), Drafter: "d", Encoder: "e", No: 2, At: fromMicros(1),
			Context:   []Quote{{"U2", "user", "c", fromMicros(1)}},
			Citations: []Citation{{"p", "v", "t"}},
		}
	}
	hash := func(a Answer, before, salt string) string { return a.link(before, a.content(salt)) }
	seen := map[string]string{hash(whole(), "before", "salt"): "nothing"}
	note := func(name, hash string) {
		if other, ok := seen[hash]; ok {
			t.Errorf("a change of %s is hashed as one of %s", name, other)
		}
		seen[hash] = name
	}
	note("the record before", hash(whole(), "another", "salt"))
	note("the salt", hash(whole(), "before", "another"))
	for name, change := range map[string]func(*Answer){
		"the id": func(a *Answer) { a.ID = "x" }, "the platform": func(a *Answer) { a.Thread.Platform = "x" }, "the workspace": func(a *Answer) { a.Thread.Workspace = "x" },
		"the channel": func(a *Answer) { a.Thread.Channel = "x" }, "the thread": func(a *Answer) { a.Thread.ID = "x" }, "the person": func(a *Answer) { a.Person = "x" },
		"the question": func(a *Answer) { a.Question = "x" }, "the answer": func(a *Answer) { a.Answer = json.RawMessage(`"x"`) }, "the drafter": func(a *Answer) { a.Drafter = "x" },
		"the encoder": func(a *Answer) { a.Encoder = "x" }, "the number": func(a *Answer) { a.No = 3 }, "the time": func(a *Answer) { a.At = fromMicros(2) },
		"the context": func(a *Answer) { a.Context = nil }, "whose context": func(a *Answer) { a.Context[0].Person = "x" }, "its role": func(a *Answer) { a.Context[0].Role = "x" },
		"its text": func(a *Answer) { a.Context[0].Text = "x" }, "its time": func(a *Answer) { a.Context[0].At = fromMicros(2) },
		"the citations": func(a *Answer) { a.Citations = nil }, "the passage": func(a *Answer) { a.Citations[0].Passage = "x" },
		"the version": func(a *Answer) { a.Citations[0].Version = "x" }, "the evidence": func(a *Answer) { a.Citations[0].Text = "x" },
	} {
		a := whole()
		change(&a)
		note(name, hash(a, "before", "salt"))
	}
}
