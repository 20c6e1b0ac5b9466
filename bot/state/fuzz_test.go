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
