// Package embedtest is the conformance suite of embed.Embedder: what every encoder
// must do, whatever it runs on.
package embedtest

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"

	"kakehashi/retrieval/embed"
)

// Run tries an encoder against the contract. The encoder must know English and
// Japanese.
func Run(t *testing.T, e embed.Embedder) {
	for name, test := range map[string]func(*testing.T, embed.Embedder){
		"names its model and dimension":         names,
		"gives unit vectors in order":           ordered,
		"gives nothing for nothing":             nothing,
		"embeds what is empty, huge or hostile": hostile,
		"tells queries from passages":           kinds,
		"brings near what means the same":       meaning,
		"stops when told to":                    cancels,
		"serves many at once":                   concurrent,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, e)
		})
	}
}

func vectors(t *testing.T, e embed.Embedder, kind embed.Kind, texts ...string) [][]float32 {
	t.Helper()
	out, err := e.Embed(t.Context(), kind, texts)
	if err != nil {
		t.Fatal(err)
	}
	if len(out) != len(texts) {
		t.Fatalf("%d texts gave %d vectors", len(texts), len(out))
	}
	for i, v := range out {
		if len(v) != e.Dimension() {
			t.Fatalf("vector %d has %d values; want %d", i, len(v), e.Dimension())
		}
		if length := math.Sqrt(float64(embed.Dot(v, v))); math.Abs(length-1) > 1e-3 {
			t.Fatalf("vector %d has length %v", i, length)
		}
	}
	return out
}

func names(t *testing.T, e embed.Embedder) {
	if e.Model() == "" || e.Dimension() < 1 {
		t.Errorf("model %q, dimension %d", e.Model(), e.Dimension())
	}
}

func ordered(t *testing.T, e embed.Embedder) {
	texts := []string{"secrecy order", "みなし輸出", "foreign visitor", "secrecy order"}
	together := vectors(t, e, embed.Passage, texts...)
	for i, text := range texts {
		if alone := vectors(t, e, embed.Passage, text)[0]; embed.Dot(alone, together[i]) < 0.999 {
			t.Errorf("%q has another vector in company than alone", text)
		}
	}
}

func nothing(t *testing.T, e embed.Embedder) {
	if out := vectors(t, e, embed.Query); len(out) != 0 {
		t.Errorf("no texts gave %d vectors", len(out))
	}
}

func hostile(t *testing.T, e embed.Embedder) {
	vectors(t, e, embed.Passage, "", " \n\t", "\x00", "\xff\xfe broken", strings.Repeat("特定秘密 secret ", 5000), "\u202e\u200b😀")
}

func kinds(t *testing.T, e embed.Embedder) {
	const text = "What is a deemed export?"
	if embed.Dot(vectors(t, e, embed.Query, text)[0], vectors(t, e, embed.Passage, text)[0]) > 0.99999 {
		t.Error("a text has the same vector as a query and as a passage")
	}
}

func meaning(t *testing.T, e embed.Embedder) {
	passages := vectors(t, e, embed.Passage,
		"A visit by a foreign national must be requested thirty days before it begins.",
		"発明者は、外国へ出願する前に許可を得なければならない。")
	for i, questions := range [][]string{
		{"How long in advance do I announce a guest from abroad?", "海外からの訪問者は何日前に届け出ますか。"},
		{"May an inventor apply for a patent in another country?", "発明を海外で特許出願してもよいですか。"},
	} {
		for j, q := range vectors(t, e, embed.Query, questions...) {
			if embed.Dot(q, passages[i]) <= embed.Dot(q, passages[1-i]) {
				t.Errorf("%q is nearer to the wrong passage", questions[j])
			}
		}
	}
}

func cancels(t *testing.T, e embed.Embedder) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Embed(ctx, embed.Query, []string{"a question"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call gives %v", err)
	}
}

func concurrent(t *testing.T, e embed.Embedder) {
	want := vectors(t, e, embed.Query, "export licence")[0]
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			got, err := e.Embed(t.Context(), embed.Query, []string{"export licence"})
			if err != nil || len(got) != 1 || embed.Dot(got[0], want) < 0.999 {
				t.Errorf("beside others a text has another vector (%v)", err)
			}
		})
	}
	wg.Wait()
}
