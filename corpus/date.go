package corpus

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
)

// Date is a calendar date that may be known only to the month or the year, as
// publication dates of rules often are. Month and Day are 0 where unknown. The
// zero Date means "not known".
type Date struct{ Year, Month, Day int }

// ParseDate reads YYYY, YYYY-MM or YYYY-MM-DD. Dates that no calendar holds
// (2026-02-30) are errors.
func ParseDate(s string) (Date, error) {
	layouts := map[int]string{4: "2006", 7: "2006-01", 10: "2006-01-02"}
	layout, ok := layouts[len(s)]
	if !ok {
		return Date{}, fmt.Errorf("date %q: want YYYY, YYYY-MM or YYYY-MM-DD", s)
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return Date{}, fmt.Errorf("date %q: want a calendar date as YYYY, YYYY-MM or YYYY-MM-DD", s)
	}
	d := Date{Year: t.Year()}
	if len(s) >= 7 {
		d.Month = int(t.Month())
	}
	if len(s) == 10 {
		d.Day = t.Day()
	}
	return d, nil
}

// DateOf is the calendar date of t in t's own zone.
func DateOf(t time.Time) Date {
	return Date{t.Year(), int(t.Month()), t.Day()}
}

// IsZero reports whether the date is unknown.
func (d Date) IsZero() bool { return d.Year == 0 }

// First is the first day that d can mean.
func (d Date) First() Date {
	return Date{d.Year, max(d.Month, 1), max(d.Day, 1)}
}

// Last is the last day that d can mean: 31 December of a bare year, the last of
// the month of a bare month.
func (d Date) Last() Date {
	switch {
	case d.Month == 0:
		return Date{d.Year, 12, 31}
	case d.Day == 0:
		return DateOf(time.Date(d.Year, time.Month(d.Month)+1, 0, 0, 0, 0, 0, time.UTC))
	}
	return d
}

// Before reports whether every day of d lies before every day of e.
func (d Date) Before(e Date) bool {
	a, b := d.Last(), e.First()
	if a.Year != b.Year {
		return a.Year < b.Year
	}
	if a.Month != b.Month {
		return a.Month < b.Month
	}
	return a.Day < b.Day
}

// String is the ISO form, as precise as the date is known.
func (d Date) String() string {
	switch {
	case d.IsZero():
		return ""
	case d.Month == 0:
		return fmt.Sprintf("%04d", d.Year)
	case d.Day == 0:
		return fmt.Sprintf("%04d-%02d", d.Year, d.Month)
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// In is the date as a reader of the language writes it: 9 November 2026,
// 2026年11月9日.
func (d Date) In(lang language.Tag) string {
	if d.IsZero() {
		return ""
	}
	var parts []string
	if lang == language.Japanese {
		parts = append(parts, strconv.Itoa(d.Year)+"年")
		if d.Month != 0 {
			parts = append(parts, strconv.Itoa(d.Month)+"月")
		}
		if d.Day != 0 {
			parts = append(parts, strconv.Itoa(d.Day)+"日")
		}
		return strings.Join(parts, "")
	}
	if d.Day != 0 {
		parts = append(parts, strconv.Itoa(d.Day))
	}
	if d.Month != 0 {
		parts = append(parts, time.Month(d.Month).String())
	}
	return strings.Join(append(parts, strconv.Itoa(d.Year)), " ")
}

// MarshalText writes the ISO form.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText wrote; the empty text is the zero Date.
func (d *Date) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = Date{}
		return nil
	}
	v, err := ParseDate(string(b))
	if err != nil {
		return err
	}
	*d = v
	return nil
}
