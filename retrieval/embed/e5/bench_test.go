package e5

import (
	"context"
	"fmt"
	"strings"
	"testing"

	encoder "kakehashi/retrieval/embed"
)

// textOf is an English text of so many pieces, the ends included.
func textOf(tb testing.TB, kind encoder.Kind, pieces int) string {
	tb.Helper()
	words := strings.Fields(strings.Repeat("the contractor must report each visit of a foreign national to the agency before it begins and keep the record for five years ", 40))
	for n := 1; n < len(words); n++ {
		text := strings.Join(words[:n], " ")
		if got, _, err := shared.Pieces(kind, text); err != nil {
			tb.Fatal(err)
		} else if got >= pieces {
			return text
		}
	}
	tb.Fatal("too few words")
	return ""
}

// BenchmarkEmbed times a text on all cores, with the instructions of this processor
// and in plain Go, which other processors run.
func BenchmarkEmbed(b *testing.B) {
	for _, c := range []struct {
		kind   encoder.Kind
		pieces int
	}{{encoder.Query, 20}, {encoder.Passage, 150}, {encoder.Passage, 512}} {
		text := textOf(b, c.kind, c.pieces)
		b.Run(fmt.Sprintf("%s of %d pieces", c.kind, c.pieces), func(b *testing.B) {
			for b.Loop() {
				if _, err := shared.Embed(context.Background(), c.kind, []string{text}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("%s of %d pieces, plain Go", c.kind, c.pieces), func(b *testing.B) {
			w := *shared.weights
			w.portable = true
			ids, _ := shared.words.encode(prefixed(c.kind, text))
			buf := &buffer{}
			for b.Loop() {
				if _, err := w.forward(context.Background(), buf, ids, 2); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLoad times the unpacking of the weights and the vocabulary.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if err := New().Load(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTokenize(b *testing.B) {
	text := textOf(b, encoder.Passage, 150)
	for b.Loop() {
		shared.words.encode(text)
	}
}
