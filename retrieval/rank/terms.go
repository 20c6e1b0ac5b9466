// Package rank is what all indexes rank by, wherever they keep their terms and
// vectors: the weighted terms of a passage, BM25, the fusion of words and meaning,
// and the order of what was found. Because they share it, a question finds the same
// in each.
package rank

import (
	"math"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
)

// Unit is what an index knows of one passage, all editions together.
type Unit struct {
	Editions [][]Frequency // by edition
	Lengths  []float64     // sum of the weights of all words, by edition
	Locator  []string      // the references in its locators
}

// Frequency is how often a term stands in an edition of a passage, weighted by field.
type Frequency struct {
	Term string
	TF   float64
}

// Analyse gives the units of a document, in the order of its passages, and the words
// of its titles and citations.
func Analyse(a *analysis.Analyzer, tune retrieval.Tuning, d *corpus.Document) (units []Unit, names map[string]bool) {
	units, names = make([]Unit, len(d.Editions[0].Passages)), map[string]bool{}
	for _, e := range d.Editions {
		shared := fieldTerms{tf: map[string]float64{}}
		shared.add(a, e.Title, tune.Title)
		shared.add(a, e.Citation, tune.Citation)
		if len(d.Editions) == 1 {
			shared.add(a, d.TitleJA, tune.Title)
		}
		for t := range shared.tf {
			names[t] = true
		}
		for i, p := range e.Passages {
			own := fieldTerms{tf: make(map[string]float64, len(shared.tf))}
			for t, f := range shared.tf {
				own.tf[t] = f
			}
			own.add(a, p.Locator, tune.Locator)
			units[i].Locator = append(units[i].Locator, a.References(p.Locator)...)
			own.add(a, p.Heading, tune.Heading)
			own.add(a, p.Text, tune.Text)
			frequencies := make([]Frequency, 0, len(own.tf))
			for t, f := range own.tf {
				frequencies = append(frequencies, Frequency{t, f})
			}
			units[i].Editions = append(units[i].Editions, frequencies)
			units[i].Lengths = append(units[i].Lengths, own.length)
		}
	}
	return units, names
}

// fieldTerms sums weighted term frequencies over fields. Title and citation
// are the same for all passages of a document and do not count as length.
type fieldTerms struct {
	tf     map[string]float64
	length float64
}

func (f *fieldTerms) add(a *analysis.Analyzer, text string, weight float64) {
	for _, t := range a.Terms(text) {
		f.tf[t.Text] += weight
		f.length += weight
	}
}

// Normalized is a weighted frequency brought to a passage of average length: BM25's
// tf before saturation. Both lengths are of the same language.
func Normalized(tune retrieval.Tuning, tf, length, average float64) float32 {
	return float32(tf / (1 - tune.B + tune.B*length/average))
}

// Saturate is what a normalized frequency adds to BM25, from 0 to K1+1.
func Saturate(tune retrieval.Tuning, tf float32) float64 {
	return float64(tf) * (tune.K1 + 1) / (float64(tf) + tune.K1)
}

// IDF is the inverse document frequency, in BM25's form that stays above zero, of a
// term that df of the passages have.
func IDF(passages, df int) float64 {
	n := float64(passages)
	return math.Log(1 + (n-float64(df)+0.5)/(float64(df)+0.5))
}
