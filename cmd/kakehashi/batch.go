package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/text/language"

	"kakehashi/bot/answer"
	"kakehashi/bot/thread"
)

// maxLine bounds one line of a batch; a question of 4,000 characters with a long
// history fits many times over.
const maxLine = 1 << 20

// batchLine is one question of a batch file.
type batchLine struct {
	ID      json.RawMessage `json:"id"`
	Q       *string         `json:"q"`
	Lang    string          `json:"lang"`
	History []thread.Turn   `json:"history"`
	AsOf    string          `json:"as_of"`
}

// job is a line on its way through the workers; done receives its answer.
type job struct {
	number int
	line   []byte
	tooBig bool
	done   chan answer.Answer
}

// runBatch answers the lines of a file on all cores and writes the answers in the
// order of the questions.
func runBatch(cmd *cobra.Command, f askFlags, defaults answer.Question) error {
	in, size, err := openInput(cmd, f.batch)
	if err != nil {
		return err
	}
	defer in.Close()
	p, err := build(cmd.Context(), f.contact, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	workers := runtime.GOMAXPROCS(0)
	work, order := make(chan job), make(chan job, 4*workers)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for j := range work {
				j.done <- p.answerLine(ctx, j, defaults)
			}
		})
	}
	show := newProgress(cmd.ErrOrStderr(), size)
	var readErr error
	wg.Go(func() {
		defer close(work)
		defer close(order)
		readErr = readLines(ctx, in, show.read, func(j job) {
			select {
			case order <- j:
				work <- j
			case <-ctx.Done():
			}
		})
	})
	writeErr := writeAnswers(ctx, cmd.OutOrStdout(), order, show)
	cancel()
	for range order { // let the reader go if writing failed
	}
	wg.Wait()
	show.finish()
	return errors.Join(writeErr, readErr, cmd.Context().Err())
}

// readLines hands out the lines that are not blank. A line that is too long is
// passed over to its end and handed out as such.
func readLines(ctx context.Context, in io.Reader, read func(int), give func(job)) error {
	r := bufio.NewReaderSize(in, 64<<10)
	for number := 1; ctx.Err() == nil; number++ {
		var line []byte
		tooBig := false
		for {
			part, err := r.ReadSlice('\n')
			read(len(part))
			if len(line)+len(part) > maxLine {
				tooBig, line = true, nil
			} else if !tooBig {
				line = append(line, part...)
			}
			if err == nil {
				break
			}
			if errors.Is(err, bufio.ErrBufferFull) {
				continue
			}
			if tooBig || len(bytes.TrimSpace(line)) > 0 {
				give(job{number, line, tooBig, make(chan answer.Answer, 1)})
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("reading the batch: %w", err)
		}
		if tooBig || len(bytes.TrimSpace(line)) > 0 {
			give(job{number, line, tooBig, make(chan answer.Answer, 1)})
		}
	}
	return nil
}

func writeAnswers(ctx context.Context, w io.Writer, order <-chan job, show *progress) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for j := range order {
		var a answer.Answer
		select {
		case a = <-j.done:
		case <-ctx.Done():
			return out.Flush()
		}
		if err := enc.Encode(a); err != nil {
			return fmt.Errorf("writing answers: %w", err)
		}
		show.answered(a.Outcome)
		if len(order) == 0 {
			if err := out.Flush(); err != nil {
				return fmt.Errorf("writing answers: %w", err)
			}
		}
	}
	return out.Flush()
}

// answerLine answers one line; whatever is wrong with it becomes an answer with
// the outcome "error" that repeats nothing of the line.
func (p parts) answerLine(ctx context.Context, j job, defaults answer.Question) answer.Answer {
	q, err := parseLine(j, defaults)
	if err == nil {
		var a answer.Answer
		if a, err = p.engine.Answer(ctx, q); err == nil {
			return a
		}
	}
	code := "failure"
	var input *answer.InputError
	if errors.As(err, &input) {
		code = input.Code
	}
	return answer.Failure(q, code, fmt.Sprintf("line %d: %v", j.number, err))
}

func parseLine(j job, q answer.Question) (answer.Question, error) {
	if j.tooBig {
		return q, &answer.InputError{Code: "too_long", Message: fmt.Sprintf("the line is longer than %d bytes", maxLine)}
	}
	j.line = bytes.TrimPrefix(j.line, []byte("\ufeff"))
	if !utf8.Valid(j.line) {
		return q, &answer.InputError{Code: "encoding", Message: "the line is not UTF-8 text"}
	}
	var l batchLine
	if err := json.Unmarshal(j.line, &l); err != nil {
		q.ID = idOf(j.line)
		return q, &answer.InputError{Code: "json", Message: "not a JSON object with the fields id, q, lang, history and as_of"}
	}
	q.ID = idText(l.ID)
	if l.Q == nil {
		return q, &answer.InputError{Code: "empty", Message: "the field q with the question is missing"}
	}
	q.Text, q.History = *l.Q, l.History
	for _, t := range l.History {
		if t.Role != thread.User && t.Role != thread.Assistant {
			return q, &answer.InputError{Code: "history", Message: `a turn's role must be "user" or "assistant"`}
		}
	}
	if l.Lang != "" {
		tag, err := parseLanguage(l.Lang)
		if err != nil {
			return q, &answer.InputError{Code: "lang", Message: "lang must be en, ja or auto"}
		}
		if tag != language.Und {
			q.Language = tag
		}
	}
	if l.AsOf != "" {
		d, err := parseAsOf(l.AsOf)
		if err != nil {
			return q, &answer.InputError{Code: "as_of", Message: "as_of must be a date YYYY-MM-DD"}
		}
		q.AsOf = d
	}
	return q, nil
}

// idOf saves the id of a line whose other fields are broken.
func idOf(line []byte) string {
	var l struct {
		ID json.RawMessage `json:"id"`
	}
	if json.Unmarshal(line, &l) != nil {
		return ""
	}
	return idText(l.ID)
}

// idText takes a string or a number for an id.
func idText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}

// progress tells on a terminal how far a batch has come.
type progress struct {
	w       io.Writer // nil if standard error is no terminal
	size    int64     // of the input; 0 if not known
	mu      sync.Mutex
	bytes   int64
	count   map[answer.Outcome]int
	total   int
	started time.Time
	shown   time.Time
}

func newProgress(w io.Writer, size int64) *progress {
	p := &progress{size: size, count: map[answer.Outcome]int{}, started: time.Now()}
	if isTerminal(w) {
		p.w = w
	}
	return p
}

func (p *progress) read(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bytes += int64(n)
}

func (p *progress) answered(o answer.Outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count[o]++
	p.total++
	if p.w != nil && time.Since(p.shown) > 200*time.Millisecond {
		p.shown = time.Now()
		p.print("\r")
	}
}

func (p *progress) print(lead string) {
	read := ""
	if p.size > 0 {
		read = fmt.Sprintf(", %d%% read", 100*p.bytes/p.size)
	}
	fmt.Fprintf(p.w, "%s%d questions: %d answered, %d declined, %d refused, %d errors%s\x1b[K", lead, p.total,
		p.count[answer.Answered], p.count[answer.Declined], p.count[answer.Refused], p.count[answer.Failed], read)
}

func (p *progress) finish() {
	if p.w != nil && p.total > 0 {
		p.print("\r")
		fmt.Fprintf(p.w, " in %s\n", time.Since(p.started).Round(time.Millisecond))
	}
}
