package verify

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A polarity is a word that turns the sense of a rule. A sentence must have the
// polarities of its quotations, all of them and in the same order: a quotation
// that holds a further "not" must be cut, or the sentence must say it too.
var polarities = []struct {
	name string
	word *regexp.Regexp
}{
	{"negation", regexp.MustCompile(`(?i)\b(?:not|no|never|none|neither|nor|without|cannot|nobody|nothing|unless|except|except(?:ed|s|ing)|exempt(?:s|ed|ion)?|exclud(?:e|es|ed|ing)|prohibit(?:s|ed|ing)?|forbid(?:s|den)?|bar(?:s|red)?|bans?|banned|fails?|failed|outside|un\w{4,}|in(?:applicable|eligible|admissible|valid|sufficient))\b|n't\b|n’t\b`)},
	{"obligation", regexp.MustCompile(`(?i)\b(?:must|shall|have to|has to|had to|requires?|required|obliged|mandatory|need(?:s|ed)?)\b`)},
	{"permission", regexp.MustCompile(`(?i)\b(?:may|might|can|could|permit(?:s|ted)?|allow(?:s|ed)?|optional|free to|should|voluntary)\b`)},
	{"bound", regexp.MustCompile(`(?i)\b(?:at least|at most|more than|less than|fewer than|over|under|above|below|up to|within|before|after|until|since|only|all|every|any|each|both|either)\b`)},
	{"否定", regexp.MustCompile(`ない|なく|なかった|なければ|なけれ|なお従前|せず|ず、|ずに|ません|非該当|対象外|除き|除く|除いて|除外|免除|例外|不要|不可|禁止|禁じ|限り|認めら?れない|無許可|不許可|不適用|未満|いずれでもない`)},
	{"義務・許容", regexp.MustCompile(`しなければならない|ならない|必要|義務|できる|てよい|べき|得る|おそれ|求め`)},
	{"範囲", regexp.MustCompile(`以上|以下|未満|超え|超える|以内|以前|以後|以降|まで|から|のみ|だけ|すべて|全て|いずれか|少なくとも`)},
}

// comparePolarity checks each kind of polarity apart, so that word order between
// kinds is free.
func comparePolarity(sentence, quotes string) []string {
	var faults []string
	for _, p := range polarities {
		a, b := find(p.word, sentence), find(p.word, quotes)
		if !slices.Equal(a, b) {
			faults = append(faults, fmt.Sprintf("%s: the sentence says [%s], the quotations [%s]", p.name, strings.Join(a, " "), strings.Join(b, " ")))
		}
	}
	return faults
}

func find(re *regexp.Regexp, s string) []string {
	var out []string
	for _, m := range re.FindAllString(s, -1) {
		out = append(out, strings.ToLower(m))
	}
	return out
}
