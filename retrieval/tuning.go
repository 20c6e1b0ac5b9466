package retrieval

// Tuning is everything about ranking that can be set. The values of DefaultTuning
// say what they were measured on; EVALUATION.md has the figures.
type Tuning struct {
	// BM25F over the fields of a passage (Robertson & Zaragoza, "The Probabilistic
	// Relevance Framework: BM25 and Beyond", 2009, §3.6): how soon repetition stops
	// to count, how much length counts, and what a word counts in each field.
	K1, B                                   float64
	Title, Citation, Locator, Heading, Text float64

	// How much the kinds of terms count in a query.
	Word, Pair, Bigram, Kana, Identifier, Concept, Everyday float64
	Grammar                                                 float64 // a bigram in which a particle or an ending takes part
	Situation                                               float64 // the rules' words for an everyday matter
	Context                                                 float64 // what earlier turns asked
	Background                                              float64 // what was answered to them

	// Fusion. The BM25 score, divided by the best one, and the cosine, stretched
	// from that of the Depth-th passage to the best one, are added in these shares.
	Meaning  float64 // share of the cosine, 0 to 1; the rest is BM25's
	Depth    int     // passages nearest in meaning that take part without a common word
	Sentence float64 // share of the best sentence in a passage's cosine; the rest is the whole passage's

	Provision float64 // factor for the passage whose locator the query cites

	// Factors on the score for the standing of a document and its language.
	Proposed, Historical, NotInForce float64 // unless the question is about such texts
	OtherLanguage                    float64 // no edition in the reader's language
	BothCountries                    float64 // a bilateral document, where both are asked about
	Bilateral                        float64 // a bilateral document, where one country is asked about
	OtherCountry                     float64 // a document of the country that is not asked about
	Comparison                       float64 // a comparing document, where a comparison is asked for
	Bridge                           float64 // at most, for words that a passage in the other language cannot have
}

// DefaultTuning is what was found best.
func DefaultTuning() Tuning {
	return Tuning{
		K1: 0.8, B: 0.6,
		Title: 1.6, Citation: 1.6, Locator: 2.0, Heading: 2.2, Text: 1.0,
		Word: 1.0, Pair: 0.6, Bigram: 0.55, Grammar: 0.2, Kana: 0.15, Identifier: 1.6, Concept: 1.2, Everyday: 0.6,
		Situation: 0.5, Context: 0.85, Background: 0.2,
		Meaning: 0.4, Depth: 100, Sentence: 0.25,
		Provision: 2.5,
		Proposed:  0.8, Historical: 0.6, NotInForce: 0.5, OtherLanguage: 0.85,
		BothCountries: 1.3, Bilateral: 0.9, OtherCountry: 0.75, Comparison: 1.4, Bridge: 1.2,
	}
}
