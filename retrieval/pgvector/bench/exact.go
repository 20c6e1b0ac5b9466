package main

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"
	"golang.org/x/text/language"

	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/rank"
)

// truth is what there is to find, by query.
type truth struct{ dense, lexical []best }

func (t truth) join(o truth) {
	for i := range t.dense {
		for _, score := range o.dense[i] {
			t.dense[i].add(score)
		}
		for _, score := range o.lexical[i] {
			t.lexical[i].add(score)
		}
	}
}

// look is one worker's part of the look at every passage.
type look struct {
	queries []retrieval.Query
	filters []retrieval.Filter
	asked   map[string]int // number of a term
	truths  []truth        // by filter

	// What the passages have of the terms that are asked for: BM25 needs to know how many
	// have them before it can score.
	units   []unit
	matches []match
	df      []int
	lengths map[bool]length // by whether Japanese
}

type unit struct {
	japanese bool
	length   float64
	kept     []bool // by filter
	matches  int    // where they end
}

type match struct {
	term int32
	tf   float32
}

type length struct{ sum, n float64 }

// lookAtAll makes the whole corpus again and scores every passage for every query. What
// there is to find is returned by filter.
func (b *bench) lookAtAll(ctx context.Context, queries []retrieval.Query, filters []retrieval.Filter) ([]truth, error) {
	a, tune := analysis.NewAnalyzer(nil), plain()
	asked, weights := map[string]int{}, make([]map[int]float64, len(queries))
	for i, q := range queries {
		weights[i] = map[int]float64{}
		for _, t := range retrieval.Understand(a, tune, q).Terms {
			if _, known := asked[t.Text]; !known {
				asked[t.Text] = len(asked)
			}
			weights[i][asked[t.Text]] = t.Weight
		}
	}
	looks := make([]*look, runtime.GOMAXPROCS(0))
	each := func(do func(context.Context, int, *look) error) error {
		group, ctx := errgroup.WithContext(ctx)
		for w, l := range looks {
			group.Go(func() error { return do(ctx, w, l) })
		}
		return group.Wait()
	}
	for w := range looks {
		looks[w] = newLook(queries, filters, asked)
	}
	documents := b.n / perDocument
	if err := each(func(ctx context.Context, w int, l *look) error {
		for d := w; d < documents && ctx.Err() == nil; d += len(looks) {
			l.at(a, tune, b.corpus.entry(d))
			if w == 0 && d%1000 == 0 {
				note("looking at every passage: %d of %d", d*perDocument, b.n)
			}
		}
		return ctx.Err()
	}); err != nil {
		return nil, err
	}
	note("")
	all := newLook(queries, filters, asked)
	for _, l := range looks {
		all.count(l)
	}
	if err := each(func(_ context.Context, _ int, l *look) error {
		l.score(tune, all, b.n, weights)
		return nil
	}); err != nil {
		return nil, err
	}
	for _, l := range looks {
		for i := range filters {
			all.truths[i].join(l.truths[i])
		}
	}
	return all.truths, nil
}

func newLook(queries []retrieval.Query, filters []retrieval.Filter, asked map[string]int) *look {
	l := &look{queries: queries, filters: filters, asked: asked, df: make([]int, len(asked)), lengths: map[bool]length{}}
	for range filters {
		l.truths = append(l.truths, truth{make([]best, len(queries)), make([]best, len(queries))})
	}
	return l
}

// at looks at one document.
func (l *look) at(a *analysis.Analyzer, tune retrieval.Tuning, e retrieval.Entry) {
	kept := make([]bool, len(l.filters))
	for i, f := range l.filters {
		kept[i] = f.Keeps(e.Document)
	}
	japanese := e.Document.Editions[0].Language == language.Japanese
	units, _ := rank.Analyse(a, tune, e.Document)
	for p, u := range units {
		for i, q := range l.queries {
			cosine := cosine(tune, q.Vector, e.Vectors.Editions[0][p])
			for f, keeps := range kept {
				if keeps {
					l.truths[f].dense[i].add(cosine)
				}
			}
		}
		for _, t := range u.Editions[0] {
			if n, ok := l.asked[t.Term]; ok {
				l.df[n]++
				l.matches = append(l.matches, match{int32(n), float32(t.TF)})
			}
		}
		l.units = append(l.units, unit{japanese, u.Lengths[0], kept, len(l.matches)})
		l.lengths[japanese] = length{l.lengths[japanese].sum + u.Lengths[0], l.lengths[japanese].n + 1}
	}
}

func cosine(tune retrieval.Tuning, query []float32, v retrieval.PassageVectors) float64 {
	sentence := float32(rank.Far)
	for _, s := range v.Sentences {
		sentence = max(sentence, embed.Dot(query, s))
	}
	return rank.Cosine(tune, embed.Dot(query, v.Passage), sentence)
}

// count adds what another has counted.
func (l *look) count(o *look) {
	for t, n := range o.df {
		l.df[t] += n
	}
	for j, x := range o.lengths {
		l.lengths[j] = length{l.lengths[j].sum + x.sum, l.lengths[j].n + x.n}
	}
}

// score scores the passages by BM25 as counted in all; weights are those of the terms, by
// query.
func (l *look) score(tune retrieval.Tuning, all *look, passages int, weights []map[int]float64) {
	type asker struct {
		query  int
		weight float64
	}
	askers := make([][]asker, len(all.df))
	for q, ws := range weights {
		for t, w := range ws {
			if w > 0 {
				askers[t] = append(askers[t], asker{q, w * rank.IDF(passages, all.df[t])})
			}
		}
	}
	scores, from := make([]float64, len(l.queries)), 0
	for _, u := range l.units {
		clear(scores)
		average := all.lengths[u.japanese].sum / all.lengths[u.japanese].n
		for _, m := range l.matches[from:u.matches] {
			worth := rank.Saturate(tune, rank.Normalized(tune, float64(m.tf), u.length, average))
			for _, a := range askers[m.term] {
				scores[a.query] += a.weight * worth
			}
		}
		from = u.matches
		for q, score := range scores {
			for f, keeps := range u.kept {
				if keeps && score > 0 {
					l.truths[f].lexical[q].add(score)
				}
			}
		}
	}
}
