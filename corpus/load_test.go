package corpus_test

import (
	"errors"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/text/language"

	"kakehashi/corpus"
	"kakehashi/corpus/library"
)

const sound = `---
id: us-test-rule
title: "A rule"
title_ja: "ある規則"
citation: "1 CFR § 1.1"
jurisdiction: us
kind: regulation
issuer: "An office"
url: https://example.gov/rule
published: 2020-01-02
effective: 2020-02
status: in-force
superseded_by: []
related: []
topics: [export-controls]
as_of: 2025
checked_against:
  - https://example.gov/page
language: en
---

## § 1.1(a) — Scope

A licence is needed.

## § 1.1(b) — Exception

None is needed for published results.
`

const edition = `---
edition_of: us-test-rule
language: ja
title: "ある規則"
citation: "1 CFR 1.1条"
issuer: "ある官庁"
---

## 第1.1条(a) — 範囲

許可が必要である。

## 第1.1条(b) — 例外

公表された成果には不要である。
`

func files(pairs ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return m
}

func TestLoadPairsTheEditions(t *testing.T) {
	t.Parallel()
	lib, err := corpus.Load(files("us/us-test-rule.md", sound, "us/us-test-rule.ja.md", edition))
	if err != nil {
		t.Fatal(err)
	}
	d, ok := lib.Document("us-test-rule")
	if !ok || d.Published.String() != "2020-01-02" || d.Effective.String() != "2020-02" || d.AsOf.String() != "2025" {
		t.Fatalf("read %+v", d)
	}
	ja, ok := d.Edition(language.Japanese)
	if !ok || ja.Passages[1].Text != "公表された成果には不要である。" || ja.Passages[1].ID != d.Editions[0].Passages[1].ID {
		t.Errorf("Japanese edition %+v", ja)
	}
	if p := d.Editions[0].Passages[0]; p.ID != "us-test-rule#1.1-a" || p.Locator != "§ 1.1(a)" || p.Heading != "Scope" || p.Line != 22 {
		t.Errorf("passage %+v", p)
	}
}

func TestPassageIDsDoNotDependOnOtherPassages(t *testing.T) {
	t.Parallel()
	ids := func(src string) map[string]corpus.PassageID {
		lib, err := corpus.Load(files("us/us-test-rule.md", src))
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]corpus.PassageID{}
		for _, p := range lib.Documents[0].Editions[0].Passages {
			m[p.Locator+"|"+p.Heading] = p.ID
		}
		return m
	}
	twice := sound + "\n## § 1.1(b) — Penalty\n\nA fine.\n"
	before := ids(twice)
	after := ids(strings.Replace(twice, "## § 1.1(a)", "## § 1.0 — Purpose\n\nText.\n\n## § 1.1(a)(1) — Detail\n\nText.\n\n## § 1.1(a)", 1))
	for heading, id := range before {
		if after[heading] != id {
			t.Errorf("%s: %s became %s when passages were inserted", heading, id, after[heading])
		}
	}
	if before["§ 1.1(b)|Exception"] == before["§ 1.1(b)|Penalty"] {
		t.Error("two passages of one locator share an id")
	}
}

func TestVersionFollowsTheText(t *testing.T) {
	t.Parallel()
	version := func(src string) corpus.Version {
		lib, err := corpus.Load(files("us/us-test-rule.md", src))
		if err != nil {
			t.Fatal(err)
		}
		return lib.Documents[0].Editions[0].Passages[0].Version()
	}
	a := version(sound)
	if b := version(strings.ReplaceAll(sound, "\n", "\r\n")); a != b {
		t.Error("line endings change the version")
	}
	if b := version(strings.Replace(sound, "licence is", "licence may be", 1)); a.Passage != b.Passage || a.Hash == b.Hash {
		t.Error("a new wording must keep the id and change the hash")
	}
}

// Every fault is named with its file and line.
func TestLoadNamesFaults(t *testing.T) {
	t.Parallel()
	swap := func(src, from, to string) string {
		if !strings.Contains(src, from) {
			t.Fatalf("%q is not in the sound file", from)
		}
		return strings.Replace(src, from, to, 1)
	}
	for name, c := range map[string]struct {
		files fstest.MapFS
		want  string
	}{
		"unknown key":           {files("us/us-test-rule.md", swap(sound, "kind: regulation", "kind: regulation\ncolour: red")), `us/us-test-rule.md:8: unknown key "colour"`},
		"key twice":             {files("us/us-test-rule.md", swap(sound, "kind: regulation", "kind: regulation\nkind: order")), `us/us-test-rule.md:8: .*kind`},
		"missing key":           {files("us/us-test-rule.md", swap(sound, "as_of: 2025\n", "")), `missing key "as_of"`},
		"bad date":              {files("us/us-test-rule.md", swap(sound, "2020-01-02", "2020-02-30")), `us/us-test-rule.md:10: published: date "2020-02-30"`},
		"date in words":         {files("us/us-test-rule.md", swap(sound, "2020-01-02", "January 2020")), `:10: published`},
		"unknown topic":         {files("us/us-test-rule.md", swap(sound, "[export-controls]", "[cooking]")), `us/us-test-rule.md:15: topics: unknown topic "cooking"`},
		"unknown status":        {files("us/us-test-rule.md", swap(sound, "in-force", "current")), `:12: status: unknown "current"`},
		"unknown jurisdiction":  {files("us/us-test-rule.md", swap(sound, "jurisdiction: us", "jurisdiction: fr")), `:6: jurisdiction`},
		"dangling related":      {files("us/us-test-rule.md", swap(sound, "related: []", "related: [us-nowhere]")), `us/us-test-rule.md:14: related: no document "us-nowhere"`},
		"dangling successor":    {files("us/us-test-rule.md", swap(sound, "superseded_by: []", "superseded_by: [us-nowhere]")), `us/us-test-rule.md:13: superseded_by: no document "us-nowhere"`},
		"superseded by none":    {files("us/us-test-rule.md", swap(sound, "in-force", "superseded")), `:12: status: superseded, but`},
		"duplicate id":          {files("us/us-test-rule.md", sound, "jp/us-test-rule.md", sound), `us/us-test-rule.md:2: id: "us-test-rule" is already the id of jp/us-test-rule.md`},
		"id and file differ":    {files("us/us-other.md", sound), `us/us-other.md:2: id`},
		"bad id":                {files("us/US_Rule.md", swap(sound, "us-test-rule", "US_Rule")), `:2: id: "US_Rule" is not kebab-case`},
		"bad link":              {files("us/us-test-rule.md", swap(sound, "https://example.gov/rule", "javascript:alert(1)")), `:9: url: "javascript:alert\(1\)" is not a web address`},
		"broken YAML":           {files("us/us-test-rule.md", swap(sound, `title: "A rule"`, `title: "A rule`)), `us/us-test-rule.md:\d+: front matter`},
		"no front matter":       {files("us/us-test-rule.md", "## § 1 — Topic\n\nText.\n"), `us/us-test-rule.md:1: want a front matter`},
		"unclosed front matter": {files("us/us-test-rule.md", "---\nid: us-test-rule\n"), `no closing line`},
		"heading without topic": {files("us/us-test-rule.md", swap(sound, "§ 1.1(b) — Exception", "§ 1.1(b)")), `us/us-test-rule.md:26: heading`},
		"wrong heading level":   {files("us/us-test-rule.md", swap(sound, "## § 1.1(b)", "### § 1.1(b)")), `us/us-test-rule.md:26: want passages headed`},
		"passage without text":  {files("us/us-test-rule.md", swap(sound, "A licence is needed.\n", "")), `us/us-test-rule.md:22: the passage "§ 1.1\(a\)" has no text`},
		"text before heading":   {files("us/us-test-rule.md", swap(sound, "---\n\n##", "---\n\nHello\n\n##")), `us/us-test-rule.md:22: text before`},
		"heading twice":         {files("us/us-test-rule.md", sound+"\n## § 1.1(a) — Scope\n\nMore.\n"), `us/us-test-rule.md:30: the same heading stands at line 22`},
		"no passage":            {files("us/us-test-rule.md", sound[:strings.Index(sound, "## ")]), `no passage`},
		"not UTF-8":             {files("us/us-test-rule.md", swap(sound, "None is", "None \xff is")), `us/us-test-rule.md:28: not UTF-8`},
		"NUL byte":              {files("us/us-test-rule.md", swap(sound, "None is", "None \x00 is")), `NUL`},
		"huge":                  {files("us/us-test-rule.md", sound+strings.Repeat("x", 1<<20)), `longer than`},
		"edition of nothing":    {files("us/us-test-rule.ja.md", edition), `us/us-test-rule.ja.md:2: edition_of: no sound document "us-test-rule"`},
		"unpaired passage":      {files("us/us-test-rule.md", sound, "us/us-test-rule.ja.md", edition+"\n## 第1.2条 — 罰則\n\n罰金がある。\n"), `us/us-test-rule.ja.md:17: 3 passages, but us/us-test-rule.md has 2`},
		"passage missing in ja": {files("us/us-test-rule.md", sound, "us/us-test-rule.ja.md", edition[:strings.Index(edition, "## 第1.1条(b)")]), `us/us-test-rule.ja.md:9: 1 passages, but`},
		"edition with own id":   {files("us/us-test-rule.md", sound, "us/us-test-rule.ja.md", swap(edition, "language: ja", "language: ja\nid: us-x")), `us/us-test-rule.ja.md:4: unknown key "id"`},
		"edition elsewhere":     {files("us/us-test-rule.md", sound, "jp/us-test-rule.ja.md", edition), `want this file beside it`},
		"nothing":               {files(), `no documents`},
		"glossary twice":        {files("us/us-test-rule.md", sound, "glossary.yaml", "- {id: a, en: a, ja: あ, note: n}\n- {id: a, en: b, ja: い, note: n}\n"), `glossary.yaml:2: id: "a" is already`},
		"glossary unknown key":  {files("us/us-test-rule.md", sound, "glossary.yaml", "- {id: a, en: a, ja: あ, note: n}\n- {id: b, en: b, ja: い, note: n, de: c}\n"), `glossary.yaml:2: .*de`},
		"checklist to nowhere":  {files("us/us-test-rule.md", sound, "checklists/c.yaml", "id: c\nas_of: 2025\nquestions: [{id: q, type: yes_no}]\nrules: [{when: q, outcome: {status: ok, text: t, cite: [{doc: us-test-rule, locator: \"§ 9\"}]}}]\n"), `checklists/c.yaml: rule "q": no passage "§ 9" in "us-test-rule"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lib, err := corpus.Load(c.files)
			var faults corpus.Problems
			if !errors.As(err, &faults) || lib != nil {
				t.Fatalf("got %v; want faults", err)
			}
			if !regexp.MustCompile(c.want).MatchString(err.Error()) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestLoadReportsAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	broken := strings.NewReplacer("2020-01-02", "soon", "[export-controls]", "[cooking]", "related: []", "related: [us-nowhere]").Replace(sound)
	_, err := corpus.Load(files("us/us-test-rule.md", broken, "jp/jp-empty.md", ""))
	var faults corpus.Problems
	if !errors.As(err, &faults) || len(faults) < 3 {
		t.Fatalf("got %v; want the faults of both files", err)
	}
	for _, want := range []string{"jp/jp-empty.md:1", ":10: published", "cooking"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
}

func TestShippedLibraryIsSound(t *testing.T) {
	t.Parallel()
	lib := shipped(t)
	if len(lib.Checklists) != 9 || len(lib.Glossary) < 379 {
		t.Errorf("%d checklists, %d glossary terms", len(lib.Checklists), len(lib.Glossary))
	}
	folders := map[string]int{}
	for _, d := range lib.Documents {
		folder, _, _ := strings.Cut(d.File, "/")
		folders[folder]++
		for _, e := range d.Editions {
			for _, p := range e.Passages {
				if len(corpus.Sentences(p.Text, e.Language)) == 0 {
					t.Errorf("%s has no sentence", p.ID)
				}
			}
		}
	}
	for _, folder := range []string{"us", "jp", "bilateral", "reports"} {
		if folders[folder] == 0 {
			t.Errorf("no documents in %s", folder)
		}
	}
}

func TestStaleListsPassedDates(t *testing.T) {
	t.Parallel()
	found := false
	for _, s := range shipped(t).Stale(corpus.Date{Year: 2026, Month: 11, Day: 24}) {
		found = found || s.Passage.ID == "us-bis-affiliates-rule-2025#suspension-rule"
	}
	if !found {
		t.Error("the suspension that ended on 9 November 2026 is not listed on 24 November 2026")
	}
}

func TestEditionsCorrespond(t *testing.T) {
	t.Parallel()
	const english, japanese = "A licence is needed.", "許可が必要である。"
	for name, c := range map[string]struct{ english, japanese, want string }{
		"equal":                    {"Fines reach $5 million and 2 years from 1 May 2022.", "罰金は500万ドル、2022年5月1日から2年である。", ""},
		"hundreds of millions":     {"The budget is 1.25 billion yen.", "予算は12億5,000万円である。", ""},
		"an era":                   {"It was Act No. 27 of 2024.", "令和6年法律第27号である。", ""},
		"words":                    {"It names three conditions, the second within ten days.", "3つの条件を挙げ、第2の条件は10日以内である。", ""},
		"a month":                  {"It starts in mid-July.", "7月中旬に始まる。", ""},
		"another digit":            {"It lasts 180 days.", "期間は108日である。", "180 stands in the English edition only"},
		"a unit that is wrong":     {"The fine is $5 million.", "罰金は50万ドルである。", "500000 stands in the Japanese edition only"},
		"a number that is missing": {"It lasts 30 days.", "期間がある。", "30 stands in the English edition only"},
		"a number that is new":     {"It lasts some days.", "期間は14日である。", "14 stands in the Japanese edition only"},
		"another year of an era":   {"It was Act No. 27 of 2024.", "令和7年法律第27号である。", "2025 stands in the Japanese edition only"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := files("us/us-test-rule.md", strings.Replace(sound, english, c.english, 1), "us/us-test-rule.ja.md", strings.Replace(edition, japanese, c.japanese, 1))
			lib, err := corpus.Load(root)
			if err != nil {
				t.Fatal(err)
			}
			got := lib.CheckEditions(root).Error()
			if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if c.want != "" && !strings.HasPrefix(got, "us/us-test-rule.ja.md:9: us-test-rule#1.1-a: ") {
				t.Errorf("%q names no file and line", got)
			}
		})
	}
}

func TestExceptionsExcuse(t *testing.T) {
	t.Parallel()
	changed := strings.Replace(edition, "許可が必要である。", "許可が14件必要である。", 1)
	for exceptions, want := range map[string]string{
		`- {passage: "us-test-rule#1.1-a", number: "14", reason: "counts"}`:                                                                   "",
		`- {passage: "us-test-rule#1.1-a", number: "14"}`:                                                                                     "want a reason",
		"- {passage: \"us-test-rule#1.1-a\", number: \"14\", reason: x}\n- {passage: \"us-test-rule#1.1-b\", number: \"3\", reason: \"old\"}": "nothing to excuse for 3",
	} {
		root := files("us/us-test-rule.md", sound, "us/us-test-rule.ja.md", changed, "exceptions.yaml", exceptions)
		lib, err := corpus.Load(root)
		if err != nil {
			t.Fatal(err)
		}
		if got := lib.CheckEditions(root).Error(); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", exceptions, got, want)
		}
	}
}

func TestAMissingEditionIsAFault(t *testing.T) {
	t.Parallel()
	for exceptions, want := range map[string]string{
		"[]": "us/us-test-rule.md: us-test-rule has no Japanese edition: want us-test-rule.ja.md beside it",
		`- {document: "us-test-rule", reason: "in English only until the rule is final"}`: "",
		`- {document: "us-other-rule", reason: "gone"}`:                                   "us-other-rule: nothing to excuse for a missing edition",
	} {
		root := files("us/us-test-rule.md", sound, "exceptions.yaml", exceptions)
		lib, err := corpus.Load(root)
		if err != nil {
			t.Fatal(err)
		}
		if got := lib.CheckEditions(root).Error(); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", exceptions, got, want)
		}
	}
}

func shipped(tb testing.TB) *corpus.Library {
	tb.Helper()
	lib, err := corpus.Load(library.Files)
	if err != nil {
		tb.Fatal(err)
	}
	return lib
}

func FuzzLoadNeverPanics(f *testing.F) {
	f.Add(sound, edition, "- {id: a, en: a, ja: あ, note: n}")
	f.Add("---\n---\n", "---\nid: [", "{")
	f.Fuzz(func(t *testing.T, document, japanese, glossary string) {
		lib, err := corpus.Load(files("us/us-test-rule.md", document, "us/us-test-rule.ja.md", japanese, "glossary.yaml", glossary))
		if (lib == nil) == (err == nil) {
			t.Fatalf("library %v with error %v", lib, err)
		}
		var faults corpus.Problems
		if err != nil && !errors.As(err, &faults) && !errors.Is(err, fs.ErrInvalid) {
			t.Fatalf("not a list of faults: %v", err)
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := corpus.Load(library.Files); err != nil {
			b.Fatal(err)
		}
	}
}
