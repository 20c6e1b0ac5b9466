package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"kakehashi/bot/answer"
	"kakehashi/corpus"
	"kakehashi/corpus/library"
	"kakehashi/database"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/embed/e5"
	"kakehashi/retrieval/local"
	"kakehashi/retrieval/pgvector"
)

// parts are the advisor without a platform.
type parts struct {
	library  *corpus.Library
	index    retrieval.Index
	embedder embed.Embedder
	engine   *answer.Engine
}

// build reads the shipped library and indexes it in process, or takes the index that is
// kept in Postgres where DATABASE_URL names one. What the user must know of it goes to
// stderr.
func build(ctx context.Context, contact string, stderr io.Writer) (parts, error) {
	return buildOn(ctx, openDatabase, contact, stderr)
}

// buildOn is build on a database that is opened so where the index is kept in one.
func buildOn(ctx context.Context, open func(context.Context) (*database.DB, error), contact string, stderr io.Writer) (parts, error) {
	builtIn, loading := e5.New(), make(chan error, 1)
	go func() { // beside the reading of the library
		if os.Getenv(envURL) != "" {
			loading <- nil
			return
		}
		loading <- builtIn.Load()
	}()
	lib, err := corpus.Load(library.Files)
	if err != nil {
		return parts{}, err
	}
	p := parts{library: lib}
	analyzer, tuning := analysis.NewAnalyzer(lib.Glossary), retrieval.DefaultTuning()
	if database.IsPostgres(databaseAddress()) {
		p.index, p.embedder, err = kept(ctx, open, analyzer, tuning, builtIn)
	} else {
		p.index, p.embedder, err = inProcess(ctx, lib, analyzer, tuning, builtIn, stderr)
	}
	if err != nil {
		return parts{}, err
	}
	if err := <-loading; err != nil {
		return parts{}, err
	}
	p.engine = answer.New(lib, p.index, analyzer, answer.Options{Contact: contactOr(contact), Now: time.Now, NewID: newID, Tuning: tuning, Encoder: p.embedder})
	return p, nil
}

func inProcess(ctx context.Context, lib *corpus.Library, a *analysis.Analyzer, tuning retrieval.Tuning, builtIn *e5.Encoder, stderr io.Writer) (retrieval.Index, embed.Embedder, error) {
	index := local.New(a, tuning)
	encoder, entries, err := encode(ctx, lib, builtIn, stderr)
	if err != nil {
		return nil, nil, err
	}
	return index, encoder, index.Put(ctx, entries...)
}

// kept is the index in Postgres. Its connections last as long as the program.
func kept(ctx context.Context, open func(context.Context) (*database.DB, error), a *analysis.Analyzer, tuning retrieval.Tuning, builtIn *e5.Encoder) (retrieval.Index, embed.Embedder, error) {
	db, err := open(ctx)
	if err != nil {
		return nil, nil, err
	}
	index, err := pgvector.Open(ctx, db, a, tuning)
	if err != nil {
		return nil, nil, err
	}
	passages, _, err := index.Frequencies(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	if passages == 0 {
		return nil, nil, errors.New("the database holds no documents yet: run kakehashi corpus push")
	}
	encoder, err := encoderOf(builtIn)
	return index, encoder, err
}

// encoderOf is the encoder that the environment names, or the built-in one.
func encoderOf(builtIn *e5.Encoder) (embed.Embedder, error) {
	if os.Getenv(envURL) == "" {
		return builtIn, nil
	}
	return serverEncoder()
}

func newID() string { return "a-" + strings.ToLower(rand.Text()[:12]) }

// parseLanguage reads a --lang flag or a "lang" field; empty and "auto" leave it
// to the question.
func parseLanguage(s string) (language.Tag, error) {
	switch strings.ToLower(s) {
	case "", "auto":
		return language.Und, nil
	case "en":
		return language.English, nil
	case "ja":
		return language.Japanese, nil
	}
	return language.Und, usageError("language %q: want en, ja or auto", s)
}

func parseAsOf(s string) (corpus.Date, error) {
	if s == "" {
		return corpus.Date{}, nil
	}
	d, err := corpus.ParseDate(s)
	if err != nil {
		return corpus.Date{}, usageError("as-of %w", err)
	}
	return d.Last(), nil
}

// parseChoices checks the values of a filter flag against its vocabulary.
func parseChoices[T ~string](flag string, values, allowed []string) ([]T, error) {
	var out []T
	for _, v := range values {
		if !slices.Contains(allowed, v) {
			return nil, usageError("%s %q: want one of %s", flag, v, strings.Join(allowed, ", "))
		}
		out = append(out, T(v))
	}
	return out, nil
}
