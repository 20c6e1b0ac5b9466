package pgvector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"kakehashi/corpus"
	"kakehashi/database"
	"kakehashi/e2e/postgres"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/embed"
)

// replica is an index as a process of its own has it: with its own connections.
func replica(t *testing.T, server *postgres.Server) *Index {
	t.Helper()
	db, err := database.Open(t.Context(), server.URL())
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	_, err = db.Migrate(t.Context())
	must(t, err)
	return opened(t, db, analysis.NewAnalyzer(nil))
}

// amended is a law all of whose passages were written for the nth time.
func amended(d *corpus.Document, n int) *corpus.Document {
	for p := range d.Editions[0].Passages {
		d = amend(d, p, fmt.Sprintf("Rule %d binds exporters under writ%d.", p, n))
	}
	return d
}

// writ is for the how manieth time a document was written; it fails where its passages
// do not agree.
func writ(t *testing.T, d *corpus.Document) int {
	t.Helper()
	found := -1
	for _, p := range d.Editions[0].Passages {
		var rule, n int
		if _, err := fmt.Sscanf(p.Text, "Rule %d binds exporters under writ%d.", &rule, &n); err != nil {
			t.Fatalf("%s: %q", p.ID, p.Text)
		}
		if found >= 0 && n != found {
			t.Errorf("%s has passages of the %dth and the %dth writing", d.ID, found, n)
		}
		found = n
	}
	return found
}

// TestAServerKilledAmidWritesKeepsWholeDocuments lets two replicas write each their
// documents again and again, while searches go on, and kills the server in the middle.
func TestAServerKilledAmidWritesKeepsWholeDocuments(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	replicas := []*Index{replica(t, server), replica(t, server)}
	const each = 4 // documents a replica
	documents := laws(len(replicas) * each)
	acknowledged := make([]int, len(documents)) // the last writing of each that was
	for i := range documents {
		documents[i] = amended(documents[i], 0)
		must(t, replicas[0].Put(t.Context(), retrieval.Entry{Document: documents[i]}))
	}
	query := retrieval.Query{Text: "exporters writ", Limit: len(documents) * 3}
	for round := range 5 {
		var done atomic.Int64
		enough := make(chan struct{})
		var group sync.WaitGroup
		for r, ix := range replicas {
			group.Go(func() {
				for {
					var entries []retrieval.Entry
					for i := r * each; i < (r+1)*each; i++ {
						entries = append(entries, retrieval.Entry{Document: amended(documents[i], acknowledged[i]+1)})
					}
					if err := ix.Put(t.Context(), entries...); err != nil {
						told(t, err)
						return
					}
					for i := r * each; i < (r+1)*each; i++ {
						acknowledged[i]++
					}
					if done.Add(1) == int64(5+3*round) {
						close(enough)
					}
				}
			})
			group.Go(func() {
				for {
					hits, err := ix.Search(t.Context(), query)
					if err != nil {
						told(t, err)
						return
					}
					for _, h := range hits {
						writ(t, h.Document)
					}
				}
			})
		}
		<-enough
		server.Kill()
		group.Wait()
		server.Restart()
		hits, err := replicas[round%2].Search(t.Context(), query)
		must(t, err)
		found := map[string]int{}
		for _, h := range hits {
			found[h.Document.ID] = writ(t, h.Document)
		}
		for i, d := range documents {
			// A commit whose answer was lost may have been made.
			if n, ok := found[d.ID]; !ok || n < acknowledged[i] || n > acknowledged[i]+1 || n != found[documents[i/each*each].ID] {
				t.Errorf("round %d: %s is of the %dth writing, found %v; acknowledged was the %dth", round, d.ID, n, ok, acknowledged[i])
			}
			acknowledged[i] = found[d.ID]
		}
		same(t, replicas[(round+1)%2], documents, acknowledged)
	}
}

// told fails where an error does not say that the database is at fault.
func told(t *testing.T, err error) {
	t.Helper()
	var fault *database.Error
	if !errors.As(err, &fault) {
		t.Errorf("%v; want the fault of the database in its words", err)
	}
}

// same holds the counts of an index against what its documents have.
func same(t *testing.T, ix *Index, documents []*corpus.Document, writings []int) {
	t.Helper()
	terms, want := []string{"export"}, []int{3 * len(documents)}
	for _, n := range writings {
		word := fmt.Sprintf("writ%d", n)
		if at := slices.Index(terms, word); at >= 0 {
			want[at] += 3
			continue
		}
		terms, want = append(terms, word, fmt.Sprintf("writ%d", n+1000)), append(want, 3, 0)
	}
	passages, of, err := ix.Frequencies(t.Context(), terms)
	if err != nil || passages != 3*len(documents) || !slices.Equal(of, want) {
		t.Errorf("%d passages, %q in %v, %v; want %v", passages, terms, of, err, want)
	}
}

// killing is an encoder that kills the server when it is asked for one text too many.
type killing struct {
	counting
	server *postgres.Server
	once   sync.Once
	after  int64
}

func (k *killing) Embed(ctx context.Context, kind embed.Kind, texts []string) ([][]float32, error) {
	if k.texts.Load() >= k.after {
		k.once.Do(k.server.Kill)
	}
	return k.counting.Embed(ctx, kind, texts)
}

func TestAPushAndAMoveGoOnAfterTheServerWasKilled(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	ix, fresh := replica(t, server), opened(t, migrated(t), analysis.NewAnalyzer(nil))
	documents := laws(3 * batch)
	all := int64(len(documents) * 3 * textsOf)

	push := func(e embed.Embedder) (Pushed, error) { return ix.Push(t.Context(), "laws", documents, e, nil) }
	stopped := &killing{counting: counting{model: "old"}, server: server, after: all / 2}
	_, err := push(stopped)
	told(t, err)
	server.Restart()
	again := &counting{model: "old"}
	pushed, err := push(again)
	must(t, err)
	if pushed.Unchanged == 0 || pushed.Added == 0 || pushed.Unchanged+pushed.Added != len(documents) || again.texts.Load() >= all {
		t.Errorf("%+v, %d texts embedded of %d; want a part", pushed, again.texts.Load(), all)
	}

	stopped = &killing{counting: counting{model: "newer"}, server: server, after: all / 2}
	told(t, ix.Move(t.Context(), stopped, nil))
	server.Restart()
	stats, err := ix.Stats(t.Context())
	if err != nil || stats.Model != "old" {
		t.Errorf("%+v, %v; want the old encoder until the move is complete", stats, err)
	}
	again = &counting{model: "newer"}
	must(t, ix.Move(t.Context(), again, nil))
	if n := again.texts.Load(); n == 0 || n >= all {
		t.Errorf("%d texts embedded of %d; want a part", n, all)
	}

	_, err = fresh.Push(t.Context(), "laws", documents, &counting{model: "newer"}, nil)
	must(t, err)
	for _, text := range []string{"law 7 exporters", "rule without exception", "輸出者の規則"} {
		q, err := retrieval.Embedded(t.Context(), again, retrieval.Query{Text: text})
		must(t, err)
		x, err := ix.Search(t.Context(), q)
		must(t, err)
		y, err := fresh.Search(t.Context(), q)
		must(t, err)
		if got, want := strings.Join(ranking(x), "\n"), strings.Join(ranking(y), "\n"); got != want || got == "" {
			t.Errorf("%q finds\n%s\nmade at once\n%s", text, got, want)
		}
	}
}

// TestAStandbyIsSearched has a replica that only reads: what was written on the primary
// is found there, and when that dies searches go on.
func TestAStandbyIsSearched(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	primary := replica(t, server)
	documents := laws(4)
	for _, d := range documents {
		must(t, primary.Put(t.Context(), retrieval.Entry{Document: amended(d, 1)}))
	}
	db, err := database.Open(t.Context(), server.Standby().URL())
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	standby := opened(t, db, analysis.NewAnalyzer(nil))
	query := retrieval.Query{Text: "exporters writ1", Limit: 20}
	want, err := primary.Search(t.Context(), query)
	must(t, err)
	server.Kill()
	got, err := standby.Search(t.Context(), query)
	must(t, err)
	if len(got) != 3*len(documents) || !slices.Equal(ranking(got), ranking(want)) {
		t.Errorf("%q on the standby; want %q", ranking(got), ranking(want))
	}
	if err := standby.Put(t.Context(), retrieval.Entry{Document: documents[0]}); err == nil {
		t.Error("the standby was written to")
	} else {
		told(t, err)
	}
}
