package main

import (
	"context"
	"crypto/rand"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"kakehashi/bot/answer"
	"kakehashi/corpus"
	"kakehashi/corpus/library"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/embed/e5"
	"kakehashi/retrieval/local"
)

// parts are the advisor without a platform.
type parts struct {
	library  *corpus.Library
	index    retrieval.Index
	embedder embed.Embedder
	engine   *answer.Engine
}

// build reads the shipped library and indexes it in process. What the user must
// know of it goes to stderr.
func build(ctx context.Context, contact string, stderr io.Writer) (parts, error) {
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
	analyzer, tuning := analysis.NewAnalyzer(lib.Glossary), retrieval.DefaultTuning()
	index := local.New(analyzer, tuning)
	encoder, entries, err := encode(ctx, lib, builtIn, stderr)
	if err != nil {
		return parts{}, err
	}
	if err := index.Put(ctx, entries...); err != nil {
		return parts{}, err
	}
	if err := <-loading; err != nil {
		return parts{}, err
	}
	if contact == "" {
		contact = os.Getenv("KAKEHASHI_CONTACT")
	}
	engine := answer.New(lib, index, analyzer, answer.Options{Contact: contact, Now: time.Now, NewID: newID, Tuning: tuning, Encoder: encoder})
	return parts{lib, index, encoder, engine}, nil
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
