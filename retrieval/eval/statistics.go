package eval

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Estimate is a mean with its 95 % interval.
type Estimate struct {
	Mean float64 `json:"mean"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// resamples is the number of bootstrap resamples, permutations that of sign flips.
const (
	resamples    = 1000
	permutations = 10000
)

// Bootstrap estimates the mean of each column of rows by the percentile bootstrap
// (Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, §13.3): queries
// are drawn with replacement, the same ones for all columns. The same seed gives
// the same interval.
func Bootstrap(rows [][]float64, seed uint64) []Estimate {
	if len(rows) == 0 {
		return nil
	}
	rng := rand.New(rand.NewPCG(seed, uint64(len(rows))))
	columns := len(rows[0])
	drawn := make([][]float64, columns) // means by column
	sums := make([]float64, columns)
	for range resamples {
		clear(sums)
		for range rows {
			for c, v := range rows[rng.IntN(len(rows))] {
				sums[c] += v
			}
		}
		for c, s := range sums {
			drawn[c] = append(drawn[c], s/float64(len(rows)))
		}
	}
	out := make([]Estimate, columns)
	for c := range out {
		for _, row := range rows {
			out[c].Mean += row[c]
		}
		out[c].Mean /= float64(len(rows))
		slices.Sort(drawn[c])
		// Rounding can part equal sums that were added in another order.
		out[c].Low = min(out[c].Mean, drawn[c][resamples*25/1000-1])
		out[c].High = max(out[c].Mean, drawn[c][resamples*975/1000-1])
	}
	return out
}

// Permutation is the two-sided p-value of the paired randomization test of a mean
// difference of zero (Smucker, Allan & Carterette, CIKM 2007, §3.1): each
// difference keeps or changes its sign by the toss of a coin, 10,000 times. One is
// added to both counts, so that no p-value is 0 (Phipson & Smyth, 2010).
func Permutation(differences []float64, seed uint64) float64 {
	var moved []float64 // zeros have no sign to change
	observed := 0.0
	for _, d := range differences {
		if d != 0 {
			moved = append(moved, d)
			observed += d
		}
	}
	rng := rand.New(rand.NewPCG(seed, uint64(len(differences))))
	reached := 0
	for range permutations {
		sum, coins := 0.0, uint64(0)
		for i, d := range moved {
			if i%64 == 0 {
				coins = rng.Uint64()
			}
			if coins>>(i%64)&1 == 0 {
				sum += d
			} else {
				sum -= d
			}
		}
		if math.Abs(sum) >= math.Abs(observed)-1e-12 {
			reached++
		}
	}
	return float64(reached+1) / (permutations + 1)
}

// McNemar is the exact two-sided p-value of McNemar's test (McNemar, Psychometrika
// 12, 1947; the binomial form): gained and lost count the questions that changed in
// each direction, which a fair coin would share evenly.
func McNemar(gained, lost int) float64 {
	n := gained + lost
	tail := 0.0
	for k := range min(gained, lost) + 1 {
		tail += math.Exp(lnChoose(n, k) - float64(n)*math.Ln2)
	}
	return min(1, 2*tail)
}

func lnChoose(n, k int) float64 {
	ln := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	return ln(n) - ln(k) - ln(n-k)
}

// Share is K of N with its 95 % interval.
type Share struct {
	K    int     `json:"k"`
	N    int     `json:"n"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Of is K over N; 0 where there is nothing to share.
func (s Share) Of() float64 { return ratio(float64(s.K), float64(s.N)) }

// Wilson is the share of k in n with the Wilson score interval (Wilson, JASA 22,
// 1927), which stays within 0 and 1 and is fit for few questions. Of none it is
// from 0 to 1.
func Wilson(k, n int) Share {
	if n == 0 {
		return Share{High: 1}
	}
	const z = 1.959963984540054 // the 97.5th percentile of the normal distribution
	p, m := float64(k)/float64(n), float64(n)
	centre := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return Share{k, n, max(0, centre-half), min(1, centre+half)}
}

// Latency are the median and the 95th percentile of durations, in milliseconds.
type Latency struct {
	Calls int     `json:"calls"`
	P50   float64 `json:"p50_ms"`
	P95   float64 `json:"p95_ms"`
}

// latencyOf takes percentiles by the nearest rank.
func latencyOf(ds []time.Duration) Latency {
	if len(ds) == 0 {
		return Latency{}
	}
	sorted := slices.Sorted(slices.Values(ds))
	at := func(share float64) float64 {
		i := int(math.Ceil(share*float64(len(sorted)))) - 1
		return float64(sorted[i].Microseconds()) / 1000
	}
	return Latency{len(ds), at(0.5), at(0.95)}
}
