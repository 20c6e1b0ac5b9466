package eval_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kakehashi/retrieval/eval"
)

// The smallest set: three documents, two queries that are judged, one that is not.
const (
	smallCorpus  = `{"_id": "d#1/あ", "title": "Visits", "text": "A visit must be requested thirty days before."}` + "\n" + `{"_id": "d2", "title": "", "text": "外国人の訪問は三十日前までに申請する。"}` + "\n" + `{"_id": 3, "title": "1.1", "text": ""}` + "\n"
	smallQueries = `{"_id": "q1", "text": "How early is a visit requested?"}` + "\n" + `{"_id": "q2", "text": "訪問はいつ申請しますか。"}` + "\n" + `{"_id": "q3", "text": "Unjudged?"}` + "\n"
	smallQrels   = "query-id\tcorpus-id\tscore\nq1\td#1/あ\t1\nq1\td2\t0\nq2\td2\t2\nq3\td2\t0\n"
)

func small() map[string]string {
	return map[string]string{"corpus.jsonl": smallCorpus, "queries.jsonl": smallQueries, "qrels.tsv": smallQrels}
}

// folder writes files into a new folder; a nil text leaves one out.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "small [set]*")
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadBEIR(t *testing.T) {
	t.Parallel()
	check := func(dir, split string) {
		t.Helper()
		s, err := eval.ReadBEIR(dir, split)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Documents) != 3 || s.Documents[2].ID != "3" || len(s.Queries) != 2 || s.LeftOut != 1 || len(s.SHA256) != 64 {
			t.Errorf("%+v", s)
		}
		if !maps.Equal(s.Relevant["q1"], map[string]int{"d#1/あ": 1}) || !maps.Equal(s.Relevant["q2"], map[string]int{"d2": 2}) {
			t.Errorf("relevant: %v", s.Relevant)
		}
		if s.Queries[0].Language() != "en" || s.Queries[1].Language() != "ja" {
			t.Errorf("languages %s, %s", s.Queries[0].Language(), s.Queries[1].Language())
		}
	}
	check(folder(t, small()), "")
	check(folder(t, map[string]string{"corpus.jsonl": smallCorpus, "queries.dev.jsonl": smallQueries, "qrels.dev.tsv": smallQrels}), "dev")
	check(folder(t, map[string]string{"corpus.jsonl": smallCorpus, "queries.jsonl": smallQueries, "qrels/test.tsv": smallQrels}), "test")
	windows := small()
	for name, text := range windows {
		windows[name] = "\ufeff" + strings.TrimSuffix(strings.ReplaceAll(text, "\n", "\r\n\r\n"), "\r\n\r\n")
	}
	check(folder(t, windows), "")
}

func TestSplitsThatAreMissing(t *testing.T) {
	t.Parallel()
	inSplits := map[string]string{"corpus.jsonl": smallCorpus, "queries.dev.jsonl": smallQueries, "qrels.dev.tsv": smallQrels, "qrels/test.tsv": smallQrels}
	for name, c := range map[string]struct {
		files map[string]string
		split string
		want  string
	}{
		"none named":         {inSplits, "", "name one: dev, test"},
		"another":            {inSplits, "train", `no split "train" with its queries; it has: dev, test`},
		"without queries":    {inSplits, "test", "it has: dev, test"},
		"a set without them": {small(), "dev", "leave the split out"},
		"no set":             {map[string]string{"readme": "x"}, "", "no BEIR set"},
		"no set for it":      {map[string]string{"readme": "x"}, "dev", "no qrels.dev.tsv"},
		"no queries":         {map[string]string{"corpus.jsonl": smallCorpus, "qrels.tsv": smallQrels}, "", "has no queries.jsonl"},
		"no corpus":          {map[string]string{"queries.jsonl": smallQueries, "qrels.tsv": smallQrels}, "", "corpus.jsonl"},
		"a path":             {inSplits, "../dev", "cannot be the name"},
	} {
		if _, err := eval.ReadBEIR(folder(t, c.files), c.split); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
	}
	for dir, want := range map[string]string{"no-such-folder": "no such file", "read_test.go": "not a folder"} {
		if _, err := eval.ReadBEIR(dir, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

func TestBrokenSetsAreNamedByFileAndLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, text, want string }{
		"cut off":            {"corpus.jsonl", smallCorpus + `{"_id": "d4", "te`, "corpus.jsonl:4: not JSON: the line is cut off"},
		"not JSON":           {"corpus.jsonl", "{'_id': 1}\n", "corpus.jsonl:1: not JSON: invalid character"},
		"two objects":        {"corpus.jsonl", `{"_id": "a", "text": "x"}}` + "\n", "corpus.jsonl:1: not JSON: invalid character"},
		"a list":             {"queries.jsonl", "[1]\n", "queries.jsonl:1: not a JSON object"},
		"null":               {"queries.jsonl", "null\n", "queries.jsonl:1: not a JSON object"},
		"no id":              {"queries.jsonl", smallQueries + `{"text": "x"}`, "queries.jsonl:4: _id: the id is missing"},
		"an empty id":        {"queries.jsonl", `{"_id": "", "text": "x"}`, "queries.jsonl:1: _id: the id is empty"},
		"a list for an id":   {"queries.jsonl", `{"_id": [1], "text": "x"}`, "neither a string nor a number"},
		"a doubled id":       {"corpus.jsonl", smallCorpus + `{"_id": "d2", "text": "x"}`, `corpus.jsonl:4: the id "d2" stands for text 2 already`},
		"no text":            {"corpus.jsonl", `{"_id": "d2", "title": "x"}`, `corpus.jsonl:1: "d2" has no text`},
		"a number for text":  {"corpus.jsonl", `{"_id": "d2", "text": 7}`, `corpus.jsonl:1: the field "text" is a JSON number`},
		"an empty query":     {"queries.jsonl", `{"_id": "q1", "text": " "}`, `queries.jsonl:1: the query "q1" asks nothing`},
		"an empty file":      {"corpus.jsonl", "", "corpus.jsonl: the file is empty"},
		"blank lines":        {"qrels.tsv", "\n \n", "qrels.tsv: the file is empty"},
		"Latin-1":            {"corpus.jsonl", "{\"_id\": \"d2\", \"text\": \"caf\xe9\"}", "corpus.jsonl:1: the line is not UTF-8"},
		"UTF-16":             {"corpus.jsonl", "\xff\xfe{\x00", "save it as UTF-8"},
		"no header":          {"qrels.tsv", "q1\td2\t1\n", "qrels.tsv:1: a judgement stands where the header"},
		"a header of two":    {"qrels.tsv", "query\tcorpus\n", "qrels.tsv:1: the header has 2 columns"},
		"a short line":       {"qrels.tsv", smallQrels + "q1\td", "qrels.tsv:6: the line has 2 columns"},
		"spaces for tabs":    {"qrels.tsv", smallQrels + "q1 d2 1", "qrels.tsv:6: the line has 1 columns"},
		"no whole number":    {"qrels.tsv", smallQrels + "q1\td2\t0.5", `qrels.tsv:6: the score "0.5"`},
		"an unknown query":   {"qrels.tsv", smallQrels + "q9\td2\t1", `qrels.tsv:6: the query "q9" is not in the queries`},
		"an unknown doc":     {"qrels.tsv", smallQrels + "q1\td9\t1", `qrels.tsv:6: the document "d9" is not in the corpus`},
		"a judgement twice":  {"qrels.tsv", smallQrels + "q1\td2\t1", `qrels.tsv:6: the document "d2" is judged twice`},
		"nothing relevant":   {"qrels.tsv", "query-id\tcorpus-id\tscore\nq1\td2\t0\n", "no query has a relevant document"},
		"a line of 17 MB":    {"corpus.jsonl", smallCorpus + `{"_id": "` + strings.Repeat("a", 17<<20) + `"}`, "corpus.jsonl:4: the line is longer than 16 MB"},
		"17 MB without line": {"queries.jsonl", strings.Repeat("\x00", 17<<20), "queries.jsonl:1: the line is longer than 16 MB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := small()
			files[c.file] = c.text
			_, err := eval.ReadBEIR(folder(t, files), "")
			if line := (*eval.LineError)(nil); !errors.As(err, &line) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

const goodQuestion = `{"id": "d1en", "lang": "en", "q": "How early?", "history": [{"role": "user", "text": "Visits?"}], "answerable": true, "documents": ["a"], "passages": ["§ 1(a)"], "answer": ["THIRTY|30"], "evidence": ["days"], "note": "n"}`

func questionFile(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mine.jsonl")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadQuestions(t *testing.T) {
	t.Parallel()
	qs, err := eval.ReadQuestions(questionFile(t, goodQuestion+"\n\n"+`{"id": 7, "lang": "ja", "q": "今日の天気は?", "answerable": false}`))
	if err != nil {
		t.Fatal(err)
	}
	if qs.Name != "mine" || qs.Held != 2 || len(qs.Questions) != 2 || len(qs.First(1).Questions) != 1 || len(qs.First(0).Questions) != 2 {
		t.Errorf("%+v", qs)
	}
	q := qs.Questions[0]
	if q.Group() != eval.FollowUp || qs.Questions[1].Group() != eval.Decline || qs.Questions[1].ID != "7" || !slices.Equal(q.Passages, []string{"§ 1(a)"}) {
		t.Errorf("%+v", qs.Questions)
	}
	if !q.Answer[0].MatchString("thirty days") {
		t.Error("the patterns see case")
	}
}

func TestBrokenQuestionsAreNamedByLine(t *testing.T) {
	t.Parallel()
	change := func(old, new string) string {
		second := strings.Replace(goodQuestion, "d1en", "d2en", 1)
		if !strings.Contains(second, old) {
			t.Fatal(old)
		}
		return goodQuestion + "\n" + strings.Replace(second, old, new, 1)
	}
	for name, c := range map[string]struct{ text, want string }{
		"cut off":          {goodQuestion[:90], "mine.jsonl:1: not JSON: the line is cut off"},
		"empty":            {"\n", "mine.jsonl: the file is empty"},
		"no id":            {change(`"id": "d2en", `, ""), "mine.jsonl:2: the id is missing"},
		"the same id":      {goodQuestion + "\n" + goodQuestion, `mine.jsonl:2: the id "d1en"`},
		"another language": {change(`"lang": "en"`, `"lang": "fr"`), `mine.jsonl:2: question "d2en": lang is "fr"`},
		"no question":      {change(`"q": "How early?", `, ""), "q is missing"},
		"not told":         {change(`"answerable": true, `, ""), "answerable is missing"},
		"a wrong type":     {change(`["a"]`, `"a"`), `the field "documents" is a JSON string`},
		"a strange role":   {change(`"user"`, `"system"`), `the role "system"`},
		"a bad pattern":    {change("THIRTY|30", "(thirty"), `mine.jsonl:2: question "d2en": answer: the pattern "(thirty": error parsing`},
		"a Perl pattern":   {change(`"days"`, `"(?=days)"`), `evidence: the pattern "(?=days)"`},
		"an empty pattern": {change(`"days"`, `""`), "an empty pattern"},
	} {
		if _, err := eval.ReadQuestions(questionFile(t, c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v; want %q", name, err, c.want)
		}
	}
	if _, err := eval.ReadQuestions("no-such-file"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
}

// Whatever stands in the files, reading them ends in a sound set or an error that
// names the file.
func FuzzReadBEIR(f *testing.F) {
	f.Add(smallCorpus, smallQueries, smallQrels)
	f.Add("\ufeff{}", "null", "\t\t\n\t\t1")
	f.Fuzz(func(t *testing.T, corpus, queries, qrels string) {
		s, err := eval.ReadBEIR(folder(t, map[string]string{"corpus.jsonl": corpus, "queries.jsonl": queries, "qrels.tsv": qrels}), "")
		if err != nil {
			if line := (*eval.LineError)(nil); !errors.As(err, &line) {
				t.Errorf("%v is no LineError", err)
			}
			return
		}
		known := map[string]bool{}
		for i, d := range s.Corpus() {
			if id := eval.BEIRID(d.Editions[0].Passages[0].ID); id != s.Documents[i].ID {
				t.Errorf("the id %q came back as %q", s.Documents[i].ID, id)
			}
			known[s.Documents[i].ID] = true
		}
		for _, q := range s.Queries {
			for id, grade := range s.Relevant[q.ID] {
				if !known[id] || grade < 1 {
					t.Errorf("%q is relevant with the grade %d", id, grade)
				}
			}
		}
	})
}

func FuzzReadQuestions(f *testing.F) {
	f.Add(goodQuestion)
	f.Add(`{"id": "a", "lang": "ja", "q": "?", "answerable": false, "answer": ["("]}`)
	f.Fuzz(func(t *testing.T, text string) {
		qs, err := eval.ReadQuestions(questionFile(t, text))
		if line := (*eval.LineError)(nil); err != nil && !errors.As(err, &line) {
			t.Errorf("%v is no LineError", err)
		}
		for _, q := range qs.Questions {
			eval.Judge(q, eval.Reply{Outcome: "answered", Sentences: []string{text}})
		}
	})
}

func FuzzReadRun(f *testing.F) {
	f.Add(`{"format": 1, "rankings": [{"metrics": ["recall@10"], "queries": [{"id": "a", "values": [1]}], "summary": []}]}`)
	f.Add(`{"format": 1, "answers": {"questions": [{"id": "a", "right": true}]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		run, err := eval.ReadRun(strings.NewReader(text))
		if err != nil {
			return
		}
		if err := run.WriteMarkdown(&strings.Builder{}, ""); err != nil {
			t.Error(err)
		}
		if err := run.WriteText(&strings.Builder{}); err != nil {
			t.Error(err)
		}
		if c, err := run.Compare(run, 1); err == nil && len(c.Rankings) > 0 && len(c.Rankings[0].Gained)+len(c.Rankings[0].Lost) > 0 {
			t.Errorf("a run differs from itself: %+v", c)
		}
	})
}
