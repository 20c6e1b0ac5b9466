package corpus

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/width"
)

// A Mention is a date found in running text. Start and End are byte offsets.
type Mention struct {
	Date       Date
	Start, End int
}

const monthNames = `January|February|March|April|May|June|July|August|September|October|November|December|` +
	`Jan\.?|Feb\.?|Mar\.?|Apr\.?|Jun\.?|Jul\.?|Aug\.?|Sept?\.?|Oct\.?|Nov\.?|Dec\.?`

var (
	dayMonthYear = regexp.MustCompile(`\b(\d{1,2}) (` + monthNames + `) (\d{4})\b`)
	monthDayYear = regexp.MustCompile(`\b(` + monthNames + `) (\d{1,2}), (\d{4})\b`)
	monthYear    = regexp.MustCompile(`\b(` + monthNames + `) (\d{4})\b`)
	isoDate      = regexp.MustCompile(`\b(\d{4})-(\d{2})-(\d{2})\b`)
	japaneseDate = regexp.MustCompile(`([0-9０-９]{4})年(?:\s*([0-9０-９]{1,2})月(?:\s*([0-9０-９]{1,2})日)?)?`)
)

// DatesIn finds the dates that name at least a month: "9 November 2026",
// "November 9, 2026", "November 2026", "2026-11-09", "2026年11月9日", in the order
// of the text. Bare years are left out: a year in a rule is more often a name
// (the 2022 rule) than a point in time.
func DatesIn(text string) []Mention {
	var found []Mention
	taken := func(s, e int) bool {
		for _, m := range found {
			if s < m.End && m.Start < e {
				return true
			}
		}
		return false
	}
	scan := func(re *regexp.Regexp, year, month, day int) {
		for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
			group := func(i int) string {
				if i == 0 || m[2*i] < 0 {
					return ""
				}
				return text[m[2*i]:m[2*i+1]]
			}
			d := Date{Year: number(group(year)), Month: monthNumber(group(month)), Day: number(group(day))}
			impossible := d.Month > 12 || d.Day > d.lastDay() || (d.Day == 0 && group(day) != "")
			if d.Month < 1 || impossible || taken(m[0], m[1]) {
				continue
			}
			found = append(found, Mention{Date: d, Start: m[0], End: m[1]})
		}
	}
	scan(dayMonthYear, 3, 2, 1)
	scan(monthDayYear, 3, 1, 2)
	scan(isoDate, 1, 2, 3)
	scan(japaneseDate, 1, 2, 3)
	scan(monthYear, 2, 1, 0)
	slices.SortFunc(found, func(a, b Mention) int { return cmp.Compare(a.Start, b.Start) })
	return found
}

func (d Date) lastDay() int { return Date{Year: d.Year, Month: d.Month}.Last().Day }

func number(s string) int {
	n, _ := strconv.Atoi(width.Narrow.String(s))
	return n
}

func monthNumber(s string) int {
	if len(s) >= 3 {
		i := strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", strings.ToLower(s[:3]))
		if i >= 0 && i%3 == 0 {
			return i/3 + 1
		}
	}
	return number(s)
}

// PassedDates are the dates named in the text that still lay ahead when it was
// checked (asOf) and have passed by today, each once, in the order of the text.
// A reader must be told of them: a suspension may have ended, a phase begun.
func PassedDates(text string, asOf, today Date) []Date {
	var out []Date
	seen := map[Date]bool{}
	for _, m := range DatesIn(text) {
		ahead := asOf.Last().Before(m.Date.First())
		if ahead && m.Date.Before(today) && !seen[m.Date] {
			seen[m.Date] = true
			out = append(out, m.Date)
		}
	}
	return out
}
