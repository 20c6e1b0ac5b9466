package pgvector

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

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
	leastBreadth  = 100
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
	document int32
	parts    []float64 // what each term of the query adds to BM25; absent where the passage does not have it
	cited    []bool    // which references of the query it has

	passage, sentence float32 // the nearest of all editions, see rank.Cosine
	sentences         []editionSentences
}

const absent = -1

// editionSentences are the cosines of the query with the sentences of one edition.
type editionSentences struct {
	edition int16
	cosines []float32
}

const (
	selectUnits = `SELECT unit, id, document, locator, terms FROM units WHERE unit = ANY ($1)`

	selectVectors = `SELECT unit, edition, packed FROM vectors WHERE space = $1 AND unit = ANY ($2)`
)

// candidates reads and scores the units found.
func (s *search) candidates(ctx context.Context, units []int32) ([]candidate, error) {
	slices.Sort(units)
	units = slices.Compact(units)
	if len(units) == 0 {
		return nil, nil
	}
	out := make([]candidate, 0, len(units))
	b := &pgx.Batch{}
	b.Queue(selectUnits, units).Query(func(rows pgx.Rows) error {
		var unit int32
		var c candidate
		var terms pgtype.DriverBytes // read at once, so that they need not be copied
		_, err := pgx.ForEachRow(rows, []any{&unit, &c.ID, &c.document, &c.Locator, &terms}, func() error {
			f, err := decodeForward(terms)
			if err != nil {
				return err
			}
			c.At, c.passage, c.sentence = int(unit), rank.Far, rank.Far
			c.parts, c.cited, c.Lexical = s.parts(f), nil, 0
			for _, r := range s.u.References {
				c.cited = append(c.cited, f.has(hash(r)))
			}
			if s.query.Stage != retrieval.Dense {
				for _, p := range c.parts {
					c.Lexical += max(p, 0)
				}
			}
			out = append(out, c)
			c.Locator = nil
			return nil
		})
		return err
	})
	if s.meaning {
		b.Queue(selectVectors, s.st.space.no, units).Query(func(rows pgx.Rows) error { return s.compare(rows, out) })
	}
	if err := s.tx.SendBatch(ctx, b).Close(); err != nil {
		return nil, err
	}
	var numbers []int32
	for _, c := range out {
		numbers = append(numbers, c.document)
	}
	slices.Sort(numbers)
	var err error
	if s.heads, err = s.st.heads(ctx, s.tx, slices.Compact(numbers)); err != nil {
		return nil, err
	}
	for i := range out {
		c := &out[i]
		c.Document = s.heads[c.document].head
		c.Dense = rank.Far
		if c.passage > rank.Far {
			c.Dense = rank.Cosine(s.ix.tune, c.passage, c.sentence)
		}
		c.Named = rank.Named(s.u, c.Document, func(t string) bool {
			return c.cited[slices.Index(s.u.References, t)]
		}, func(t string) bool {
			documents := s.names[hash(t)]
			return len(documents) <= rank.MostNamed && slices.Contains(documents, c.document)
		})
	}
	return out, nil
}

// parts are what the terms of the query add to the BM25 score of a passage.
func (s *search) parts(f forward) []float64 {
	out := make([]float64, len(s.terms))
	for i, t := range s.terms {
		out[i] = absent
		if t.Weight == 0 || t.df <= 0 {
			continue
		}
		if tf, ok := f.normalized(s.ix.tune, s.st.totals, t.hash); ok {
			out[i] = t.Weight * rank.IDF(s.st.totals.units, t.df) * rank.Saturate(s.ix.tune, tf)
		}
	}
	return out
}

// compare reads the vectors of candidates and compares them with the query's.
func (s *search) compare(rows pgx.Rows, all []candidate) error {
	at := make(map[int32]int, len(all))
	for i, c := range all {
		at[int32(c.At)] = i
	}
	var u unpacker
	var unit int32
	var edition int16
	var packed pgtype.DriverBytes
	_, err := pgx.ForEachRow(rows, []any{&unit, &edition, &packed}, func() error {
		i, ok := at[unit]
		if !ok {
			return errDamaged
		}
		c, of := &all[i], editionSentences{edition: edition}
		err := u.each(packed, s.st.space.dimension, func(i int, v []float32) {
			cosine := embed.Dot(s.query.Vector, v)
			if i == 0 {
				c.passage = max(c.passage, cosine)
				return
			}
			c.sentence = max(c.sentence, cosine)
			of.cosines = append(of.cosines, cosine)
		})
		c.sentences = append(c.sentences, of)
		return err
	})
	return err
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
	if err := complete(ctx, s.tx, documents); err != nil {
		return nil, err
	}
	s.st.remember(documents)
	var out []retrieval.Hit
	for _, c := range ranked {
		of := byUnit[c.At]
		d := documents[of.document]
		at := slices.Index(d.units, int32(c.At))
		edition, _ := d.whole.Edition(retrieval.ReaderLanguage(s.query.Language, s.query.Text))
		h := retrieval.Hit{Document: d.whole, Edition: edition, Passage: edition.Passages[at], Score: c.Score}
		h.Why = rank.Why(s.ix.analyzer, s.u, c, func(t retrieval.Weighted) (float64, bool) {
			part := of.parts[slices.IndexFunc(s.terms, func(x term) bool { return x.Text == t.Text })]
			return part, part != absent
		})
		e := slices.IndexFunc(d.whole.Editions, func(e corpus.Edition) bool { return e.Language == edition.Language })
		for _, s := range of.sentences {
			if s.edition == int16(e) {
				h.Sentences = s.cosines
			}
		}
		out = append(out, h)
	}
	return out, nil
}
