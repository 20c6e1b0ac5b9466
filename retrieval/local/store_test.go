package local

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"kakehashi/corpus"
	"kakehashi/corpus/library"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/indextest"
)

func TestStoreConformance(t *testing.T) {
	t.Parallel()
	indextest.Run(t, func(t *testing.T, a *analysis.Analyzer) retrieval.Index {
		s, err := OpenStore(t.Context(), filepath.Join(t.TempDir(), "index"), a, retrieval.DefaultTuning())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	})
}

func try(ctx context.Context, path string) (*Store, error) {
	return openStore(ctx, path, time.Millisecond, analysis.NewAnalyzer(nil), retrieval.DefaultTuning())
}

func opened(tb testing.TB, path string) *Store {
	tb.Helper()
	s, err := try(tb.Context(), path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return s
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// edition is the n-th state of a document: its three passages and their vectors say
// so.
func edition(id string, n int) retrieval.Entry {
	d := &corpus.Document{ID: id, Jurisdiction: corpus.US, Kind: "report", Status: corpus.InForce, Published: corpus.Date{Year: 2020}}
	e := corpus.Edition{Language: language.English, Title: id, Citation: strconv.Itoa(n)}
	v := []float32{1, 0}
	if n%2 == 1 {
		v = []float32{0, 1}
	}
	var vs []retrieval.PassageVectors
	for i := range 3 {
		text := fmt.Sprintf("Obsidian edition%d.", n)
		e.Passages = append(e.Passages, corpus.Passage{
			ID: corpus.PassageID(fmt.Sprintf("%s#%d", id, i)), Locator: strconv.Itoa(i), Text: text, Hash: corpus.HashText(text),
		})
		vs = append(vs, retrieval.PassageVectors{Passage: v})
	}
	d.Editions = []corpus.Edition{e}
	return retrieval.Entry{Document: d, Vectors: &retrieval.Vectors{Model: "m", Editions: [][]retrieval.PassageVectors{vs}}}
}

// whole checks that a document is there in one state and returns its number.
func whole(t *testing.T, s *Store, id string) int {
	t.Helper()
	a, ok := s.docs[id]
	if !ok {
		t.Fatalf("%s is lost", id)
	}
	n, err := strconv.Atoi(a.document.Editions[0].Citation)
	must(t, err)
	want := edition(id, n)
	v, err := arrange(want)
	must(t, err)
	if !reflect.DeepEqual(a.document, want.Document) || !reflect.DeepEqual(a.vectors, v) {
		t.Fatalf("%s is mixed of several states: %+v, %v", id, a.document, a.vectors)
	}
	return n
}

func TestStoreKeepsTheLibrary(t *testing.T) {
	t.Parallel()
	lib, err := corpus.Load(library.Files)
	must(t, err)
	path := filepath.Join(t.TempDir(), "new", "folder", "a?b#c%20.index")
	s := opened(t, path)
	entries := make([]retrieval.Entry, len(lib.Documents))
	for i, d := range lib.Documents {
		entries[i].Document = d
	}
	must(t, s.Put(t.Context(), entries...))
	must(t, s.Delete(t.Context(), lib.Documents[0].ID))
	must(t, s.Close())
	s = opened(t, path)
	if len(s.docs) != len(lib.Documents)-1 {
		t.Errorf("%d of %d documents came back", len(s.docs), len(lib.Documents)-1)
	}
	for _, d := range lib.Documents[1:] {
		if !reflect.DeepEqual(s.docs[d.ID].document, d) {
			t.Errorf("%s came back as another", d.ID)
		}
	}
}

// A field that corpus.Document gets one day fails here until it is kept.
func TestStoreKeepsEveryField(t *testing.T) {
	t.Parallel()
	n := 0
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		n++
		switch x := v.Addr().Interface().(type) {
		case *language.Tag:
			*x = language.Japanese
			return
		case *corpus.Date:
			*x = corpus.Date{Year: 2000 + n, Month: n%2 + 1}
			return
		case *[sha256.Size]byte:
			return
		}
		switch v.Kind() {
		case reflect.String:
			v.SetString(fmt.Sprintf("値 <%d> & \"\\\u2028", n))
		case reflect.Int:
			v.SetInt(int64(n))
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			for i := range v.Len() {
				fill(v.Index(i))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				fill(v.Field(i))
			}
		default:
			t.Fatalf("how is a %s kept?", v.Type())
		}
	}
	var d corpus.Document
	fill(reflect.ValueOf(&d).Elem())
	for _, e := range d.Editions {
		for i := range e.Passages {
			e.Passages[i].Hash = corpus.HashText(e.Passages[i].Text)
		}
	}
	path := filepath.Join(t.TempDir(), "index")
	must(t, opened(t, path).Put(t.Context(), retrieval.Entry{Document: &d}))
	if got := opened(t, path).docs[d.ID].document; !reflect.DeepEqual(got, &d) {
		t.Errorf("put  %+v\n got %+v", d, got)
	}
}

func TestStoreRefusesWhatWouldNotComeBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "index")
	s := opened(t, path)
	for name, spoil := range map[string]func(*corpus.Document){
		"a hash of another text": func(d *corpus.Document) { d.Editions[0].Passages[0].Hash[0]++ },
		"a title not in UTF-8":   func(d *corpus.Document) { d.Editions[0].Title = "\xff" },
		"a date of no calendar":  func(d *corpus.Document) { d.Published = corpus.Date{Year: 2020, Month: 13} },
	} {
		e := edition("us-spoilt", 0)
		spoil(e.Document)
		if err := s.Put(t.Context(), edition("us-sound", 0), e); err == nil || !strings.Contains(err.Error(), "us-spoilt") {
			t.Errorf("%s: gives %v", name, err)
		}
	}
	if n := len(opened(t, path).docs); n > 0 {
		t.Errorf("%d documents of refused calls are kept", n)
	}
}

func TestStoreKeepsItsModel(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "index")
	must(t, opened(t, path).Put(t.Context(), edition("us-a", 0)))
	s, other := opened(t, path), edition("us-b", 0)
	other.Vectors.Model = "another"
	var met *retrieval.ModelError
	if err := s.Put(t.Context(), other); !errors.As(err, &met) || met.Index != "m" {
		t.Errorf("after a restart, another encoder's vectors give %v", err)
	}
	must(t, s.Put(t.Context(), edition("us-b", 1))) // nothing was changed
}

// A Store that is not closed is what a kill leaves.
func TestStoreBesideAnother(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "index")
	left := opened(t, path)
	must(t, left.Put(t.Context(), edition("us-a", 0)))
	right := opened(t, path)
	whole(t, right, "us-a")
	must(t, right.Put(t.Context(), edition("us-a", 1)))
	for name, err := range map[string]error{"Put": left.Put(t.Context(), edition("us-b", 0)), "Delete": left.Delete(t.Context(), "us-a")} {
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "open it again") {
			t.Errorf("%s to a file that another has changed gives %v", name, err)
		}
	}
	if n := whole(t, left, "us-a"); n != 0 {
		t.Errorf("memory shows the state %d", n)
	}
	if n := whole(t, opened(t, path), "us-a"); n != 1 {
		t.Errorf("the file has the state %d", n)
	}
}

func TestStoreWhileAnotherWrites(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "index")
	s := opened(t, path)
	must(t, s.Put(t.Context(), edition("us-a", 0)))
	writer, err := openFile(path, 0)
	must(t, err)
	defer writer.Close()
	tx, err := writer.BeginTx(t.Context(), nil)
	must(t, err)
	defer tx.Rollback()
	_, opening := try(t.Context(), path)
	for name, err := range map[string]error{
		"Open": opening, "Put": s.Put(t.Context(), edition("us-a", 1)), "Delete": s.Delete(t.Context(), "us-a"),
	} {
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "try again") {
			t.Errorf("%s gives %v", name, err)
		}
	}
	if n := whole(t, s, "us-a"); n != 0 {
		t.Errorf("memory shows the state %d", n)
	}
	must(t, tx.Rollback())
	must(t, s.Put(t.Context(), edition("us-a", 1)))
}

func TestStoreStopsWhenCancelled(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "index")
	s := opened(t, path)
	must(t, s.Put(t.Context(), edition("us-a", 0)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, opening := try(ctx, path)
	for name, err := range map[string]error{
		"Open": opening, "Put": s.Put(ctx, edition("us-a", 1)), "Delete": s.Delete(ctx, "us-a"),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s gives %v", name, err)
		}
	}
	if n, kept := whole(t, s, "us-a"), whole(t, opened(t, path), "us-a"); n != 0 || kept != 0 {
		t.Errorf("memory shows the state %d, the file %d", n, kept)
	}
	must(t, s.Put(t.Context(), edition("us-a", 1)))
}

// raw runs SQL on a file behind the Store's back.
func raw(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), statement)
	must(t, err)
}

// Whatever has happened to a file, it is named, with the document where one is to
// blame, and none of it is used.
func TestStoreNamesDamage(t *testing.T) {
	t.Parallel()
	content := func(edit func([]byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			b, err := os.ReadFile(path)
			must(t, err)
			must(t, os.WriteFile(path, edit(b), 0o600))
		}
	}
	run := func(statement string) func(*testing.T, string) {
		return func(t *testing.T, path string) { raw(t, path, statement) }
	}
	for name, c := range map[string]struct {
		damage func(*testing.T, string)
		want   string
	}{
		"half a file":        {content(func(b []byte) []byte { return b[:len(b)/2] }), "restore it"},
		"half a header":      {content(func(b []byte) []byte { return b[:50] }), "restore it"},
		"zeros in it":        {content(func(b []byte) []byte { clear(b[4096:12288]); return b }), "restore it"},
		"a page of text":     {content(func([]byte) []byte { return []byte("# Notes\n") }), "no database"},
		"another program's":  {run(`PRAGMA application_id = 7`), "another program"},
		"a later version":    {run(`PRAGMA user_version = 9`), "version 9"},
		"without a table":    {run(`DROP TABLE state`), "restore it"},
		"a lost document":    {run(`DELETE FROM documents WHERE id = 'us-7'`), "99 of its 100"},
		"a cut vector":       {run(`UPDATE documents SET vectors = substr(vectors, 1, 11) WHERE id = 'us-7'`), `"us-7" is damaged`},
		"no vectors":         {run(`UPDATE documents SET vectors = x'' WHERE id = 'us-7'`), `"us-7" is damaged`},
		"a changed vector":   {run(`UPDATE documents SET vectors = CAST(x'01' || substr(vectors, 2) AS BLOB) WHERE id = 'us-7'`), `"us-7" is damaged`},
		"another's vectors":  {run(`UPDATE documents SET vectors = (SELECT vectors FROM documents WHERE id = 'us-8') WHERE id = 'us-7'`), `"us-7" is damaged`},
		"a changed text":     {run(`UPDATE documents SET document = replace(document, 'Obsidian', 'Basalt') WHERE id = 'us-7'`), `"us-7" is damaged`},
		"a cut document":     {run(`UPDATE documents SET document = substr(document, 1, 40) WHERE id = 'us-7'`), `"us-7" is damaged`},
		"under another name": {run(`UPDATE documents SET id = 'us-x' WHERE id = 'us-7'`), `"us-x" is damaged`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "index")
			s := opened(t, path)
			var entries []retrieval.Entry
			for i := range 100 {
				entries = append(entries, edition(fmt.Sprintf("us-%d", i), i))
			}
			must(t, s.Put(t.Context(), entries...))
			must(t, s.Close())
			c.damage(t, path)
			if _, err := try(t.Context(), path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("gives %v; want %q", err, c.want)
			}
		})
	}
}

func TestStoreLeavesForeignFilesAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "theirs.sqlite")
	raw(t, path, `CREATE TABLE accounts (name TEXT)`)
	before, err := os.ReadFile(path)
	must(t, err)
	if _, err := try(t.Context(), path); err == nil || !strings.Contains(err.Error(), "another program") {
		t.Errorf("a foreign database gives %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the foreign database was changed (%v)", err)
	}
}

func TestStoreWherePlacesCannotHoldIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, locked, readable := filepath.Join(dir, "file"), filepath.Join(dir, "locked"), filepath.Join(dir, "readable")
	must(t, os.WriteFile(file, []byte("text"), 0o600))
	must(t, os.Mkdir(locked, 0o500))
	must(t, opened(t, readable).Close())
	must(t, os.Chmod(readable, 0o400))
	cases := map[string]string{"": elsewhere, dir: writable, filepath.Join(file, "index"): elsewhere}
	if os.Geteuid() != 0 { // root writes everywhere
		cases[filepath.Join(locked, "index")], cases[readable] = elsewhere, writable
	}
	for path, want := range cases {
		if _, err := try(t.Context(), path); err == nil || !strings.Contains(err.Error(), "the index kept in "+path) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v", path, err)
		}
	}
}

const childPath = "KAKEHASHI_TEST_STORE"

// TestStoreChild is what TestStoreSurvivesKill starts and kills: it puts one state
// after the other and tells each that is kept.
func TestStoreChild(t *testing.T) {
	path := os.Getenv(childPath)
	if path == "" {
		t.Skip("runs as the child of TestStoreSurvivesKill")
	}
	s := opened(t, path)
	for n := 0; ; n++ {
		must(t, s.Put(t.Context(), edition("us-a", n), edition("us-b", n)))
		fmt.Printf("\nkept %d\n", n)
	}
}

func TestStoreSurvivesKill(t *testing.T) {
	t.Parallel()
	for _, kept := range []int{0, 1, 7, 20} {
		path := filepath.Join(t.TempDir(), "index")
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestStoreChild$", "-test.v")
		child.Env = append(os.Environ(), childPath+"="+path)
		out, err := child.StdoutPipe()
		must(t, err)
		must(t, child.Start())
		told := -1
		for lines := bufio.NewScanner(out); told < kept && lines.Scan(); {
			fmt.Sscanf(lines.Text(), "kept %d", &told)
		}
		must(t, child.Process.Kill())
		child.Wait() // reports the kill
		if told < kept {
			t.Fatalf("the child kept %d states; want %d", told, kept)
		}
		s := opened(t, path)
		a, b := whole(t, s, "us-a"), whole(t, s, "us-b")
		if a != b || a < told {
			t.Errorf("killed after %d was kept, the documents are in the states %d and %d", told, a, b)
		}
		must(t, s.Put(t.Context(), edition("us-a", a+1)))
	}
}
