package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"kakehashi/bot/answer"
	"kakehashi/corpus"
)

type askFlags struct {
	lang         string
	asOf         string
	jurisdiction []string
	json         bool
	batch        string
	contact      string
	both         bool
}

func newAsk() *cobra.Command {
	var f askFlags
	cmd := &cobra.Command{
		Use:   "ask [question]",
		Short: "Answer a question from the library",
		Long: `Answers a question, in the language of the question, with a numbered citation
behind every sentence. The question is taken from the arguments, or from standard
input if there are none. It may be 4,000 characters long.

With --batch, questions are read as JSON lines and answered in order, one answer
object a line:

  {"id":"1","q":"…","lang":"ja","history":[{"role":"user","text":"…"}],"as_of":"2025-01-31"}

Only "q" is required. A line that cannot be read is answered by an object with
the outcome "error", and the rest go on.

` + exitCodes,
		Example: `  kakehashi ask "From what amount does a university report foreign gifts under section 117?"
  kakehashi ask みなし輸出の特定類型②とは何ですか
  kakehashi ask --json --as-of 2024-06-30 "Is the Affiliates Rule in force?"
  kakehashi ask --batch questions.jsonl > answers.jsonl`,
		RunE: func(cmd *cobra.Command, args []string) error { return runAsk(cmd, args, f) },
	}
	cmd.Flags().StringVar(&f.lang, "lang", "auto", "language of the answer: en, ja, or auto for the question's")
	cmd.Flags().StringVar(&f.asOf, "as-of", "", "answer for this day, YYYY-MM-DD (default today)")
	cmd.Flags().StringSliceVar(&f.jurisdiction, "jurisdiction", nil, "only documents of these: "+strings.Join(corpus.Jurisdictions, ", "))
	cmd.Flags().BoolVar(&f.json, "json", false, "print the answer as one JSON object")
	cmd.Flags().StringVar(&f.batch, "batch", "", "answer the JSON lines of a `FILE`, or - for standard input")
	cmd.Flags().BoolVar(&f.both, "both", false, "show the cited passages in the other language too")
	cmd.Flags().StringVar(&f.contact, "contact", "", "whom to ask where the sources do not answer (default $KAKEHASHI_CONTACT)")
	return cmd
}

func runAsk(cmd *cobra.Command, args []string, f askFlags) error {
	q, err := f.question()
	if err != nil {
		return err
	}
	if f.batch != "" {
		if len(args) > 0 {
			return usageError("--batch takes its questions from a file; drop the question from the command")
		}
		return runBatch(cmd, f, q)
	}
	if q.Text, err = questionText(cmd, args); err != nil {
		return err
	}
	if err := answer.CheckText(q.Text); err != nil {
		return err
	}
	p, err := build(cmd.Context(), f.contact, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	a, err := p.engine.Answer(cmd.Context(), q)
	if err != nil {
		return err
	}
	if f.json {
		err = writeJSON(cmd.OutOrStdout(), a)
	} else {
		err = renderAnswer(newTerminal(cmd.OutOrStdout()), a)
	}
	if err == nil && a.Outcome == answer.Refused {
		return &exitError{code: exitRefused}
	}
	return err
}

// question holds what the flags say of every question.
func (f askFlags) question() (answer.Question, error) {
	var q answer.Question
	var err error
	if q.Language, err = parseLanguage(f.lang); err != nil {
		return q, err
	}
	if q.AsOf, err = parseAsOf(f.asOf); err != nil {
		return q, err
	}
	q.Both = f.both
	q.Filter.Jurisdictions, err = parseChoices[corpus.Jurisdiction]("jurisdiction", f.jurisdiction, corpus.Jurisdictions)
	return q, err
}

// maxInput is how much of standard input is read: more than the longest question
// takes in any encoding, so that a longer one is still told its length.
const maxInput = 8 << 20

func questionText(cmd *cobra.Command, args []string) (string, error) {
	if len(args) > 0 {
		return strings.Join(args, " "), nil
	}
	if isTerminal(cmd.InOrStdin()) {
		return "", usageError("no question; write it behind the command: kakehashi ask \"…\"")
	}
	b, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxInput))
	if err != nil {
		return "", fmt.Errorf("reading the question: %w", err)
	}
	return strings.TrimSpace(strings.TrimPrefix(string(b), "\ufeff")), nil
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func openInput(cmd *cobra.Command, name string) (io.ReadCloser, int64, error) {
	if name == "-" {
		return io.NopCloser(cmd.InOrStdin()), 0, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, 0, usageError("%w", err)
	}
	info, err := file.Stat()
	if err != nil || info.IsDir() {
		file.Close()
		return nil, 0, usageError("%s is not a file", name)
	}
	return file, info.Size(), nil
}
