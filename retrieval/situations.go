package retrieval

import "regexp"

// A situation is an everyday matter that people ask about in their own words,
// with the words in which the rules speak of it. It widens a search; it answers
// nothing.
type situation struct {
	asked *regexp.Regexp // on normalised lower-case text
	en    string
	ja    string
}

var situations = []situation{
	{ // sharing what was found with somebody abroad
		regexp.MustCompile(`\b(show|share|sharing|send|give|tell|discuss|present|disclose|e-?mail)\b[^.?]*\b(results?|findings|data|paper|draft|manuscript|know-how|drawings?|designs?|code)\b[^.?]*\b(partner|colleague|collaborator|co-?author|team|lab|company|abroad|overseas|japan|osaka|tokyo|kyoto|foreign|student|postdoc|visitor)|(成果|結果|データ|図面|論文|原稿|ノウハウ|コード)[^。]*(見せ|共有|送|渡|開示|伝え|提供)|(共同研究者|共同研究先|相手|パートナー|海外|外国)[^。]*(成果|結果|データ|図面|論文|ノウハウ)[^。]*(見せ|共有|送|渡|開示|伝え|提供)`),
		"fundamental research exclusion, results intended for publication, technology released to a foreign person, no licence needed to share results with a Japanese co-author",
		"基礎研究の除外、公表を意図する研究成果、外国人への技術の開示、共同研究者との成果の共有、許可不要",
	},
	{ // taking somebody in
		regexp.MustCompile(`\b(hire|hiring|host|hosting|invite|inviting|recruit|take on|accept)\b[^.?]*\b(foreign|chinese|russian|iranian|indian|overseas|international|visiting|postdoc|student|scholar|researcher)|(外国人|留学生|海外|中国|ロシア|イラン)[^。]*(雇|採用|受け入れ|受入|招へい|招聘|招く)`),
		"deemed export, foreign person, release of controlled technology, host institution, visitor screening",
		"みなし輸出、外国人研究者の受入れ、規制技術の提供、居住者・非居住者、受入れの審査",
	},
	{ // sending things
		regexp.MustCompile(`\b(ship|shipping|mail|carry|take|bring|hand[- ]carry|export)\b[^.?]*\b(sample|samples|equipment|laptop|prototype|instrument|sensor|device|materials?|chip)\b|(試料|サンプル|装置|機器|試作品|ノートパソコン|センサー)[^。]*(送|持ち出|持って行|発送|輸出)`),
		"export of equipment, materials and samples, licence requirement by classification and destination",
		"貨物の輸出、機器・材料・試料、該非判定、輸出許可",
	},
}

// situationOf gives the rules' words for what a question is about, in its own
// language, or "".
func situationOf(lower string, japanese bool) string {
	for _, s := range situations {
		if s.asked.MatchString(lower) {
			if japanese {
				return s.ja
			}
			return s.en
		}
	}
	return ""
}
