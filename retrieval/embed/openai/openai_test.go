package openai_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/embed/openai"
)

func TestBatchesKeepTheOrder(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	for _, total := range []int{0, 1, 6, 7, 8, 50} {
		c, _ := client(t, s.URL, func(c *openai.Config) { c.BatchSize, c.Concurrency = 7, 3 })
		texts := make([]string, total)
		for i := range texts {
			texts[i] = fmt.Sprintf("text %d みなし輸出", i%40) // some twice
		}
		before := len(s.sent())
		out, err := c.Embed(t.Context(), embed.Passage, texts)
		if err != nil || len(out) != total {
			t.Fatalf("%d texts give %d vectors, %v", total, len(out), err)
		}
		for i, v := range out {
			if !slices.Equal(v, unit(t, texts[i])) {
				t.Errorf("%d texts: vector %d is not that of its text", total, i)
			}
		}
		if got, want := len(s.sent())-before, (total+6)/7; got != want {
			t.Errorf("%d texts take %d requests, want %d", total, got, want)
		}
	}
}

func TestVectorsAreReorderedByIndex(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request, sent request) {
		fmt.Fprint(w, `{"data":[{"index":2,"embedding":[0,0,9]},{"index":0,"embedding":[5,0,0]},{"index":1,"embedding":[0,7,0]}]}`)
	})
	c, _ := client(t, s.URL)
	out, err := c.Embed(t.Context(), embed.Passage, []string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range out {
		if v[i] != 1 {
			t.Errorf("vector %d is %v", i, v)
		}
	}
}

func TestConcurrencyIsBoundedOverAllCalls(t *testing.T) {
	t.Parallel()
	const bound = 3
	var under, most atomic.Int32
	full := make(chan struct{}) // closed when as many as allowed have come together
	var once sync.Once
	s := serve(t, func(w http.ResponseWriter, r *http.Request, sent request) {
		n := under.Add(1)
		defer under.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if n >= bound {
			once.Do(func() { close(full) })
		}
		select { // without concurrency the test ends in the client's error
		case <-full:
			embeddings(w, sent.Input)
		case <-r.Context().Done():
		}
	})
	c, _ := client(t, s.URL, func(c *openai.Config) { c.BatchSize, c.Concurrency = 1, bound })
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := c.Embed(t.Context(), embed.Query, strings.Split("abcdefghij", "")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most.Load() != bound {
		t.Errorf("%d requests at once, want %d", most.Load(), bound)
	}
}

func TestOneFaultEndsTheCall(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request, sent request) {
		if sent.Input[0] == "bad" {
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		<-r.Context().Done() // the others end because the call does
	})
	c, _ := client(t, s.URL, func(c *openai.Config) { c.BatchSize = 1 })
	_, err := c.Embed(t.Context(), embed.Query, []string{"slow", "bad", "slow", "never", "never", "never"})
	if status, ok := errors.AsType[*openai.StatusError](err); !ok || status.Status != 400 {
		t.Errorf("the call ends with %v", err)
	}
	if asked := len(s.sent()); asked > 4 {
		t.Errorf("the call goes on after the fault: %d requests", asked)
	}
}

func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	prefixed := func(c *openai.Config) { c.QueryPrefix, c.PassagePrefix = "query: ", "passage: " }
	for name, tc := range map[string]struct {
		change func(*openai.Config)
		kind   embed.Kind
		text   string
		want   request
	}{
		"as it is":           {nil, embed.Query, "特定秘密 <b>&", request{Model: "m", Input: []string{"特定秘密 <b>&"}}},
		"query prefix":       {prefixed, embed.Query, "q", request{Model: "m", Input: []string{"query: q"}}},
		"passage prefix":     {prefixed, embed.Passage, "p", request{Model: "m", Input: []string{"passage: p"}}},
		"empty":              {nil, embed.Query, "", request{Model: "m", Input: []string{" "}}},
		"empty with prefix":  {prefixed, embed.Query, "", request{Model: "m", Input: []string{"query: "}}},
		"invalid UTF-8":      {nil, embed.Query, "a\xff\xfeb\xe3\x81", request{Model: "m", Input: []string{"a\uFFFDb\uFFFD"}}},
		"NUL":                {nil, embed.Query, "a\x00b", request{Model: "m", Input: []string{"a\x00b"}}},
		"long by default":    {nil, embed.Query, strings.Repeat("語", 4001), request{Model: "m", Input: []string{strings.Repeat("語", 4000)}}},
		"as long as allowed": {nil, embed.Query, strings.Repeat("語", 4000), request{Model: "m", Input: []string{strings.Repeat("語", 4000)}}},
		"cut, prefix apart": {func(c *openai.Config) { prefixed(c); c.MaxRunes = 3 }, embed.Query, "架け橋です",
			request{Model: "m", Input: []string{"query: 架け橋"}}},
		"a model for queries":  {func(c *openai.Config) { c.QueryModel = "e5-query" }, embed.Query, "q", request{Model: "e5-query", Input: []string{"q"}}},
		"and one for passages": {func(c *openai.Config) { c.QueryModel = "e5-query" }, embed.Passage, "p", request{Model: "m", Input: []string{"p"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, nil)
			c, _ := client(t, s.URL+"/v1/", func(c *openai.Config) {
				if tc.change != nil {
					tc.change(c)
				}
			})
			if _, err := c.Embed(t.Context(), tc.kind, []string{tc.text}); err != nil {
				t.Fatal(err)
			}
			got := s.sent()[0]
			if got.Model != tc.want.Model || !slices.Equal(got.Input, tc.want.Input) {
				t.Errorf("sent %q to %q; want %q to %q", got.Input, got.Model, tc.want.Input, tc.want.Model)
			}
			if got.path != "/v1/embeddings" || got.header.Get("Authorization") != "Bearer "+asciiKey {
				t.Errorf("sent to %s with %v", got.path, got.header)
			}
			if !utf8.ValidString(got.Input[0]) {
				t.Error("invalid UTF-8 is sent")
			}
		})
	}
}

func TestAzureAndKeylessServers(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	azure, _ := client(t, s.URL, func(c *openai.Config) { c.AzureAPIVersion, c.Model = "2024-10-21", "my:embed" })
	keyless, _ := client(t, s.URL, func(c *openai.Config) { c.Key = "" })
	for _, c := range []*openai.Client{azure, keyless} {
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	first, second := s.sent()[0], s.sent()[1]
	if want := "/openai/deployments/my:embed/embeddings?api-version=2024-10-21"; first.path != want {
		t.Errorf("Azure is asked at %s, want %s", first.path, want)
	}
	if first.header.Get("api-key") != asciiKey || first.header.Get("Authorization") != "" {
		t.Errorf("Azure is asked with %v", first.header)
	}
	if _, ok := second.header["Authorization"]; ok {
		t.Error("a server without a key is sent one")
	}
}

func TestDimensionComesFromTheFirstAnswer(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	c, _ := client(t, s.URL, func(c *openai.Config) { c.Dimension, c.QueryModel = 0, "q" })
	if c.Dimension() != 0 || c.Model()[:len("openai:q+m@0#")] != "openai:q+m@0#" {
		t.Errorf("before Connect: %s, %d", c.Model(), c.Dimension())
	}
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.Dimension() != dimension || !strings.HasPrefix(c.Model(), "openai:q+m@3#") {
		t.Errorf("after Connect: %s, %d", c.Model(), c.Dimension())
	}
	if sent := s.sent(); len(sent) != 2 || sent[0].Model != "q" || sent[1].Model != "m" {
		t.Errorf("Connect asks %v", sent)
	}
}

func TestDimensionStays(t *testing.T) {
	t.Parallel()
	answers := []string{`[1,2]`, `[3,4]`, `[1,2,3]`}
	var n atomic.Int32
	s := serve(t, func(w http.ResponseWriter, _ *http.Request, _ request) {
		fmt.Fprintf(w, `{"data":[{"index":0,"embedding":%s}]}`, answers[n.Add(1)-1])
	})
	c, _ := client(t, s.URL, func(c *openai.Config) { c.Dimension = 0 })
	for range 2 {
		if err := c.Connect(t.Context()); err != nil || c.Dimension() != 2 {
			t.Fatalf("dimension %d, %v", c.Dimension(), err)
		}
	}
	_, err := c.Embed(t.Context(), embed.Query, []string{"x"})
	if e, ok := errors.AsType[*openai.DimensionError](err); !ok || e.Got != 3 || e.Want != 2 || e.Model != "m" {
		t.Errorf("another dimension gives %v", err)
	}
	if c.Dimension() != 2 {
		t.Errorf("the dimension has become %d", c.Dimension())
	}
}

func TestModelNamesWhatMakesTheVectors(t *testing.T) {
	t.Parallel()
	seen := map[string]openai.Config{}
	for _, config := range []openai.Config{
		{Model: "m"},
		{Model: "n"},
		{Model: "m", Dimension: 384},
		{Model: "a+b"},
		{QueryModel: "a", PassageModel: "b"},
		{QueryModel: "b", PassageModel: "a"},
		{Model: "m", QueryPrefix: "x"},
		{Model: "m", PassagePrefix: "x"},
		{Model: "m", QueryPrefix: "x", PassagePrefix: "x"},
		{Model: "m", QueryPrefix: "x ", PassagePrefix: "x"},
	} {
		config.BaseURL = "http://127.0.0.1/v1"
		c, err := openai.New(config)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[c.Model()]; ok {
			t.Errorf("%+v and %+v are both %s", config, other, c.Model())
		}
		seen[c.Model()] = config
	}
	c, _ := client(t, "http://127.0.0.1", func(c *openai.Config) { c.Model, c.Dimension = "text-embedding-3-small", 1536 })
	if c.Model() != "openai:text-embedding-3-small@1536" {
		t.Error(c.Model())
	}
	if again, _ := client(t, "http://127.0.0.2:1", func(c *openai.Config) { c.QueryPrefix = "q: " }); again.Model() != "openai:m@3#"+again.Model()[11:] || len(again.Model()) != 19 {
		t.Error(again.Model())
	}
}

func TestACancelledCallAsksNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	c, _ := client(t, s.URL)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Embed(ctx, embed.Query, []string{"x"}); !errors.Is(err, context.Canceled) || len(s.sent()) != 0 {
		t.Errorf("%v after %d requests", err, len(s.sent()))
	}
}
