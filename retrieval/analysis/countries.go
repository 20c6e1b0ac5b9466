package analysis

import (
	"regexp"
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// ThirdCountries are those other than the United States and Japan, by the names that CLDR
// and everyday language have for them, in lower case and normalized; the expression finds
// the names in such a text.
var ThirdCountries = sync.OnceValues(func() (*regexp.Regexp, map[string]language.Region) {
	byName := map[string]language.Region{}
	en, ja := display.Regions(language.English), display.Regions(language.Japanese)
	var alternatives []string
	add := func(name string, r language.Region) {
		name = strings.ToLower(Normalize(name))
		if _, ok := byName[name]; ok || len(name) < 3 {
			return
		}
		byName[name] = r
		if name[0] < 0x80 {
			name = `\b` + regexp.QuoteMeta(name) + `\b`
		} else {
			name = regexp.QuoteMeta(name)
		}
		alternatives = append(alternatives, name)
	}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			r, err := language.ParseRegion(string([]rune{a, b}))
			if err != nil || !r.IsCountry() || r.String() == "US" || r.String() == "JP" || r.Canonicalize() != r {
				continue
			}
			add(en.Name(r), r)
			add(ja.Name(r), r)
		}
	}
	for code, names := range otherNames {
		if r, err := language.ParseRegion(code); err == nil {
			for _, n := range names {
				add(n, r)
			}
		}
	}
	return regexp.MustCompile(strings.Join(alternatives, "|")), byName
})

// otherNames are adjectives and everyday names that CLDR does not list.
var otherNames = map[string][]string{
	"GB": {"uk", "u.k.", "britain", "british", "england", "english law", "英国"}, "KR": {"korean", "south korean", "korea"},
	"DE": {"german"}, "FR": {"french"}, "IT": {"italian"}, "ES": {"spanish"}, "NL": {"dutch", "holland"}, "CH": {"swiss"},
	"AT": {"austrian"}, "BE": {"belgian"}, "SE": {"swedish"}, "NO": {"norwegian"}, "DK": {"danish"}, "FI": {"finnish"},
	"PL": {"polish"}, "CZ": {"czech", "czech republic"}, "PT": {"portuguese"}, "GR": {"greek"}, "IE": {"irish"}, "HU": {"hungarian"},
	"UA": {"ukrainian"}, "RU": {"russian"}, "TR": {"turkish", "turkey"}, "IL": {"israeli"}, "IN": {"indian"}, "PK": {"pakistani"},
	"BD": {"bangladeshi"}, "VN": {"vietnamese"}, "TH": {"thai"}, "MY": {"malaysian"}, "SG": {"singaporean", "singapore's"},
	"ID": {"indonesian"}, "PH": {"philippine", "filipino"}, "TW": {"taiwanese", "台湾"}, "HK": {"hong kong", "香港"}, "CN": {"chinese", "prc"},
	"AU": {"australian", "豪州"}, "NZ": {"new zealand's"}, "CA": {"canadian"}, "MX": {"mexican"}, "BR": {"brazilian"}, "AR": {"argentine", "argentinian"},
	"CL": {"chilean"}, "CO": {"colombian"}, "PE": {"peruvian"}, "ZA": {"south african"}, "EG": {"egyptian"}, "NG": {"nigerian"}, "KE": {"kenyan"},
	"SA": {"saudi"}, "AE": {"uae", "emirati"}, "IR": {"iranian"}, "IQ": {"iraqi"}, "KP": {"north korean"}, "KZ": {"kazakh"},
}
