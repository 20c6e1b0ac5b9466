package local

import (
	"cmp"
	"context"
	"slices"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/rank"
)

// found is a unit with its scores.
type found struct {
	unit int
	rank.Scores
}

// Search implements retrieval.Index.
func (ix *Index) Search(ctx context.Context, q retrieval.Query) ([]retrieval.Hit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := ix.snapshot.Load()
	if q.Vector != nil && s.model != "" && q.Model != s.model {
		return nil, &retrieval.ModelError{Index: s.model, Given: q.Model}
	}
	u := retrieval.Understand(ix.analyzer, ix.tune, q)
	limit := cmp.Or(q.Limit, retrieval.DefaultLimit)
	pool := best(ix.fuse(s, u, q), rank.PoolPerHit*limit)
	all := make([]rank.Candidate, len(pool))
	for i, f := range pool {
		of := s.units[f.unit]
		all[i] = rank.Candidate{Scores: f.Scores, At: f.unit, ID: of.id(), Document: of.document, Locator: of.Locator, Named: s.named(u, f.unit)}
	}
	var hits []retrieval.Hit
	for _, c := range rank.Order(ix.tune, u, all, limit) {
		hits = append(hits, ix.hit(s, u, q, c))
	}
	return hits, nil
}

// best are the n units of the highest scores before priors, and their equals.
func best(all []found, n int) []found {
	if len(all) <= n {
		return all
	}
	scores := make([]float64, len(all))
	for i, f := range all {
		scores[i] = f.Words + f.Meaning
	}
	slices.Sort(scores)
	least := scores[len(scores)-n]
	return slices.DeleteFunc(all, func(f found) bool { return f.Words+f.Meaning < least })
}

// lexical is the BM25 score of every unit; 0 where no word is shared or the
// filter leaves the document out.
func (ix *Index) lexical(s *snapshot, u retrieval.Understanding, q retrieval.Query) []float64 {
	scores := make([]float64, len(s.units))
	if q.Stage == retrieval.Dense {
		return scores
	}
	for _, t := range u.Terms {
		ps := s.postings[t.Text]
		if t.Weight == 0 || len(ps) == 0 {
			continue
		}
		w := t.Weight * rank.IDF(len(s.units), len(ps))
		for _, p := range ps {
			scores[p.unit] += w * rank.Saturate(ix.tune, p.tf)
		}
	}
	for i := range scores {
		if scores[i] > 0 && !q.Filter.Keeps(s.units[i].document) {
			scores[i] = 0
		}
	}
	return scores
}

// dense is the cosine of every unit; Far where it has none. It is nil where the
// query or the index has no vectors.
func (ix *Index) dense(s *snapshot, q retrieval.Query) []float64 {
	if q.Stage == retrieval.Lexical || q.Vector == nil || s.model == "" {
		return nil
	}
	scan := s.scan(q.Vector, q.Filter.Keeps)
	out := make([]float64, len(scan))
	for i, c := range scan {
		out[i] = rank.Cosine(ix.tune, c.passage, c.sentence)
	}
	return out
}

// fuse gives the units with a word or a meaning in common with the query.
func (ix *Index) fuse(s *snapshot, u retrieval.Understanding, q retrieval.Query) []found {
	lexical, dense := ix.lexical(s, u, q), ix.dense(s, q)
	bridge := rank.Bridge(ix.tune, u, len(s.units), func(t string) int { return len(s.postings[t]) })
	asked := analysis.Language(q.Text)
	bridged := func(i int) float64 {
		if lexical[i] > 0 && !rank.HasEdition(s.units[i].document, asked) {
			return bridge * lexical[i]
		}
		return lexical[i]
	}
	fusion := rank.Fusion{Share: rank.Share(ix.tune, q.Stage, dense != nil)}
	for i := range lexical {
		fusion.Highest = max(fusion.Highest, bridged(i))
	}
	fusion.Low, fusion.High = rank.Spread(dense, ix.tune.Depth, 1)
	var out []found
	for i := range s.units {
		cosine := float64(rank.Far)
		if dense != nil {
			cosine = dense[i]
		}
		if f := (found{i, fusion.Of(lexical[i], bridged(i), cosine)}); f.Words > 0 || f.Meaning > 0 {
			out = append(out, f)
		}
	}
	return out
}

// hit shows a unit in the reader's language, with the reasons.
func (ix *Index) hit(s *snapshot, u retrieval.Understanding, q retrieval.Query, c rank.Candidate) retrieval.Hit {
	edition, _ := c.Document.Edition(retrieval.ReaderLanguage(q.Language, q.Text))
	h := retrieval.Hit{
		Document: c.Document,
		Edition:  edition,
		Passage:  edition.Passages[s.units[c.At].passage],
		Score:    c.Score,
		Why: rank.Why(ix.analyzer, u, c, func(t retrieval.Weighted) (float64, bool) {
			p, ok := s.find(t.Text, c.At)
			return t.Weight * rank.IDF(len(s.units), len(s.postings[t.Text])) * rank.Saturate(ix.tune, p.tf), ok
		}),
	}
	if q.Vector != nil && q.Stage != retrieval.Lexical {
		h.Sentences = s.sentences(q.Vector, c.At, slices.IndexFunc(c.Document.Editions, func(e corpus.Edition) bool { return e.Language == edition.Language }))
	}
	return h
}

// Frequencies implements retrieval.Index.
func (ix *Index) Frequencies(ctx context.Context, terms []string) (passages int, of []int, err error) {
	s := ix.snapshot.Load()
	of = make([]int, len(terms))
	for i, t := range terms {
		of[i] = len(s.postings[t])
	}
	return len(s.units), of, ctx.Err()
}

// named reports whether the question names the passage's document.
func (s *snapshot) named(u retrieval.Understanding, at int) bool {
	d := s.units[at].document
	names := s.names[d.ID]
	return rank.Named(u, d,
		func(t string) bool { _, ok := s.find(t, at); return ok },
		func(t string) bool { return names[t] && s.nameDocs[t] <= rank.MostNamed })
}

// find returns the posting of a term in one passage.
func (s *snapshot) find(term string, at int) (posting, bool) {
	ps := s.postings[term]
	i, ok := slices.BinarySearchFunc(ps, int32(at), func(p posting, at int32) int { return cmp.Compare(p.unit, at) })
	if !ok {
		return posting{}, false
	}
	return ps[i], true
}

func (u unit) id() corpus.PassageID { return u.document.Editions[0].Passages[u.passage].ID }
