package cache_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/embed/cache"
	"kakehashi/retrieval/embed/e5"
	"kakehashi/retrieval/embed/embedtest"
)

// fake is an encoder whose vectors come from the hash of a text. It keeps what it
// was asked, and fails once it has embedded limit texts.
type fake struct {
	model string
	limit int
	mu    sync.Mutex
	asked []string
}

var errPower = errors.New("the power went out")

func (f *fake) Model() string  { return f.model }
func (f *fake) Dimension() int { return 8 }

func (f *fake) Embed(ctx context.Context, kind embed.Kind, texts []string) ([][]float32, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out [][]float32
	for _, t := range texts {
		if len(f.asked) == f.limit {
			return nil, errPower
		}
		f.asked = append(f.asked, t)
		sum, v := sha256.Sum256([]byte(kind.String()+t)), make([]float32, f.Dimension())
		for i := range v {
			v[i] = float32(sum[i]) - 127.3
		}
		if err := embed.Normalize(v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, ctx.Err()
}

func newFake() *fake { return &fake{model: "fake", limit: math.MaxInt} }

func open(t *testing.T, path string, e embed.Embedder) *cache.Cache {
	t.Helper()
	c, err := cache.Open(t.Context(), path, e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func embedded(t *testing.T, c embed.Embedder, kind embed.Kind, texts ...string) [][]float32 {
	t.Helper()
	out, err := c.Embed(t.Context(), kind, texts)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func texts(from, to int) []string {
	var out []string
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprintf("text %d", i))
	}
	return out
}

func TestConformance(t *testing.T) {
	t.Parallel()
	c := open(t, filepath.Join(t.TempDir(), "vectors.sqlite"), e5.New())
	embedtest.Run(t, c)
}

func TestGivesWhatTheEncoderGave(t *testing.T) {
	t.Parallel()
	path, e := filepath.Join(t.TempDir(), "folder", "名前 with?#%20 signs.sqlite"), newFake()
	all := append(texts(0, 1200), "", "みなし輸出", "\xff\xfe", strings.Repeat("long ", 1<<16))
	want := embedded(t, e, embed.Passage, all...)
	first := open(t, path, e)
	for range 2 { // once through the encoder, once from the file
		for i, v := range embedded(t, first, embed.Passage, all...) {
			if !slices.Equal(v, want[i]) {
				t.Fatalf("%.20q has another vector than the encoder gave", all[i])
			}
		}
	}
	e.asked = nil
	again := open(t, path, e)
	if v := embedded(t, again, embed.Passage, all[7]); !slices.Equal(v[0], want[7]) || len(e.asked) > 0 {
		t.Errorf("opened again: %v, and the encoder was asked %q", v, e.asked)
	}
	if embedded(t, again, embed.Query, all[7]); len(e.asked) != 1 {
		t.Error("a query takes the vector of a passage")
	}
	other := newFake()
	other.model = "another"
	if embedded(t, open(t, path, other), embed.Passage, all[7]); len(other.asked) != 1 {
		t.Error("another encoder takes the vector of the first")
	}
}

func TestEmbedsATextOnce(t *testing.T) {
	t.Parallel()
	e := newFake()
	c := open(t, filepath.Join(t.TempDir(), "v"), e)
	got := embedded(t, c, embed.Passage, "a", "b", "a", "a")
	if !slices.Equal(e.asked, []string{"a", "b"}) || !slices.Equal(got[0], got[2]) || !slices.Equal(got[0], got[3]) {
		t.Errorf("asked for %q", e.asked)
	}
	got[0][0] = 9
	if got[2][0] == 9 || embedded(t, c, embed.Passage, "a")[0][0] == 9 {
		t.Error("two texts share one vector's memory")
	}
}

func TestGoesOnWhereItWasKilled(t *testing.T) {
	t.Parallel()
	path, e := filepath.Join(t.TempDir(), "v"), newFake()
	e.limit = 100 // 3 batches of 32, and some of the fourth
	if _, err := open(t, path, e).Embed(t.Context(), embed.Passage, texts(0, 200)); !errors.Is(err, errPower) {
		t.Fatalf("a failing encoder gives %v", err)
	}
	e.asked, e.limit = nil, math.MaxInt
	var reports [][2]int
	c := open(t, path, e)
	got, err := c.EmbedReporting(t.Context(), embed.Passage, texts(0, 200), func(done, total int) { reports = append(reports, [2]int{done, total}) })
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(e.asked, texts(96, 200)) {
		t.Errorf("after the fourth batch failed, %d texts were asked for again, from %q", len(e.asked), e.asked[0])
	}
	if want := [][2]int{{96, 200}, {128, 200}, {160, 200}, {192, 200}, {200, 200}}; !slices.Equal(reports, want) {
		t.Errorf("reported %v", reports)
	}
	if !slices.EqualFunc(got, embedded(t, newFake(), embed.Passage, texts(0, 200)...), slices.Equal[[]float32]) {
		t.Error("the vectors are others than the encoder gives")
	}
}

func TestStopsWhenCancelled(t *testing.T) {
	t.Parallel()
	path, e := filepath.Join(t.TempDir(), "v"), newFake()
	c := open(t, path, e)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := c.EmbedReporting(ctx, embed.Passage, texts(0, 100), func(done, _ int) {
		if done == 64 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled call gives %v", err)
	}
	e.asked = nil
	if embedded(t, c, embed.Passage, texts(0, 64)...); len(e.asked) > 0 {
		t.Errorf("of what was embedded before, %d texts are lost", len(e.asked))
	}
	if c, err := cache.Open(ctx, path+"2", e); err == nil {
		c.Close()
		t.Error("opens for a caller that has given up")
	}
}

func TestSharesItsFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "v")
	want := embedded(t, newFake(), embed.Passage, texts(0, 300)...)
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			c, err := cache.Open(t.Context(), path, newFake())
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			for range 2 {
				got, err := c.Embed(t.Context(), embed.Passage, texts(10*i, 250+10*i))
				if err != nil || !slices.EqualFunc(got, want[10*i:250+10*i], slices.Equal[[]float32]) {
					t.Errorf("handle %d: %v, or another's vectors", i, err)
				}
			}
		})
	}
	wg.Wait()
	e := newFake()
	if embedded(t, open(t, path, e), embed.Passage, texts(0, 300)...); len(e.asked) > 0 {
		t.Errorf("%d texts are lost", len(e.asked))
	}
}

// broken breaks the contract of an encoder.
type broken struct {
	fake
	vectors [][]float32
}

func (b *broken) Embed(context.Context, embed.Kind, []string) ([][]float32, error) {
	return b.vectors, nil
}

func TestKeepsNothingThatBreaksTheContract(t *testing.T) {
	t.Parallel()
	nan := float32(math.NaN())
	for name, vectors := range map[string][][]float32{
		"too few":    {},
		"too short":  {{1}},
		"not finite": {{nan, 0, 0, 0, 0, 0, 0, 0}},
		"too long":   {{2, 0, 0, 0, 0, 0, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "v")
			if _, err := open(t, path, &broken{fake{model: "fake"}, vectors}).Embed(t.Context(), embed.Query, []string{"a"}); err == nil || !strings.Contains(err.Error(), "fake") {
				t.Errorf("gives %v", err)
			}
			e := newFake()
			if embedded(t, open(t, path, e), embed.Query, "a"); len(e.asked) != 1 {
				t.Error("the vector was kept")
			}
		})
	}
}
