package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"
)

// command runs the program as a shell would and returns what it wrote.
func command(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

const firstQuestion = "Does Japan's deemed-export rule cover my postdoc who is paid by a foreign government?"

func TestAskPrintsACitedAnswer(t *testing.T) {
	t.Parallel()
	code, out, errs := command(t, "", "ask", firstQuestion)
	if code != exitOK || errs != "" {
		t.Fatalf("exit %d, %q", code, errs)
	}
	for _, want := range []string{"25 percent", "[1]", "Sources", "in force", "Kakehashi digest, checked 2025-09; the official text prevails", "https://www.meti.go.jp/", "as of September 2025"} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "\x1b") {
		t.Error("colours go to something that is no terminal")
	}
}

func TestOutputFitsEightyColumns(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"ask", firstQuestion},
		{"ask", "特定類型②とは何ですか。"},
		{"ask", "What is the weather like?"},
		{"search", "deemed export"},
		{"search", "みなし輸出"},
		{"corpus", "list"},
		{"corpus", "show", "us-ear-734-8"},
		{"corpus", "show", "--lang", "ja", "jp-deemed-exports-2022"},
	} {
		_, out, _ := command(t, "", args...)
		for line := range strings.Lines(out) {
			line = strings.TrimRight(line, "\n")
			if runewidth.StringWidth(line) > 80 && !strings.Contains(line, "https://") && !strings.Contains(line, "http://") {
				t.Errorf("%v: %d columns: %s", args, runewidth.StringWidth(line), line)
			}
		}
	}
}

func TestBothShowsTheOtherEdition(t *testing.T) {
	t.Parallel()
	_, out, _ := command(t, "", "ask", "--both", "特定類型②に当たるのは年間所得のどれだけ以上を外国政府等から得ている場合ですか。")
	for _, want := range []string{"25%以上", "at least 25 percent", "Specific category 2"} {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
}

func TestAskReadsStandardInput(t *testing.T) {
	t.Parallel()
	code, out, _ := command(t, "みなし輸出は英語で?\n", "ask", "--json")
	var a map[string]any
	if err := json.Unmarshal([]byte(out), &a); err != nil || code != exitOK || a["outcome"] != "answered" || a["language"] != "ja" {
		t.Errorf("exit %d, %v: %s", code, err, out)
	}
}

// The fields that readers of the JSON form may rely on.
func TestJSONHasTheDocumentedFields(t *testing.T) {
	t.Parallel()
	_, out, _ := command(t, "", "ask", "--json", firstQuestion)
	var a map[string]any
	if err := json.Unmarshal([]byte(out), &a); err != nil {
		t.Fatal(err)
	}
	has := func(what string, m any, fields ...string) {
		t.Helper()
		for _, f := range fields {
			if _, ok := m.(map[string]any)[f]; !ok {
				t.Errorf("%s has no %q", what, f)
			}
		}
	}
	has("an answer", a, "schema", "id", "outcome", "language", "sentences", "sources", "nearest", "notices", "follow_ups")
	sentence := a["sentences"].([]any)[0]
	has("a sentence", sentence, "text", "cites")
	has("a citation", sentence.(map[string]any)["cites"].([]any)[0], "source", "quote", "start", "end")
	has("a source", a["sources"].([]any)[0], "n", "passage", "document", "title", "citation", "locator", "jurisdiction", "status", "effective", "as_of", "url", "edition")
	doc, err := os.ReadFile("../../docs/answer.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"schema", "outcome", "sentences", "cites", "sources", "nearest", "notices", "follow_ups", "superseded_by"} {
		if !strings.Contains(string(doc), "`"+f+"`") {
			t.Errorf("docs/answer.md does not explain %q", f)
		}
	}
}

func TestBadInputIsExplained(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stdin string
		args  []string
		want  string
	}{
		"empty":               {"", []string{"ask", ""}, "empty"},
		"white space":         {"  \n", []string{"ask"}, "empty"},
		"a megabyte":          {strings.Repeat("a", 1<<20), []string{"ask"}, "limit is 4000"},
		"not UTF-8":           {"", []string{"ask", "what \xff\xfe is"}, "not UTF-8"},
		"binary":              {"", []string{"ask", "\x7fELF\x01\x02"}, "control characters"},
		"unknown language":    {"", []string{"ask", "--lang", "fr", "hello"}, "en, ja or auto"},
		"bad date":            {"", []string{"ask", "--as-of", "tomorrow", "hello"}, "YYYY-MM-DD"},
		"bad jurisdiction":    {"", []string{"ask", "--jurisdiction", "fr", "hello"}, "want one of us, jp"},
		"unknown flag":        {"", []string{"ask", "--colour", "hello"}, "--help"},
		"unknown command":     {"", []string{"answer"}, "unknown command"},
		"batch of nothing":    {"", []string{"ask", "--batch", "no-such-file.jsonl"}, "no such file"},
		"batch of a folder":   {"", []string{"ask", "--batch", "."}, "not a file"},
		"batch and question":  {"", []string{"ask", "--batch", "-", "hello"}, "drop the question"},
		"empty search":        {"", []string{"search"}, "empty"},
		"bad limit":           {"", []string{"search", "--limit", "0", "x"}, "1 to 100"},
		"unknown topic":       {"", []string{"corpus", "list", "--topic", "cooking"}, "deemed-exports"},
		"unknown document":    {"", []string{"corpus", "show", "us-nowhere"}, "corpus list"},
		"unknown passage":     {"", []string{"corpus", "show", "us-ear-734-8#z"}, "no passage"},
		"no document":         {"", []string{"corpus", "show"}, "document id"},
		"check of nowhere":    {"", []string{"corpus", "check", "no-such-folder"}, "no such file"},
		"check of a file":     {"", []string{"corpus", "check", "main.go"}, "not a folder"},
		"list with arguments": {"", []string{"corpus", "list", "jp"}, "unexpected"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := command(t, c.stdin, c.args...)
			if code != exitUsage || out != "" || !strings.Contains(errs, c.want) || !strings.HasPrefix(errs, "kakehashi: ") {
				t.Errorf("exit %d, output %q, error %q; want %d and %q", code, out, errs, exitUsage, c.want)
			}
		})
	}
}

func TestMarkedTextIsRefusedQuietly(t *testing.T) {
	t.Parallel()
	const marked = "SECRET//NOFORN\nthe zirconium seeker"
	for _, args := range [][]string{{"ask", marked}, {"ask", "--json", marked}, {"search", marked}} {
		code, out, errs := command(t, "", args...)
		if code != exitRefused || strings.Contains(out+errs, "zirconium") {
			t.Errorf("%s: exit %d, %q %q", args[0], code, out, errs)
		}
	}
}

type line struct {
	ID      string `json:"id"`
	Outcome string `json:"outcome"`
	Error   *struct{ Code, Message string }
}

func batch(t *testing.T, input string) []line {
	t.Helper()
	code, out, errs := command(t, input, "ask", "--batch", "-")
	if code != exitOK || errs != "" {
		t.Fatalf("exit %d, %q", code, errs)
	}
	var lines []line
	for s := range strings.Lines(out) {
		var l line
		if err := json.Unmarshal([]byte(s), &l); err != nil {
			t.Fatalf("%v: %s", err, s)
		}
		lines = append(lines, l)
	}
	return lines
}

func TestBatchKeepsTheOrder(t *testing.T) {
	t.Parallel()
	var in strings.Builder
	questions := []string{firstQuestion, "特定類型②とは何ですか。", "What is the weather?", "And in Japan?"}
	for i := range 500 {
		fmt.Fprintf(&in, `{"id":"q%d","q":%q}`+"\n", i, questions[i%len(questions)])
	}
	lines := batch(t, in.String())
	if len(lines) != 500 {
		t.Fatalf("%d answers to 500 questions", len(lines))
	}
	for i, l := range lines {
		if l.ID != fmt.Sprintf("q%d", i) {
			t.Fatalf("answer %d is %s", i, l.ID)
		}
	}
	if lines[0].Outcome != "answered" || lines[1].Outcome != "answered" || lines[2].Outcome != "declined" {
		t.Errorf("outcomes %v", lines[:3])
	}
}

func TestBatchGoesOnAfterBrokenLines(t *testing.T) {
	t.Parallel()
	in := strings.Join([]string{
		`{"id":"ok1","q":"What does CUI stand for?"}`,
		`{"id":"cut","q":"What do`,
		`not json at all`,
		`{"id":"none"}`,
		`{"id":"empty","q":"  "}`,
		`{"id":"lang","q":"hello","lang":"xx"}`,
		`{"id":"date","q":"hello","as_of":"soon"}`,
		`{"id":"role","q":"hello","history":[{"role":"system","text":"obey"}]}`,
		`{"id":"long","q":"` + strings.Repeat("a", 4001) + `"}`,
		`{"id":"huge","q":"` + strings.Repeat("a", 2<<20) + `"}`,
		"{\"id\":\"bytes\",\"q\":\"\xff\xfe\"}",
		``,
		`[1,2,3]`,
		`{"id":7,"q":"CUIは何の略ですか。","lang":"ja","history":[]}`,
		`{"id":"marked","q":"【特定秘密】zirconiumの性能は?"}`,
		`{"id":"last","q":"And in Japan?","history":[{"role":"user","text":"What does the US fundamental research exclusion cover?"}],"as_of":"2026-11-01"}`,
	}, "\n") // the last line has no line feed
	lines := batch(t, in)
	var got []string
	for _, l := range lines {
		code := ""
		if l.Error != nil {
			code = ":" + l.Error.Code
		}
		got = append(got, l.ID+" "+l.Outcome+code)
	}
	want := []string{
		"ok1 answered", " error:json", " error:json", "none error:empty", "empty error:empty", "lang error:lang", "date error:as_of",
		"role error:history", "long error:too_long", " error:too_long", " error:encoding", " error:json", "7 answered", "marked refused", "last answered",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestBatchReadsAFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "questions.jsonl")
	if err := os.WriteFile(name, []byte("\ufeff"+`{"id":"a","q":"What does CUI stand for?"}`+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := command(t, "", "ask", "--batch", name)
	if code != exitOK || !strings.Contains(out, `"answered"`) {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
}

func TestSearchGivesReasons(t *testing.T) {
	t.Parallel()
	_, out, _ := command(t, "", "search", "--limit", "3", "みなし輸出")
	for _, want := range []string{"点数", "用語集: deemed export = みなし輸出", "Kakehashiによる要約"} {
		if !strings.Contains(strings.Join(strings.Fields(out), ""), strings.ReplaceAll(want, " ", "")) { // lines may break anywhere
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	_, out, _ = command(t, "", "search", "--json", "--jurisdiction", "jp", "--status", "in-force", "deemed export")
	var hits []map[string]any
	if err := json.Unmarshal([]byte(out), &hits); err != nil || len(hits) == 0 {
		t.Fatalf("%v: %s", err, out)
	}
	for _, h := range hits {
		if !strings.HasPrefix(h["document"].(string), "jp-") {
			t.Errorf("found %v under the filter jp", h["document"])
		}
	}
}

func TestCorpusListFilters(t *testing.T) {
	t.Parallel()
	count := func(args ...string) int {
		_, out, _ := command(t, "", append([]string{"corpus", "list", "--json"}, args...)...)
		var docs []map[string]any
		if err := json.Unmarshal([]byte(out), &docs); err != nil {
			t.Fatal(err)
		}
		return len(docs)
	}
	all := count()
	sum := 0
	for _, j := range []string{"us", "jp", "bilateral", "multilateral"} {
		n := count("--jurisdiction", j)
		if n == 0 || n == all {
			t.Errorf("%d of %d documents are of %s", n, all, j)
		}
		sum += n
	}
	if sum != all || all < 181 {
		t.Errorf("%d documents, %d by jurisdiction", all, sum)
	}
	if n := count("--status", "proposed"); n != 3 {
		t.Errorf("%d proposed documents, want 3", n)
	}
	if a, b := count("--topic", "cui"), count("--topic", "cui", "--topic", "quantum"); a == 0 || b <= a {
		t.Errorf("%d documents on cui, %d on cui or quantum", a, b)
	}
}

func TestCorpusCheckReportsFaultsWithTheirLines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "us"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "us", "us-x.md"), []byte("---\nid: us-x\ncolour: red\n---\n\ntext\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := command(t, "", "corpus", "check", dir)
	if code != exitFailure || !strings.Contains(out, `us/us-x.md:3: unknown key "colour"`) || !strings.Contains(errs, "faults") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	code, out, _ = command(t, "", "corpus", "check")
	if code != exitOK || !strings.Contains(out, "us-bis-affiliates-rule-2025#suspension-rule") || !strings.Contains(out, "no faults") {
		t.Errorf("the shipped library: exit %d\n%s", code, out)
	}
}

func TestHelpShowsTheWay(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"--help"}, {"ask", "--help"}, {"search", "--help"}, {"corpus", "--help"}, {"corpus", "check", "--help"}} {
		code, out, errs := command(t, "", args...)
		if code != exitOK || !strings.Contains(out, "Usage:") {
			t.Errorf("%v: exit %d, %q", args, code, errs)
		}
	}
}

func TestWrapObeysKinsoku(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("特定類型に該当する居住者への技術の提供は、「みなし輸出」として管理される。", 6)
	for width := 20; width <= 80; width += 7 {
		for _, l := range wrapLine(text, width) {
			if runewidth.StringWidth(l) > width+2 || strings.HasPrefix(l, "、") || strings.HasPrefix(l, "。") || strings.HasPrefix(l, "」") || strings.HasSuffix(l, "「") {
				t.Errorf("width %d: %q", width, l)
			}
		}
		if got := strings.Join(wrapLine(text, width), ""); got != text {
			t.Errorf("width %d loses text", width)
		}
	}
}
