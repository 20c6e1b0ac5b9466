// Package guard looks at a text before anything else does. A text that carries a
// marking of controlled or classified information must be neither stored, logged,
// searched for, sent on nor echoed; guard only says that it is marked, and never
// returns a piece of the text. A question about a marking is not a marked text.
package guard

import (
	"regexp"
	"strings"

	"kakehashi/retrieval/analysis"
)

// The English markings follow 32 CFR 2002.20 and the CUI Registry (CUI banners
// and portion marks), 32 CFR 2001.21-2001.24 (classification), ODNI's register
// of dissemination controls (NOFORN, REL TO, FOUO), and NATO's levels. The
// Japanese ones are those of the 特定秘密保護法, the 重要経済安保情報保護活用法, the
// 秘密保全 rules of ministries (極秘, 秘) and defence (防衛秘密, 特別防衛秘密).
const (
	level   = `TOP SECRET|SECRET|CONFIDENTIAL|TS|CUI|CONTROLLED|UNCLASSIFIED//FOUO|UNCLASSIFIED|CLASSIFIED|FOUO|NOFORN|COSMIC TOP SECRET|NATO SECRET|NATO CONFIDENTIAL|NATO RESTRICTED|RESTRICTED DATA|FORMERLY RESTRICTED DATA`
	control = `NOFORN|NF|ORCON|OC|PROPIN|FOUO|REL TO [A-Z]{3,4}(?:, ?[A-Z]{3,4})*|RELIDO|IMCON|FED ?ONLY|FEDCON|NOCON|DL ONLY|DISPLAY ONLY|SP-[A-Z]{2,8}|SI|TK|HCS|HCS-P|COMINT|RD|FRD|CNWDI|SAR-[A-Z ]+|[A-Z]{2,8}`
	kanji   = `特定秘密|特別防衛秘密|防衛秘密|重要経済安保情報|重要経済基盤保護情報|極秘|機密|秘密指定|省秘|取扱厳重注意|取扱注意|部外秘|注意\(取扱\)|秘`
)

var (
	// SECRET//NOFORN, CUI//SP-EXPT, TOP SECRET//SI//REL TO USA, JPN
	banner = regexp.MustCompile(`(?i)\b(?:` + level + `)\s?//\s?(?:` + control + `)\b`)
	// A line that is nothing but a marking.
	markedLine = regexp.MustCompile(`(?m)^[\s*_#>|【\[(<=\-]*(?:(?:` + level + `)(?:[/, ]+(?:` + control + `|` + level + `))*|(?:` + kanji + `))[\s*_|】\])>=\-]*$`)
	// (CUI) The …, (S//NF) …, (U//FOUO) …: a portion mark before a text.
	portion = regexp.MustCompile(`(?:^|[\n.。]\s*)[(\[](?:TS|S|C|U|CUI)(?://[A-Z/, -]+)[)\]]|(?:^|\n\s*)[(\[](?:TS|S|C|CUI|NOFORN|FOUO|SECRET|TOP SECRET|CONFIDENTIAL)[)\]]\s*\S`)
	// CUI: …, SECRET - …, 【特定秘密】…, 特定秘密:… at the head of a line.
	leading = regexp.MustCompile(`(?m)^\s*(?:(?:(?:TOP SECRET|SECRET|CONFIDENTIAL|CUI|NOFORN|FOUO|CONTROLLED|CLASSIFIED)\s*(?:[:|]|--?|—|–)\s*\S)|[【\[〔《<]\s*(?:` + kanji + `|` + level + `)\s*[】\]〕》>]\s*\S|(?:` + kanji + `)\s*[:|]\s*\S)`)
	// NOFORN material, with the marking in capitals behind the text.
	trailing = regexp.MustCompile(`(?m)\S[\s.。]+[(\[【](?:NOFORN|SECRET|TOP SECRET|CUI|FOUO|特定秘密|極秘|重要経済安保情報)[)\]】]\s*$`)
	// "The following is CUI", "this paragraph is classified SECRET", 以下は特定秘密です
	declared  = regexp.MustCompile(`(?i)\b(?:the following|what follows|below|this (?:text|paragraph|message|passage|excerpt|document|information|data))\b[^.?\n]{0,40}\b(?:is|are|contains?|was|has been)\b[^.?\n]{0,30}\b(?:CUI|classified|NOFORN|SECRET|controlled unclassified)\b[^?\n]*[:.\n]\s*\S|(?:以下|次|下記|この文章|この文書|本文|本資料|この資料|この情報)(?:の[^。\n]{0,12})?(?:は|が)[^。\n?か]{0,20}(?:特定秘密|極秘|機密情報|秘密指定|重要経済安保情報|CUI|NOFORN)(?:です|である|だ|に指定|に該当(?:します|する|する情報))[^かの]`)
	specified = regexp.MustCompile(`(?:特定秘密|極秘|重要経済安保情報)(?:に指定された|である|の)(?:内容|情報)は?(?:、|:|次の|以下の)?(?:とおり|通り)`)

	// CUI: what is it? A marking as the topic of a short question without figures.
	topic = regexp.MustCompile(`(?i)^(?:CUI|NOFORN|FOUO|SECRET|TOP SECRET|CONFIDENTIAL|` + kanji + `)\s*[:|-]\s*(?:(?:what|who|when|where|which|how|may|can|does|do|is|are)\b[^\n.0-9]{0,80}\?|[^\n。0-9]{0,40}か[。?]?)$`)

	// The asker speaks about a marking rather than under one.
	asksAbout = regexp.MustCompile(`(?i)\b(?:mean(?:s|ing)?|stands? for|stand for|definition|define|difference|marked|marking|marks?|labell?ed|banner|stamped|called|term|abbreviation|portion mark)\b|とは|の意味|何の略|略称|定義|違い|表示|と書かれ|と記載|という(?:印|区分|言葉|用語)|マーキング`)
	question  = regexp.MustCompile(`[?\x{ff1f}]\s*$|か[。.]?\s*$|ください[。.]?\s*$|(?i)^(?:what|who|when|where|which|how|may|can|does|do|is|are|should|must|explain|tell me|define)\b`)
)

// aboutLimit is the length, in characters, up to which a text that names a
// compound marking can still be a mere question about it.
const aboutLimit = 240

// Marked reports whether the text carries a marking of controlled or classified
// information. It errs on the side of caution: what is marked like a document is
// taken for one.
func Marked(text string) bool {
	text = analysis.Normalize(text)
	body := strings.TrimSpace(text)
	if topic.MatchString(body) {
		return false
	}
	if leading.MatchString(body) || portion.MatchString(body) || declared.MatchString(body) || specified.MatchString(body) {
		return !isQuestionAbout(body)
	}
	if m := markedLine.FindString(body); m != "" {
		// A single word alone ("CUI", "特定秘密") asks what it is; a banner or a
		// marked line above a text marks it.
		return strings.Contains(m, "//") || strings.TrimSpace(m) != body
	}
	if banner.MatchString(body) || trailing.MatchString(body) {
		return !isQuestionAbout(body)
	}
	return false
}

func isQuestionAbout(body string) bool {
	return len([]rune(body)) <= aboutLimit && !strings.Contains(body, "\n") &&
		question.MatchString(body) && (asksAbout.MatchString(body) || !sentenceBefore(body))
}

// sentenceBefore reports whether a statement stands in the text beside the
// question: marked content with a question behind it.
func sentenceBefore(body string) bool {
	trimmed := strings.TrimRight(body, "?.。 \uff1f")
	return strings.ContainsAny(trimmed, "。") || strings.Contains(trimmed, ". ") || leading.MatchString(body) || portion.MatchString(body)
}
