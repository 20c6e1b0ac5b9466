package corpus_test

import (
	"testing"

	"golang.org/x/text/language"

	"kakehashi/corpus"
)

func TestParseDateKeepsWhatIsKnown(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]corpus.Date{
		"2026":       {Year: 2026},
		"2026-11":    {Year: 2026, Month: 11},
		"2026-11-09": {Year: 2026, Month: 11, Day: 9},
		"2024-02-29": {Year: 2024, Month: 2, Day: 29},
	} {
		got, err := corpus.ParseDate(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("ParseDate(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "26", "2026-1", "2026-13", "2026-02-30", "2025-02-29", "9 November 2026", "2026/11/09", "２０２６"} {
		if d, err := corpus.ParseDate(text); err == nil {
			t.Errorf("ParseDate(%q) = %v; want an error", text, d)
		}
	}
}

func TestDateReadsAsInEachLanguage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		date   corpus.Date
		en, ja string
	}{
		{corpus.Date{Year: 2026, Month: 11, Day: 9}, "9 November 2026", "2026年11月9日"},
		{corpus.Date{Year: 2026, Month: 11}, "November 2026", "2026年11月"},
		{corpus.Date{Year: 2026}, "2026", "2026年"},
		{corpus.Date{}, "", ""},
	} {
		if got := c.date.In(language.English); got != c.en {
			t.Errorf("%v in English: %q, want %q", c.date, got, c.en)
		}
		if got := c.date.In(language.Japanese); got != c.ja {
			t.Errorf("%v in Japanese: %q, want %q", c.date, got, c.ja)
		}
	}
}

func TestDatesInFindsEveryForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"through 9 November 2026.":               {"2026-11-09"},
		"on November 9, 2026, and May 2027":      {"2026-11-09", "2027-05"},
		"2026年11月9日までの間、2027年4月に":                {"2026-11-09", "2027-04"},
		"２０２６年１１月９日":                             {"2026-11-09"},
		"2026-11-09":                             {"2026-11-09"},
		"the 2022 rule, 15 CFR 734.8, in 2026":   nil,
		"31 February 2026 and 2026-13-01":        {"2026-02"},
		"Sept. 30, 2025, not Mayor 2025":         {"2025-09-30"},
		"2024年7月0日から":                            nil,
		"2022年の規則":                               nil,
		"from 1 April 2025 to 2 Apr 2025 and 3月": {"2025-04-01", "2025-04-02"},
	} {
		var got []string
		for _, m := range corpus.DatesIn(text) {
			got = append(got, m.Date.String())
		}
		if len(got) != len(want) {
			t.Errorf("DatesIn(%q) = %v, want %v", text, got, want)
			continue
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("DatesIn(%q) = %v, want %v", text, got, want)
			}
		}
	}
}

func TestPassedDatesWereAheadWhenChecked(t *testing.T) {
	t.Parallel()
	text := "Published on 12 November 2025, suspended through 9 November 2026; full implementation comes on 10 November 2028."
	checked := corpus.Date{Year: 2025, Month: 11}
	for today, want := range map[corpus.Date]int{
		{Year: 2026, Month: 11, Day: 9}:  0, // the day itself has not passed
		{Year: 2026, Month: 11, Day: 10}: 1,
		{Year: 2029, Month: 1, Day: 1}:   2,
		{Year: 2025, Month: 11, Day: 20}: 0, // 12 November lay in the month of the check
	} {
		if got := corpus.PassedDates(text, checked, today); len(got) != want {
			t.Errorf("on %v: %v, want %d dates", today, got, want)
		}
	}
}
