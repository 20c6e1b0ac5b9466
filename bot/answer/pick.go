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
	maxFromBest       = 4
	maxFromOthers     = 3
	nearEnough        = 0.65
	nearEnoughInside  = 0.3  // in the passage of the best sentence
	nearEnoughSame    = 0.45 // in another passage of the best one's document
	tooAlike          = 0.6
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
	slices.SortStableFunc(ranked, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
	best := ranked[0]
	s := selection{all: all}
	s.add(best)
	s.addAnnounced(best)
	if len(countries) > 1 {
		for _, want := range countries {
			s.addCountry(ranked, want, best.score)
		}
	}
	for _, c := range ranked {
		limit, floor := maxFromOthers, nearEnough
		switch {
		case c.rank == best.rank:
			limit, floor = maxFromBest, nearEnoughInside
		case c.hit.Document == best.hit.Document:
			floor = nearEnoughSame
		}
		if c.score >= floor*best.score && s.from(c.rank) < limit {
			s.add(c)
		}
	}
	s.addException(best)
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

// add takes a sentence, with the one before it where it leans on that, unless it
// says what is said already or there is no room.
func (s *selection) add(c candidate) bool {
	if s.has(c) || len(s.chosen) >= maxSentences {
		return false
	}
	for _, x := range s.chosen {
		if overlap(x.terms, c.terms) > tooAlike {
			return false
		}
	}
	if before, ok := s.before(c); ok && c.leans && !s.has(before) {
		if len(s.chosen)+2 > maxSentences || !s.add(before) {
			return false
		}
	}
	s.chosen = append(s.chosen, c)
	return true
}

// addAnnounced adds the sentences that spell out what the best one, or the one
// right before it, announces.
func (s *selection) addAnnounced(best candidate) {
	from := best
	if before, ok := s.before(best); ok && best.announces == 0 {
		from = before
	}
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

// addCountry makes sure that a question about two countries hears of each.
func (s *selection) addCountry(ranked []candidate, want corpus.Jurisdiction, best float64) {
	speaksFor := func(c candidate) bool { return c.hit.Document.Jurisdiction == want }
	if slices.ContainsFunc(s.chosen, speaksFor) {
		return
	}
	for _, c := range ranked {
		if speaksFor(c) && c.score >= countryNearEnough*best && s.add(c) {
			return
		}
	}
}

// addException adds the exception or condition that stands in the passage of the
// best sentence, without which that sentence would mislead. It takes the place
// of the weakest sentence of another passage if there is no room.
func (s *selection) addException(best candidate) {
	for _, c := range s.all {
		if c.rank != best.rank || !c.exempts || s.has(c) {
			continue
		}
		if len(s.chosen) >= maxSentences && !s.dropWeakest(best.rank) {
			return
		}
		s.add(c)
		return
	}
}

func (s *selection) dropWeakest(keep int) bool {
	weakest := -1
	for i, c := range s.chosen {
		if c.rank != keep && (weakest < 0 || c.score < s.chosen[weakest].score) {
			weakest = i
		}
	}
	if weakest < 0 {
		return false
	}
	s.chosen = slices.Delete(s.chosen, weakest, weakest+1)
	return true
}

// ordered puts the best sentence first, behind the one that it leans on, then
// the others by passage and place.
func (s *selection) ordered(best candidate) []candidate {
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

func place(opening, samePassage bool) int {
	switch {
	case opening:
		return 0
	case samePassage:
		return 1
	}
	return 2
}
