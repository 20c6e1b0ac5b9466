package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kakehashi/retrieval/eval"
)

// beirFolder is the smallest set worth the name, with changes.
func beirFolder(t *testing.T, changes map[string]string) string {
	t.Helper()
	files := map[string]string{
		"corpus.jsonl": `{"_id": "d1", "title": "Visits", "text": "A visit by a foreign national must be requested thirty days before it begins."}
{"_id": "d2", "title": "", "text": "発明者は、外国へ出願する前に許可を得なければならない。"}
{"_id": "d3", "title": "Fees", "text": "The filing fee is paid once a year."}
`,
		"queries.jsonl": `{"_id": "q1", "text": "How early do I announce a guest from abroad?"}
{"_id": "q2", "text": "発明を海外で特許出願してもよいですか。"}
{"_id": "q3", "text": "Nobody has judged this."}
`,
		"qrels.tsv": "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\n",
	}
	for name, text := range changes {
		files[name] = text
	}
	dir := filepath.Join(t.TempDir(), "tiny")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func savedRun(t *testing.T, name string) eval.Run {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	run, err := eval.ReadRun(f)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// save writes what a command printed to a file.
func save(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "run.json")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestEvalMeasuresASet(t *testing.T) {
	t.Parallel()
	dir, cache := beirFolder(t, nil), filepath.Join(t.TempDir(), "vectors.sqlite")
	code, out, errs := command(t, "", "eval", "--beir", dir, "--cache", cache, "--json")
	if code != exitOK {
		t.Fatalf("exit %d, %q", code, errs)
	}
	saved := save(t, out)
	run := savedRun(t, saved)
	if run.Set.Name != "tiny" || run.Set.Documents != 3 || run.Set.Queries != 2 || run.Set.LeftOut != 1 || run.Model == "" || len(run.Rankings) != 3 || run.Encoding.Calls != 2 {
		t.Fatalf("%+v", run)
	}
	if dense := run.Rankings[1]; dense.Stage != "dense" || dense.Queries[0].Rank != 1 || dense.Queries[1].Rank != 1 {
		t.Errorf("%+v", dense)
	}
	evaluation := filepath.Join(t.TempDir(), "EVALUATION.md")
	if err := os.WriteFile(evaluation, []byte("# Evaluation\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time the section replaces the first
		code, out, errs = command(t, "", "eval", "--beir", dir, "--cache", cache, "--compare", saved, "--markdown", evaluation, "--date", "2026-11-25", "--sentences", "--stage", "dense,hybrid", "--limit", "1")
	}
	if code != exitOK || !strings.Contains(out, "1 query (the first of 2)") || !strings.Contains(out, "Against the earlier run") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	text, err := os.ReadFile(evaluation)
	if err != nil || !strings.HasPrefix(string(text), "# Evaluation\n") || strings.Count(string(text), "Measured on 2026-11-25") != 1 {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestEvalByWordsNeedsNoCache(t *testing.T) {
	t.Parallel()
	files := map[string]string{"queries.jsonl": "", "qrels.tsv": ""}
	files["queries.dev.jsonl"], files["qrels.dev.tsv"] = `{"_id": "q1", "text": "filing fee"}`, "q\tc\ts\nq1\td3\t1\n"
	code, out, errs := command(t, "", "eval", "--beir", beirFolder(t, files), "--split", "dev", "--stage", "lexical", "--cache", filepath.Join("main.go", "nowhere"))
	if code != exitOK || !strings.Contains(out, "tiny, split dev") || !strings.Contains(out, "Words alone") || !strings.Contains(out, "recall@1    1.000") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
}

const evalQuestions = `{"id": "1en", "lang": "en", "q": "What does CUI stand for?", "answerable": true, "answer": ["controlled unclassified"]}
{"id": "2en", "lang": "en", "q": "And when are they due?", "history": [{"role": "user", "text": "From what amount does a university have to report foreign gifts and contracts under section 117?"}], "answerable": true, "documents": ["us-rs-hea-section-117"], "passages": ["§ no such"]}
{"id": "3en", "lang": "en", "q": "What is the weather?", "answerable": false}
{"id": "3ja", "lang": "ja", "q": "今日の天気は?", "answerable": false}
`

func questionsFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "mine.jsonl")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestEvalMeasuresQuestions(t *testing.T) {
	t.Parallel()
	mine := questionsFile(t, evalQuestions)
	code, out, errs := command(t, "", "eval", "--questions", mine, "--json")
	if code != exitOK {
		t.Fatalf("exit %d, %q", code, errs)
	}
	saved := save(t, out)
	run := savedRun(t, saved)
	judged := run.Answers.Questions
	if len(judged) != 4 || !judged[0].Right || !judged[0].Checks[eval.CheckQuotes] || !judged[2].Right || !judged[3].Right {
		t.Fatalf("%+v", judged)
	}
	if j := judged[1]; j.Outcome != "answered" || !j.Checks[eval.CheckDocument] || !j.Checks[eval.CheckQuotes] || j.Checks[eval.CheckPassage] || j.Group != eval.FollowUp {
		t.Errorf("%+v", j)
	}
	if len(run.Rankings) != 6 || run.Rankings[0].Queries[0].Rank != 1 || len(run.Set.Unknown) != 1 || run.Answers.Pairs.Same.K != 1 {
		t.Errorf("%+v", run)
	}
	code, out, errs = command(t, "", "eval", "--questions", mine, "--fail-below", saved, "--compare", saved)
	if code != exitOK || !strings.Contains(strings.Join(strings.Fields(out), " "), "Newly right: none; no longer: none.") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
}

// The same questions with a demand that nothing meets: one in four fewer is right.
func TestEvalFailsWhenTooManyAreLost(t *testing.T) {
	t.Parallel()
	code, out, errs := command(t, "", "eval", "--questions", questionsFile(t, evalQuestions), "--json", "--stage", "lexical")
	if code != exitOK {
		t.Fatalf("exit %d, %q", code, errs)
	}
	saved, harder := save(t, out), questionsFile(t, strings.Replace(evalQuestions, "controlled unclassified", "controlled and classified", 1))
	for drop, want := range map[string]int{"24.9": exitFailure, "25": exitOK, "": exitFailure} {
		args := []string{"eval", "--questions", harder, "--stage", "lexical", "--fail-below", saved}
		if drop != "" {
			args = append(args, "--drop", drop)
		}
		code, _, errs := command(t, "", args...)
		if code != want || (code == exitFailure) != strings.Contains(errs, "25.0 percentage points fewer questions are right") {
			t.Errorf("drop %q: exit %d, %q", drop, code, errs)
		}
	}
}

func TestEvalExplainsBadInput(t *testing.T) {
	t.Parallel()
	good, mine := beirFolder(t, nil), questionsFile(t, evalQuestions)
	notes := save(t, "notes")
	other := save(t, `{"format": 1, "set": {"kind": "questions"}, "answers": {}}`)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no set":               {nil, "name one set"},
		"two sets":             {[]string{"--beir", good, "--questions", mine}, "name one set"},
		"an argument":          {[]string{"--beir", good, "more"}, "unexpected"},
		"an unknown stage":     {[]string{"--beir", good, "--stage", "lexical,fast"}, "want hybrid, lexical or dense"},
		"no stage":             {[]string{"--beir", good, "--stage", ""}, "no stage"},
		"a limit of 0":         {[]string{"--beir", good, "--limit", "0"}, "want 1 or more"},
		"a drop of 200":        {[]string{"--questions", mine, "--fail-below", other, "--drop", "200"}, "0 to 100"},
		"a drop from nothing":  {[]string{"--questions", mine, "--drop", "2"}, "goes with --fail-below"},
		"a drop of a set":      {[]string{"--beir", good, "--fail-below", other}, "goes with --questions"},
		"a split of questions": {[]string{"--questions", mine, "--split", "dev"}, "goes with --beir"},
		"a date for nothing":   {[]string{"--beir", good, "--date", "2026-11-25"}, "goes with --markdown"},
		"a bad date":           {[]string{"--beir", good, "--markdown", "x", "--date", "today"}, "YYYY-MM-DD"},
		"markdown nowhere":     {[]string{"--beir", good, "--markdown", "no/such/E.md"}, "folder is not there"},
		"markdown a folder":    {[]string{"--beir", good, "--markdown", good}, "a folder"},
		"no such folder":       {[]string{"--beir", "no-such-folder"}, "no such file"},
		"no such split":        {[]string{"--beir", good, "--split", "dev"}, "leave the split out"},
		"a broken corpus":      {[]string{"--beir", beirFolder(t, map[string]string{"corpus.jsonl": `{"_id": "d1"`})}, "corpus.jsonl:1: not JSON"},
		"broken qrels":         {[]string{"--beir", beirFolder(t, map[string]string{"qrels.tsv": "a\tb\tc\nq1\td9\t1"})}, `qrels.tsv:2: the document "d9"`},
		"broken questions":     {[]string{"--questions", questionsFile(t, "{}")}, "mine.jsonl:1: the id is missing"},
		"no questions":         {[]string{"--questions", "no-such-file.jsonl"}, "no such file"},
		"no earlier run":       {[]string{"--beir", good, "--compare", "no-such-file.json"}, "no such file"},
		"notes for a run":      {[]string{"--beir", good, "--compare", notes}, "no saved run"},
		"a run of questions":   {[]string{"--beir", good, "--compare", other}, "cannot be compared"},
		"a cache of notes":     {[]string{"--beir", good, "--cache", notes}, "name another file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := command(t, "", append([]string{"eval"}, c.args...)...)
			if code != exitUsage || out != "" || !strings.Contains(errs, c.want) || !strings.HasPrefix(errs, "kakehashi: ") {
				t.Errorf("exit %d, output %q, error %q; want %d and %q", code, out, errs, exitUsage, c.want)
			}
		})
	}
}

func TestEvalTellsHowToGoOn(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cache := filepath.Join(t.TempDir(), "vectors.sqlite")
	dir := beirFolder(t, nil)
	if code, _, errs := command(t, "", "eval", "--beir", dir, "--cache", cache); code != exitOK {
		t.Fatal(errs)
	}
	cancel()
	f := evalFlags{cache: cache}
	if err := f.resumable(ctx, ctx.Err()); err == nil || strings.Contains(err.Error(), cache) {
		t.Errorf("without vectors: %v", err)
	}
	var out, errs bytes.Buffer
	code := run(ctx, []string{"eval", "--beir", dir, "--cache", cache}, strings.NewReader(""), &out, &errs)
	if code != exitFailure || out.Len() > 0 || !strings.Contains(errs.String(), "the same command goes on") {
		t.Errorf("exit %d, %q", code, errs.String())
	}
}

func TestMeterCountsTenths(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := time.Unix(0, 0)
	m := newMeter(&out, "embedding")
	m.now = func() time.Time { now = now.Add(100 * time.Millisecond); return now }
	for i := range 101 {
		m.report(100+i, 200)
	}
	m.stop()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 5 || lines[0] != "embedding: 60 %, 120 of 200, about 8s left" || lines[4] != "embedding: 100 %, 200 of 200" {
		t.Errorf("%q", lines)
	}
	out.Reset()
	bar := newMeter(&out, "embedding")
	bar.terminal, bar.now = true, m.now
	for i := range 31 {
		bar.report(i, 60)
	}
	bar.stop()
	if got := out.String(); !strings.HasPrefix(got, "\r[###") || !strings.HasSuffix(got, "[##########..........] embedding: 50 %, 30 of 60, about 3s left\x1b[K\n") {
		t.Errorf("%q", got)
	}
	out.Reset()
	quick := newMeter(&out, "embedding")
	quick.now = func() time.Time { return now }
	for i := range 11 {
		quick.report(i, 10)
	}
	if out.Len() > 0 {
		t.Errorf("quick work is told: %q", out.String())
	}
}

func TestSavedRunsAreJSONForAnybody(t *testing.T) {
	t.Parallel()
	code, out, errs := command(t, "", "eval", "--beir", beirFolder(t, nil), "--stage", "lexical", "--json")
	var run map[string]any
	if err := json.Unmarshal([]byte(out), &run); err != nil || code != exitOK {
		t.Fatalf("%v, exit %d, %s", err, code, errs)
	}
	for _, field := range []string{"format", "set", "model", "seed", "rankings"} {
		if _, ok := run[field]; !ok {
			t.Errorf("no %q", field)
		}
	}
}
