package eval

import (
	"errors"
	"fmt"
	"slices"
)

// Comparison is a run held against an earlier one of the same set, query by query,
// of those that both have.
type Comparison struct {
	SameSet  bool            `json:"same_set"` // the files have not changed in between
	OldModel string          `json:"old_model"`
	Rankings []RankingChange `json:"rankings"`
	Answers  *AnswersChange  `json:"answers,omitempty"`
}

// RankingChange compares one stage. Gained and Lost are the queries whose recall@10
// rose and fell.
type RankingChange struct {
	Stage   string         `json:"stage"`
	Target  Target         `json:"target"`
	Queries int            `json:"queries"`
	Metrics []MetricChange `json:"metrics"`
	Gained  []string       `json:"gained"`
	Lost    []string       `json:"lost"`
}

// MetricChange is the difference of two means with the p-value of Permutation.
type MetricChange struct {
	Metric     string  `json:"metric"`
	Old        float64 `json:"old"`
	New        float64 `json:"new"`
	Difference float64 `json:"difference"`
	P          float64 `json:"p"`
}

// AnswersChange compares the replies with the p-value of McNemar. Gained and Lost
// are the questions that became right and wrong.
type AnswersChange struct {
	Old    Share    `json:"old"`
	New    Share    `json:"new"`
	P      float64  `json:"p"`
	Gained []string `json:"gained"`
	Lost   []string `json:"lost"`
}

// Compare holds the run against an old one. Stages that only one of them measured
// are passed over; runs that have nothing in common are an error.
func (run Run) Compare(old Run, seed uint64) (*Comparison, error) {
	if run.Set.Kind != old.Set.Kind {
		return nil, fmt.Errorf("a run on %s cannot be compared with one on %s", run.Set.Kind, old.Set.Kind)
	}
	out := &Comparison{SameSet: run.Set.SHA256 == old.Set.SHA256, OldModel: old.Model}
	for _, rk := range run.Rankings {
		i := slices.IndexFunc(old.Rankings, func(o Ranking) bool {
			return o.Stage == rk.Stage && o.Target == rk.Target && slices.Equal(o.Metrics, rk.Metrics)
		})
		if i < 0 {
			continue
		}
		if change := rk.compare(old.Rankings[i], seed); change.Queries > 0 {
			out.Rankings = append(out.Rankings, change)
		}
	}
	if run.Answers != nil && old.Answers != nil {
		out.Answers = run.Answers.compare(old.Answers)
	}
	if len(out.Rankings) == 0 && out.Answers == nil {
		return nil, errors.New("the two runs have no query of a stage in common")
	}
	return out, nil
}

func (rk Ranking) compare(old Ranking, seed uint64) RankingChange {
	before := make(map[string][]float64, len(old.Queries))
	for _, q := range old.Queries {
		before[q.ID] = q.Values
	}
	out := RankingChange{Stage: rk.Stage, Target: rk.Target}
	differences := make([][]float64, len(rk.Metrics))
	sums := make([]MetricChange, len(rk.Metrics))
	for _, q := range rk.Queries {
		was, both := before[q.ID]
		if !both {
			continue
		}
		out.Queries++
		for m, v := range q.Values {
			differences[m] = append(differences[m], v-was[m])
			sums[m].Old += was[m]
			sums[m].New += v
			if rk.Metrics[m] == recallAt10 && v > was[m] {
				out.Gained = append(out.Gained, q.ID)
			}
			if rk.Metrics[m] == recallAt10 && v < was[m] {
				out.Lost = append(out.Lost, q.ID)
			}
		}
	}
	for m, s := range sums {
		n := float64(max(out.Queries, 1))
		out.Metrics = append(out.Metrics, MetricChange{
			Metric: rk.Metrics[m], Old: s.Old / n, New: s.New / n, Difference: (s.New - s.Old) / n, P: Permutation(differences[m], seed),
		})
	}
	return out
}

func (a *Answers) compare(old *Answers) *AnswersChange {
	before := map[string]bool{}
	for _, j := range old.Questions {
		before[j.ID] = j.Right
	}
	var out AnswersChange
	was, is, n := 0, 0, 0
	for _, j := range a.Questions {
		right, both := before[j.ID]
		if !both {
			continue
		}
		n++
		was, is = was+one(right), is+one(j.Right)
		switch {
		case j.Right && !right:
			out.Gained = append(out.Gained, j.ID)
		case !j.Right && right:
			out.Lost = append(out.Lost, j.ID)
		}
	}
	if n == 0 {
		return nil
	}
	out.Old, out.New, out.P = Wilson(was, n), Wilson(is, n), McNemar(len(out.Gained), len(out.Lost))
	return &out
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Fall is by how many percentage points fewer questions are right than in an old
// run, of those that both have; negative where more are.
func (run Run) Fall(old Run) (float64, error) {
	if run.Answers == nil || old.Answers == nil {
		return 0, errors.New("both runs must be of a question file")
	}
	change := run.Answers.compare(old.Answers)
	if change == nil {
		return 0, errors.New("the two runs have no question in common")
	}
	return 100 * (change.Old.Of() - change.New.Of()), nil
}
