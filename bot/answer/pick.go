package answer

import (
	"cmp"
	"slices"

	"kakehashi/corpus"
)

// How many sentences an answer has, and how close to the best one a further one
// must come.
const (
	maxSentences      = 5
	maxGroup          = 3 // a sentence and those that it leans on
	maxFromBest       = 4
	maxFromOthers     = 3
	nearEnough        = 0.65
	nearEnoughInside  = 0.3  // in the passage of the best sentence
	nearEnoughSame    = 0.45 // in another passage of the best one's document
	tooAlike          = 0.6
	formFirst         = 0.3
	countryNearEnough = 0.3 // for the second country of a two-country question
)

// pick chooses the sentences of an answer. The first one answers; then follow
// the rest of its passage in the order of the text, then other passages. The
// result is empty only if there are no candidates.
func pick(all []candidate, countries []corpus.Jurisdiction) []candidate {
	if len(all) == 0 {
		return nil
	}
	ranked := slices.Clone(all)
	slices.SortStableFunc(ranked, byScore)
	s := selection{all: all}
	best := ranked[0]
	for _, c := range ranked {
		if s.add(c) {
			best = c
			break
		}
	}
	s.addAnnounced(best)
	if len(countries) > 1 {
		for _, want := range countries {
			s.addCountry(all, want, best)
		}
	}
	s.addException(best)
	for _, c := range ranked {
		limit, floor := maxFromOthers, nearEnough
		switch {
		case c.rank == best.rank:
			limit, floor = maxFromBest, nearEnoughInside
		case c.hit.Document == best.hit.Document:
			floor = nearEnoughSame
		}
		if c.score >= floor*best.score && s.from(c.rank) < limit && s.add(c) && c.rank == best.rank {
			s.addAnnounced(c)
		}
	}
	if len(s.chosen) < 2 {
		for _, c := range ranked {
			if c.rank == best.rank {
				s.add(c)
			}
			if len(s.chosen) >= 2 {
				break
			}
		}
	}
	return s.ordered(best)
}

// byScore puts the best first.
func byScore(a, b candidate) int { return cmp.Compare(b.score, a.score) }

type selection struct {
	all    []candidate
	chosen []candidate
}

func (s *selection) has(c candidate) bool {
	return slices.ContainsFunc(s.chosen, func(x candidate) bool { return x.rank == c.rank && x.index == c.index })
}

func (s *selection) from(rank int) int {
	n := 0
	for _, c := range s.chosen {
		if c.rank == rank {
			n++
		}
	}
	return n
}

// add takes a sentence, with those before it that it leans on, unless it says
// what is said already, needs too much before it, or there is no room.
func (s *selection) add(c candidate) bool {
	group := []candidate{c}
	for first := c; first.leans; first = group[len(group)-1] {
		before, ok := s.before(first)
		if !ok || s.has(before) {
			break
		}
		group = append(group, before)
	}
	if s.has(c) || len(group) > maxGroup || len(s.chosen)+len(group) > maxSentences {
		return false
	}
	for _, g := range group {
		if slices.ContainsFunc(s.chosen, func(x candidate) bool { return overlap(x.terms, g.terms) > tooAlike }) {
			return false
		}
	}
	s.chosen = append(s.chosen, group...)
	return true
}

// addAnnounced adds the sentences that spell out what a sentence announces.
func (s *selection) addAnnounced(from candidate) {
	for i := 1; i <= from.announces; i++ {
		for _, c := range s.all {
			if c.rank == from.rank && c.index == from.index+i {
				s.add(c)
			}
		}
	}
}

func (s *selection) before(c candidate) (candidate, bool) {
	for _, x := range s.all {
		if x.rank == c.rank && x.index == c.index-1 {
			return x, true
		}
	}
	return candidate{}, false
}

// addCountry makes sure that a question about two countries hears of each from
// its own documents: the sentence that bears most of the question, and of the
// earliest passage among equals.
func (s *selection) addCountry(all []candidate, want corpus.Jurisdiction, best candidate) {
	speaksFor := func(c candidate) bool { return c.hit.Document.Jurisdiction == want }
	if slices.ContainsFunc(s.chosen, speaksFor) {
		return
	}
	own := slices.DeleteFunc(slices.Clone(all), func(c candidate) bool {
		return !speaksFor(c) || c.coverage < countryNearEnough*best.coverage
	})
	slices.SortStableFunc(own, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.coverage-0.02*float64(b.rank), a.coverage-0.02*float64(a.rank)), cmp.Compare(a.rank, b.rank))
	})
	for _, c := range own {
		if s.add(c) {
			return
		}
	}
}

// addException adds the exception or condition that stands in the passage of the
// best sentence, without which that sentence would mislead.
func (s *selection) addException(best candidate) {
	for _, c := range s.all {
		if c.rank == best.rank && c.exempts && !s.has(c) && s.add(c) {
			return
		}
	}
}

// ordered puts in front the sentence that answers most plainly, behind the one
// that it leans on, then the others by passage and place.
func (s *selection) ordered(best candidate) []candidate {
	for _, c := range s.chosen {
		if c.rank == best.rank && plainness(c) > plainness(best) {
			best = c
		}
	}
	first := best
	for first.leans {
		before, ok := s.before(first)
		if !ok || !s.has(before) {
			break
		}
		first = before
	}
	opening := func(c candidate) bool {
		return c.rank == best.rank && c.index >= first.index && c.index <= best.index
	}
	slices.SortStableFunc(s.chosen, func(a, b candidate) int {
		return cmp.Or(
			cmp.Compare(place(opening(a), a.rank == best.rank), place(opening(b), b.rank == best.rank)),
			cmp.Compare(a.rank, b.rank), cmp.Compare(a.index, b.index))
	})
	return s.chosen
}

// plainness weighs the form of an answer more than the choice of sentences does:
// to "when", the date comes first.
func plainness(c candidate) float64 { return c.score + formFirst*min(c.fit, 1) }

func place(opening, samePassage bool) int {
	switch {
	case opening:
		return 0
	case samePassage:
		return 1
	}
	return 2
}
