package answer

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"kakehashi/bot/guard"
	"kakehashi/bot/thread"
	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/embed"
)

// Engine answers questions from a library and its index. It is safe for
// concurrent use.
type Engine struct {
	library    *corpus.Library
	index      retrieval.Index
	analyzer   *analysis.Analyzer
	options    Options
	memo       sync.Map // hash of a passage's text → []sentence
	scope      scope
	references references
}

// Options are what an installation sets.
type Options struct {
	Contact string           // whom to ask where the sources do not answer; "" for a general hint
	Now     func() time.Time // the clock; time.Now if nil
	NewID   func() string    // names an answer whose question has no id; none if nil
	Tuning  retrieval.Tuning // as the index has it; the default if zero
	Encoder embed.Embedder   // as the index has it; nil: found by words alone
}

// New is an engine over a library that the index already holds.
func New(lib *corpus.Library, index retrieval.Index, a *analysis.Analyzer, o Options) *Engine {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Tuning == (retrieval.Tuning{}) {
		o.Tuning = retrieval.DefaultTuning()
	}
	if o.NewID == nil {
		o.NewID = func() string { return "" }
	}
	return &Engine{library: lib, index: index, analyzer: a, options: o, scope: newScope(lib), references: newReferences(lib, a)}
}

// Passages weighed for an answer: the first weighedFirst, and of those further
// down to searchDepth the ones of the documents that stand on top, whose other
// passages often hold the condition or the date that is asked for.
const (
	searchDepth  = 60
	weighedFirst = 8
	topDocuments = 2
	perCountry   = 4 // of each country, where both are asked about
	nearestMax   = 3
)

func weighed(hits []retrieval.Hit) []retrieval.Hit {
	if len(hits) <= weighedFirst {
		return hits
	}
	out := slices.Clone(hits[:weighedFirst])
	top := map[string]bool{}
	for _, h := range hits {
		if len(top) < topDocuments {
			top[h.Document.ID] = true
		}
	}
	for _, h := range hits[weighedFirst:] {
		if top[h.Document.ID] {
			out = append(out, h)
		}
	}
	return out
}

// Answer replies to a question. The error is an *InputError for a question that
// cannot be taken, else a fault of the index; every other ending, declining and
// refusing among them, is an Answer.
func (e *Engine) Answer(ctx context.Context, q Question) (Answer, error) {
	if err := CheckText(q.Text); err != nil {
		return Answer{}, err
	}
	m := messagesFor(retrieval.ReaderLanguage(q.Language, q.Text))
	a := Answer{Schema: SchemaVersion, ID: q.ID, Language: m.language, Sentences: []Sentence{}, Sources: []Source{}, Nearest: []Source{}, Notices: []Notice{}, FollowUps: []string{}}
	if a.ID == "" {
		a.ID = e.options.NewID()
	}
	if guard.Marked(q.Text) || markedHistory(q.History) {
		a.Outcome = Refused
		a.note(NoticeRefused, m.refused)
		a.note(NoticeContact, m.contact(e.options.Contact))
		return a, nil
	}
	return e.answer(ctx, q, a, m)
}

func markedHistory(history []thread.Turn) bool {
	for _, t := range history {
		if guard.Marked(t.Text) {
			return true
		}
	}
	return false
}

func (e *Engine) answer(ctx context.Context, q Question, a Answer, m messages) (Answer, error) {
	today := corpus.DateOf(e.options.Now())
	if q.AsOf.IsZero() {
		q.AsOf = today
	}
	r := thread.Resolve(e.analyzer, q.History, q.Text)
	if t, ok := e.termAsked(r); ok {
		return e.answerTerm(a, m, t), nil
	}
	query, encoded := e.embedded(ctx, queryFor(q, r, m))
	hits, err := e.index.Search(ctx, query)
	if err != nil {
		return Answer{}, err
	}
	question, err := e.understand(ctx, query)
	if err != nil {
		return Answer{}, err
	}
	if why := e.scope.outside(e, question, r, hits); why != inScope {
		a = e.decline(a, m, why, hits)
		a.noteIf(!encoded, NoticeWords, m.wordsOnly)
		return a, nil
	}
	picked, err := e.draft(ctx, query, question, hits)
	if err != nil {
		return Answer{}, err
	}
	if t, _, says := e.termDefined(r, m.language); says {
		e.sayTerm(&a, m, t)
		picked = picked[:min(len(picked), maxSentences-len(a.Sentences))]
	}
	e.say(&a, m, picked, q.AsOf, today)
	if len(a.Sentences) == 0 {
		return e.decline(a, m, notHeld, hits), nil
	}
	a.Outcome = Answered
	if q.Both {
		e.addOtherEditions(a.Sources)
	}
	if r.Context != "" {
		a.note(NoticeContext, m.context(r.Context))
	}
	a.noteIf(!encoded, NoticeWords, m.wordsOnly)
	a.FollowUps = e.followUps(m, hits, a.Sources, r)
	return a, nil
}

// embedded adds the meaning of a question to its words. Where the encoder fails the
// words alone must do, and the answer says so: false.
func (e *Engine) embedded(ctx context.Context, q retrieval.Query) (retrieval.Query, bool) {
	if e.options.Encoder == nil {
		return q, true
	}
	with, err := retrieval.Embedded(ctx, e.options.Encoder, q)
	if err != nil {
		slog.WarnContext(ctx, "searching by words alone", "error", err)
		return q, false
	}
	return with, true
}

// Query is the search that a question leads to, before its meaning is added: what a
// measurement of the search alone puts to the index.
func (e *Engine) Query(q Question) retrieval.Query {
	return queryFor(q, thread.Resolve(e.analyzer, q.History, q.Text), messagesFor(retrieval.ReaderLanguage(q.Language, q.Text)))
}

// queryFor is the search for a question. A follow-up that turns to the other
// country is searched in that country's documents and the shared ones.
func queryFor(q Question, r thread.Resolved, m messages) retrieval.Query {
	query := retrieval.Query{Text: r.Text, Context: r.Context, Background: r.Background, Language: m.language, Filter: q.Filter, Limit: searchDepth}
	query.Filter.AsOf = q.AsOf.Last()
	if r.Country != "" && len(query.Filter.Jurisdictions) == 0 {
		query.Filter.Jurisdictions = []corpus.Jurisdiction{r.Country, corpus.Bilateral, corpus.Multilateral}
	}
	return query
}

// draft picks the sentences to say from the passages found.
func (e *Engine) draft(ctx context.Context, query retrieval.Query, question asked, hits []retrieval.Hit) ([]candidate, error) {
	countries := e.sideBySide(query, question.kind)
	hits, err := e.withCountries(ctx, query, weighed(hits), countries)
	if err != nil {
		return nil, err
	}
	return e.withReference(question, pick(e.candidates(question, hits), countries)), nil
}

// understand weighs the question's terms by how rare they are in the index.
func (e *Engine) understand(ctx context.Context, q retrieval.Query) (asked, error) {
	u := retrieval.Understand(e.analyzer, e.options.Tuning, q)
	texts := make([]string, len(u.Terms))
	for i, t := range u.Terms {
		texts[i] = t.Text
	}
	passages, df, err := e.index.Frequencies(ctx, texts)
	if err != nil {
		return asked{}, err
	}
	return e.weigh(u, q.Text, passages, df), nil
}

// sideBySide are the countries of which the answer must hear each: both, where
// the question names both other than as parties of one agreement.
func (e *Engine) sideBySide(q retrieval.Query, k kind) []corpus.Jurisdiction {
	countries := retrieval.Countries(q.Text)
	if len(countries) == 0 {
		countries = retrieval.Countries(q.Context)
	}
	if len(countries) < 2 || (k != kindDifference && retrieval.NamesPair(q.Text)) {
		return nil
	}
	return countries
}

// withCountries adds what each country's own documents say.
func (e *Engine) withCountries(ctx context.Context, q retrieval.Query, hits []retrieval.Hit, countries []corpus.Jurisdiction) ([]retrieval.Hit, error) {
	if len(q.Filter.Jurisdictions) > 0 {
		return hits, nil
	}
	if len(countries) > 0 { // in a country's own documents, the other one's name only misleads
		q.Text, q.Context = retrieval.WithoutCountries(q.Text), retrieval.WithoutCountries(q.Context)
	}
	for _, c := range countries {
		q.Filter.Jurisdictions, q.Limit = []corpus.Jurisdiction{c}, perCountry
		own, err := e.index.Search(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, h := range own {
			if !slices.ContainsFunc(hits, func(x retrieval.Hit) bool { return x.Passage.ID == h.Passage.ID }) {
				hits = append(hits, h)
			}
		}
	}
	return hits, nil
}

func (a *Answer) note(code NoticeCode, text string) {
	a.Notices = append(a.Notices, Notice{code, text})
}

func (a *Answer) noteIf(is bool, code NoticeCode, text string) {
	if is {
		a.note(code, text)
	}
}

// decline says that the sources do not hold the answer, shows what is nearest and
// whom to ask.
func (e *Engine) decline(a Answer, m messages, why reason, hits []retrieval.Hit) Answer {
	a.Outcome = Declined
	a.Sentences, a.Sources = []Sentence{}, []Source{}
	a.Notices = []Notice{}
	a.note(NoticeDeclined, m.declined(why))
	a.note(NoticeContact, m.contact(e.options.Contact))
	if why.showsNearest() {
		for _, h := range hits[:min(nearestMax, len(hits))] {
			a.Nearest = append(a.Nearest, sourceOf(h, len(a.Nearest)+1, m))
		}
	}
	return a
}
