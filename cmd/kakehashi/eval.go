package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kakehashi/retrieval"
	"kakehashi/retrieval/eval"
)

// evalSeed makes the intervals and p-values of every run the same for the same
// figures.
const evalSeed = 1

type evalFlags struct {
	beir, split, questions   string
	stages                   []string
	limit                    int
	sentences, json          bool
	cache, markdown, date    string
	compare, failBelow       string
	drop                     float64
	ranked                   []retrieval.Stage // the stages, read
	compareRun, failBelowRun *eval.Run         // the saved runs, read
}

func newEval() *cobra.Command {
	var f evalFlags
	cmd := &cobra.Command{
		Use:   "eval",
		Short: "Measure retrieval and answers, and compare two runs",
		Long: `Measures how well passages are found and questions answered, by stage: words alone
(lexical), meaning alone (dense) and both (hybrid).

With --beir, on a public set: a folder with corpus.jsonl, queries.jsonl and
qrels.tsv, or with queries.SPLIT.jsonl and qrels.SPLIT.tsv for --split. The set is
embedded once and kept in the --cache; a run that was stopped goes on where it was.

With --questions, on the shipped library: JSON lines with id, lang, q, history,
answerable, documents, passages, answer and evidence. A question counts as right if
it was answered with the key facts, a right source and quotations that are found
word for word, or declined where it should be.

The --json form is what --compare and --fail-below read.`,
		Example: `  kakehashi eval --beir sets/jsquad
  kakehashi eval --beir sets/obliqa --split dev --limit 200 --stage lexical
  kakehashi eval --questions dev.jsonl --json >before.json
  kakehashi eval --questions dev.jsonl --compare before.json --markdown EVALUATION.md
  kakehashi eval --questions dev.jsonl --fail-below before.json --drop 1.0`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runEval(cmd, f) },
	}
	f.register(cmd)
	return cmd
}

func (f *evalFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.beir, "beir", "", "measure retrieval on the BEIR set in a `FOLDER`")
	flags.StringVar(&f.split, "split", "", "the part of the set to take, e.g. dev or test")
	flags.StringVar(&f.questions, "questions", "", "measure retrieval and answers on the question `FILE`")
	flags.StringSliceVar(&f.stages, "stage", []string{"lexical", "dense", "hybrid"}, "the stages to measure")
	flags.IntVar(&f.limit, "limit", 0, "take the first `N` queries only")
	flags.BoolVar(&f.sentences, "sentences", false, "embed the sentences of a BEIR set too, as the library has them; takes several times as long")
	flags.StringVar(&f.cache, "cache", "", "keep the vectors of a BEIR set in this `FILE` (default in the user's cache folder)")
	flags.BoolVar(&f.json, "json", false, "print the whole run as one JSON object")
	flags.StringVar(&f.markdown, "markdown", "", "put the set's section into this `FILE`, in place of an earlier one")
	flags.StringVar(&f.date, "date", "", "the `DAY` to print there, YYYY-MM-DD")
	flags.StringVar(&f.compare, "compare", "", "compare with the run saved in a `FILE`, with significance and what changed")
	flags.StringVar(&f.failBelow, "fail-below", "", "exit 1 if fewer questions are right than in the run saved in a `FILE`")
	flags.Float64Var(&f.drop, "drop", 1.0, "percentage points that --fail-below lets pass")
}

func runEval(cmd *cobra.Command, f evalFlags) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	measure := f.measureQuestions
	if f.beir != "" {
		measure = f.measureBEIR
	}
	run, err := measure(cmd)
	if err != nil {
		return err
	}
	if f.compareRun != nil {
		if run.Comparison, err = run.Compare(*f.compareRun, evalSeed); err != nil {
			return usageError("comparing with %s: %w", f.compare, err)
		}
	}
	if f.json {
		err = writeJSON(cmd.OutOrStdout(), run)
	} else {
		err = run.WriteText(cmd.OutOrStdout())
	}
	if err == nil && f.markdown != "" {
		err = f.writeSection(run)
	}
	if err != nil || f.failBelowRun == nil {
		return err
	}
	return f.notBelow(run)
}

// notBelow fails where the share of right answers has fallen too far.
func (f *evalFlags) notBelow(run eval.Run) error {
	fall, err := run.Fall(*f.failBelowRun)
	if err != nil {
		return usageError("comparing with %s: %w", f.failBelow, err)
	}
	if fall > f.drop+1e-9 { // 1/3 of the questions less 1/3 is not quite 0
		return &exitError{exitFailure, fmt.Errorf("%.1f percentage points fewer questions are right than in %s; %.1f are let pass", fall, f.failBelow, f.drop)}
	}
	return nil
}

// check refuses what cannot be measured before an hour has been spent on it.
func (f *evalFlags) check(cmd *cobra.Command) error {
	only := func(needed string, given bool, names ...string) error {
		for _, n := range names {
			if cmd.Flags().Changed(n) && !given {
				return usageError("--%s goes with %s", n, needed)
			}
		}
		return nil
	}
	switch {
	case (f.beir == "") == (f.questions == ""):
		return usageError("name one set: --beir FOLDER or --questions FILE")
	case f.limit < 0 || f.limit == 0 && cmd.Flags().Changed("limit"):
		return usageError("limit %d: want 1 or more", f.limit)
	case f.drop < 0 || f.drop > 100 || math.IsNaN(f.drop):
		return usageError("drop %v: want percentage points, 0 to 100", f.drop)
	}
	if _, err := parseAsOf(f.date); err != nil {
		return usageError("date %q: want YYYY-MM-DD", f.date)
	}
	err := errors.Join(only("--beir", f.beir != "", "split", "sentences", "cache"), only("--questions", f.questions != "", "fail-below"),
		only("--fail-below", f.failBelow != "", "drop"), only("--markdown", f.markdown != "", "date"))
	if err != nil {
		return err
	}
	for _, s := range f.stages {
		stage, err := parseStage(strings.TrimSpace(s))
		if err != nil {
			return err
		}
		if !slices.Contains(f.ranked, stage) {
			f.ranked = append(f.ranked, stage)
		}
	}
	if len(f.ranked) == 0 {
		return usageError("no stage: want some of lexical, dense and hybrid")
	}
	if err := f.checkMarkdown(); err != nil {
		return err
	}
	kind := eval.Asked
	if f.beir != "" {
		kind = eval.BEIR
	}
	if f.compareRun, err = readRun(f.compare, kind); err != nil {
		return err
	}
	f.failBelowRun, err = readRun(f.failBelow, kind)
	return err
}

func (f *evalFlags) checkMarkdown() error {
	if f.markdown == "" {
		return nil
	}
	if info, err := os.Stat(f.markdown); err == nil && info.IsDir() {
		return usageError("markdown %s: a folder", f.markdown)
	}
	if info, err := os.Stat(filepath.Dir(f.markdown)); err != nil || !info.IsDir() {
		return usageError("markdown %s: its folder is not there", f.markdown)
	}
	return nil
}

// readRun reads a saved run, which must be of the same kind of set.
func readRun(name string, kind eval.Kind) (*eval.Run, error) {
	if name == "" {
		return nil, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, usageError("%w", err)
	}
	defer file.Close()
	run, err := eval.ReadRun(file)
	if err != nil {
		return nil, usageError("%s: %w", name, err)
	}
	if run.Set.Kind != kind {
		return nil, usageError("%s: a run on a set of the kind %q cannot be compared with one of the kind %q", name, run.Set.Kind, kind)
	}
	return &run, nil
}

// writeSection puts the run into the Markdown file, which may hold other sets and
// text of its own.
func (f *evalFlags) writeSection(run eval.Run) error {
	old, err := os.ReadFile(f.markdown)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return usageError("%w", err)
	}
	var section bytes.Buffer
	if err := run.WriteMarkdown(&section, f.date); err != nil {
		return err
	}
	if err := os.WriteFile(f.markdown, []byte(eval.Splice(string(old), section.String(), run.Set)), 0o644); err != nil {
		return usageError("%w", err)
	}
	return nil
}

// meter tells how far a long piece of work has come: a bar on a terminal, else a
// line every tenth. Of work that is done within a second it says nothing.
type meter struct {
	w        io.Writer
	label    string
	terminal bool
	now      func() time.Time
	started  time.Time
	first    int  // done when it started; -1 before
	told     int  // steps
	open     bool // a bar stands on the terminal's last line
}

func newMeter(w io.Writer, label string) *meter {
	return &meter{w: w, label: label, terminal: isTerminal(w), now: time.Now, first: -1}
}

// report hears of one more piece of work that is done.
func (m *meter) report(done, total int) {
	steps := 10
	if m.terminal {
		steps = 1000
	}
	at := steps * done / max(total, 1)
	if m.first < 0 {
		m.first, m.told, m.started = done, at, m.now()
		return
	}
	took := m.now().Sub(m.started)
	if at == m.told || took < time.Second {
		return
	}
	m.told = at
	line := fmt.Sprintf("%s: %d %%, %d of %d", m.label, 100*done/total, done, total)
	if work := done - m.first; work > 0 && done < total {
		left := took / time.Duration(work) * time.Duration(total-done)
		line += ", about " + max(left.Round(time.Second), time.Second).String() + " left"
	}
	if !m.terminal {
		fmt.Fprintln(m.w, line)
		return
	}
	const width = 20
	full := width * done / total
	fmt.Fprintf(m.w, "\r[%s%s] %s\x1b[K", strings.Repeat("#", full), strings.Repeat(".", width-full), line)
	m.open = true
}

// stop leaves the line of the bar to what comes next.
func (m *meter) stop() {
	if m.open {
		fmt.Fprintln(m.w)
	}
	m.open = false
}
