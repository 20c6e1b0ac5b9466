package answer

import (
	"regexp"
	"strings"

	"golang.org/x/text/language"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
)

const ruleNouns = `(?:laws?|acts?|rules?|regulations?|regime|controls?|statutes?|legislation|polic(?:y|ies)|requirements?|guidelines?|systems?|list|order|ordinance|authority|authorities|ministry|government|scheme|license|licence|licensing|penalt(?:y|ies))`

// asksOtherCountry finds questions about a third country's own rules, or whose
// point is a country of which the passages found say nothing. A person's
// nationality and a destination are no such point.
func (s scope) asksOtherCountry(text string, hits []retrieval.Hit) bool {
	lower := strings.ToLower(text)
	for _, at := range s.countries.FindAllStringIndex(lower, -1) {
		region := s.region[lower[at[0]:at[1]]]
		switch {
		case ruleOf(lower, at[0], at[1]):
			if !s.mentioned(region, hits, headingsOf) {
				return true
			}
		case !inPassing(lower, at[0], at[1]):
			if !s.mentioned(region, hits, wholeOf) {
				return true
			}
		}
	}
	return false
}

var (
	nationality = regexp.MustCompile(`^(?:[ -](?:\w+[ -])?(?:born |national|citizen|passport|student|postdoc|researcher|scientist|scholar|professor|engineer|visitor|colleague|partner|company|companies|firm|parent|subsidiary|university|universities|institute|customer|supplier|collaborator|employee|origin|military|entity|entities|state|government|talent|name)|人|籍|国籍|系|出身|製|企業|の(?:大学|企業|会社|学生|研究者|研究機関|政府|子会社|親会社|取引先|顧客|軍|人材))`)
	destination = regexp.MustCompile(`(?:\b(?:to|into|from|with|through|via|for|by|against|at|between|and|or|near)|\b(?:in|of)\b.*) (?:the )?$`)
	firstPerson = regexp.MustCompile(`\b(?:i|we|my|our|me|us)\b`)
	toward      = regexp.MustCompile(`^(?:へ|に|向け|から|と|や|、|・|及び|又は|で(?:の|開|働|勤|研究|会)|など)`)
)

// inPassing reports whether a country is named as somebody's nationality, as a
// destination, or as the place of something of the asker's own.
func inPassing(lower string, start, end int) bool {
	before, rest := lower[:start], lower[end:]
	if nationality.MatchString(rest) || toward.MatchString(rest) {
		return true
	}
	m := destination.FindString(before)
	if strings.HasPrefix(m, "in") || strings.HasPrefix(m, "of") {
		return firstPerson.MatchString(lower)
	}
	return m != ""
}

var (
	afterCountry   = regexp.MustCompile(`^(?:'s|s')?(?:[ -][\w-]+){0,4}?[ -]` + ruleNouns + `\b`)
	countryActs    = regexp.MustCompile(`^ (?:require|regulate|allow|permit|control|treat|define|restrict|punish|handle|screen|say|have|impose|ban)s?\b`)
	beforeCountry  = regexp.MustCompile(`(?:\b(?:law|laws|rules?|regulations?|legislation|controls?|act|regime|policy|requirements?) (?:of|in)|\bunder|\bhow about in|\band in|\bwhat about|\bhow does|\bdoes|\bdo) (?:the )?$`)
	afterCountryJA = regexp.MustCompile(`^(?:政府)?(?:の|における|では|でも|国内の|には|は、|は)[^。]{0,14}?(?:法|規制|制度|規則|条例|政策|管理|手続|罰則|どう(?:定め|なって|です)|リスト)|^(?:では|においては|の場合は)[^。]*(?:必要|でき|義務|対象)[^。]*か`)
)

func ruleOf(lower string, start, end int) bool {
	rest, before := lower[end:], lower[:start]
	if nationality.MatchString(rest) {
		return false
	}
	return afterCountry.MatchString(rest) || countryActs.MatchString(rest) && beforeCountry.MatchString(before) ||
		(beforeCountry.MatchString(before) && !strings.HasPrefix(strings.TrimSpace(before), "may") && endsClause(rest)) ||
		afterCountryJA.MatchString(rest)
}

func endsClause(rest string) bool {
	rest = strings.TrimSpace(rest)
	return rest == "" || strings.ContainsAny(rest[:1], "?.,;") || strings.HasPrefix(rest, "law")
}

// mentioned reports whether one of the first passages names the country, in either
// language, in the part of it that the function gives.
func (s scope) mentioned(r language.Region, hits []retrieval.Hit, part func(retrieval.Hit, *corpus.Edition) string) bool {
	for _, h := range hits[:min(5, len(hits))] {
		for i := range h.Document.Editions {
			for _, m := range s.countries.FindAllString(strings.ToLower(analysis.Normalize(part(h, &h.Document.Editions[i]))), -1) {
				if s.region[m] == r {
					return true
				}
			}
		}
	}
	return false
}

// headingsOf is what a passage is called: its document's title and citation, its
// locator and topic.
func headingsOf(h retrieval.Hit, e *corpus.Edition) string {
	p, _ := e.Passage(h.Passage.ID)
	return e.Title + " " + e.Citation + " " + p.Locator + " " + p.Heading
}

func wholeOf(h retrieval.Hit, e *corpus.Edition) string {
	p, _ := e.Passage(h.Passage.ID)
	return headingsOf(h, e) + " " + p.Text
}
