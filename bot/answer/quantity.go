package answer

import (
	"regexp"
	"slices"
	"strings"

	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
)

// A question for a quantity names what is counted: "how many days", 何件, "what
// fee". A passage on the same subject that counts nothing of the kind does not
// answer it, however near it is otherwise.

// number is a figure or a number in words.
const number = `(?:[0-9][0-9,.]*|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|ninety|hundred|half)\b|[一二三四五六七八九十]+)`

var (
	money      = regexp.MustCompile(`(?i)[$¥€£]\s?[0-9]|\b(?:usd|dollars?|yen|euros?|free of charge|no (?:fee|cost|charge))\b|[0-9](?:万|億|兆)*(?:円|ドル|ユーロ)|無料|手数料は(?:かから|不要)`)
	percentage = regexp.MustCompile(`(?i)[0-9]\s?(?:%|percent|per cent|percentage)|[0-9]割|(?:half|third|quarter|two-thirds|majority)|過半|半数|分の`)
	lasting    = regexp.MustCompile(`(?i)` + number + `[- ](?:\w+[- ])?(?:minute|hour|day|week|month|year|decade|night)s?\b|indefinite|permanent|lifetime|no limit|[0-9一二三四五六七八九十](?:分|時間|日|週|か月|ヶ月|カ月|年)(?:間|前|以内|以上|を|ご|で|の|が|に満|未満|後)|無期限|期限はない`)
	asksMoney  = regexp.MustCompile(`\bhow much\b.*\b(?:money|cost|costs|pay|pays|paid|fee|fine|funding|budget|worth|spend|spent|invest\w*|charge\w*)\b|\bwhat\b[^?]{0,40}\b(?:fee|price|cost|budget|salary)\b|\bhow (?:big|large)\b.*\b(?:fund|budget|fine)\b|(?:料|料金|費用|手数料|予算|罰金|金額|報酬|賃金|年収)は?(?:、)?(?:いくら|どれくらい|何円|何ドル)|何(?:億|万)?(?:円|ドル)`)
	asksShare  = regexp.MustCompile(`\bwhat (?:share|percentage|percent|proportion)\b|何(?:%|パーセント|割)|割合は`)
	asksLong   = regexp.MustCompile(`\bhow (?:long|many (?:minutes|hours|days|weeks|months|years))\b|どれ(?:くら|ぐら)い(?:の期間|かか|で)|どの(?:くら|ぐら)い(?:の期間|かか|で)|何(?:分|時間|日|週間|週|か月|ヶ月|カ月|年)(?:間|前|以内|で|く|ぐ|かか|有|続)`)
	howMany    = regexp.MustCompile(`\bhow many ((?:[\w'’-]+ ?){1,5})`)
	counted    = regexp.MustCompile(`何(人|名|件|校|社|か国|カ国|ヶ国|回|本|枚|機関|大学|団体|品目|項目|種類|分野|区分|条|号|つ|台|隻|機|点|段階)`)
)

// counters are Japanese words that count the same things.
var counters = map[string]string{"人": "人|名", "名": "人|名", "カ国": "[かカヶ]国", "か国": "[かカヶ]国", "ヶ国": "[かカヶ]国", "校": "校|大学|機関", "大学": "校|大学|機関", "機関": "校|大学|機関|機構", "社": "社|者|団体", "団体": "社|者|団体", "種類": "種|つ|類型|区分", "区分": "種|つ|類型|区分", "つ": "つ|項目|点|種|要素|分野|段階|本|件", "項目": "つ|項目|点|種|要素|分野", "点": "つ|項目|点"}

// quantityWanted is the form that the answer to a question for a quantity has
// somewhere; nil for other questions.
func quantityWanted(text string) *regexp.Regexp {
	text = strings.ToLower(analysis.Normalize(text))
	switch {
	case asksMoney.MatchString(text):
		return money
	case asksShare.MatchString(text):
		return percentage
	case asksLong.MatchString(text):
		return lasting
	}
	if m := counted.FindStringSubmatch(text); m != nil {
		unit := m[1]
		if same, ok := counters[unit]; ok {
			unit = same
		}
		return regexp.MustCompile(`[0-9一二三四五六七八九十数](?:万|千|億)?(?:` + unit + `)`)
	}
	if m := howMany.FindStringSubmatch(text); m != nil {
		return countOf(m[1])
	}
	return nil
}

// countOf finds a number close before one of the words that stand behind "how
// many".
func countOf(words string) *regexp.Regexp {
	var stems []string
	for _, w := range strings.Fields(words) {
		if auxiliary[w] {
			break
		}
		w = strings.Trim(w, "'’-")
		for _, ending := range []string{"ies", "es", "s"} {
			if s, ok := strings.CutSuffix(w, ending); ok && len(s) > 2 {
				w = s
				break
			}
		}
		if len(w) > 2 {
			stems = append(stems, regexp.QuoteMeta(w))
		}
	}
	if len(stems) == 0 {
		return nil
	}
	return regexp.MustCompile(`(?i)` + number + `[ -](?:[\w'’/-]+ ){0,4}(?:` + strings.Join(stems, "|") + `)`)
}

var auxiliary = set("do does did is are was were has have had can could may must should will would of in on at to for from with by the a an i we you they it that which there")

// quantityDepth is among how many of the best sentences the quantity must be.
const quantityDepth = 4

// lacksQuantity reports whether the question is for a quantity that none of the
// best sentences has.
func (e *Engine) lacksQuantity(q asked, hits []retrieval.Hit) bool {
	if q.quantity == nil {
		return false
	}
	all := e.candidates(q, weighed(hits))
	slices.SortStableFunc(all, byScore)
	return !slices.ContainsFunc(all[:min(quantityDepth, len(all))], func(c candidate) bool { return q.quantity.MatchString(c.text) })
}
