// Package indextest is the conformance suite of retrieval.Index: what every
// index must do, whatever it is built on.
package indextest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"golang.org/x/text/language"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
)

// Run tries an index against the contract. open returns an empty index whose
// concepts come from the analyzer; it is called once a test.
func Run(t *testing.T, open func(*testing.T, *analysis.Analyzer) retrieval.Index) {
	for name, test := range map[string]func(*testing.T, *fixture){
		"finds by words, stems and bigrams":       findsByWords,
		"finds a reference in every form":         findsReferences,
		"finds across languages":                  findsAcrossLanguages,
		"shows the reader's edition":              showsEdition,
		"filters before ranking":                  filters,
		"prefers what is in force":                prefersInForce,
		"prefers the country asked about":         prefersCountry,
		"weighs the context less than the text":   weighsContext,
		"gives its reasons":                       givesReasons,
		"prefers a rule to a report on it":        prefersRules,
		"lets no long document hide the others":   spreadsOut,
		"goes to the provision that is cited":     goesToProvision,
		"limits and orders":                       limits,
		"replaces a document whole":               replaces,
		"deletes":                                 deletes,
		"counts frequencies":                      counts,
		"finds nothing in nothing":                nothing,
		"stops when told to":                      cancels,
		"serves readers while a document changes": concurrent,

		"ranks by meaning":                           ranksByMeaning,
		"joins words and meaning":                    joinsBoth,
		"finds by words without the query's vector":  needsNoVector,
		"refuses the vectors of another encoder":     refusesOtherModel,
		"refuses vectors that are none":              refusesUnsound,
		"compares the sentences of the edition":      comparesSentences,
		"filters what is found by meaning":           filtersMeaning,
		"forgets the vectors of a replaced document": forgetsVectors,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fixture{Index: open(t, analysis.NewAnalyzer(terms)), ctx: t.Context()}
			f.put(t, documents()...)
			test(t, f)
		})
	}
}

type fixture struct {
	retrieval.Index
	ctx context.Context
}

func (f *fixture) put(t *testing.T, docs ...*corpus.Document) {
	t.Helper()
	var entries []retrieval.Entry
	for _, d := range docs {
		entries = append(entries, retrieval.Entry{Document: d})
	}
	if err := f.Put(f.ctx, entries...); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) search(t *testing.T, q retrieval.Query) []retrieval.Hit {
	t.Helper()
	hits, err := f.Search(f.ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	return hits
}

func ids(hits []retrieval.Hit) []string {
	var out []string
	for _, h := range hits {
		out = append(out, string(h.Passage.ID))
	}
	return out
}

func (f *fixture) first(t *testing.T, text, want string) {
	t.Helper()
	if got := ids(f.search(t, retrieval.Query{Text: text})); len(got) == 0 || got[0] != want {
		t.Errorf("%q finds %q; want %s first", text, got, want)
	}
}

var terms = corpus.Glossary{
	{ID: "deemed-export", English: "deemed export", Japanese: "みなし輸出", Note: "n"},
	{ID: "secrecy-order", English: "secrecy order", Japanese: "秘密保持命令", Note: "n"},
	{ID: "cfius", English: "Committee on Foreign Investment in the United States", Abbr: []string{"CFIUS"}, Japanese: "対米外国投資委員会", Note: "n"},
}

func document(id string, j corpus.Jurisdiction, s corpus.Status, published string, english, japanese []corpus.Passage) *corpus.Document {
	date, err := corpus.ParseDate(published)
	if err != nil {
		panic(err) // a fault of the suite itself
	}
	d := &corpus.Document{ID: id, Jurisdiction: j, Status: s, Kind: "regulation", Published: date, Topics: []string{"export-controls"}}
	edition := func(lang language.Tag, title string, ps []corpus.Passage) {
		for i := range ps {
			ps[i].ID = corpus.PassageID(fmt.Sprintf("%s#%d", id, i+1))
			ps[i].Hash = corpus.HashText(ps[i].Text)
		}
		d.Editions = append(d.Editions, corpus.Edition{Language: lang, Title: title, Citation: id, Passages: ps})
	}
	edition(language.English, "Rules of "+id, english)
	if japanese != nil {
		edition(language.Japanese, id+"の規則", japanese)
	}
	return d
}

func documents() []*corpus.Document {
	secrecy := document("us-secrecy", corpus.US, corpus.InForce, "1952",
		[]corpus.Passage{
			{Locator: "35 U.S.C. § 181", Heading: "Duration", Text: "A secrecy order lasts no more than one year and may be renewed."},
			{Locator: "35 U.S.C. § 184", Heading: "Foreign filing", Text: "An inventor must obtain a licence before filing abroad."},
		},
		[]corpus.Passage{
			{Locator: "合衆国法典第35編第181条", Heading: "期間", Text: "秘密保持命令の期間は1年以内であり、更新することができる。"},
			{Locator: "合衆国法典第35編第184条", Heading: "外国出願", Text: "発明者は、外国に出願する前に許可を得なければならない。"},
		})
	secrecy.Topics = []string{"secrecy-orders-patents"}
	secrecy.Kind = "statute"
	return []*corpus.Document{
		secrecy,
		document("us-export", corpus.US, corpus.InForce, "2016-06-03",
			[]corpus.Passage{{Locator: "15 CFR § 734.13(b)", Heading: "Deemed export", Text: "A release of controlled technology to a foreign person is a deemed export."}},
			[]corpus.Passage{{Locator: "15 CFR 734.13条(b)", Heading: "みなし輸出", Text: "外国人への規制技術の開示は、みなし輸出に当たる。"}}),
		document("jp-export", corpus.JP, corpus.InForce, "2022-05-01",
			[]corpus.Passage{{Locator: "FEFTA Art. 25(1)", Heading: "Deemed export", Text: "Giving controlled technology to a resident in a specific category is a deemed export."}},
			nil),
		document("us-export-1996", corpus.US, corpus.Superseded, "1996",
			[]corpus.Passage{{Locator: "15 CFR § 734.2", Heading: "Deemed export", Text: "A release of controlled technology to a foreign national is a deemed export."}},
			nil),
		document("us-report", corpus.US, corpus.Historical, "2021-07",
			[]corpus.Passage{{Locator: "p. 5", Heading: "Investment", Text: "CFIUS screened many investments; the zirconium sector was an exception."}},
			nil),
	}
}

func findsByWords(t *testing.T, f *fixture) {
	f.first(t, "renewing secrecy orders", "us-secrecy#1")
	f.first(t, "zirconium", "us-report#1")
	f.first(t, "外国に出願する発明者", "us-secrecy#2")
}

func findsReferences(t *testing.T, f *fixture) {
	for _, form := range []string{"15 CFR 734.13(b)", "§ 734.13", "section 734.13 (b)", "15 C.F.R. § 734.13"} {
		f.first(t, form, "us-export#1")
	}
	f.first(t, "外為法第25条第1項", "jp-export#1")
	f.first(t, "35 USC 184", "us-secrecy#2")
}

func findsAcrossLanguages(t *testing.T, f *fixture) {
	f.first(t, "対米外国投資委員会", "us-report#1")
	hits := ids(f.search(t, retrieval.Query{Text: "みなし輸出"}))
	for _, want := range []string{"us-export#1", "jp-export#1", "us-export-1996#1"} {
		if n := count(hits, want); n != 1 {
			t.Errorf("みなし輸出 finds %s %d times in %q; want once, its editions being one hit", want, n, hits)
		}
	}
}

func count(list []string, x string) int {
	n := 0
	for _, s := range list {
		if s == x {
			n++
		}
	}
	return n
}

func showsEdition(t *testing.T, f *fixture) {
	for _, c := range []struct {
		query retrieval.Query
		want  language.Tag
	}{
		{retrieval.Query{Text: "How long does a secrecy order last?"}, language.English},
		{retrieval.Query{Text: "秘密保持命令の期間"}, language.Japanese},
		{retrieval.Query{Text: "秘密保持命令の期間", Language: language.English}, language.English},
		{retrieval.Query{Text: "対米外国投資委員会"}, language.English}, // there is no other
	} {
		hits := f.search(t, c.query)
		if len(hits) == 0 || hits[0].Edition.Language != c.want {
			t.Errorf("%q shows %v; want %v", c.query.Text, ids(hits), c.want)
			continue
		}
		if p, ok := hits[0].Edition.Passage(hits[0].Passage.ID); !ok || p.Text != hits[0].Passage.Text {
			t.Errorf("%q: the passage is not the edition's", c.query.Text)
		}
	}
}

func filters(t *testing.T, f *fixture) {
	date := corpus.Date{Year: 2000}
	for name, c := range map[string]struct {
		filter retrieval.Filter
		want   []string
	}{
		"jurisdiction": {retrieval.Filter{Jurisdictions: []corpus.Jurisdiction{corpus.JP}}, []string{"jp-export#1"}},
		"status":       {retrieval.Filter{Statuses: []corpus.Status{corpus.Superseded}}, []string{"us-export-1996#1"}},
		"as of 2000":   {retrieval.Filter{AsOf: date}, []string{"us-export-1996#1"}},
		"topic":        {retrieval.Filter{Topics: []string{"secrecy-orders-patents"}}, nil},
		"kind":         {retrieval.Filter{Kinds: []corpus.Kind{"statute", "order"}}, nil},
		"two at once":  {retrieval.Filter{Jurisdictions: []corpus.Jurisdiction{corpus.US}, Statuses: []corpus.Status{corpus.InForce}}, []string{"us-export#1"}},
	} {
		if got := ids(f.search(t, retrieval.Query{Text: "deemed export", Filter: c.filter, Limit: 1})); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func prefersInForce(t *testing.T, f *fixture) {
	us := retrieval.Filter{Jurisdictions: []corpus.Jurisdiction{corpus.US}}
	for text, want := range map[string]string{
		"release of technology to a foreign national as a deemed export":             "us-export#1",
		"what was a deemed export, release to a foreign national, before 2016":       "us-export-1996#1",
		"15 CFR 734.2 release of technology to a foreign national as deemed export?": "us-export-1996#1", // named
	} {
		if got := ids(f.search(t, retrieval.Query{Text: text, Filter: us})); got[0] != want {
			t.Errorf("%q finds %q first; want %s", text, got[0], want)
		}
	}
}

func prefersCountry(t *testing.T, f *fixture) {
	f.first(t, "deemed export of controlled technology in Japan", "jp-export#1")
	f.first(t, "deemed export of controlled technology in the United States", "us-export#1")
}

func prefersRules(t *testing.T, f *fixture) {
	same := func(id string, k corpus.Kind) *corpus.Document {
		d := document(id, corpus.US, corpus.InForce, "2020", []corpus.Passage{{Locator: "1", Heading: "Tantalum", Text: "Tantalum needs a permit."}}, nil)
		d.Kind, d.Editions[0].Title, d.Editions[0].Citation = k, "Tantalum", "t"
		return d
	}
	f.put(t, same("us-a-report", corpus.Report), same("us-b-rule", "regulation"))
	f.first(t, "tantalum permit", "us-b-rule#1")
}

func spreadsOut(t *testing.T, f *fixture) {
	text := func(n int) []corpus.Passage {
		var out []corpus.Passage
		for range n {
			out = append(out, corpus.Passage{Locator: "1", Heading: "Niobium", Text: "Niobium needs a permit."})
		}
		return out
	}
	for id, n := range map[string]int{"us-a-long": 8, "us-b-short": 1} {
		d := document(id, corpus.US, corpus.InForce, "2020", text(n), nil)
		d.Editions[0].Title, d.Editions[0].Citation = "Niobium", "n"
		f.put(t, d)
	}
	got := ids(f.search(t, retrieval.Query{Text: "niobium permit", Limit: 9}))
	if at := slices.Index(got, "us-b-short#1"); at < 0 || at > 3 || len(got) != 9 {
		t.Errorf("%q: want the other document behind three passages of the long one, and all nine", got)
	}
}

func goesToProvision(t *testing.T, f *fixture) {
	for text, want := range map[string]string{"35 U.S.C. 184": "us-secrecy#2", "35 USC 181": "us-secrecy#1"} {
		f.first(t, text, want)
	}
}

func weighsContext(t *testing.T, f *fixture) {
	hits := f.search(t, retrieval.Query{Text: "foreign filing abroad", Context: "deemed export"})
	if got := ids(hits); got[0] != "us-secrecy#2" || !slices.Contains(got, "us-export#1") {
		t.Errorf("found %q; want the text's passage first and the context's too", got)
	}
}

func givesReasons(t *testing.T, f *fixture) {
	hits := f.search(t, retrieval.Query{Text: "対米外国投資委員会"})
	why := hits[0].Why
	if len(why.Terms) == 0 || len(why.Expansions) == 0 || why.Lexical <= 0 || hits[0].Score <= 0 {
		t.Fatalf("reasons %+v", why)
	}
	sum := 0.0
	for _, s := range why.Terms {
		sum += s.Score
	}
	if diff := sum - why.Lexical; diff > 1e-6 || diff < -1e-6 {
		t.Errorf("the shares add up to %v, the lexical score is %v", sum, why.Lexical)
	}
	if !slices.ContainsFunc(why.Priors, func(p retrieval.Prior) bool { return p.Name == "historical" && p.Factor < 1 }) {
		t.Errorf("priors %+v; want the report's age among them", why.Priors)
	}
}

func limits(t *testing.T, f *fixture) {
	all := f.search(t, retrieval.Query{Text: "deemed export of controlled technology"})
	for i := 1; i < len(all); i++ {
		if all[i].Score > all[i-1].Score {
			t.Errorf("hit %d outscores hit %d", i, i-1)
		}
	}
	if got := f.search(t, retrieval.Query{Text: "deemed export of controlled technology", Limit: 2}); len(got) != 2 || got[0].Passage.ID != all[0].Passage.ID {
		t.Errorf("a limit of 2 gives %q of %q", ids(got), ids(all))
	}
}

func replaces(t *testing.T, f *fixture) {
	f.put(t, document("us-report", corpus.US, corpus.Historical, "2022",
		[]corpus.Passage{{Locator: "p. 9", Heading: "Investment", Text: "The hafnium sector was an exception."}}, nil))
	if got := f.search(t, retrieval.Query{Text: "zirconium"}); len(got) != 0 {
		t.Errorf("the old wording is still found: %q", ids(got))
	}
	f.first(t, "hafnium", "us-report#1")
}

func deletes(t *testing.T, f *fixture) {
	if err := f.Delete(f.ctx, "us-report", "us-never-there"); err != nil {
		t.Fatal(err)
	}
	if got := f.search(t, retrieval.Query{Text: "zirconium"}); len(got) != 0 {
		t.Errorf("found %q after it was deleted", ids(got))
	}
	f.first(t, "secrecy order", "us-secrecy#1")
}

func counts(t *testing.T, f *fixture) {
	n, of, err := f.Frequencies(f.ctx, []string{"@deemed-export", "@cfius", "zirconium", "nowher"})
	if err != nil || n != 6 || !slices.Equal(of, []int{3, 1, 1, 0}) {
		t.Errorf("%d passages, %v, %v; want 6, [3 1 1 0]", n, of, err)
	}
}

func nothing(t *testing.T, f *fixture) {
	for _, text := range []string{"", "   ", "the of and", "qwertyuiop", "。、!?", "\x00"} {
		if got := f.search(t, retrieval.Query{Text: text}); len(got) != 0 {
			t.Errorf("%q finds %q", text, ids(got))
		}
	}
}

func cancels(t *testing.T, f *fixture) {
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	if _, err := f.Search(ctx, retrieval.Query{Text: "secrecy order"}); err == nil {
		t.Error("a search went on after its context had ended")
	}
}

// concurrent checks that a reader sees a document either as it was or as it is.
func concurrent(t *testing.T, f *fixture) {
	version := func(word string) *corpus.Document {
		return document("us-report", corpus.US, corpus.InForce, "2022", []corpus.Passage{
			{Locator: "p. 1", Heading: "One", Text: "Iridium " + word + "."},
			{Locator: "p. 2", Heading: "Two", Text: "Iridium " + word + "."},
		}, nil)
	}
	f.put(t, version("alpha"))
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 20 {
			word := []string{"beta", "alpha"}[i%2]
			if err := f.Put(f.ctx, retrieval.Entry{Document: version(word)}); err != nil {
				t.Error(err)
			}
		}
	})
	for range 4 {
		wg.Go(func() {
			for range 50 {
				hits, err := f.Search(f.ctx, retrieval.Query{Text: "iridium"})
				if err != nil || len(hits) != 2 || hits[0].Passage.Text != hits[1].Passage.Text {
					t.Errorf("a reader saw %q, %v", ids(hits), err)
					return
				}
			}
		})
	}
	wg.Wait()
}
