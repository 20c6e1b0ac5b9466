package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/text/language"

	"kakehashi/bot/answer"
	"kakehashi/bot/guard"
	"kakehashi/corpus"
	"kakehashi/retrieval"
)

type searchFlags struct {
	filterFlags
	lang    string
	asOf    string
	limit   int
	json    bool
	explain bool
	stage   string
}

// filterFlags are shared by the commands that choose among documents.
type filterFlags struct {
	jurisdiction, kind, topic, status, collection []string
}

func (f *filterFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&f.jurisdiction, "jurisdiction", nil, "only these: "+strings.Join(corpus.Jurisdictions, ", "))
	cmd.Flags().StringSliceVar(&f.kind, "kind", nil, "only these: "+strings.Join(corpus.Kinds, ", "))
	cmd.Flags().StringSliceVar(&f.status, "status", nil, "only these: "+strings.Join(corpus.Statuses, ", "))
	cmd.Flags().StringSliceVar(&f.topic, "topic", nil, "only these topics, e.g. deemed-exports (a wrong one lists them all)")
	cmd.Flags().StringSliceVar(&f.collection, "collection", nil, "only these sets of documents: "+corpus.Shipped+", or what 'corpus push --collection' has named")
}

func (f *filterFlags) filter() (retrieval.Filter, error) {
	out := retrieval.Filter{Collections: f.collection}
	var err error
	if out.Jurisdictions, err = parseChoices[corpus.Jurisdiction]("jurisdiction", f.jurisdiction, corpus.Jurisdictions); err != nil {
		return out, err
	}
	if out.Kinds, err = parseChoices[corpus.Kind]("kind", f.kind, corpus.Kinds); err != nil {
		return out, err
	}
	if out.Statuses, err = parseChoices[corpus.Status]("status", f.status, corpus.Statuses); err != nil {
		return out, err
	}
	out.Topics, err = parseChoices[string]("topic", f.topic, corpus.Topics)
	return out, err
}

func newSearch() *cobra.Command {
	var f searchFlags
	cmd := &cobra.Command{
		Use:   "search words",
		Short: "Find passages, with the reason for each",
		Long: `Finds the passages nearest to a question or to some words, by words and by meaning,
in both languages, and shows why each was found: the terms that matched, the
glossary terms that bridged wording or language, how near it is in meaning, and
what raised or lowered it. With --explain, every part's share of the score.`,
		Example: `  kakehashi search "prepublication review"
  kakehashi search --explain "how early do I announce a guest from abroad?"
  kakehashi search --jurisdiction jp --topic deemed-exports 居住者 非居住者
  kakehashi search --json "15 CFR 734.13(b)"`,
		RunE: func(cmd *cobra.Command, args []string) error { return runSearch(cmd, args, f) },
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.lang, "lang", "auto", "edition to show: en, ja, or auto for the question's")
	cmd.Flags().StringVar(&f.asOf, "as-of", "", "leave out documents published after this day, YYYY-MM-DD")
	cmd.Flags().IntVar(&f.limit, "limit", retrieval.DefaultLimit, "how many passages, 1 to 100")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the hits as one JSON array")
	cmd.Flags().BoolVar(&f.explain, "explain", false, "show each part's share of the score")
	cmd.Flags().StringVar(&f.stage, "stage", retrieval.Hybrid.String(), "rank by: hybrid, lexical (words alone) or dense (meaning alone)")
	return cmd
}

func runSearch(cmd *cobra.Command, args []string, f searchFlags) error {
	q := retrieval.Query{Text: strings.Join(args, " "), Limit: f.limit}
	var err error
	if q.Filter, err = f.filter(); err != nil {
		return err
	}
	if q.Language, err = parseLanguage(f.lang); err != nil {
		return err
	}
	if q.Filter.AsOf, err = parseAsOf(f.asOf); err != nil {
		return err
	}
	if f.limit < 1 || f.limit > 100 {
		return usageError("limit %d: want 1 to 100", f.limit)
	}
	if q.Stage, err = parseStage(f.stage); err != nil {
		return err
	}
	if err := answer.CheckText(q.Text); err != nil {
		return err
	}
	if guard.Marked(q.Text) {
		return &exitError{exitRefused, fmt.Errorf("the text carries a marking of controlled or classified information and was not searched for")}
	}
	p, err := build(cmd.Context(), "", cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	if q.Stage != retrieval.Lexical {
		with, err := retrieval.Embedded(cmd.Context(), p.embedder, q)
		switch {
		case err == nil:
			q = with
		case q.Stage == retrieval.Dense || cmd.Context().Err() != nil:
			return err
		default:
			fmt.Fprintf(cmd.ErrOrStderr(), "kakehashi: found by words alone: %v\n", err)
		}
	}
	hits, err := p.index.Search(cmd.Context(), q)
	if err != nil {
		return err
	}
	if f.json {
		return writeJSON(cmd.OutOrStdout(), hitObjects(hits))
	}
	return renderHits(newTerminal(cmd.OutOrStdout()), hits, retrieval.ReaderLanguage(q.Language, q.Text), f.explain)
}

func parseStage(s string) (retrieval.Stage, error) {
	for _, stage := range []retrieval.Stage{retrieval.Hybrid, retrieval.Lexical, retrieval.Dense} {
		if s == stage.String() {
			return stage, nil
		}
	}
	return 0, usageError("stage %q: want hybrid, lexical or dense", s)
}

// hitObject is a hit in JSON.
type hitObject struct {
	Rank int `json:"rank"`
	passageObject
	Document   string            `json:"document"`
	Title      string            `json:"title"`
	Score      float64           `json:"score"`
	Words      float64           `json:"words"`   // share of the score that the words gave
	Meaning    float64           `json:"meaning"` // share that the meaning gave
	Lexical    float64           `json:"lexical"` // BM25
	Dense      float64           `json:"dense"`   // cosine
	Sentences  []float32         `json:"sentences"`
	Terms      []retrieval.Share `json:"terms"`
	Expansions []string          `json:"expansions"`
	Priors     []retrieval.Prior `json:"priors"`
}

func hitObjects(hits []retrieval.Hit) []hitObject {
	out := []hitObject{}
	for i, h := range hits {
		out = append(out, hitObject{
			Rank: i + 1, passageObject: newPassageObject(h.Document, h.Edition, h.Passage),
			Document: h.Document.ID, Title: h.Edition.Title, Score: h.Score,
			Words: h.Why.Words, Meaning: h.Why.Meaning, Lexical: h.Why.Lexical, Dense: h.Why.Dense, Sentences: append([]float32{}, h.Sentences...),
			Terms: append([]retrieval.Share{}, h.Why.Terms...), Expansions: append([]string{}, h.Why.Expansions...), Priors: append([]retrieval.Prior{}, h.Why.Priors...),
		})
	}
	return out
}

func renderHits(t terminal, hits []retrieval.Hit, lang language.Tag, explain bool) error {
	var b strings.Builder
	word := chooser(lang)
	if len(hits) == 0 {
		fmt.Fprintln(&b, word("Nothing found. Try other words, or fewer filters.", "見つかりません。別の語で、又は絞り込みを減らして試してください。"))
	}
	for i, h := range hits {
		number := fmt.Sprintf("%2d. ", i+1)
		const indent = "    "
		fmt.Fprintln(&b, t.style(bold, t.wrap(indent, number+h.Passage.Locator+" — "+h.Passage.Heading)))
		fmt.Fprintln(&b, indent+t.wrap(indent, h.Edition.Title+" · "+answer.StatusWord(h.Document.Status, lang)+" · "+string(h.Passage.ID)))
		fmt.Fprintln(&b, indent+t.wrap(indent, nearestSentence(h)))
		lines := []string{reasonLine(h, word)}
		if explain {
			lines = explanation(h, word)
		}
		for _, l := range lines {
			fmt.Fprintln(&b, indent+t.style(dim, t.wrap(indent, l)))
		}
		fmt.Fprintln(&b, indent+t.style(dim, t.wrap(indent, answer.Digest(h.Document.AsOf, lang))))
		fmt.Fprintln(&b, indent+h.Document.URL)
	}
	_, err := fmt.Fprint(t.w, b.String())
	return err
}

// nearestSentence is the sentence of a hit that is nearest in meaning, or its first.
func nearestSentence(h retrieval.Hit) string {
	spans, at := corpus.Sentences(h.Passage.Text, h.Edition.Language), 0
	for i, c := range h.Sentences {
		if c > h.Sentences[at] {
			at = i
		}
	}
	return spans[at].Of(h.Passage.Text)
}

// reasonLine writes why a passage was found in one line.
func reasonLine(h retrieval.Hit, word func(en, ja string) string) string {
	const most = 6
	var terms []string
	for _, s := range h.Why.Terms[:min(most, len(h.Why.Terms))] {
		terms = append(terms, s.Term)
	}
	line := fmt.Sprintf("%s %.2f", word("score", "点数"), h.Score)
	if len(terms) > 0 {
		line += word("; words: ", "; 語句: ") + strings.Join(terms, ", ")
	}
	if more := len(h.Why.Terms) - len(terms); more > 0 {
		line += fmt.Sprintf(word(" and %d more", " 他%d件"), more)
	}
	if len(h.Why.Expansions) > 0 {
		line += word("; glossary: ", "; 用語集: ") + strings.Join(h.Why.Expansions, "; ")
	}
	if h.Why.Meaning > 0 {
		line += fmt.Sprintf("; %s %.2f", word("meaning", "意味の近さ"), h.Why.Dense)
	}
	return line + priors(h, word)
}

func priors(h retrieval.Hit, word func(en, ja string) string) string {
	line := ""
	for _, p := range h.Why.Priors {
		line += fmt.Sprintf("; %s ×%.2f", word(p.Name, priorNames[p.Name]), p.Factor)
	}
	return line
}

// explanation writes each part's share of a hit's score.
func explanation(h retrieval.Hit, word func(en, ja string) string) []string {
	out := []string{fmt.Sprintf(word("score %.3f = words %.3f + meaning %.3f", "点数 %.3f = 語句 %.3f + 意味 %.3f"), h.Score, h.Why.Words, h.Why.Meaning) + priors(h, word)}
	if len(h.Why.Terms) > 0 {
		var terms []string
		for _, s := range h.Why.Terms {
			terms = append(terms, fmt.Sprintf("%s %.1f", s.Term, s.Score))
		}
		out = append(out, fmt.Sprintf(word("words: BM25 %.1f: ", "語句: BM25 %.1f: "), h.Why.Lexical)+strings.Join(terms, ", "))
	}
	if len(h.Why.Expansions) > 0 {
		out = append(out, word("glossary: ", "用語集: ")+strings.Join(h.Why.Expansions, "; "))
	}
	if h.Why.Meaning > 0 || len(h.Sentences) > 0 {
		var sentences []string
		for _, c := range h.Sentences {
			sentences = append(sentences, fmt.Sprintf("%.3f", c))
		}
		out = append(out, fmt.Sprintf(word("meaning: cosine %.3f; sentence by sentence: ", "意味: コサイン %.3f; 文ごと: "), h.Why.Dense)+strings.Join(sentences, ", "))
	}
	return out
}

// priorNames are the names of the priors in Japanese.
var priorNames = map[string]string{
	"proposed": "提案段階", "historical": "過去の資料", "superseded": "失効", "rescinded": "廃止", "in the other language": "他言語のみ",
	"provision cited": "引用された条項", "report": "報告書等", "same document": "同じ文書", "both countries": "両国", "other country": "他国", "comparison": "比較",
}
