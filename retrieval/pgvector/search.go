package pgvector

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/rank"
)

// How many candidates the postings and the graph each give: leastBreadth, or
// breadthPerHit for each hit wanted, but no more than mostBreadth, which is what the
// graph can give.
const (
	leastBreadth  = 240
	breadthPerHit = 6
	mostBreadth   = 1000
)

func breadthFor(limit int) int {
	return min(max(leastBreadth, breadthPerHit*limit), mostBreadth)
}

// search is one search on its way.
type search struct {
	ix      *Index
	tx      pgx.Tx
	query   retrieval.Query
	u       retrieval.Understanding
	limit   int
	st      *state
	terms   []term
	kept    kept
	meaning bool // whether vectors take part
	nearest []int32
	heads   map[int32]document
	names   map[uint32][]int32 // documents that have a word in their titles, where it is rare
}

// term is a term of the query with what the index has of it.
type term struct {
	retrieval.Weighted
	hash     uint32
	df       int
	postings [][]byte
	chunks   []chunk
}

// chunk is where a part of a term's postings lies.
type chunk struct {
	segment, no int32
	chunkHead
}

// Search implements retrieval.Index.
func (ix *Index) Search(ctx context.Context, q retrieval.Query) ([]retrieval.Hit, error) {
	s := &search{ix: ix, query: q, u: retrieval.Understand(ix.analyzer, ix.tune, q), limit: cmp.Or(q.Limit, retrieval.DefaultLimit)}
	for _, t := range s.u.Terms {
		s.terms = append(s.terms, term{Weighted: t, hash: hash(t.Text)})
	}
	var hits []retrieval.Hit
	err := ix.reading(ctx, func(tx pgx.Tx) (err error) {
		s.tx = tx
		hits, err = s.run(ctx)
		return err
	})
	return hits, ix.explain("searching", err)
}

func (s *search) run(ctx context.Context) ([]retrieval.Hit, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	units, err := s.lexical(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.candidates(ctx, append(units, s.nearest...))
	if err != nil {
		return nil, err
	}
	if err := s.fuse(ctx, all); err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(c candidate) bool { return c.Words == 0 && c.Meaning == 0 })
	return s.hits(ctx, all)
}

// begin reads in one round trip what the rest needs: the buckets of the terms, the
// documents that are named, the nearest vectors.
func (s *search) begin(ctx context.Context) (err error) {
	if s.st, err = s.ix.current(ctx, s.tx); err != nil {
		return err
	}
	if s.kept, err = s.st.keep(ctx, s.tx, s.query.Filter); err != nil {
		return err
	}
	b := &pgx.Batch{}
	s.askBuckets(b)
	s.askNames(b)
	if err := s.askNearest(b); err != nil {
		return err
	}
	return s.tx.SendBatch(ctx, b).Close()
}

// candidate is a unit with all that it is scored by.
type candidate struct {
	rank.Candidate
	forward  forward
	document int32
	packed   map[int16][]byte // by edition
}

const (
	selectUnits = `
SELECT u.unit, u.id, u.document, u.locator, u.terms, d.generation
FROM units u JOIN documents d ON d.no = u.document WHERE u.unit = ANY ($1)`

	selectVectors = `SELECT unit, edition, packed FROM vectors WHERE space = $1 AND unit = ANY ($2)`
)

// candidates reads what the units found are scored by.
func (s *search) candidates(ctx context.Context, units []int32) ([]candidate, error) {
	slices.Sort(units)
	units = slices.Compact(units)
	if len(units) == 0 {
		return nil, nil
	}
	var out []candidate
	generations := map[int32]int64{}
	b := &pgx.Batch{}
	b.Queue(selectUnits, units).Query(func(rows pgx.Rows) error {
		var unit int32
		var c candidate
		var terms []byte
		var generation int64
		_, err := pgx.ForEachRow(rows, []any{&unit, &c.ID, &c.document, &c.Locator, &terms, &generation}, func() (err error) {
			if c.forward, err = decodeForward(slices.Clone(terms)); err != nil {
				return err
			}
			c.At = int(unit)
			generations[c.document] = generation
			out = append(out, c)
			c.Locator = nil
			return nil
		})
		return err
	})
	packed := map[int32]map[int16][]byte{}
	if s.meaning {
		b.Queue(selectVectors, s.st.space.no, units).Query(func(rows pgx.Rows) error {
			var unit int32
			var edition int16
			var data []byte
			_, err := pgx.ForEachRow(rows, []any{&unit, &edition, &data}, func() error {
				if packed[unit] == nil {
					packed[unit] = map[int16][]byte{}
				}
				packed[unit][edition] = slices.Clone(data)
				return nil
			})
			return err
		})
	}
	if err := s.tx.SendBatch(ctx, b).Close(); err != nil {
		return nil, err
	}
	heads, err := s.ix.heads(ctx, s.tx, generations)
	if err != nil {
		return nil, err
	}
	s.heads = heads
	for i := range out {
		c := &out[i]
		c.Document, c.packed = heads[c.document].head, packed[int32(c.At)]
		c.Dense = rank.Far
		c.Lexical = s.bm25(c.forward)
		if s.meaning {
			if c.Dense, err = s.cosine(c.packed); err != nil {
				return nil, err
			}
		}
		c.Named = rank.Named(s.u, c.Document, func(t string) bool { return c.forward.has(hash(t)) }, func(t string) bool {
			documents := s.names[hash(t)]
			return len(documents) <= rank.MostNamed && slices.Contains(documents, c.document)
		})
	}
	return out, nil
}

// bm25 is the exact score of a passage.
func (s *search) bm25(f forward) float64 {
	score := 0.0
	if s.query.Stage == retrieval.Dense {
		return 0
	}
	for _, t := range s.terms {
		part, _ := s.part(f, t)
		score += part
	}
	return score
}

// part is what a term adds to it; false where the passage does not have the term.
func (s *search) part(f forward, t term) (float64, bool) {
	if t.Weight == 0 || t.df <= 0 {
		return 0, false
	}
	tf, ok := f.normalized(s.ix.tune, s.st.totals, t.hash)
	return t.Weight * rank.IDF(s.st.totals.units, t.df) * rank.Saturate(s.ix.tune, tf), ok
}

// cosine compares the query with a passage; Far where it has no vectors.
func (s *search) cosine(packed map[int16][]byte) (float64, error) {
	passage, sentence := float32(rank.Far), float32(rank.Far)
	for _, b := range packed {
		if err := unpack(b, s.st.space.dimension, func(i int, v []float32) {
			c := embed.Dot(s.query.Vector, v)
			if i == 0 {
				passage = max(passage, c)
			} else {
				sentence = max(sentence, c)
			}
		}); err != nil {
			return 0, err
		}
	}
	if passage == rank.Far {
		return rank.Far, nil
	}
	return rank.Cosine(s.ix.tune, passage, sentence), nil
}

// fuse joins the scores of the candidates.
func (s *search) fuse(ctx context.Context, all []candidate) (err error) {
	bridge := rank.Bridge(s.ix.tune, s.u, s.st.totals.units, func(t string) int {
		i := slices.IndexFunc(s.terms, func(x term) bool { return x.Text == t })
		return s.terms[i].df
	})
	asked := analysis.Language(s.query.Text)
	bridged := make([]float64, len(all))
	fusion := rank.Fusion{Share: rank.Share(s.ix.tune, s.query.Stage, s.meaning)}
	dense := make([]float64, len(all))
	for i, c := range all {
		bridged[i], dense[i] = c.Lexical, c.Dense
		if c.Lexical > 0 && !rank.HasEdition(c.Document, asked) {
			bridged[i] *= bridge
		}
		fusion.Highest = max(fusion.Highest, bridged[i])
	}
	if s.meaning {
		if fusion.Low, fusion.High, err = s.spread(ctx, dense); err != nil {
			return err
		}
	}
	for i := range all {
		all[i].Scores = fusion.Of(all[i].Lexical, bridged[i], dense[i])
	}
	return nil
}

// hits orders the candidates and shows the best.
func (s *search) hits(ctx context.Context, all []candidate) ([]retrieval.Hit, error) {
	ranked := make([]rank.Candidate, len(all))
	byUnit := make(map[int]candidate, len(all))
	for i, c := range all {
		ranked[i], byUnit[c.At] = c.Candidate, c
	}
	ranked = rank.Order(s.ix.tune, s.u, ranked, s.limit)
	documents := map[int32]document{}
	for _, c := range ranked {
		documents[byUnit[c.At].document] = s.heads[byUnit[c.At].document]
	}
	if err := s.ix.complete(ctx, s.tx, documents); err != nil {
		return nil, err
	}
	var out []retrieval.Hit
	for _, c := range ranked {
		of := byUnit[c.At]
		d := documents[of.document]
		at := slices.Index(d.units, int32(c.At))
		edition, _ := d.whole.Edition(retrieval.ReaderLanguage(s.query.Language, s.query.Text))
		h := retrieval.Hit{Document: d.whole, Edition: edition, Passage: edition.Passages[at], Score: c.Score}
		h.Why = rank.Why(s.ix.analyzer, s.u, c, func(t retrieval.Weighted) (float64, bool) {
			i := slices.IndexFunc(s.terms, func(x term) bool { return x.Text == t.Text })
			return s.part(of.forward, s.terms[i])
		})
		if s.meaning {
			var err error
			if h.Sentences, err = s.sentences(d.whole, edition, of.packed); err != nil {
				return nil, err
			}
		}
		out = append(out, h)
	}
	return out, nil
}

// sentences are the cosines of the query with those of a passage in one edition.
func (s *search) sentences(d *corpus.Document, edition *corpus.Edition, packed map[int16][]byte) ([]float32, error) {
	e := slices.IndexFunc(d.Editions, func(e corpus.Edition) bool { return e.Language == edition.Language })
	b, ok := packed[int16(e)]
	if !ok {
		return nil, nil
	}
	var out []float32
	err := unpack(b, s.st.space.dimension, func(i int, v []float32) {
		if i > 0 {
			out = append(out, embed.Dot(s.query.Vector, v))
		}
	})
	return out, err
}
