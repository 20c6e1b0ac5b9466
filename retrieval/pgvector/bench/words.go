package main

import (
	"math"
	"math/rand/v2"
	"strings"
)

// How often words come is made like the shipped library; docs/scale.md sets the figures
// of both side by side.
const (
	// Zipf and Mandelbrot: the word of rank r comes in proportion to 1/(r+offset).
	offset = 25.0

	// Heaps: a text of n words draws on vocabularyFactor × n^vocabularyGrowth.
	vocabularyFactor = 42.0
	vocabularyGrowth = 0.445

	phrasePart   = 0.45 // share of the words that follow the one before as in a set phrase
	phrases      = 3    // words that can do so
	subjectPart  = 0.35 // share of the words that are of the document's subject
	subjectWords = 120

	grammar = 0.38 // share of English words that carry grammar only
)

// vocabulary is how many words there are when a document is written.
func vocabulary(document int) int {
	const words = 65 * perDocument
	return int(vocabularyFactor * math.Pow(float64(words)*float64(document+1), vocabularyGrowth))
}

// ranked is the number below n at a share of the whole, by Zipf and Mandelbrot.
func ranked(share float64, n int) int {
	return min(n-1, int(offset*math.Pow(float64(n)/offset+1, share)-offset))
}

// skewed is a number below n at a share of the whole, the lower ones more often.
func skewed(share float64, n int) int { return int(float64(n) * share * share) }

// words draws some that carry meaning, one after another.
func (d document) words(r *rand.Rand, n int) []int {
	out := make([]int, n)
	for i := range out {
		switch x := r.Float64(); {
		case i > 0 && x < phrasePart:
			next := d.random(phrase, out[i-1]*phrases+r.IntN(phrases))
			out[i] = ranked(next.Float64(), 2*out[i-1]+1000)
		case x < phrasePart+subjectPart:
			own := d.random(subjectWord, d.subject*subjectWords+skewed(r.Float64(), subjectWords))
			out[i] = ranked(own.Float64(), vocabulary(begins(d.subject)))
		default:
			out[i] = ranked(r.Float64(), vocabulary(d.no))
		}
	}
	return out
}

var (
	functionWords = strings.Fields(`the of to and a in or for is that be by as with not on an are from at which this it
		any may must when such if has under other its was their no these before who than all only into been both whose`)
	particles = strings.Fields(`の を に は が と で や する して も された および による される 又は ことができる から
		について しなければならない などの ための における`)
	syllables = strings.Fields(`ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu`)
)

// english spells a word in syllables.
func english(word int) string {
	var b strings.Builder
	for n := word + len(syllables); n > 0; n /= len(syllables) {
		b.WriteString(syllables[n%len(syllables)])
	}
	return b.String()
}

// Characters from a first one on, the earlier ones more often.
const (
	kanji, kanjis       = '一', 1500
	katakana, katakanas = 'ア', 80
	inKatakana          = 0.2 // share of Japanese words
)

// japanese spells a word in two to four kanji, or in katakana.
func (s *synthetic) japanese(word int) string {
	r := s.random(spelling, word)
	size, first, many := 2+skewed(r.Float64(), 3), kanji, kanjis
	if r.Float64() < inKatakana {
		size, first, many = 3+r.IntN(3), katakana, katakanas
	}
	out := make([]rune, size)
	for i := range out {
		out[i] = first + rune(ranked(r.Float64(), many))
	}
	return string(out)
}

// text writes words out with what joins them.
func (d document) text(r *rand.Rand, words []int) string {
	var b strings.Builder
	for i, w := range words {
		last := i == len(words)-1
		switch {
		case d.japanese:
			b.WriteString(d.synthetic.japanese(w))
			if !last {
				b.WriteString(particles[skewed(r.Float64(), len(particles))])
			}
		default:
			for r.Float64() < grammar {
				b.WriteString(functionWords[skewed(r.Float64(), len(functionWords))] + " ")
			}
			b.WriteString(english(w))
			if !last {
				b.WriteByte(' ')
			}
		}
	}
	return b.String()
}
