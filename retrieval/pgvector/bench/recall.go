package main

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/rank"
)

// wanted is how many hits recall is measured on.
const wanted = 10

// best keeps the passages of the highest scores.
type best struct{ all []scored }

type scored struct {
	passage int
	score   float64
}

func (b *best) add(passage int, score float64) {
	if score <= 0 || len(b.all) == wanted && score <= b.all[wanted-1].score {
		return
	}
	at, _ := slices.BinarySearchFunc(b.all, score, func(s scored, score float64) int { return cmp.Compare(score, s.score) })
	b.all = slices.Insert(b.all, at, scored{passage, score})
	b.all = b.all[:min(len(b.all), wanted)]
}

// share is how many of the ten best the hits have; a hit that scores as much as the
// tenth, to 1 in 100,000, is as good as it. ok is false where there are none.
func share(exact []scored, hits []scored) (part float64, ok bool) {
	if len(exact) == 0 {
		return 0, false
	}
	least, found := exact[len(exact)-1].score*(1-1e-5), 0
	for _, h := range hits {
		if h.score >= least {
			found++
		}
	}
	return min(1, float64(found)/float64(len(exact))), true
}

// recall holds what searches find against what a look at every passage finds: the
// nearest by cosine, the best by BM25. What else moves hits, such as the standing of
// their documents, is left out, as an exact index would be measured by it too.
func (b *bench) recall(ctx context.Context) error {
	fmt.Printf("recall@%d against a look at every passage, %d queries:\n", wanted, b.exact)
	queries := make([]retrieval.Query, b.exact)
	for i := range queries {
		queries[i] = b.corpus.query(2_000_000+i, b.n)
	}
	for _, f := range []retrieval.Filter{{}, filter} {
		dense, lexical := b.lookAtAll(queries, f)
		for stage, exact := range map[retrieval.Stage][]best{retrieval.Dense: dense, retrieval.Lexical: lexical} {
			sum, n := 0.0, 0
			for i, q := range queries {
				q.Stage, q.Filter = stage, f
				hits, err := b.bare.Search(ctx, q)
				if err != nil {
					return err
				}
				found := make([]scored, len(hits))
				for j, h := range hits {
					found[j].score = h.Why.Lexical
					if stage == retrieval.Dense {
						found[j].score = h.Why.Dense
					}
				}
				if part, ok := share(exact[i].all, found); ok {
					sum += part
					n++
				}
			}
			name := ""
			if len(f.Jurisdictions) > 0 {
				name = ", filter keeps 5 %"
			}
			fmt.Printf("- %s%s: %.4f (%d queries)\n", stage, name, sum/float64(n), n)
		}
	}
	return nil
}

// lookAtAll scores every passage for every query, the formulas written anew.
func (b *bench) lookAtAll(queries []retrieval.Query, f retrieval.Filter) (dense, lexical []best) {
	a, tune := analysis.NewAnalyzer(nil), retrieval.DefaultTuning()
	type weighed struct {
		query  int
		weight float64
	}
	asked := map[string][]weighed{}
	for i, q := range queries {
		for _, t := range retrieval.Understand(a, tune, q).Terms {
			if t.Weight > 0 {
				asked[t.Text] = append(asked[t.Text], weighed{i, t.Weight})
			}
		}
	}
	type held struct {
		passage int
		terms   map[string]float64
		length  float64
		lang    string
		kept    bool
	}
	workers := runtime.GOMAXPROCS(0)
	var units = make([][]held, workers)
	denses := make([][]best, workers)
	var group errgroup.Group
	documents := b.n / perDocument
	for w := range workers {
		group.Go(func() error {
			denses[w] = make([]best, len(queries))
			for d := w; d < documents; d += workers {
				e := b.corpus.entry(d)
				us, _ := rank.Analyse(a, tune, e.Document)
				for p, u := range us {
					h := held{passage: d*perDocument + p, terms: map[string]float64{}, length: u.Lengths[0], lang: e.Document.Editions[0].Language.String(), kept: f.Keeps(e.Document)}
					for _, t := range u.Editions[0] {
						if asked[t.Term] != nil {
							h.terms[t.Term] = t.TF
						}
					}
					units[w] = append(units[w], h)
					if h.kept {
						for i, q := range queries {
							denses[w][i].add(h.passage, float64(embed.Dot(q.Vector, e.Vectors.Editions[0][p].Passage)))
						}
					}
				}
			}
			return nil
		})
	}
	_ = group.Wait()
	dense, lexical = make([]best, len(queries)), make([]best, len(queries))
	df, sum, n := map[string]int{}, map[string]float64{}, map[string]float64{}
	for _, us := range units {
		for _, h := range us {
			for t := range h.terms {
				df[t]++
			}
			sum[h.lang] += h.length
			n[h.lang]++
		}
	}
	for w, us := range units {
		for i := range queries {
			for _, s := range denses[w][i].all {
				dense[i].add(s.passage, s.score)
			}
		}
		scores := make([]float64, len(queries))
		for _, h := range us {
			if !h.kept {
				continue
			}
			clear(scores)
			for t, tf := range h.terms {
				part := rank.IDF(b.n, df[t]) * rank.Saturate(tune, rank.Normalized(tune, tf, h.length, sum[h.lang]/n[h.lang]))
				for _, q := range asked[t] {
					scores[q.query] += q.weight * part
				}
			}
			for i, s := range scores {
				if s > 0 {
					lexical[i].add(h.passage, s)
				}
			}
		}
	}
	return dense, lexical
}
