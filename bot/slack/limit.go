package slack

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
	"github.com/slack-go/slack"
)

// What Slack takes. It says "characters" and not which: we count UTF-16 units for a
// field, as its clients do, which are never fewer than code points; and bytes of the
// JSON for a whole message, which are never fewer than either, because the cap on all
// blocks together is written nowhere and was only seen, at some 13,200
// (slackapi/bolt-js issue 2509). A message too long is lost whole.
const (
	maxBlocks      = 50
	maxMessage     = 11000 // bytes, all blocks
	maxFallback    = 3900  // of 4,000
	maxSection     = 3000
	maxButtonText  = 75
	maxButtonValue = 2000
	maxID          = 255
	maxTableRows   = 100
	maxHomeBlocks  = 100
	maxButtons     = 25
)

// Our own bounds, under Slack's, for what has to fit a message together with others.
const (
	maxPiece   = 1000 // UTF-16 units of one text element
	maxLine    = 4000 // bytes, one line of rich text
	maxBlock   = 8000 // bytes, one block
	maxShown   = 300  // UTF-16 units of a text that only reminds of itself
	homeListed = 10   // entries of a list on the home page
)

// units counts as Slack's clients do.
func units(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// size is the bytes of a block or an element as it is sent.
func size(v any) int {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return maxMessage // of slack-go's types none fails
	}
	return b.Len() - 1
}

// cut is the longest beginning of s, in bytes, that has at most the units and ends
// between two characters as readers see them: neither an emoji nor a syllable with its
// marks is broken, unless it alone is too long.
func cut(s string, limit int) int {
	end, n := 0, 0
	for it := graphemes.FromString(s); it.Next(); {
		n += units(it.Value())
		if n > limit {
			break
		}
		end = it.End()
	}
	if end > 0 || s == "" {
		return end
	}
	n = 0
	for i, r := range s {
		if n += units(string(r)); n > limit {
			return i
		}
	}
	return len(s)
}

// shorten is s, or a beginning of it with an ellipsis.
func shorten(s string, limit int) string {
	if units(s) <= limit {
		return s
	}
	return strings.TrimSpace(s[:cut(s, limit-1)]) + "…"
}

// pieces cuts s so that each piece has at most the units: at the end of a line or a
// sentence if there is one in the second half, else between words, else between
// characters. Together they are s.
func pieces(s string, limit int) []string {
	var out []string
	for units(s) > limit {
		end := cut(s, limit)
		if at := sentenceEnd(s[:end]); at > end/2 {
			end = at
		} else if at := strings.LastIndexAny(s[:end], " \u3000") + 1; at > end/2 {
			_, width := utf8.DecodeRuneInString(s[at-1:])
			end = at - 1 + width
		}
		out, s = append(out, s[:end]), s[end:]
	}
	return append(out, s)
}

// sentenceEnd is where the last whole sentence or line of s ends, 0 if there is none.
func sentenceEnd(s string) int {
	end := 0
	for i, r := range s {
		next := i + utf8.RuneLen(r)
		switch r {
		case '\n', '。', '\uff01', '\uff1f':
			end = next
		case '.', '!', '?', ';':
			if strings.HasPrefix(s[next:], " ") {
				end = next + 1
			}
		}
	}
	return end
}

// part is a block, and what it says for those who do not see it.
type part struct {
	block slack.Block
	text  string
}

// pack distributes the parts on messages, in order and as few as Slack's limits allow.
func pack(parts []part) []message {
	var out []message
	var said [][]string // by message
	bytes, tables := 0, 0
	for _, p := range parts {
		n, table := size(p.block)+1, 0
		if p.block.BlockType() == slack.MBTTable {
			table = 1 // a message takes one
		}
		if len(out) == 0 || len(out[len(out)-1].Blocks) == maxBlocks || bytes+n > maxMessage || tables+table > 1 {
			out, said, bytes, tables = append(out, message{}), append(said, nil), 0, 0
		}
		last := len(out) - 1
		out[last].Blocks, bytes, tables = append(out[last].Blocks, p.block), bytes+n, tables+table
		if p.text != "" {
			said[last] = append(said[last], p.text)
		}
	}
	for i := range out {
		out[i].Text = fallback(strings.Join(said[i], "\n"))
	}
	return out
}

// fallback is what notifications and screen readers get: escaped, for Slack reads mrkdwn
// in it, and within its limit.
func fallback(s string) string {
	s = clean(s)
	if whole := escape(s); units(whole) <= maxFallback {
		return whole
	}
	var b strings.Builder
	n := 1 // the ellipsis
	for it := graphemes.FromString(s); it.Next(); {
		next := escape(it.Value())
		if n += units(next); n > maxFallback {
			break
		}
		b.WriteString(next)
	}
	return b.String() + "…"
}
