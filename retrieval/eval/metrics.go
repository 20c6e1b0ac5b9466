package eval

import (
	"fmt"
	"math"
	"slices"
)

// Depth is how many hits are looked at.
const Depth = 100

// cutoff is the depth of the measures that have one only.
const cutoff = 10

// recallAt10 is the measure by which a query counts as gained or lost.
const recallAt10 = "recall@10"

func recallDepths() []int { return []int{1, 5, 10, 20, 100} }

// MetricNames are the measures of Measure, in its order.
func MetricNames() []string {
	var out []string
	for _, k := range recallDepths() {
		out = append(out, fmt.Sprintf("recall@%d", k))
	}
	return append(out, "MAP@10", "MRR@10", "nDCG@10")
}

// Measure holds one ranking, best first, against the relevant documents and their
// grades (1 and up), as trec_eval and BEIR do (Thakur et al., "BEIR", NeurIPS 2021,
// §4; github.com/usnistgov/trec_eval, m_recall.c, m_map_cut.c, m_ndcg_cut.c):
//
//   - recall@k: the share of the relevant documents that are among the first k.
//   - MAP@10, one query's share in it: the sum of the precisions at the ranks up to
//     10 that hold a relevant document, over the number of relevant documents, also
//     where that is more than 10.
//   - MRR@10: 1 / rank of the first relevant document, 0 if it is beyond 10
//     (Voorhees, TREC-8 QA, 1999).
//   - nDCG@10: the sum of grade / log2(rank+1) up to 10, over that of the best
//     ranking there could be (Järvelin & Kekäläinen, TOIS 20(4), 2002).
//
// The order is taken as it is: ties are the index's to break. A document that comes
// again counts nothing. Where nothing is relevant, or nothing found, all are 0.
func Measure(ranking []string, relevant map[string]int) []float64 {
	var ranks, grades, ideal []int // of the relevant documents found, of all there are
	found := map[string]bool{}
	for i, id := range ranking {
		if g := relevant[id]; g > 0 && !found[id] {
			found[id] = true
			ranks, grades = append(ranks, i+1), append(grades, g)
		}
	}
	for _, g := range relevant {
		if g > 0 {
			ideal = append(ideal, g)
		}
	}
	out := make([]float64, 0, len(MetricNames()))
	for _, k := range recallDepths() {
		n := 0
		for _, r := range ranks {
			if r <= k {
				n++
			}
		}
		out = append(out, ratio(float64(n), float64(len(ideal))))
	}
	precisions := 0.0
	for i, r := range ranks {
		if r <= cutoff {
			precisions += float64(i+1) / float64(r)
		}
	}
	return append(out, ratio(precisions, float64(len(ideal))), reciprocal(ranks), ndcg(ranks, grades, ideal))
}

func ndcg(ranks, grades, ideal []int) float64 {
	slices.Sort(ideal)
	slices.Reverse(ideal)
	best, got := 0.0, 0.0
	for i, g := range ideal[:min(cutoff, len(ideal))] {
		best += float64(g) / math.Log2(float64(i+2))
	}
	for i, r := range ranks {
		if r <= cutoff {
			got += float64(grades[i]) / math.Log2(float64(r+1))
		}
	}
	return ratio(got, best)
}

func reciprocal(ranks []int) float64 {
	if len(ranks) == 0 || ranks[0] > cutoff {
		return 0
	}
	return 1 / float64(ranks[0])
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// FirstNames are the measures of MeasureFirst, in its order.
func FirstNames() []string { return []string{"recall@1", "recall@5", recallAt10, "MRR@10"} }

// MeasureFirst is for questions that any one of several passages answers: rank is
// that of the first right one, 0 if there is none. Recall@k is then 1 or 0.
func MeasureFirst(rank int) []float64 {
	out := make([]float64, 4)
	if rank < 1 {
		return out
	}
	for i, k := range []int{1, 5, 10} {
		if rank <= k {
			out[i] = 1
		}
	}
	out[3] = reciprocal([]int{rank})
	return out
}
