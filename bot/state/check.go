package state

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"kakehashi/bot/guard"
)

// The longest that is taken, in bytes.
const (
	MaxID   = 400     // of an id or a key; the longest of the platforms have some 200
	MaxText = 1 << 20 // of a text or a JSON document
)

// InputError is a value that cannot be stored as it is. It does not repeat the value.
type InputError struct{ Field, Fault string }

func (e *InputError) Error() string { return fmt.Sprintf("%s %s", e.Field, e.Fault) }

// These return an error, or nil, so that cmp.Or finds the first of several.

// checkID is for what a row is found by.
func checkID(field, value string) error {
	if value == "" {
		return &InputError{field, "is empty"}
	}
	return checkOptional(field, value)
}

func checkOptional(field, value string) error {
	if len(value) > MaxID {
		return &InputError{field, fmt.Sprintf("is longer than %d bytes", MaxID)}
	}
	return checkText(field, value)
}

// checkText refuses what Postgres cannot hold, on SQLite as well: one state moves to
// the other.
func checkText(field, value string) error {
	switch {
	case len(value) > MaxText:
		return &InputError{field, fmt.Sprintf("is longer than %d bytes", MaxText)}
	case !utf8.ValidString(value):
		return &InputError{field, "is not UTF-8"}
	case strings.ContainsRune(value, 0):
		return &InputError{field, "has a NUL character, which cannot be stored: remove it"}
	}
	return nil
}

// checkPeoples is for what a person has written.
func checkPeoples(field, value string) error {
	if err := checkText(field, value); err != nil {
		return err
	}
	if guard.Marked(value) {
		return ErrMarked
	}
	return nil
}

func checkJSON(field string, value json.RawMessage) error {
	if err := checkText(field, string(value)); err != nil {
		return err
	}
	if !json.Valid(value) {
		return &InputError{field, "is not JSON"}
	}
	return nil
}

// checkPayload is for what a platform has sent: if it is JSON, each of its texts may be a
// person's.
func checkPayload(field, value string) error {
	var parsed any
	if json.Unmarshal([]byte(value), &parsed) != nil {
		return checkPeoples(field, value)
	}
	if err := checkText(field, value); err != nil {
		return err
	}
	if anyMarked(parsed) {
		return ErrMarked
	}
	return nil
}

func anyMarked(parsed any) bool {
	switch v := parsed.(type) {
	case string:
		return guard.Marked(v)
	case []any:
		for _, inner := range v {
			if anyMarked(inner) {
				return true
			}
		}
	case map[string]any:
		for name, inner := range v {
			if guard.Marked(name) || anyMarked(inner) {
				return true
			}
		}
	}
	return false
}
