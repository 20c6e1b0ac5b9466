package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"golang.org/x/text/language"

	"kakehashi/bot/answer"
	"kakehashi/bot/thread"
	"kakehashi/corpus"
	"kakehashi/corpus/library"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/embed/cache"
	"kakehashi/retrieval/embed/e5"
	"kakehashi/retrieval/eval"
	"kakehashi/retrieval/local"
)

// encodingSample is how many queries are embedded once more, past any cache, to
// measure the encoder.
const encodingSample = 50

// measureBEIR indexes a public set as the shipped library is, glossary and all, and
// searches for its queries.
func (f *evalFlags) measureBEIR(cmd *cobra.Command) (run eval.Run, err error) {
	ctx := cmd.Context()
	set, err := eval.ReadBEIR(f.beir, f.split)
	if err != nil {
		return run, usageError("%w", err)
	}
	n := len(set.Queries)
	if f.limit > 0 {
		n = min(n, f.limit)
	}
	run = eval.Run{Format: eval.Format, Set: set.Info(n), Seed: evalSeed}
	searching := newMeter(cmd.ErrOrStderr(), "searching")
	defer searching.stop()
	o := eval.Options{Stages: f.ranked, Seed: evalSeed, Progress: searching.report}
	var vectors *cache.Cache // nil where no stage needs one
	encoder := e5.New()
	if f.embeds() {
		if vectors, err = f.openCache(ctx, encoder); err != nil {
			return run, f.resumable(ctx, err)
		}
		defer func() { err = errors.Join(err, vectors.Close()) }()
		run.Model, o.Embedder = vectors.Model(), vectors
	}
	entries, err := f.entries(cmd, set, n, vectors)
	if err != nil {
		return run, f.resumable(ctx, err)
	}
	lib, err := corpus.Load(library.Files)
	if err != nil {
		return run, err
	}
	index := local.New(analysis.NewAnalyzer(lib.Glossary), retrieval.DefaultTuning())
	if err := index.Put(ctx, entries...); err != nil {
		return run, f.resumable(ctx, err)
	}
	if vectors != nil {
		if run.Encoding, err = encoding(ctx, encoder, set.Texts(n)); err != nil {
			return run, f.resumable(ctx, err)
		}
	}
	run.Rankings, err = set.Rank(ctx, index, n, o)
	return run, f.resumable(ctx, err)
}

// embeds tells whether a stage needs vectors.
func (f *evalFlags) embeds() bool {
	return slices.ContainsFunc(f.ranked, func(s retrieval.Stage) bool { return s != retrieval.Lexical })
}

func (f *evalFlags) openCache(ctx context.Context, e embed.Embedder) (*cache.Cache, error) {
	if f.cache == "" {
		file, err := cacheFile()
		if err != nil {
			return nil, usageError("%w, or name a file with --cache", err)
		}
		f.cache = file
	}
	return cache.Open(ctx, f.cache, e)
}

// entries are the documents of a set with their vectors, if there is a cache to
// take them from; the vectors of the first n queries are brought into it as well.
func (f *evalFlags) entries(cmd *cobra.Command, set eval.Set, n int, vectors *cache.Cache) ([]retrieval.Entry, error) {
	if vectors == nil {
		return set.Entries(cmd.Context(), "", nil, false)
	}
	embedding := func(kind embed.Kind, label string) eval.Embedding {
		return func(ctx context.Context, texts []string) ([][]float32, error) {
			m := newMeter(cmd.ErrOrStderr(), label)
			defer m.stop()
			return vectors.EmbedReporting(ctx, kind, texts, m.report)
		}
	}
	entries, err := set.Entries(cmd.Context(), vectors.Model(), embedding(embed.Passage, "embedding documents"), f.sentences)
	if err != nil {
		return nil, err
	}
	_, err = embedding(embed.Query, "embedding queries")(cmd.Context(), set.Texts(n))
	return entries, err
}

// encoding measures the encoder on some of the queries.
func encoding(ctx context.Context, e embed.Embedder, queries []string) (*eval.Latency, error) {
	l, err := eval.Encoding(ctx, e, queries[:min(encodingSample, len(queries))])
	return &l, err
}

// resumable tells somebody who stopped a run that nothing is lost.
func (f *evalFlags) resumable(ctx context.Context, err error) error {
	var file *cache.FileError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &file):
		return usageError("%w", err)
	case ctx.Err() == nil:
		return err
	case f.embeds():
		return fmt.Errorf("stopped; the vectors made so far are kept in %s and the same command goes on from there: %w", f.cache, err)
	}
	return fmt.Errorf("stopped: %w", err)
}

// measureQuestions puts a question file to the advisor as it is shipped.
func (f *evalFlags) measureQuestions(cmd *cobra.Command) (run eval.Run, err error) {
	ctx := cmd.Context()
	qs, err := eval.ReadQuestions(f.questions)
	if err != nil {
		return run, usageError("%w", err)
	}
	qs = qs.First(f.limit)
	p, err := build(ctx, "", cmd.ErrOrStderr())
	if err != nil {
		return run, err
	}
	run = eval.Run{Format: eval.Format, Set: qs.Info(p.library.Documents), Model: p.embedder.Model(), Seed: evalSeed}
	if run.Encoding, err = encoding(ctx, p.embedder, qs.Texts(encodingSample)); err != nil {
		return run, err
	}
	searching, answering := newMeter(cmd.ErrOrStderr(), "searching"), newMeter(cmd.ErrOrStderr(), "answering")
	run.Rankings, err = qs.Find(ctx, p.index, eval.Options{
		Stages: f.ranked, Embedder: p.embedder, Seed: evalSeed, Progress: searching.report,
		Query: func(q eval.Question) retrieval.Query { return p.engine.Query(questionOf(q)) },
	})
	searching.stop()
	if err != nil {
		return run, err
	}
	defer answering.stop()
	run.Answers, err = qs.Ask(ctx, advisor{p}, answering.report)
	return run, err
}

// questionOf is a question of a file as the engine takes it.
func questionOf(q eval.Question) answer.Question {
	out := answer.Question{ID: q.ID, Text: q.Text, Language: language.Make(q.Language)}
	for _, t := range q.History {
		out.History = append(out.History, thread.Turn{Role: thread.Role(t.Role), Text: t.Text})
	}
	return out
}

// advisor lets eval ask the engine.
type advisor struct{ parts }

// Answer implements eval.Answerer.
func (a advisor) Answer(ctx context.Context, q eval.Question) (eval.Reply, error) {
	got, err := a.engine.Answer(ctx, questionOf(q))
	var input *answer.InputError
	if errors.As(err, &input) {
		return eval.Reply{Outcome: string(answer.Failed)}, nil
	}
	if err != nil {
		return eval.Reply{}, err
	}
	out := eval.Reply{Outcome: string(got.Outcome)}
	for _, s := range got.Sources {
		cited := eval.Cited{Document: s.Document, Locator: s.Locator}
		if d, ok := a.library.Document(s.Document); ok {
			cited.Locator = eval.EnglishLocator(d, s.Passage)
		}
		out.Cited = append(out.Cited, cited)
	}
	for _, s := range got.Sentences {
		out.Sentences = append(out.Sentences, s.Text)
		for _, c := range s.Cites {
			out.Quotes = append(out.Quotes, a.quote(c, got.Sources))
		}
	}
	return out, nil
}

// quote is a quotation beside its passage as the library has it. A place in the
// passage that holds other words leaves it without one.
func (a advisor) quote(c answer.Cite, sources []answer.Source) eval.Quote {
	out := eval.Quote{Text: c.Quote}
	i := slices.IndexFunc(sources, func(s answer.Source) bool { return s.N == c.Source })
	if i < 0 {
		return out
	}
	text := []rune(a.text(sources[i]))
	if c.Start >= 0 && c.Start <= c.End && c.End <= len(text) && string(text[c.Start:c.End]) == c.Quote {
		out.Passage = string(text)
	}
	return out
}

// text is what the library or its glossary says at a source.
func (a advisor) text(s answer.Source) string {
	if s.Document == corpus.GlossaryDocument {
		for _, t := range a.library.Glossary {
			if t.PassageID() == s.Passage {
				return t.Text(s.Edition)
			}
		}
		return ""
	}
	d, ok := a.library.Document(s.Document)
	if !ok {
		return ""
	}
	e, _ := d.Edition(s.Edition)
	p, _ := e.Passage(s.Passage)
	return p.Text
}
