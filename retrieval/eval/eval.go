// Package eval measures how well passages are found and questions answered: public
// retrieval sets in the BEIR form, and question files of our own. It reads the
// sets, computes the field's measures with their uncertainty, compares two runs,
// and writes what EVALUATION.md reports. It sees the advisor as anybody does,
// through an Index and an Answerer, and never decides anything for it.
package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Run is what was measured on one set. Its JSON form is what a later run is
// compared with.
type Run struct {
	Format     int         `json:"format"`
	Set        SetInfo     `json:"set"`
	Model      string      `json:"model"` // the encoder; "" where words alone ranked
	Seed       uint64      `json:"seed"`  // of every resampling
	Encoding   *Latency    `json:"encoding,omitempty"`
	Rankings   []Ranking   `json:"rankings"`
	Answers    *Answers    `json:"answers,omitempty"`
	Comparison *Comparison `json:"comparison,omitempty"`
}

// Format is the version of a Run's JSON form. It rises when a field changes its
// meaning or goes.
const Format = 1

// SetInfo says what was measured on.
type SetInfo struct {
	Name      string   `json:"name"`
	Split     string   `json:"split,omitempty"`
	Kind      Kind     `json:"kind"`
	SHA256    string   `json:"sha256"`    // of the files read
	Documents int      `json:"documents"` // searched in
	Queries   int      `json:"queries"`   // measured
	Held      int      `json:"held"`      // queries that the set holds, those left out apart
	LeftOut   int      `json:"left_out"`  // for want of a relevant document
	Unknown   []string `json:"unknown,omitempty"`
}

// Kind tells the two forms of sets apart.
type Kind string

// The kinds of sets.
const (
	BEIR  Kind = "beir"
	Asked Kind = "questions"
)

// Target is what a ranking is searched for.
type Target string

// A BEIR set has one passage a document and ranks documents.
const (
	TargetDocument Target = "document"
	TargetPassage  Target = "passage"
)

// Ranking is how one stage of an index ranked the queries of a set.
type Ranking struct {
	Stage   string    `json:"stage"`
	Target  Target    `json:"target"`
	Metrics []string  `json:"metrics"`
	Search  Latency   `json:"search"` // of the index alone, the query's vector made before
	Summary []Summary `json:"summary"`
	Queries []Ranked  `json:"queries"`
}

// Ranked is one query of a Ranking. Values go with Ranking.Metrics.
type Ranked struct {
	ID       string    `json:"id"`
	Language string    `json:"language"`
	Rank     int       `json:"rank"` // of the first relevant one, from 1; 0 if it is not among the first Depth
	Values   []float64 `json:"values"`
	Missed   *Missed   `json:"missed,omitempty"` // where nothing relevant is among the first ten
}

// Missed is for people: what was asked, what should have come and what came.
type Missed struct {
	Text   string   `json:"text"`
	Wanted []string `json:"wanted"`
	Came   []string `json:"came"` // best first
}

// Summary are the means over the queries of one language, or of "all".
type Summary struct {
	Language string     `json:"language"`
	Queries  int        `json:"queries"`
	Means    []Estimate `json:"means"` // go with Ranking.Metrics
}

// all stands for every language.
const all = "all"

// languages are those that are summed up, in the order of reports.
func languages() []string { return []string{"en", "ja", all} }

// ReadRun reads a saved run and checks it.
func ReadRun(r io.Reader) (Run, error) {
	dec := json.NewDecoder(r)
	var run Run
	if err := dec.Decode(&run); err != nil {
		return Run{}, fmt.Errorf("no saved run (it is made by kakehashi eval --json): %w", err)
	}
	if dec.More() {
		return Run{}, errors.New("no saved run: something follows it")
	}
	if run.Format != Format {
		return Run{}, fmt.Errorf("a saved run of format %d, this program reads format %d: measure again", run.Format, Format)
	}
	for _, rk := range run.Rankings {
		for _, q := range rk.Queries {
			if len(q.Values) != len(rk.Metrics) {
				return Run{}, fmt.Errorf("a damaged run: query %q has %d values for %d metrics", q.ID, len(q.Values), len(rk.Metrics))
			}
		}
		for _, s := range rk.Summary {
			if len(s.Means) != len(rk.Metrics) {
				return Run{}, fmt.Errorf("a damaged run: the summary of stage %q has %d means for %d metrics", rk.Stage, len(s.Means), len(rk.Metrics))
			}
		}
	}
	return run, nil
}

// Summarise works out the means of a ranking by language, with their intervals.
// Languages without a query are left out.
func (rk *Ranking) Summarise(seed uint64) {
	rk.Summary = nil
	for _, lang := range languages() {
		var rows [][]float64
		for _, q := range rk.Queries {
			if lang == all || q.Language == lang {
				rows = append(rows, q.Values)
			}
		}
		if len(rows) > 0 {
			rk.Summary = append(rk.Summary, Summary{lang, len(rows), Bootstrap(rows, seed)})
		}
	}
}
