package main

import (
	"cmp"
	"context"
	"slices"

	"kakehashi/retrieval"
)

// wanted is how many hits recall is measured on.
const wanted = 10

// best keeps the highest scores, the highest first.
type best []float64

func (b *best) add(score float64) {
	if len(*b) == wanted && score <= (*b)[wanted-1] {
		return
	}
	at, _ := slices.BinarySearchFunc(*b, score, func(x, y float64) int { return cmp.Compare(y, x) })
	*b = slices.Insert(*b, at, score)
	*b = (*b)[:min(len(*b), wanted)]
}

// rounding is how far a score may be below the exact one, as vectors are stored in 16
// bits a value and frequencies in hundredths.
const rounding = 1e-4

// share is how many of the best are found: a hit that scores as much as the last of
// them is as good. It is 1 where there is nothing to find.
func (b best) share(found []float64) float64 {
	if len(b) == 0 {
		return 1
	}
	n := 0
	for _, score := range found {
		if score >= b[len(b)-1]*(1-rounding) {
			n++
		}
	}
	return min(1, float64(n)/float64(len(b)))
}

// plain leaves out what changes the order for other reasons than words and meaning.
func plain() retrieval.Tuning {
	t := retrieval.DefaultTuning()
	for _, factor := range []*float64{&t.Provision, &t.Proposed, &t.Historical, &t.NotInForce, &t.Report, &t.OtherLanguage,
		&t.BothCountries, &t.Bilateral, &t.OtherCountry, &t.Comparison, &t.Repeated, &t.Bridge} {
		*factor = 1
	}
	return t
}

// recall holds what searches find against what a look at every passage finds: the
// nearest by cosine, the best by BM25.
func (b *bench) recall(ctx context.Context) error {
	index, err := b.open(ctx, plain())
	if err != nil {
		return err
	}
	queries := make([]retrieval.Query, b.exact)
	for i := range queries {
		queries[i] = b.corpus.query(judged+i, b.n)
	}
	filters := []retrieval.Filter{{}, filter}
	truths, err := b.lookAtAll(ctx, queries, filters)
	if err != nil {
		return err
	}
	b.printf("| recall@%d of %d queries | mean | of the worst twentieth |\n|---|---|---|\n", wanted, len(queries))
	for _, stage := range []retrieval.Stage{retrieval.Dense, retrieval.Lexical} {
		for i, f := range filters {
			var shares []float64
			for j, q := range queries {
				q.Stage, q.Filter = stage, f
				hits, err := index.Search(ctx, q)
				if err != nil {
					return err
				}
				exact, scores := truths[i].dense[j], make([]float64, len(hits))
				for k, h := range hits {
					scores[k] = h.Why.Dense
				}
				if stage == retrieval.Lexical {
					exact = truths[i].lexical[j]
					for k, h := range hits {
						scores[k] = h.Why.Lexical
					}
				}
				shares = append(shares, exact.share(scores))
			}
			slices.Sort(shares)
			b.printf("| %s | %.4f | %.2f |\n", named(stage, f), mean(shares), mean(shares[:max(1, len(shares)/20)]))
		}
	}
	return nil
}

func mean(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum / float64(len(xs))
}
