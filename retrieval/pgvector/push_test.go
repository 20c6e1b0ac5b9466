package pgvector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/text/language"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/embed"
)

// counting is an encoder that counts its texts and can be made to fail. The vector of a
// text depends on its length and its model.
type counting struct {
	model  string
	texts  atomic.Int64
	stopAt int64 // fails with the text of this number; 0: never
}

var errStopped = errors.New("the encoder has stopped")

func (c *counting) Model() string  { return c.model }
func (c *counting) Dimension() int { return 8 }
func (c *counting) Embed(_ context.Context, _ embed.Kind, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, text := range texts {
		if n := c.texts.Add(1); n == c.stopAt {
			return nil, errStopped
		}
		v := make([]float32, 8)
		v[(len(text)+len(c.model))%8], v[len(text)/8%8] = 1, 0.5
		if err := embed.Normalize(v); err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

// laws are n documents of three passages, in two editions each.
func laws(n int) []*corpus.Document {
	out := make([]*corpus.Document, n)
	for i := range out {
		id := fmt.Sprintf("us-law-%03d", i)
		d := &corpus.Document{ID: id, Jurisdiction: corpus.US, Kind: "statute", Status: corpus.InForce, Published: corpus.Date{Year: 2020, Month: 1 + i%12}}
		for _, lang := range []language.Tag{language.English, language.Japanese} {
			e := corpus.Edition{Language: lang, Title: "Law " + id, Citation: id}
			for p := range 3 {
				text := fmt.Sprintf("Rule %d of law %d binds exporters. It has no exception.", p, i)
				if lang == language.Japanese {
					text = fmt.Sprintf("法律%dの規則%dは輸出者を拘束する。例外はない。", i, p)
				}
				e.Passages = append(e.Passages, corpus.Passage{ID: corpus.PassageID(fmt.Sprintf("%s#%d", id, p)), Locator: fmt.Sprint(p), Text: text, Hash: corpus.HashText(text)})
			}
			d.Editions = append(d.Editions, e)
		}
		out[i] = d
	}
	return out
}

// amend changes the English text of one passage.
func amend(d *corpus.Document, passage int, text string) *corpus.Document {
	copied := *d
	copied.Editions = slices.Clone(d.Editions)
	copied.Editions[0].Passages = slices.Clone(d.Editions[0].Passages)
	p := &copied.Editions[0].Passages[passage]
	p.Text, p.Hash = text, corpus.HashText(text)
	return &copied
}

// textsOf is how many texts are embedded of a passage of laws: two editions, of each the
// whole and two sentences.
const textsOf = 6

func TestPushTouchesOnlyWhatIsNew(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	ix, e := opened(t, db, analysis.NewAnalyzer(nil)), &counting{model: "one"}
	documents := laws(60)
	push := func(documents []*corpus.Document, want Pushed) {
		t.Helper()
		last := 0
		got, err := ix.Push(t.Context(), "laws", documents, e, func(what string, done, total int) {
			if what == "pushing documents" {
				last = done
			}
		})
		if err != nil || got != want || last != len(documents) {
			t.Errorf("pushed %+v, %v, %d reported; want %+v", got, err, last, want)
		}
	}
	rows := func() (out []string) { // where each row lies and which change wrote it
		t.Helper()
		for _, query := range []string{
			`SELECT unit || ' ' || ctid::text || ' ' || xmin FROM passages ORDER BY unit, edition`,
			`SELECT unit || ' ' || ctid::text || ' ' || xmin FROM embeddings ORDER BY unit, edition`,
			`SELECT unit || ' ' || ctid::text || ' ' || xmin FROM units ORDER BY unit`,
		} {
			found, err := db.SQL.QueryContext(t.Context(), query)
			must(t, err)
			for found.Next() {
				var row string
				must(t, found.Scan(&row))
				out = append(out, row)
			}
			must(t, found.Err())
		}
		return out
	}
	push(documents, Pushed{Added: 60, Embedded: 60 * 3 * textsOf})
	before := rows()
	push(documents, Pushed{Unchanged: 60})
	if !slices.Equal(before, rows()) {
		t.Error("a push of the same has written rows")
	}
	documents[7] = amend(documents[7], 1, "Rule 1 of law 7 binds nobody. It is repealed.")
	push(documents, Pushed{Unchanged: 59, Changed: 1, Embedded: textsOf})
	changed := 0
	after := map[string]bool{}
	for _, row := range rows() {
		after[row] = true
	}
	for _, row := range before {
		if !after[row] {
			changed++
		}
	}
	if changed != 5 { // two editions of the text and of the vectors, one unit
		t.Errorf("an amended passage has changed %d of %d rows; want 5", changed, len(before))
	}
	hits, err := ix.Search(t.Context(), retrieval.Query{Text: "repealed"})
	if err != nil || len(hits) != 1 || hits[0].Passage.ID != "us-law-007#1" || hits[0].Document.Collection != "laws" {
		t.Errorf("the amended passage: %v, %v", ranking(hits), err)
	}
	other := *documents[7] // its standing changes, and no text of it
	other.Status = corpus.Rescinded
	documents[7] = &other
	push(documents, Pushed{Unchanged: 59, Changed: 1})
	hits, err = ix.Search(t.Context(), retrieval.Query{Text: "repealed", Filter: retrieval.Filter{Statuses: []corpus.Status{corpus.Rescinded}}})
	if err != nil || len(hits) != 1 || hits[0].Document.Status != corpus.Rescinded {
		t.Errorf("the rescinded document: %v, %v", ranking(hits), err)
	}
	push(documents[:50], Pushed{Unchanged: 50, Removed: 10})
	if n, _, err := ix.Frequencies(t.Context(), nil); err != nil || n != 150 {
		t.Errorf("%d passages are left, %v; want 150", n, err)
	}
	if _, err := ix.Push(t.Context(), "others", laws(60)[55:], e, nil); err != nil {
		t.Fatal(err)
	}
	hits, err = ix.Search(t.Context(), retrieval.Query{Text: "exporters", Filter: retrieval.Filter{Collections: []string{"others"}}, Limit: 100})
	if err != nil || len(hits) != 15 {
		t.Errorf("the other collection has %d passages, %v; want 15", len(hits), err)
	}
}

func TestMoveGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	a := analysis.NewAnalyzer(nil)
	ix, replica := opened(t, db, a), opened(t, db, a)
	old := &counting{model: "one"}
	documents := laws(40)
	_, err := ix.Push(t.Context(), "laws", documents, old, nil)
	must(t, err)
	ask := func(ix *Index, model string) error {
		q, err := retrieval.Embedded(t.Context(), &counting{model: model}, retrieval.Query{Text: "exporters"})
		must(t, err)
		hits, err := ix.Search(t.Context(), q)
		if err == nil && len(hits) == 0 {
			t.Error("nothing is found")
		}
		return err
	}
	stopped := &counting{model: "two", stopAt: 400}
	if _, err := ix.Push(t.Context(), "laws", documents, stopped, nil); !errors.Is(err, errStopped) {
		t.Fatalf("a push whose encoder stops: %v", err)
	}
	must(t, ask(replica, "one")) // as before
	var met *retrieval.ModelError
	if err := ask(replica, "two"); !errors.As(err, &met) {
		t.Errorf("asked by a space that is not complete: %v", err)
	}
	// What is written meanwhile is moved too.
	documents[3] = amend(documents[3], 0, "Rule 0 of law 3 was amended meanwhile. It binds importers.")
	if _, err := replica.Push(t.Context(), "laws", documents, old, nil); err != nil {
		t.Fatal(err)
	}
	resumed := &counting{model: "two"}
	var reports []string
	pushed, err := ix.Push(t.Context(), "laws", documents, resumed, func(what string, done, total int) {
		reports = append(reports, fmt.Sprint(what, done, total))
	})
	must(t, err)
	whole := int64(40 * 3 * textsOf)
	if n := resumed.texts.Load(); n >= whole || n < whole-400 || pushed.Unchanged != 40 {
		t.Errorf("resumed with %d of %d texts, %+v", n, whole, pushed)
	}
	if !slices.ContainsFunc(reports, func(r string) bool { return strings.Contains(r, "embedding with two") }) {
		t.Errorf("reported %q", reports)
	}
	must(t, ask(replica, "two"))
	if err := ask(replica, "one"); !errors.As(err, &met) || met.Index != "two" {
		t.Errorf("asked with the old encoder: %v", err)
	}
	stats, err := ix.Stats(t.Context())
	if err != nil || stats.Model != "two" || stats.Embeddings != 240 || stats.Documents != 40 || stats.Passages != 120 || !stats.SameAnalysis {
		t.Errorf("%+v, %v", stats, err)
	}
	var spaces int
	must(t, db.SQL.QueryRowContext(t.Context(), `SELECT count(*) FROM spaces`).Scan(&spaces))
	if spaces != 1 {
		t.Errorf("%d spaces are left", spaces)
	}
}

func TestAnotherGlossaryIsAnalysedAgain(t *testing.T) {
	t.Parallel()
	db, e := migrated(t), &counting{model: "one"}
	before := opened(t, db, analysis.NewAnalyzer(nil))
	documents := laws(60)
	_, err := before.Push(t.Context(), "laws", documents, e, nil)
	must(t, err)
	glossary := corpus.Glossary{{ID: "exporter", English: "exporters", Japanese: "輸出者", Note: "n"}}
	after := opened(t, db, analysis.NewAnalyzer(glossary))
	err = after.Put(t.Context(), retrieval.Entry{Document: documents[0]})
	if err == nil || !strings.Contains(err.Error(), "corpus push") {
		t.Errorf("a change with other terms: %v", err)
	}
	embedded := e.texts.Load()
	pushed, err := after.Push(t.Context(), "laws", documents, e, nil)
	if err != nil || pushed.Unchanged != 60 || e.texts.Load() != embedded {
		t.Errorf("pushed %+v, %v, and embedded %d texts", pushed, err, e.texts.Load()-embedded)
	}
	n, of, err := after.Frequencies(t.Context(), []string{"@exporter", "rule", "nowhere"})
	if err != nil || n != 180 || !slices.Equal(of, []int{180, 180, 0}) {
		t.Errorf("%d passages, %v, %v", n, of, err)
	}
	if hits, err := after.Search(t.Context(), retrieval.Query{Text: "輸出者"}); err != nil || len(hits) != 10 {
		t.Errorf("%v, %v", ranking(hits), err)
	}
}

// TestCountsStayExact changes an index at random, so that segments come, are merged and
// take back what others count, and holds its counts and hits against an index that was
// made at once.
func TestCountsStayExact(t *testing.T) {
	t.Parallel()
	a := analysis.NewAnalyzer(nil)
	churned, fresh := opened(t, migrated(t), a), opened(t, migrated(t), a)
	documents := laws(40)
	entry := func(d *corpus.Document) retrieval.Entry { return retrieval.Entry{Document: d} }
	for i := range 120 {
		at := i * 7 % len(documents)
		switch i % 4 {
		case 0:
			must(t, churned.Delete(t.Context(), documents[at].ID))
		case 1:
			documents[at] = amend(documents[at], i%3, fmt.Sprintf("Rule amended for the %dth time. Permits lapse.", i))
			fallthrough
		default:
			must(t, churned.Put(t.Context(), entry(documents[at])))
		}
	}
	for _, d := range documents {
		must(t, churned.Put(t.Context(), entry(d)))
		must(t, fresh.Put(t.Context(), entry(d)))
	}
	must(t, fresh.Optimize(t.Context(), nil))
	terms := []string{"rule", "amend", "permit", "laps", "laws", "輸出", "例外", "bind"}
	n, of, err := churned.Frequencies(t.Context(), terms)
	must(t, err)
	wantN, want, err := fresh.Frequencies(t.Context(), terms)
	must(t, err)
	if n != wantN || !slices.Equal(of, want) {
		t.Errorf("%d passages, %v; made at once %d, %v", n, of, wantN, want)
	}
	for _, text := range []string{"which permits lapse", "amended rule", "輸出者の規則", "law 7 exporters"} {
		x, err := churned.Search(t.Context(), retrieval.Query{Text: text})
		must(t, err)
		y, err := fresh.Search(t.Context(), retrieval.Query{Text: text})
		must(t, err)
		if !slices.Equal(ranking(x), ranking(y)) {
			t.Errorf("%q finds %q; made at once %q", text, ranking(x), ranking(y))
		}
	}
	stats, err := churned.Stats(t.Context())
	if err != nil || stats.Segments > mostSegments {
		t.Errorf("%d segments, %v; want at most %d", stats.Segments, err, mostSegments)
	}
}
