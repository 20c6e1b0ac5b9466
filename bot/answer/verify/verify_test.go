package verify_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/language"

	"kakehashi/bot/answer/verify"
	"kakehashi/corpus"
	"kakehashi/corpus/library"
)

// texts holds wordings by version, as a library does.
type texts map[corpus.Version]string

func (t texts) Text(v corpus.Version) (string, bool) {
	s, ok := t[v]
	return s, ok
}

func version(id, text string) corpus.Version {
	return corpus.Version{Passage: corpus.PassageID(id), Hash: corpus.HashText(text)}
}

const (
	english = "Under 15 CFR § 734.8(b), BIS tolerates three kinds of review. Institutions must report gifts of $250,000 or more to the Department of Education by 31 January and 31 July. " +
		"The exclusion does not apply to equipment.\nA licence is\u00a0valid for 2 years."
	japanese = "経済産業省の役務通達によれば、居住者は2022年5月1日から特定類型に該当し得る。年間所得の25%以上を外国政府から得る者がこれに当たる。研究成果の公表には許可は必要ではない。罰金は5,000万円以下である。"
)

var held = texts{version("en#1", english): english, version("ja#1", japanese): japanese}

func cite(id, quote string) verify.Cite {
	text := english
	if strings.HasPrefix(id, "ja") {
		text = japanese
	}
	return verify.Cite{Version: version(id, text), Quote: quote}
}

func TestSoundSentencesStand(t *testing.T) {
	t.Parallel()
	gifts := "Institutions must report gifts of $250,000 or more to the Department of Education by 31 January and 31 July."
	for _, c := range []verify.Claim{
		{Text: gifts, Cites: []verify.Cite{cite("en#1", gifts)}},
		{Text: "The exclusion does not apply to equipment.", Cites: []verify.Cite{cite("en#1", "The exclusion does not apply to equipment.")}},
		// White space is folded, a no-break space among it.
		{Text: "A licence is valid for 2 years.", Cites: []verify.Cite{cite("en#1", "A licence is\nvalid for 2 years.")}},
		// In other words, its facts in their order.
		{Text: "Gifts worth $250,000 or more must be reported.", Cites: []verify.Cite{cite("en#1", "must report gifts of $250,000 or more")}},
		{Text: "年間所得の25%以上を外国政府から得る者がこれに当たる。", Cites: []verify.Cite{cite("ja#1", "年間所得の25%以上を外国政府から得る者がこれに当たる。")}},
		{Text: "罰金は5,000万円以下。", Cites: []verify.Cite{cite("ja#1", "罰金は5,000万円以下である。")}},
	} {
		if faults := verify.Check(c, held); len(faults) > 0 {
			t.Errorf("%q: %v", c.Text, faults)
		}
	}
}

func TestUnsoundSentencesFall(t *testing.T) {
	t.Parallel()
	gifts := "Institutions must report gifts of $250,000 or more to the Department of Education by 31 January and 31 July."
	for name, c := range map[string]verify.Claim{
		"no citation":            {Text: "A licence is valid for 2 years."},
		"empty":                  {Text: " ", Cites: []verify.Cite{cite("en#1", gifts)}},
		"empty quotation":        {Text: gifts, Cites: []verify.Cite{cite("en#1", " ")}},
		"unknown passage":        {Text: gifts, Cites: []verify.Cite{{Version: version("en#9", english), Quote: gifts}}},
		"older version":          {Text: gifts, Cites: []verify.Cite{{Version: version("en#1", english+" "+"x"), Quote: gifts}}},
		"another passage":        {Text: gifts, Cites: []verify.Cite{{Version: version("ja#1", japanese), Quote: gifts}}},
		"one quotation invented": {Text: gifts, Cites: []verify.Cite{cite("en#1", gifts), cite("en#1", "and so on")}},
		"negation cut off":       {Text: "The exclusion applies to equipment.", Cites: []verify.Cite{cite("en#1", "The exclusion does not apply to equipment.")}},
		"cut inside a word":      {Text: "pply to equipment.", Cites: []verify.Cite{cite("en#1", "pply to equipment.")}},
		"cut inside a number":    {Text: "$250", Cites: []verify.Cite{cite("en#1", "$250")}},
		"cut inside a section":   {Text: "15 CFR § 734", Cites: []verify.Cite{cite("en#1", "15 CFR § 734")}},
		"cut inside a date":      {Text: "2022年5", Cites: []verify.Cite{cite("ja#1", "2022年5")}},
		"other paragraph":        {Text: "Under 15 CFR § 734.8(a), BIS tolerates three kinds of review.", Cites: []verify.Cite{cite("en#1", "Under 15 CFR § 734.8(b), BIS tolerates three kinds of review.")}},
		"number in words":        {Text: "Under 15 CFR § 734.8(b), BIS tolerates four kinds of review.", Cites: []verify.Cite{cite("en#1", "Under 15 CFR § 734.8(b), BIS tolerates three kinds of review.")}},
		"other unit":             {Text: "A licence is valid for 2 months.", Cites: []verify.Cite{cite("en#1", "A licence is valid for 2 years.")}},
		"may for must":           {Text: strings.Replace(gifts, "must", "may", 1), Cites: []verify.Cite{cite("en#1", gifts)}},
		"less for more":          {Text: "gifts of less than $250,000", Cites: []verify.Cite{cite("en#1", "gifts of $250,000 or more")}},
		"dates swapped":          {Text: "by 31 July and 31 January", Cites: []verify.Cite{cite("en#1", "by 31 January and 31 July")}},
		"以下 for 以上":              {Text: "年間所得の25%以下を外国政府から得る者がこれに当たる。", Cites: []verify.Cite{cite("ja#1", "年間所得の25%以上を外国政府から得る者がこれに当たる。")}},
		"必要 for 必要ではない":          {Text: "研究成果の公表には許可は必要である。", Cites: []verify.Cite{cite("ja#1", "研究成果の公表には許可は必要ではない。")}},
		"他の省":                    {Text: "文部科学省の役務通達によれば、居住者は2022年5月1日から特定類型に該当し得る。", Cites: []verify.Cite{cite("ja#1", "経済産業省の役務通達によれば、居住者は2022年5月1日から特定類型に該当し得る。")}},
		"億 for 万":                {Text: "罰金は5,000億円以下である。", Cites: []verify.Cite{cite("ja#1", "罰金は5,000万円以下である。")}},
	} {
		if faults := verify.Check(c, held); len(faults) == 0 {
			t.Errorf("%s gets through: %q", name, c.Text)
		}
	}
}

// A change of a digit, a date, a name, a negation or an attribution must never get
// through: 1,000 sentences of the library, changed.
func TestNoChangedSentenceGetsThrough(t *testing.T) {
	t.Parallel()
	const perKind = 100
	for _, lang := range []language.Tag{language.English, language.Japanese} {
		source, sentences := librarySentences(t, lang)
		for kind, change := range changes {
			t.Run(fmt.Sprintf("%s/%s", lang, kind), func(t *testing.T) {
				t.Parallel()
				rng := rand.New(rand.NewPCG(11, uint64(len(kind)))) // the same cases every time
				for n, tries := 0, 0; n < perKind; tries++ {
					if tries > 400*perKind {
						t.Fatalf("only %d cases found", n)
					}
					s := sentences[rng.IntN(len(sentences))]
					claim := verify.Claim{Text: s.text, Cites: []verify.Cite{{Version: s.version, Quote: s.text}}}
					if faults := verify.Check(claim, source); len(faults) > 0 {
						t.Fatalf("the sentence itself falls: %v", faults)
					}
					if !change(rng, lang, &claim, sentences) || verify.Fold(claim.Text) == verify.Fold(s.text) && claim.Cites[0].Version == s.version {
						continue
					}
					n++
					if faults := verify.Check(claim, source); len(faults) == 0 {
						t.Errorf("gets through: %q\nfrom        %q", claim.Text, s.text)
					}
				}
			})
		}
	}
}

type sentence struct {
	text    string
	version corpus.Version
}

func librarySentences(t *testing.T, lang language.Tag) (texts, []sentence) {
	t.Helper()
	lib, err := corpus.Load(library.Files)
	if err != nil {
		t.Fatal(err)
	}
	held, out := texts{}, []sentence(nil)
	for _, d := range lib.Documents {
		e, ok := d.Edition(lang)
		if !ok {
			continue
		}
		for _, p := range e.Passages {
			held[p.Version()] = p.Text
			for _, s := range corpus.Sentences(p.Text, lang) {
				out = append(out, sentence{s.Of(p.Text), p.Version()})
			}
		}
	}
	return held, out
}

var changes = map[string]func(*rand.Rand, language.Tag, *verify.Claim, []sentence) bool{
	"digit": func(rng *rand.Rand, _ language.Tag, c *verify.Claim, _ []sentence) bool {
		rs := []rune(c.Text)
		var at []int
		for i, r := range rs {
			if r >= '0' && r <= '9' {
				at = append(at, i)
			}
		}
		if len(at) == 0 {
			return false
		}
		i := at[rng.IntN(len(at))]
		rs[i] = '0' + (rs[i]-'0'+1+rune(rng.IntN(9)))%10
		c.Text = string(rs)
		return true
	},
	"date": func(rng *rand.Rand, lang language.Tag, c *verify.Claim, _ []sentence) bool {
		dates := corpus.DatesIn(c.Text)
		if len(dates) == 0 {
			return false
		}
		m := dates[rng.IntN(len(dates))]
		d := m.Date
		switch rng.IntN(3) {
		case 0:
			d.Year++
		case 1:
			d.Month = d.Month%12 + 1
		default:
			if d.Day == 0 {
				return false
			}
			d.Day = d.Day%28 + 1
		}
		if d == m.Date {
			return false
		}
		c.Text = c.Text[:m.Start] + d.In(lang) + c.Text[m.End:]
		return true
	},
	"name": func(rng *rand.Rand, lang language.Tag, c *verify.Claim, _ []sentence) bool {
		return replaceName(rng, lang, c)
	},
	"negation": func(rng *rand.Rand, lang language.Tag, c *verify.Claim, _ []sentence) bool {
		return negate(rng, lang, c)
	},
	"attribution": func(rng *rand.Rand, lang language.Tag, c *verify.Claim, all []sentence) bool {
		if rng.IntN(2) == 0 {
			return swapNames(rng, lang, c)
		}
		other := all[rng.IntN(len(all))]
		if other.version == c.Cites[0].Version || other.text == c.Text {
			return false
		}
		c.Cites[0].Version = other.version
		return true
	},
}

var (
	names = map[language.Tag][]string{
		language.English: {"BIS", "METI", "NSF", "NIH", "Department of Energy", "Entity List", "State Department", "MEXT", "Kyoto University", "Unverified List",
			"Canada", "Secretary of Defense", "ITAR", "EAR", "Cabinet Office", "Smith", "OFAC", "DCSA"},
		language.Japanese: {"経済産業省", "文部科学省", "防衛省", "外務省", "エンティティ・リスト", "カナダ", "内閣府", "京都大学", "国務省", "特許庁", "スミス", "外国ユーザーリスト", "DCSA", "ITAR"},
	}
	nameEN = regexp.MustCompile(`\b[A-Z]{3,}\b|\b[A-Z][a-z]+(?: of)?(?: [A-Z][a-z]+)+\b`)
	nameJA = regexp.MustCompile(`経済産業省|文部科学省|防衛省|外務省|エンティティ・リスト|外国ユーザーリスト|内閣府|国務省|商務省|財務省|米国|日本|中国|[A-Z]{3,}|[ァ-ヺー]{4,}`)
)

func namesIn(lang language.Tag, s string) [][]int {
	if lang == language.Japanese {
		return nameJA.FindAllStringIndex(s, -1)
	}
	return nameEN.FindAllStringIndex(s, -1)
}

func replaceName(rng *rand.Rand, lang language.Tag, c *verify.Claim) bool {
	at := namesIn(lang, c.Text)
	if len(at) == 0 {
		return false
	}
	m := at[rng.IntN(len(at))]
	other := names[lang][rng.IntN(len(names[lang]))]
	if strings.Contains(c.Text, other) { // it would only say another name of the sentence twice
		return false
	}
	c.Text = c.Text[:m[0]] + other + c.Text[m[1]:]
	return true
}

// swapNames lets two names of a sentence change places.
func swapNames(rng *rand.Rand, lang language.Tag, c *verify.Claim) bool {
	at := namesIn(lang, c.Text)
	if len(at) < 2 {
		return false
	}
	i := rng.IntN(len(at) - 1)
	a, b := at[i], at[i+1]
	one, two := c.Text[a[0]:a[1]], c.Text[b[0]:b[1]]
	if one == two || strings.Count(c.Text, one) > 1 || strings.Count(c.Text, two) > 1 {
		return false
	}
	c.Text = c.Text[:a[0]] + two + c.Text[a[1]:b[0]] + one + c.Text[b[1]:]
	return true
}

var negations = map[language.Tag][][2]string{
	language.English: {
		{" is ", " is not "}, {" are ", " are not "}, {" must ", " must not "}, {" may ", " may not "}, {" can ", " cannot "},
		{" does not ", " does "}, {" is not ", " is "}, {" not ", " "}, {" no ", " a "}, {" without ", " with "}, {" was ", " was not "},
		{" unless ", " if "}, {" except ", " including "}, {" never ", " always "}, {" neither ", " either "},
	},
	language.Japanese: {
		{"である。", "ではない。"}, {"できる。", "できない。"}, {"ではない", "である"}, {"しなければならない", "する必要はない"}, {"適用される", "適用されない"},
		{"必要である", "必要ではない"}, {"されない", "される"}, {"しない", "する"}, {"を除き", "を含め"}, {"した。", "しなかった。"}, {"された。", "されなかった。"}, {"ない", "ある"},
	},
}

func negate(rng *rand.Rand, lang language.Tag, c *verify.Claim) bool {
	var fitting [][2]string
	for _, n := range negations[lang] {
		if strings.Contains(c.Text, n[0]) {
			fitting = append(fitting, n)
		}
	}
	if len(fitting) == 0 {
		return false
	}
	n := fitting[rng.IntN(len(fitting))]
	c.Text = strings.Replace(c.Text, n[0], n[1], 1)
	return true
}

func FuzzCheck(f *testing.F) {
	f.Add("The exclusion does not apply to equipment.", "The exclusion does not apply to equipment.")
	f.Add("罰金は5,000億円以下である。", "罰金は5,000万円以下である。")
	f.Fuzz(func(t *testing.T, text, quote string) {
		for id, source := range map[string]string{"en#1": english, "ja#1": japanese} {
			c := verify.Claim{Text: text, Cites: []verify.Cite{{Version: version(id, source), Quote: quote}}}
			if len(verify.Check(c, held)) > 0 {
				continue
			}
			folded := verify.Fold(source)
			if !strings.Contains(folded, verify.Fold(quote)) {
				t.Fatalf("%q passes with the quotation %q", text, quote)
			}
			for _, r := range text {
				if unicode.IsDigit(r) && !strings.ContainsRune(folded, r) {
					t.Fatalf("%q passes with a digit that its source does not have", text)
				}
			}
		}
	})
}
