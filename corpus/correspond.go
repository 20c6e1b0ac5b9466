package corpus

import (
	"cmp"
	"io/fs"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// Exception excuses one remark of CheckEditions and says why: a number that stands
// in one edition of a passage, or a document without a Japanese edition.
type Exception struct {
	Passage  PassageID `yaml:"passage"`
	Number   string    `yaml:"number"` // as the remark writes it
	Document string    `yaml:"document"`
	Reason   string    `yaml:"reason"`
}

const exceptionsFile = "exceptions.yaml"

// CheckEditions reports documents without a Japanese edition, and numbers of a
// passage that stand in only one of its editions. Units (million, 億), spelled-out
// numbers, months and Japanese eras are understood. Faults that the library's
// exceptions.yaml excuses are left out; an excuse that excuses nothing is a fault
// itself.
func (l *Library) CheckEditions(root fs.FS) Problems {
	var faults Problems
	excused := loadExceptions(root, &faults)
	used := make([]bool, len(excused))
	excuses := func(want Exception) bool {
		at := slices.IndexFunc(excused, func(x Exception) bool {
			x.Reason = ""
			return x == want
		})
		if at >= 0 {
			used[at] = true
		}
		return at >= 0
	}
	for _, d := range l.Documents {
		if d.Editions[0].Language != language.English {
			continue
		}
		ja, ok := d.Edition(language.Japanese)
		if !ok {
			if !excuses(Exception{Document: d.ID}) {
				faults.add(d.File, 0, "%s has no Japanese edition: want %s.ja.md beside it", d.ID, strings.TrimSuffix(path.Base(d.File), ".md"))
			}
			continue
		}
		for i, p := range d.Editions[0].Passages {
			for _, r := range differingNumbers(p, ja.Passages[i], d.Editions[0].named(p), ja.named(ja.Passages[i])) {
				if !excuses(Exception{Passage: p.ID, Number: r.number}) {
					faults.add(ja.File, ja.Passages[i].Line, "%s: %s stands in the %s edition only", p.ID, r.number, r.in)
				}
			}
		}
	}
	for i, x := range excused {
		if !used[i] {
			faults.add(exceptionsFile, 0, "%s%s: nothing to excuse for %s", x.Passage, x.Document, cmp.Or(x.Number, "a missing edition"))
		}
	}
	return faults.sorted()
}

func loadExceptions(root fs.FS, faults *Problems) []Exception {
	var out []Exception
	for _, n := range yamlSequence(root, exceptionsFile, faults) {
		var x Exception
		if err := decodeStrict(n, &x); err != nil {
			_, msg := yamlFault(err)
			faults.add(exceptionsFile, n.Line, "%s", msg)
			continue
		}
		if x.Reason == "" {
			faults.add(exceptionsFile, n.Line, "%s%s: want a reason", x.Passage, x.Document)
		}
		out = append(out, x)
	}
	return out
}

type remark struct{ number, in string }

// named is what stands around a passage: its locator and heading, and the title
// and citation of its document. A text need not repeat a number that stands there.
func (e *Edition) named(p Passage) string {
	return strings.Join([]string{p.Locator, p.Heading, e.Title, e.Citation}, " ; ")
}

// differingNumbers lists the numbers that only one of the two texts has. What is
// written with digits in one must stand in the other or around it, with digits or
// in words.
func differingNumbers(english, japanese Passage, aroundEnglish, aroundJapanese string) []remark {
	en, ja := englishNumbers(english.Text), japaneseNumbers(japanese.Text)
	enAll, jaAll := englishNumbers(english.Text+" ; "+aroundEnglish), japaneseNumbers(japanese.Text+" ; "+aroundJapanese)
	var out []remark
	for _, v := range en.digits {
		if !jaAll.has(v) && !jaAll.hasScaled(v) {
			out = append(out, remark{formatNumber(v), "English"})
		}
	}
	for _, v := range ja.digits {
		if !enAll.has(v) && !enAll.hasScaled(v) {
			out = append(out, remark{formatNumber(v), "Japanese"})
		}
	}
	return out
}

// numbers are the values that a text names.
type numbers struct {
	digits []float64 // written with digits, each once
	all    []float64 // those, and what words, units and eras add
}

func (n numbers) has(v float64) bool {
	return slices.ContainsFunc(n.all, func(x float64) bool { return math.Abs(x-v) <= 1e-9*math.Abs(v) })
}

// hasScaled finds 5 of "$5 million" in 500万ドル, and 500 of 500万 in "$5 million".
func (n numbers) hasScaled(v float64) bool {
	for _, f := range []float64{1e3, 1e4, 1e6, 1e8, 1e9, 1e12} {
		if n.has(v * f) {
			return true
		}
	}
	return false
}

func (n *numbers) add(v float64, digits bool) {
	if digits && !slices.Contains(n.digits, v) {
		n.digits = append(n.digits, v)
	}
	n.all = append(n.all, v)
}

func formatNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

var (
	digitsPattern = regexp.MustCompile(`\d[\d,]*(?:\.\d+)?`)
	scaledEnglish = regexp.MustCompile(`(?i)(\d[\d,]*(?:\.\d+)?|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|a))[\s-]*(hundred|thousand|million|billion|trillion)`)
	wordPattern   = regexp.MustCompile(`(?i)\b[a-z]+(?:-[a-z]+)?\b`)
	scaledKanji   = regexp.MustCompile(`(?:(\d[\d,]*(?:\.\d+)?)兆)?(?:(\d[\d,]*(?:\.\d+)?)億)?(?:(\d[\d,]*(?:\.\d+)?)万)?(\d[\d,]*)?`)
	eraPattern    = regexp.MustCompile(`(令和|平成|昭和|大正|明治)(元|\d+)年`)
	kanjiPattern  = regexp.MustCompile(`[一二三四五六七八九十]+`)
	scaleOf       = map[string]float64{"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
	eraStart      = map[string]float64{"令和": 2018, "平成": 1988, "昭和": 1925, "大正": 1911, "明治": 1867}
	unitWords     = strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty")
	tensWords     = map[string]float64{"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
	ordinalWords  = map[string]float64{
		"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12,
		"thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "twentieth": 20, "once": 1, "twice": 2, "half": 2, "double": 2, "doubled": 2, "pair": 2, "both": 2, "quarter": 4, "third-party": 3,
		"quarterly": 4, "dozen": 12, "decade": 10, "decades": 10, "century": 100, "hundred": 100, "thousand": 1000, "single": 1, "another": 1, "a": 1, "an": 1, "each": 1, "every": 1, "yearly": 1, "annual": 1, "annually": 1,
		"biennial": 2, "neither": 2, "either": 2, "hundreds": 100, "thousands": 1000, "midnight": 0,
	}
)

func englishNumbers(text string) numbers {
	text = norm.NFKC.String(text)
	var n numbers
	for _, d := range digitsPattern.FindAllString(text, -1) {
		n.add(parseNumber(d), true)
	}
	for _, m := range scaledEnglish.FindAllStringSubmatch(text, -1) {
		v := parseNumber(m[1])
		if v == 0 {
			v = max(wordNumber(m[1]), 1)
		}
		n.add(v*scaleOf[strings.ToLower(m[2])], false)
	}
	for _, w := range wordPattern.FindAllString(text, -1) {
		if v := wordNumber(w); v > 0 {
			n.add(v, false)
		}
		for _, part := range strings.Split(w, "-") { // mid-July
			if m := monthNumber(part); m > 0 && len(part) > 2 {
				n.add(float64(m), false)
			}
		}
	}
	for _, roman := range romanPattern.FindAllString(text, -1) {
		n.add(romanNumber(roman), false)
	}
	return n
}

var romanPattern = regexp.MustCompile(`\b[IVX]+\b`)

func romanNumber(s string) float64 {
	values := map[byte]int{'I': 1, 'V': 5, 'X': 10}
	total := 0
	for i := range len(s) {
		v := values[s[i]]
		if i+1 < len(s) && v < values[s[i+1]] {
			v = -v
		}
		total += v
	}
	return float64(total)
}

// wordNumber reads "three", "third", "forty-five".
func wordNumber(w string) float64 {
	w = strings.ToLower(w)
	if i := slices.Index(unitWords, w); i > 0 {
		return float64(i)
	}
	if v, ok := ordinalWords[w]; ok {
		return v
	}
	tens, unit, _ := strings.Cut(w, "-")
	v, ok := tensWords[tens]
	if !ok {
		if i := slices.Index(unitWords, tens); i > 0 { // three-year
			return float64(i)
		}
		return 0
	}
	if i := slices.Index(unitWords, unit); i > 0 && i < 10 {
		v += float64(i)
	}
	return v
}

func japaneseNumbers(text string) numbers {
	text = norm.NFKC.String(text)
	var n numbers
	for _, m := range eraPattern.FindAllStringSubmatch(text, -1) {
		year := 1.0
		if m[2] != "元" {
			year = parseNumber(m[2])
		}
		n.add(eraStart[m[1]]+year, true)
	}
	text = eraPattern.ReplaceAllString(text, " ")
	for _, m := range scaledKanji.FindAllStringSubmatch(text, -1) {
		if m[1] == "" && m[2] == "" && m[3] == "" {
			continue
		}
		v := 0.0
		for i, f := range []float64{1e12, 1e8, 1e4, 1} {
			if m[i+1] != "" {
				n.add(parseNumber(m[i+1])*f, false)
				v += parseNumber(m[i+1]) * f
			}
		}
		n.add(v, true)
	}
	text = scaledKanji.ReplaceAllStringFunc(text, func(s string) string {
		if strings.ContainsAny(s, "兆億万") {
			return " "
		}
		return s
	})
	for _, d := range digitsPattern.FindAllString(text, -1) {
		n.add(parseNumber(d), true)
	}
	for _, k := range kanjiPattern.FindAllString(text, -1) {
		n.add(kanjiValue(k), false)
	}
	return n
}

// kanjiValue reads 二十五 as 25.
func kanjiValue(s string) float64 {
	total, digit := 0, 0
	for _, r := range s {
		if r == '十' {
			total += max(digit, 1) * 10
			digit = 0
			continue
		}
		digit = 1 + slices.Index([]rune("一二三四五六七八九"), r)
	}
	return float64(total + digit)
}

func parseNumber(s string) float64 {
	v, _ := strconv.ParseFloat(strings.ReplaceAll(s, ",", ""), 64)
	return v
}
