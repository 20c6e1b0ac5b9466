package e5

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The ids of the pieces that stand for no text.
const (
	idStart   = 0
	idEnd     = 2
	idUnknown = 3
	firstText = 4
)

const (
	space          = '▁' // U+2581, what SentencePiece writes for a space
	unknownPenalty = 10  // below the least likely piece (sentencepiece, unigram_model.cc)
)

// vocabulary cuts text into pieces: a SentencePiece unigram model (Kudo,
// "Subword Regularization", ACL 2018).
type vocabulary struct {
	ids      map[string]int32
	scores   []float32
	longest  int // in runes
	unknown  float32
	replaces map[rune]string // where the normal form is not NFKC's
}

// parseVocabulary reads vocab.tsv (piece, tab, log probability; the line is the
// id) and normalize.tsv (code point, tab, replacement in hex).
func parseVocabulary(pieces, replacements []byte) (*vocabulary, error) {
	v := &vocabulary{ids: make(map[string]int32, vocabularySize), scores: make([]float32, 0, vocabularySize), replaces: map[rune]string{}}
	text := string(pieces) // once: every piece is a part of it
	least := float32(0)
	for line := range strings.Lines(text) {
		piece, number, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		score, err := strconv.ParseFloat(number, 32)
		if !ok || err != nil || piece == "" || !utf8.ValidString(piece) || math.IsNaN(score) || math.IsInf(score, 0) {
			return nil, fmt.Errorf("line %d is not a piece and its log probability", len(v.scores)+1)
		}
		if len(v.scores) >= firstText {
			v.ids[piece] = int32(len(v.scores))
			v.longest = max(v.longest, utf8.RuneCountInString(piece))
			least = min(least, float32(score))
		}
		v.scores = append(v.scores, float32(score))
	}
	if len(v.scores) != vocabularySize {
		return nil, fmt.Errorf("%d pieces; want %d", len(v.scores), vocabularySize)
	}
	v.unknown = least - unknownPenalty
	return v, v.parseReplacements(replacements)
}

func (v *vocabulary) parseReplacements(table []byte) error {
	n := 0
	for line := range bytes.Lines(table) {
		n++
		from, to, ok := strings.Cut(strings.TrimSuffix(string(line), "\n"), "\t")
		r, err := strconv.ParseInt(from, 16, 32)
		if !ok || err != nil {
			return fmt.Errorf("line %d of the replacements is not a code point and what replaces it", n)
		}
		var out strings.Builder
		for _, f := range strings.Fields(to) {
			c, err := strconv.ParseInt(f, 16, 32)
			if err != nil {
				return fmt.Errorf("line %d of the replacements: %q is no code point", n, f)
			}
			out.WriteRune(rune(c))
		}
		v.replaces[rune(r)] = out.String()
	}
	return nil
}

// maxRunes bounds what is looked at of a text: as much as 512 of the longest pieces
// can cover.
const maxRunes = 16 * maxTokens

// encode gives the ids of a text's pieces between those of start and end, at
// most maxTokens, and tells whether that cuts the text.
func (v *vocabulary) encode(text string) (ids []int32, cut bool) {
	runes := 0
	for i := range text {
		if runes++; runes > maxRunes {
			text, cut = text[:i], true
			break
		}
	}
	ids = append(make([]int32, 0, maxTokens), idStart)
	for _, id := range v.best(v.normalize(text)) {
		if len(ids) == maxTokens-1 {
			cut = true
			break
		}
		ids = append(ids, id)
	}
	return append(ids, idEnd), cut
}

// normalize is the form in which pieces are matched: NFKC but for the
// replacements, runs of spaces made one, one in front, each written as ▁.
func (v *vocabulary) normalize(text string) []rune {
	runes := append(make([]rune, 0, len(text)+1), space)
	add := func(s string) {
		for _, r := range s {
			if r == ' ' || r == space {
				if runes[len(runes)-1] == space {
					continue
				}
				r = space
			}
			runes = append(runes, r)
		}
	}
	start := 0
	for i, r := range text {
		to, ok := v.replaces[r]
		if !ok {
			continue
		}
		add(norm.NFKC.String(text[start:i]))
		add(to)
		start = i + runeLength(text[i:])
	}
	add(norm.NFKC.String(text[start:]))
	return runes
}

func runeLength(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

// best is the segmentation of the largest sum of log probabilities, found by
// dynamic programming (Viterbi).
func (v *vocabulary) best(runes []rune) []int32 {
	type step struct {
		score float32
		from  int32
		id    int32
	}
	at := make([]step, len(runes)+1)
	for i := range at[1:] {
		at[i+1].score = float32(math.Inf(-1))
	}
	offsets := make([]int, len(runes)+1)
	for i, r := range runes {
		offsets[i+1] = offsets[i] + utf8.RuneLen(r)
	}
	text := string(runes)
	for i := range runes {
		here := at[i].score
		reach := func(end int, id int32, score float32) {
			if s := here + score; s > at[end].score {
				at[end] = step{s, int32(i), id}
			}
		}
		alone := false
		for end := i + 1; end <= min(i+v.longest, len(runes)); end++ {
			if id, ok := v.ids[text[offsets[i]:offsets[end]]]; ok {
				reach(end, id, v.scores[id])
				alone = alone || end == i+1
			}
		}
		if !alone {
			reach(i+1, idUnknown, v.unknown)
		}
	}
	var out []int32
	for i := int32(len(runes)); i > 0; i = at[i].from {
		if at[i].id == idUnknown && len(out) > 0 && out[len(out)-1] == idUnknown {
			continue // a run of characters that no piece covers is one <unk>
		}
		out = append(out, at[i].id)
	}
	slices.Reverse(out)
	return out
}
