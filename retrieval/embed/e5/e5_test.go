package e5

import (
	"bufio"
	"context"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	encoder "kakehashi/retrieval/embed"
	"kakehashi/retrieval/embed/embedtest"
)

var shared = New()

func TestConformance(t *testing.T) {
	t.Parallel()
	embedtest.Run(t, shared)
}

type reference struct {
	Text   string    `json:"text"`
	IDs    []int32   `json:"ids"`
	Vector []float32 `json:"vector"`
}

// references are texts with the ids and vectors of an independent implementation
// of the same model (torch, float32).
func references(tb testing.TB) []reference {
	tb.Helper()
	f, err := os.Open("testdata/reference.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	var out []reference
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r reference
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			tb.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func kindOf(text string) (encoder.Kind, string) {
	if rest, ok := strings.CutPrefix(text, "query: "); ok {
		return encoder.Query, rest
	}
	return encoder.Passage, strings.TrimPrefix(text, "passage: ")
}

func TestReference(t *testing.T) {
	t.Parallel()
	if err := shared.Load(); err != nil {
		t.Fatal(err)
	}
	plain := *shared.weights
	plain.portable = true
	for _, r := range references(t) {
		if ids, _ := shared.words.encode(r.Text); !slices.Equal(ids, r.IDs) {
			t.Errorf("%.40q has the ids %v; want %v", r.Text, ids, r.IDs)
			continue
		}
		kind, text := kindOf(r.Text)
		vs, err := shared.Embed(t.Context(), kind, []string{text})
		if err != nil {
			t.Fatal(err)
		}
		if err := encoder.Normalize(r.Vector); err != nil {
			t.Fatal(err)
		}
		if c := encoder.Dot(vs[0], r.Vector); c < 0.9999 {
			t.Errorf("%.40q: cosine %v to the reference; want 0.9999", r.Text, c)
		}
		if len(r.IDs) > 100 {
			continue // plain Go takes seconds there
		}
		v, err := plain.forward(context.Background(), &buffer{}, r.IDs, 2)
		if err != nil || encoder.Normalize(v) != nil {
			t.Fatal(err)
		}
		if c := encoder.Dot(v, r.Vector); c < 0.9999 {
			t.Errorf("%.40q: cosine %v to the reference in plain Go; want 0.9999", r.Text, c)
		}
	}
}

func TestErf(t *testing.T) {
	t.Parallel()
	for x := float32(-6); x <= 6; x += 0.001 {
		if got, want := float64(erf(x)), math.Erf(float64(x)); math.Abs(got-want) > 5e-7 {
			t.Fatalf("erf(%v) = %v; want %v", x, got, want)
		}
	}
}
