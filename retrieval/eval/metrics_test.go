package eval_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"kakehashi/retrieval/eval"
)

func ranking(n int, relevantAt map[int]string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = "other" + strconv.Itoa(i)
		if id, ok := relevantAt[i+1]; ok {
			out[i] = id
		}
	}
	return out
}

func grades(ids ...string) map[string]int {
	out := map[string]int{}
	for _, id := range ids {
		out[id] = 1
	}
	return out
}

// The values are worked out by hand after the definitions; in the order of
// MetricNames: recall at 1, 5, 10, 20 and 100, MAP@10, MRR@10, nDCG@10.
func TestMeasure(t *testing.T) {
	t.Parallel()
	log2 := math.Log2
	eleven := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"}
	for name, c := range map[string]struct {
		ranking  []string
		relevant map[string]int
		want     [8]float64
	}{
		"found at once":        {[]string{"a", "x"}, grades("a"), [8]float64{1, 1, 1, 1, 1, 1, 1, 1}},
		"found third":          {[]string{"x", "y", "a"}, grades("a"), [8]float64{0, 1, 1, 1, 1, 1. / 3, 1. / 3, 0.5}},
		"two of three":         {[]string{"a", "x", "b", "y"}, grades("a", "b", "c"), [8]float64{1. / 3, 2. / 3, 2. / 3, 2. / 3, 2. / 3, (1 + 2./3) / 3, 1, (1 + 0.5) / (1 + 1/log2(3) + 0.5)}},
		"beyond ten":           {ranking(100, map[int]string{11: "a", 100: "b"}), grades("a", "b"), [8]float64{0, 0, 0, 0.5, 1, 0, 0, 0}},
		"fewer than ten hits":  {[]string{"x"}, grades("a"), [8]float64{}},
		"no hits":              {nil, grades("a"), [8]float64{}},
		"nothing is relevant":  {[]string{"x", "y"}, nil, [8]float64{}},
		"only grades of zero":  {[]string{"x"}, map[string]int{"x": 0, "y": -1}, [8]float64{}},
		"a hit that repeats":   {[]string{"a", "a", "b"}, grades("a", "b"), [8]float64{0.5, 1, 1, 1, 1, (1 + 2./3) / 2, 1, (1 + 0.5) / (1 + 1/log2(3))}},
		"grades":               {[]string{"low", "high"}, map[string]int{"low": 1, "high": 3}, [8]float64{0.5, 1, 1, 1, 1, 1, 1, (1 + 3/log2(3)) / (3 + 1/log2(3))}},
		"grades that are tied": {[]string{"b", "a"}, map[string]int{"a": 2, "b": 2}, [8]float64{0.5, 1, 1, 1, 1, 1, 1, 1}},
		"more than ten, all":   {eleven, grades(eleven...), [8]float64{1. / 11, 5. / 11, 10. / 11, 1, 1, 10. / 11, 1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := eval.Measure(c.ranking, c.relevant)
			for i, m := range eval.MetricNames() {
				if math.Abs(got[i]-c.want[i]) > 1e-12 {
					t.Errorf("%s is %v; want %v", m, got[i], c.want[i])
				}
			}
		})
	}
}

func TestMeasureFirst(t *testing.T) {
	t.Parallel()
	for rank, want := range map[int][4]float64{
		0: {}, 1: {1, 1, 1, 1}, 2: {0, 1, 1, 0.5}, 5: {0, 1, 1, 0.2}, 6: {0, 0, 1, 1. / 6}, 10: {0, 0, 1, 0.1}, 11: {}, 100: {},
	} {
		if got := [4]float64(eval.MeasureFirst(rank)); got != want {
			t.Errorf("rank %d gives %v; want %v", rank, got, want)
		}
	}
}

// Whatever the ranking, the measures keep within their bounds, recall never falls
// with depth, and the best ranking there is gets 1 everywhere it can.
func TestMeasureKeepsItsBounds(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 7))
	for range 2000 {
		relevant := map[string]int{}
		for range 1 + rng.IntN(15) {
			relevant[strconv.Itoa(rng.IntN(60))] = 1 + rng.IntN(3)
		}
		var ranked []string
		for _, i := range rng.Perm(60)[:rng.IntN(61)] {
			ranked = append(ranked, strconv.Itoa(i))
		}
		got := eval.Measure(ranked, relevant)
		for i, v := range got {
			if !(v >= 0 && v <= 1+1e-12) {
				t.Fatalf("%s is %v", eval.MetricNames()[i], v)
			}
			if i > 0 && i < 5 && v < got[i-1] {
				t.Fatalf("recall falls with depth: %v", got)
			}
		}
		if mrr := got[6]; got[5] > mrr+1e-12 && len(relevant) == 1 {
			t.Fatalf("one relevant document, and MAP %v is above MRR %v", got[5], mrr)
		}
	}
}
