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

// found is a unit on its way to a hit.
type found struct {
	unit           int
	lexical, dense float64
	words, meaning float64 // their shares in the score
	score          float64
	provision      float64 // how far it is the provision that is cited
	named          bool
	priors         []retrieval.Prior
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
	all := best(ix.fuse(s, u, q), poolPerHit*limit)
	for i := range all {
		f := &all[i]
		f.named = s.named(u, f.unit)
		f.provision = u.Provision(s.units[f.unit].locator)
		f.priors = u.Priors(s.units[f.unit].document, f.named, f.provision)
		f.score = f.words + f.meaning
		for _, p := range f.priors {
			f.score *= p.Factor
		}
	}
	s.sort(all)
	ix.spreadOut(s, all)
	all = all[:min(len(all), limit)]
	hits := make([]retrieval.Hit, 0, len(all))
	for _, f := range all {
		hits = append(hits, ix.hit(s, u, q, f))
	}
	return hits, nil
}

// sort puts the best first, equal ones by passage id.
func (s *snapshot) sort(all []found) {
	slices.SortFunc(all, func(x, y found) int {
		return cmp.Or(cmp.Compare(y.score, x.score), cmp.Compare(s.units[x.unit].id(), s.units[y.unit].id()))
	})
}

// mostOfOne is how many passages of one document stand in a row without loss.
const mostOfOne = 3

// spreadOut lowers what a document has beyond its first passages, so that one long
// document does not hide the others.
func (ix *Index) spreadOut(s *snapshot, all []found) {
	seen := map[*corpus.Document]int{}
	for i := range all {
		d := s.units[all[i].unit].document
		seen[d]++
		if more := seen[d] - mostOfOne; more > 0 {
			p := retrieval.Prior{Name: "same document", Factor: math.Pow(ix.tune.Repeated, float64(more))}
			all[i].priors = append(all[i].priors, p)
			all[i].score *= p.Factor
		}
	}
	s.sort(all)
}

// poolPerHit is how many units are looked at more closely for each hit wanted:
// more than priors can lift from below.
const poolPerHit = 40

// best are the n units of the highest scores before priors, and their equals.
func best(all []found, n int) []found {
	if len(all) <= n {
		return all
	}
	scores := make([]float64, len(all))
	for i, f := range all {
		scores[i] = f.words + f.meaning
	}
	slices.Sort(scores)
	least := scores[len(scores)-n]
	return slices.DeleteFunc(all, func(f found) bool { return f.words+f.meaning < least })
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
		w := t.Weight * s.idf(len(ps))
		for _, p := range ps {
			scores[p.unit] += w * ix.saturate(p.tf)
		}
	}
	for i := range scores {
		if scores[i] > 0 && !q.Filter.Keeps(s.units[i].document) {
			scores[i] = 0
		}
	}
	return scores
}

// dense is the cosine of every unit; far where it has none. It is nil where the
// query or the index has no vectors.
func (ix *Index) dense(s *snapshot, q retrieval.Query) []float64 {
	if q.Stage == retrieval.Lexical || q.Vector == nil || s.model == "" {
		return nil
	}
	scan := s.scan(q.Vector, q.Filter.Keeps)
	out := make([]float64, len(scan))
	for i, c := range scan {
		out[i] = c.of(ix.tune.Sentence)
	}
	return out
}

// fuse joins both scores: each is brought to the range from 0 to 1 first, BM25 by
// its best value, the cosine, which is never near 0, by what lies between the best
// value and that of the unit at Depth.
func (ix *Index) fuse(s *snapshot, u retrieval.Understanding, q retrieval.Query) []found {
	lexical, dense := ix.lexical(s, u, q), ix.dense(s, q)
	bridge, asked := ix.bridge(s, u), analysis.Language(q.Text)
	bridged := func(i int) float64 {
		if lexical[i] > 0 && !hasEdition(s.units[i].document, asked) {
			return bridge * lexical[i]
		}
		return lexical[i]
	}
	highest := 0.0
	for i := range lexical {
		highest = max(highest, bridged(i))
	}
	share := ix.tune.Meaning
	switch {
	case dense == nil:
		share = 0
	case q.Stage == retrieval.Dense:
		share = 1
	}
	low, high := spread(dense, ix.tune.Depth)
	var out []found
	for i := range s.units {
		f := found{unit: i, lexical: lexical[i]}
		if highest > 0 {
			f.words = (1 - share) * bridged(i) / highest
		}
		if dense != nil && dense[i] > far {
			f.dense = dense[i]
			if high > low {
				f.meaning = share * max(0, (dense[i]-low)/(high-low))
			}
		}
		if f.words > 0 || f.meaning > 0 {
			out = append(out, f)
		}
	}
	return out
}

// leastDepth is how many units take part in a small index.
const leastDepth = 30

// spread is the cosine of the nearest unit, and of the last one of the share that
// is nearest. Counting in steps finds it in one pass, to a thousandth of what
// usually lies between the two.
func spread(dense []float64, share float64) (low, high float64) {
	const steps = 1 << 14
	step := func(c float64) int { return int((c + 1) / 2 * (steps - 1)) }
	var counts [steps]int
	n := 0
	high = far
	for _, c := range dense {
		if c > far {
			n++
			high = max(high, c)
			counts[step(max(-1, min(1, c)))]++
		}
	}
	if n == 0 {
		return 0, 0
	}
	depth := min(n, max(leastDepth, int(share*float64(n))))
	at, passed := steps-1, 0
	for ; at > 0 && passed+counts[at] < depth; at-- {
		passed += counts[at]
	}
	return min(float64(at)/(steps-1)*2-1, high-0.01), high // the farthest of a few still counts a little
}

// hit shows a unit in the reader's language, with the reasons.
func (ix *Index) hit(s *snapshot, u retrieval.Understanding, q retrieval.Query, f found) retrieval.Hit {
	d := s.units[f.unit].document
	edition, _ := d.Edition(retrieval.ReaderLanguage(q.Language, q.Text))
	h := retrieval.Hit{
		Document: d,
		Edition:  edition,
		Passage:  edition.Passages[s.units[f.unit].passage],
		Score:    f.score,
		Why:      ix.why(s, u, f),
	}
	if q.Vector != nil && q.Stage != retrieval.Lexical {
		h.Sentences = s.sentences(q.Vector, f.unit, slices.IndexFunc(d.Editions, func(e corpus.Edition) bool { return e.Language == edition.Language }))
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

// bridge is the factor that makes up for words which no passage in the other
// language can match: the worth of all terms over the worth of those that mean
// the same in both languages.
func (ix *Index) bridge(s *snapshot, u retrieval.Understanding) float64 {
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
	return min(all/shared, ix.tune.Bridge)
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

func (ix *Index) saturate(tf float32) float64 {
	return float64(tf) * (ix.tune.K1 + 1) / (float64(tf) + ix.tune.K1)
}

func (ix *Index) why(s *snapshot, u retrieval.Understanding, f found) retrieval.Why {
	why := retrieval.Why{Lexical: f.lexical, Dense: f.dense, Words: f.words, Meaning: f.meaning, Named: f.named, Priors: f.priors, Provision: f.provision}
	for _, t := range u.Terms {
		p, ok := s.find(t.Text, f.unit)
		if !ok || t.Weight == 0 {
			continue
		}
		share := retrieval.Share{Term: t.From, Score: t.Weight * s.idf(len(s.postings[t.Text])) * ix.saturate(p.tf)}
		if t.Kind == analysis.Concept || t.Kind == analysis.Everyday {
			share.Term = t.Text
			why.Expansions = append(why.Expansions, ix.analyzer.Expansion(t.Text[1:]))
		}
		why.Terms = append(why.Terms, share)
	}
	slices.SortStableFunc(why.Terms, func(x, y retrieval.Share) int { return cmp.Compare(y.Score, x.Score) })
	return why
}
