package eval

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/embed"
)

// Options are how a ranking is measured.
type Options struct {
	Stages   []retrieval.Stage
	Embedder embed.Embedder                 // of the queries, as the index has it; may be nil for the lexical stage
	Seed     uint64                         // of the intervals
	Progress func(done, total int)          // hears of each search; may be nil
	Query    func(Question) retrieval.Query // how a question of ours is searched for
}

// search is one query on its way.
type search struct {
	id, language string
	query        retrieval.Query
}

// Rank searches an index that holds the set's documents for its first n queries, by
// each stage. As in BEIR, a document of the query's own id is passed over.
func (s Set) Rank(ctx context.Context, ix retrieval.Index, n int, o Options) ([]Ranking, error) {
	shown := make(map[string]Text, len(s.Documents))
	for _, d := range s.Documents {
		shown[d.ID] = d
	}
	var searches []search
	for _, q := range s.Queries[:n] {
		limit := Depth
		if _, ok := shown[q.ID]; ok {
			limit++
		}
		searches = append(searches, search{q.ID, q.Language(), retrieval.Query{Text: q.Text, Limit: limit}})
	}
	return o.rank(ctx, ix, searches, func(i int, hits []retrieval.Hit, add func(Target, []string, Ranked)) {
		q := s.Queries[i]
		var ranking []string
		for _, h := range hits {
			if id := BEIRID(h.Passage.ID); id != q.ID && len(ranking) < Depth {
				ranking = append(ranking, id)
			}
		}
		row := Ranked{Rank: slices.IndexFunc(ranking, func(id string) bool { return s.Relevant[q.ID][id] > 0 }) + 1, Values: Measure(ranking, s.Relevant[q.ID])}
		if row.Rank == 0 || row.Rank > cutoff {
			row.Missed = &Missed{Text: q.Text}
			for id := range s.Relevant[q.ID] {
				row.Missed.Wanted = append(row.Missed.Wanted, titleOf(shown[id]))
			}
			slices.Sort(row.Missed.Wanted)
			for _, id := range ranking[:min(shownHits, len(ranking))] {
				row.Missed.Came = append(row.Missed.Came, titleOf(shown[id]))
			}
		}
		add(TargetDocument, MetricNames(), row)
	})
}

// shownHits is how many hits a missed query shows.
const shownHits = 3

// Find searches for the questions that are to be answered and name documents, by
// each stage: how early does a passage of a right document come, and where the
// question names passages, one of these.
func (qs Questions) Find(ctx context.Context, ix retrieval.Index, o Options) ([]Ranking, error) {
	var asked []Question
	var searches []search
	for _, q := range qs.Questions {
		if !q.Answerable || len(q.Documents)+len(q.Passages) == 0 {
			continue
		}
		query := o.Query(q)
		query.Limit = Depth
		asked = append(asked, q)
		searches = append(searches, search{q.ID, q.Language, query})
	}
	return o.rank(ctx, ix, searches, func(i int, hits []retrieval.Hit, add func(Target, []string, Ranked)) {
		q := asked[i]
		if len(q.Documents) > 0 {
			add(TargetDocument, FirstNames(), q.ranked(hits, false))
		}
		if len(q.Passages) > 0 {
			add(TargetPassage, FirstNames(), q.ranked(hits, true))
		}
	})
}

func (q Question) ranked(hits []retrieval.Hit, strict bool) Ranked {
	row := Ranked{Rank: slices.IndexFunc(hits, func(h retrieval.Hit) bool {
		return q.right(h.Document.ID, EnglishLocator(h.Document, h.Passage.ID), strict)
	}) + 1}
	row.Values = MeasureFirst(row.Rank)
	if row.Rank == 0 || row.Rank > cutoff {
		row.Missed = &Missed{Text: q.asked(), Wanted: q.wanted()}
		for _, h := range hits[:min(shownHits, len(hits))] {
			row.Missed.Came = append(row.Missed.Came, h.Document.ID+" "+EnglishLocator(h.Document, h.Passage.ID))
		}
	}
	return row
}

// rank runs the searches stage by stage, one at a time, so that their latencies are
// those of a search on an idle machine. read adds what it makes of a search's hits.
func (o Options) rank(ctx context.Context, ix retrieval.Index, searches []search, read func(i int, hits []retrieval.Hit, add func(Target, []string, Ranked))) ([]Ranking, error) {
	if err := o.embed(ctx, searches); err != nil {
		return nil, err
	}
	var out []Ranking
	done := 0
	for _, stage := range o.Stages {
		found := map[Target]*Ranking{}
		var took []time.Duration
		for i, s := range searches {
			s.query.Stage = stage
			start := time.Now()
			hits, err := ix.Search(ctx, s.query)
			took = append(took, time.Since(start))
			if err != nil {
				return nil, fmt.Errorf("searching for the query %q: %w", s.id, err)
			}
			read(i, hits, func(t Target, metrics []string, row Ranked) {
				if found[t] == nil {
					found[t] = &Ranking{Stage: stage.String(), Target: t, Metrics: metrics}
				}
				row.ID, row.Language = s.id, s.language
				found[t].Queries = append(found[t].Queries, row)
			})
			if done++; o.Progress != nil {
				o.Progress(done, len(searches)*len(o.Stages))
			}
		}
		for _, t := range []Target{TargetDocument, TargetPassage} {
			if rk := found[t]; rk != nil {
				rk.Search = latencyOf(took)
				rk.Summarise(o.Seed)
				out = append(out, *rk)
			}
		}
	}
	return out, nil
}

// embed adds the vectors of the queries, unless words alone rank.
func (o Options) embed(ctx context.Context, searches []search) error {
	if !slices.ContainsFunc(o.Stages, func(s retrieval.Stage) bool { return s != retrieval.Lexical }) {
		return nil
	}
	for i, s := range searches {
		var err error
		if searches[i].query, err = retrieval.Embedded(ctx, o.Embedder, s.query); err != nil {
			return fmt.Errorf("embedding the query %q: %w", s.id, err)
		}
	}
	return nil
}

// Encoding measures how long an encoder takes for one query at a time, after one
// call that is not counted, as it may load the weights. It is given the encoder
// itself, not a cache before it.
func Encoding(ctx context.Context, e embed.Embedder, queries []string) (Latency, error) {
	if _, err := e.Embed(ctx, embed.Query, queries[:min(1, len(queries))]); err != nil {
		return Latency{}, err
	}
	var took []time.Duration
	for _, q := range queries {
		start := time.Now()
		if _, err := e.Embed(ctx, embed.Query, []string{q}); err != nil {
			return Latency{}, err
		}
		took = append(took, time.Since(start))
	}
	return latencyOf(took), nil
}

// EnglishLocator is the locator by which question files name a passage: that of the
// English edition, or of the original where there is none.
func EnglishLocator(d *corpus.Document, id corpus.PassageID) string {
	e, _ := d.Edition(language.English)
	p, _ := e.Passage(id)
	return p.Locator
}

// sameLocator compares locators by what they say, not by their spaces, dashes and
// capitals: §734.8 (a) is § 734.8(a).
func sameLocator(a, b string) bool {
	plain := func(s string) string {
		return strings.ToLower(strings.Join(strings.Fields(analysis.Normalize(s)), ""))
	}
	return plain(a) == plain(b)
}
