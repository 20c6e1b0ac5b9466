package local

import (
	"cmp"
	"context"
	"math"
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
)

// Search implements retrieval.Index.
func (ix *Index) Search(ctx context.Context, q retrieval.Query) ([]retrieval.Hit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := ix.snapshot.Load()
	u := retrieval.Understand(ix.analyzer, q)
	scores := make([]float64, len(s.units))
	for _, t := range u.Terms {
		ps := s.postings[t.Text]
		if t.Weight == 0 || len(ps) == 0 {
			continue
		}
		w := t.Weight * s.idf(len(ps))
		for _, p := range ps {
			scores[p.unit] += w * saturate(p.tf)
		}
	}
	type scored struct {
		unit  int
		score float64
	}
	var found []scored
	bridge, asked := s.bridge(u), analysis.Language(q.Text)
	for i, score := range scores {
		if score > 0 && q.Filter.Keeps(s.units[i].document) {
			if !hasEdition(s.units[i].document, asked) {
				score *= bridge
			}
			for _, p := range u.Priors(s.units[i].document, s.named(u, i)) {
				score *= p.Factor
			}
			found = append(found, scored{i, score})
		}
	}
	slices.SortFunc(found, func(x, y scored) int {
		return cmp.Or(cmp.Compare(y.score, x.score), cmp.Compare(s.units[x.unit].id(), s.units[y.unit].id()))
	})
	limit := cmp.Or(q.Limit, retrieval.DefaultLimit)
	shown := retrieval.ReaderLanguage(q.Language, q.Text)
	hits := make([]retrieval.Hit, 0, min(limit, len(found)))
	for _, f := range found[:min(limit, len(found))] {
		d := s.units[f.unit].document
		edition, _ := d.Edition(shown)
		hits = append(hits, retrieval.Hit{
			Document: d,
			Edition:  edition,
			Passage:  edition.Passages[s.units[f.unit].passage],
			Score:    f.score,
			Why:      ix.why(s, u, f.unit, scores[f.unit]),
		})
	}
	return hits, nil
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

// rareName is how many documents may share a word of their titles for it to name
// them: an author or a series, but not a subject.
const rareName = 12

// named reports whether the question names the passage's document: by a
// reference that the passage has, or by a proper name from its title or citation.
// The abbreviation of a subject (CUI) names a rule on it, but no report on it.
func (s *snapshot) named(u retrieval.Understanding, at int) bool {
	for _, r := range u.References {
		if _, ok := s.find(r, at); ok {
			return true
		}
	}
	d := s.units[at].document
	names := s.names[d.ID]
	return slices.ContainsFunc(u.Terms, func(t retrieval.Weighted) bool {
		return t.Kind == analysis.Word && t.Weight > 0 && properName(t.From) && names[t.Text] &&
			s.nameDocs[t.Text] <= rareName && (d.Status.Current() || !u.Subject(t))
	})
}

// properName reports whether a word is written as a name: with a capital, or in
// katakana.
func properName(w string) bool {
	r, _ := utf8.DecodeRuneInString(w)
	return unicode.IsUpper(r) || unicode.Is(unicode.Katakana, r)
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

// maxBridge bounds how much a passage without an edition in the question's
// language can gain for the words that it cannot match.
const maxBridge = 1.2

// bridge is the factor that makes up for words which no passage in the other
// language can match: the worth of all terms over the worth of those that mean
// the same in both languages.
func (s *snapshot) bridge(u retrieval.Understanding) float64 {
	all, shared := 0.0, 0.0
	for _, t := range u.Terms {
		if df := len(s.postings[t.Text]); df > 0 && t.Weight > 0 {
			w := t.Weight * s.idf(df)
			all += w
			if t.Bridges() {
				shared += w
			}
		}
	}
	if shared == 0 {
		return 1
	}
	return min(all/shared, maxBridge)
}

func hasEdition(d *corpus.Document, lang language.Tag) bool {
	return slices.ContainsFunc(d.Editions, func(e corpus.Edition) bool { return e.Language == lang })
}

func (u unit) id() corpus.PassageID { return u.document.Editions[0].Passages[u.passage].ID }

// idf is the inverse document frequency in BM25's form that stays above zero.
func (s *snapshot) idf(df int) float64 {
	n := float64(len(s.units))
	return math.Log(1 + (n-float64(df)+0.5)/(float64(df)+0.5))
}

func saturate(tf float32) float64 { return float64(tf) * (k1 + 1) / (float64(tf) + k1) }

func (ix *Index) why(s *snapshot, u retrieval.Understanding, at int, lexical float64) retrieval.Why {
	named := s.named(u, at)
	why := retrieval.Why{Lexical: lexical, Named: named, Priors: u.Priors(s.units[at].document, named)}
	for _, t := range u.Terms {
		p, ok := s.find(t.Text, at)
		if !ok || t.Weight == 0 {
			continue
		}
		share := retrieval.Share{Term: t.From, Score: t.Weight * s.idf(len(s.postings[t.Text])) * saturate(p.tf)}
		if t.Kind == analysis.Concept || t.Kind == analysis.Everyday {
			share.Term = t.Text
			why.Expansions = append(why.Expansions, ix.analyzer.Expansion(t.Text[1:]))
		}
		why.Terms = append(why.Terms, share)
	}
	slices.SortStableFunc(why.Terms, func(x, y retrieval.Share) int { return cmp.Compare(y.Score, x.Score) })
	return why
}
