package verify

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"kakehashi/corpus"
)

// A fact is something in a sentence that must not differ from the source. Two
// facts are the same if their keys are.
type fact struct {
	key string
	as  string // as it stands in the text, for the reason given
}

// compare returns why the sentence is not borne out by its quotations.
func compare(sentence string, quotes []string) []string {
	all := strings.Join(quotes, " … ")
	var faults []string
	have := map[string]int{}
	for _, f := range factsOf(all) {
		have[f.key]++
	}
	facts := factsOf(sentence)
	said := map[string]int{}
	for _, f := range facts {
		said[f.key]++
		switch {
		case have[f.key] == 0 && !borneOut(f, all, have, facts):
			faults = append(faults, fmt.Sprintf("%q is not in the quotations", f.as))
		case have[f.key] > 0 && said[f.key] == have[f.key]+1:
			faults = append(faults, fmt.Sprintf("%q stands more often than in the quotations", f.as))
		}
	}
	if len(faults) > 0 {
		return faults
	}
	if len(quotes) == 1 {
		if as, ok := outOfOrder(facts, factsOf(quotes[0])); ok {
			faults = append(faults, fmt.Sprintf("%q does not follow in the order of the quotation", as))
		}
	}
	for _, q := range quotes {
		if a, b, ok := swapped(facts, factsOf(q)); ok {
			faults = append(faults, fmt.Sprintf("%q and %q stand the other way round in the quotation", a, b))
		}
	}
	return append(faults, comparePolarity(sentence, all)...)
}

// borneOut grants a fact that a quotation states more precisely: a month by one
// of its days, unless the sentence names more dates of that month than the
// quotations do; a word that begins the sentence by any part of a word.
func borneOut(f fact, all string, have map[string]int, said []fact) bool {
	kind, value, _ := strings.Cut(f.key, ":")
	switch kind {
	case "date":
		within := func(key string) bool { return key == f.key || strings.HasPrefix(key, f.key+"-") }
		days := 0
		for k, n := range have {
			if within(k) {
				days += n
			}
		}
		for _, s := range said {
			if within(s.key) {
				days--
			}
		}
		return days >= 0
	case "start":
		return strings.Contains(strings.ToLower(all), value)
	}
	return false
}

// outOfOrder finds the first fact of the sentence at which its facts cease to be a
// subsequence of the quotation's.
func outOfOrder(sentence, quote []fact) (string, bool) {
	at := 0
	for _, f := range sentence {
		next := slices.IndexFunc(quote[at:], func(q fact) bool { return q.key == f.key })
		if next >= 0 {
			at += next + 1
		} else if slices.ContainsFunc(quote, func(q fact) bool { return q.key == f.key }) {
			return f.as, true
		}
	}
	return "", false
}

// swapped finds two facts that a quotation names in the opposite order only.
func swapped(sentence, quote []fact) (string, string, bool) {
	first, last := map[string]int{}, map[string]int{}
	for i, f := range quote {
		if _, ok := first[f.key]; !ok {
			first[f.key] = i
		}
		last[f.key] = i
	}
	for i, a := range sentence {
		at, ok := first[a.key]
		if !ok {
			continue
		}
		for _, b := range sentence[i+1:] {
			if end, ok := last[b.key]; ok && b.key != a.key && end < at {
				return a.as, b.as, true
			}
		}
	}
	return "", "", false
}

var (
	token = regexp.MustCompile(`[$¥€£]?\s?[A-Za-z]*-?\d[\dA-Za-z]*(?:[.,\-/:]\d[\dA-Za-z]*)*(?:\([A-Za-z0-9]{1,4}\))*\s?(?:%|percent(?:age points?)?|per cent|兆|億|万|thousand|million|billion|trillion)?(?:\d{1,4}(?:万|億))?\s?(?:%|dollars?|yen|ドル|円|years?|months?|weeks?|days?|hours?|か月|ヶ月|箇月|週間|年間|日間|時間|人|件|か国|年|月|日|条|項|号|章|類型|割|倍)?`)
	// A spelled-out number counts; "one" only before a unit, as it is also a pronoun.
	spelled = regexp.MustCompile(`(?i)\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|ninety|hundred|thousand|half|twice|double|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|one(?: years?| months?| weeks?| days?| hours?| percent| million| billion))\b`)
	kanji   = regexp.MustCompile(`[一二三四五六七八九十百千]+(?:つ|年|月|日|か月|人|件|か国|条|項|号|章|類型|割|倍|回|段階|本|週|者)`)

	latinName = regexp.MustCompile(`[A-Za-z][A-Za-z.&'’\-]*`)
	katakana  = regexp.MustCompile(`[ァ-ヺー][ァ-ヺー・=]+`)
	// An agency, law, list or country in kanji, known by its last character.
	kanjiName = regexp.MustCompile(`[\p{Han}ー々]*(?:省|庁|局|院|府|法|令|規則|会|議|大学|機構|研究所|委員会|連盟|条約|協定|国|社|大臣|長官|首相|総理|大統領|部|室|課)|[\p{Han}]{1,6}(?:氏|教授|さん|議員)|日本|米国|中国|韓国|英国|豪州|北朝鮮|台湾|欧州|政府`)
)

// factsOf lists the facts of a text in its order.
func factsOf(s string) []fact {
	s = norm.NFKC.String(s)
	type at struct {
		pos int
		fact
	}
	var found []at
	blank := []byte(s)
	add := func(start, end int, key string) {
		found = append(found, at{start, fact{key, strings.TrimSpace(s[start:end])}})
		for i := start; i < end; i++ {
			blank[i] = ' '
		}
	}
	for _, m := range corpus.DatesIn(s) {
		add(m.Start, m.End, "date:"+m.Date.String())
	}
	scan := func(re *regexp.Regexp, key func(string) string) {
		for _, m := range re.FindAllIndex(blank, -1) {
			if k := key(string(blank[m[0]:m[1]])); k != "" {
				add(m[0], m[1], k)
			}
		}
	}
	scan(token, numberKey)
	scan(spelled, func(t string) string { return "word:" + strings.ToLower(t) })
	scan(kanji, func(t string) string { return "kanji:" + t })
	scan(katakana, func(t string) string { return "name:" + strings.ReplaceAll(t, "・", "") })
	scan(kanjiName, func(t string) string { return "name:" + t })
	for _, m := range latinName.FindAllIndex(blank, -1) {
		if k := latinKey(s, string(blank[m[0]:m[1]]), m[0]); k != "" {
			add(m[0], m[1], k)
		}
	}
	out := make([]fact, len(found))
	slices.SortStableFunc(found, func(a, b at) int { return cmp.Compare(a.pos, b.pos) })
	for i, f := range found {
		out[i] = f.fact
	}
	return out
}

// latinKey is the key of a word with a capital letter; a word that only begins
// the sentence may stand in lower case in the quotation.
func latinKey(s, w string, pos int) string {
	w = strings.TrimSuffix(strings.TrimSuffix(strings.TrimRight(w, ".'’-"), "'s"), "’s")
	if strings.IndexFunc(w, unicode.IsUpper) < 0 {
		return ""
	}
	if strings.TrimSpace(s[:pos]) == "" && strings.IndexFunc(w[1:], unicode.IsUpper) < 0 {
		if lower := strings.ToLower(w); !grammar[lower] {
			return "start:" + lower
		}
		return ""
	}
	return "name:" + strings.ReplaceAll(w, ".", "")
}

// grammar may begin a sentence without standing in its quotation.
var grammar = map[string]bool{
	"the": true, "a": true, "an": true, "in": true, "on": true, "at": true, "by": true, "to": true, "of": true, "for": true, "from": true,
	"if": true, "as": true, "when": true, "where": true, "this": true, "these": true, "it": true, "they": true, "and": true, "but": true,
}

var scales = map[string]float64{
	"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "万": 1e4, "億": 1e8, "兆": 1e12,
}

var (
	plainNumber = regexp.MustCompile(`^([$¥€£]?)\s?(\d[\d,]*(?:\.\d+)?)\s?(thousand|million|billion|trillion|万|億|兆)?(?:(\d{1,4})(万|億))?\s?(.*)$`)
	unitNames   = strings.NewReplacer("percent", "%", "per cent", "%", "dollars", "$", "dollar", "$", "ドル", "$", "yen", "¥", "円", "¥",
		"か月", "month", "ヶ月", "month", "箇月", "month", "months", "month", "years", "year", "年間", "year", "weeks", "week", "週間", "week",
		"days", "day", "日間", "day", "hours", "hour", "時間", "hour")
)

// numberKey writes a number with its unit in one form: "$250,000", "25万ドル" and
// "USD 250,000" (its currency apart) share the value. What is no plain number
// (734.8(a), NSPM-33) is kept as it is.
func numberKey(t string) string {
	t = strings.TrimSpace(t)
	m := plainNumber.FindStringSubmatch(t)
	if m == nil {
		return "id:" + strings.ToLower(strings.Join(strings.Fields(t), ""))
	}
	value, err := strconv.ParseFloat(strings.ReplaceAll(m[2], ",", ""), 64)
	if err != nil {
		return "id:" + strings.ToLower(t)
	}
	if f, ok := scales[m[3]]; ok {
		value *= f
	}
	if m[4] != "" {
		rest, _ := strconv.ParseFloat(m[4], 64)
		value += rest * scales[m[5]]
	}
	unit := unitNames.Replace(strings.ToLower(m[6]))
	if m[1] != "" {
		unit = m[1]
	}
	return "num:" + strconv.FormatFloat(value, 'f', -1, 64) + " " + unit
}
