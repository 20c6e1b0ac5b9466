package answer

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckText refuses what is no question: nothing, too much, not UTF-8, not text.
// The error is an *InputError. Nothing of the text is in its message.
func CheckText(text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return &InputError{"empty", "the question is empty; write it behind the command or pipe it in"}
	case !utf8.ValidString(text):
		return &InputError{"encoding", "the question is not UTF-8 text; convert it first (iconv -t UTF-8)"}
	case isBinary(text):
		return &InputError{"binary", "the question holds control characters; want plain text, not a file"}
	}
	if n := utf8.RuneCountInString(text); n > MaxQuestion {
		return &InputError{"too_long", fmt.Sprintf("the question is %d characters long; the limit is %d. Ask about one point at a time", n, MaxQuestion)}
	}
	return nil
}

func isBinary(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r)
	})
}
