package main

import (
	"reflect"
	"testing"
)

func TestTheSameSeedGivesTheSame(t *testing.T) {
	t.Parallel()
	a, b, other := newSynthetic(1, 1000), newSynthetic(1, 1000), newSynthetic(2, 1000)
	if !reflect.DeepEqual(a.entry(7), b.entry(7)) || !reflect.DeepEqual(a.query(3, 1000), b.query(3, 1000)) {
		t.Error("the same seed gives another document or query")
	}
	if reflect.DeepEqual(a.entry(7), other.entry(7)) {
		t.Error("another seed gives the same document")
	}
	for d := range 25 {
		if _, err := a.entry(d).Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestRecallCountsTheTenBest(t *testing.T) {
	t.Parallel()
	var b best
	for i := range 40 {
		b.add(i, float64(i*7%40))
	}
	if len(b.all) != wanted || b.all[0].score != 39 || b.all[wanted-1].score != 30 {
		t.Fatalf("%+v", b.all)
	}
	hits := func(scores ...float64) (out []scored) {
		for _, s := range scores {
			out = append(out, scored{score: s})
		}
		return out
	}
	for _, c := range []struct {
		hits []scored
		want float64
	}{
		{hits(39, 38, 37, 36, 35, 34, 33, 32, 31, 30), 1},
		{hits(39, 38, 37, 36, 35, 29, 28), 0.5},
		{hits(29), 0},
		{nil, 0},
	} {
		if got, ok := share(b.all, c.hits); !ok || got != c.want {
			t.Errorf("%v: %v, %v; want %v", c.hits, got, ok, c.want)
		}
	}
	if _, ok := share(nil, hits(1)); ok {
		t.Error("a recall of nothing")
	}
}
