package eval_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"kakehashi/retrieval/eval"
)

func near(a, b, by float64) bool { return math.Abs(a-b) <= by }

func TestBootstrapHoldsTheMean(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 3))
	for n := 1; n <= 60; n++ {
		rows := make([][]float64, n)
		for i := range rows {
			rows[i] = []float64{rng.Float64(), float64(rng.IntN(2)), 0.1, math.Pow(rng.Float64(), 20)}
		}
		got := eval.Bootstrap(rows, uint64(n))
		for c, e := range got {
			sum := 0.0
			for _, r := range rows {
				sum += r[c]
			}
			if !near(e.Mean, sum/float64(n), 1e-12) || e.Low > e.Mean || e.High < e.Mean {
				t.Fatalf("%d rows, column %d: %+v, mean %v", n, c, e, sum/float64(n))
			}
		}
		if e := got[2]; e.High-e.Low > 1e-12 {
			t.Fatalf("what never varies has the interval %+v", e)
		}
		if !reflect.DeepEqual(got, eval.Bootstrap(rows, uint64(n))) {
			t.Fatal("the same seed gives other intervals")
		}
	}
	if got := eval.Bootstrap(nil, 1); got != nil {
		t.Errorf("no rows give %v", got)
	}
}

// Of 400 fair coins the interval is about 1.96 standard errors to each side.
func TestBootstrapIsAsWideAsTheory(t *testing.T) {
	t.Parallel()
	rows := make([][]float64, 400)
	for i := range rows {
		rows[i] = []float64{float64(i % 2)}
	}
	if e := eval.Bootstrap(rows, 1)[0]; !near(e.Low, 0.451, 0.008) || !near(e.High, 0.549, 0.008) {
		t.Errorf("%+v", e)
	}
}

func TestPermutation(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		differences []float64
		want, by    float64
	}{
		"none":              {nil, 1, 0},
		"no difference":     {[]float64{0, 0, 0}, 1, 0},
		"one":               {[]float64{0.3}, 1, 0},
		"ten the same way":  {[]float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 2. / 1024, 0.0012},
		"the other way":     {[]float64{-1, -1, -1, -1, -1, 0, 0}, 2. / 32, 0.008},
		"as many each way":  {[]float64{1, -1, 1, -1}, 1, 0},
		"rounded sums":      {[]float64{0.1, 0.2, -0.3}, 1, 0},
		"three against one": {[]float64{1, 1, 1, -1}, 10. / 16, 0.015},
	} {
		if got := eval.Permutation(c.differences, 5); !near(got, c.want, c.by) {
			t.Errorf("%s: p = %v; want %v", name, got, c.want)
		}
	}
	many := make([]float64, 200)
	for i := range many {
		many[i] = 1
	}
	if got := eval.Permutation(many, 5); got <= 0 || got > 0.001 {
		t.Errorf("200 the same way give p = %v", got)
	}
}

func TestMcNemar(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		gained, lost int
		want         float64
	}{{0, 0, 1}, {1, 0, 1}, {5, 5, 1}, {6, 0, 0.03125}, {0, 6, 0.03125}, {10, 2, 0.03857421875}, {2, 10, 0.03857421875}} {
		if got := eval.McNemar(c.gained, c.lost); !near(got, c.want, 1e-9) {
			t.Errorf("%d gained, %d lost: p = %v; want %v", c.gained, c.lost, got, c.want)
		}
	}
	if got := eval.McNemar(3000, 2000); !(got > 0 && got < 1e-40) {
		t.Errorf("3,000 against 2,000 give p = %v", got)
	}
}

// 23 of 26 and 8 of 8 are in the README, worked out apart from this.
func TestWilson(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{{23, 26, 0.71, 0.96}, {8, 8, 0.676, 1}, {0, 8, 0, 0.324}, {110, 120, 0.853, 0.954}, {0, 0, 0, 1}} {
		if s := eval.Wilson(c.k, c.n); s.K != c.k || s.N != c.n || !near(s.Low, c.low, 0.005) || !near(s.High, c.high, 0.005) {
			t.Errorf("%d of %d: %+v", c.k, c.n, s)
		}
	}
}
