package conversation

import (
	"cmp"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"golang.org/x/text/language"

	"kakehashi/bot/state"
	"kakehashi/corpus"
	"kakehashi/retrieval/analysis"
)

// command is what a message asks for beside an answer.
type command struct {
	name  string // "" for a question
	asOf  corpus.Date
	text  string // the rest
	fault string // what cannot be read in it
}

const (
	help   = "help"
	status = "status"
	asOf   = "as of"
	digest = "digest"
	forget = "forget"
)

var (
	helpWords   = regexp.MustCompile(`(?i)^(?:help|\?|how do(?:es)? (?:i use )?(?:you|this)(?: work)?\??|ヘルプ|(?:使い方|つかいかた)(?:を教えて(?:ください)?)?)[.。!]?$`)
	statusWords = regexp.MustCompile(`(?i)^(?:status|what do you know\??|ステータス|状況|収録状況)[.。]?$`)
	forgetWords = regexp.MustCompile(`(?i)^(?:please )?(?:forget (?:this|the) (?:thread|conversation)|forget (?:this|everything)|(?:この|その)?(?:スレッド|会話|やりとり)を(?:忘れて|消して|削除して)(?:ください)?)[.。!]?$`)
	digestWords = regexp.MustCompile(`(?i)^(?:digest|ダイジェスト)(?:\s+((?:on|off|pause|show|help|daily|at|every|\d|オン|オフ|停止|表示|使い方|ヘルプ).*))?$`)
	asOfWords   = regexp.MustCompile(`(?i)^as[ -]of\s+(` + dateEN + `|\S*\d\S*?)[,:、]?\s+(.+)$`)
	asOfJA      = regexp.MustCompile(`^(\d{1,4}(?:-\d{1,2}(?:-\d{1,2})?|/\d{1,2}(?:/\d{1,2})?|年(?:\d{1,2}月(?:\d{1,2}日)?)?)?)の?(?:時点|現在)(?:での|で|の|では|における|において)?[、,:]?\s*(.+)$`)
	dateJA      = regexp.MustCompile(`^(\d{4})年(?:(\d{1,2})月(?:(\d{1,2})日)?)?$`)
)

// dateEN is a date in words: it is not taken, and how to write it is told.
const dateEN = `(?:\d{1,2} )?(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)(?:[a-z]*\.?)(?: \d{1,2},?)?(?: \d{4})?`

// commandIn reads a message. Commands are the same in words as behind a slash.
func commandIn(text string) command {
	text = strings.TrimSpace(text)
	plain := analysis.Normalize(text)
	switch {
	case helpWords.MatchString(plain):
		return command{name: help}
	case statusWords.MatchString(plain):
		return command{name: status}
	case forgetWords.MatchString(plain):
		return command{name: forget}
	}
	if m := digestWords.FindStringSubmatch(plain); m != nil && !strings.HasSuffix(plain, "?") {
		return command{name: digest, text: strings.TrimSpace(m[1])}
	}
	for _, dated := range []*regexp.Regexp{asOfWords, asOfJA} {
		if m := dated.FindStringSubmatch(plain); m != nil {
			date, err := corpus.ParseDate(isoDate(m[1]))
			if err != nil || date.IsZero() {
				return command{name: asOf, fault: m[1]}
			}
			return command{name: asOf, asOf: date, text: m[2]}
		}
	}
	return command{text: text}
}

// isoDate writes 2024年4月1日 as 2024-04-01; what is written so already stays.
func isoDate(s string) string {
	m := dateJA.FindStringSubmatch(s)
	if m == nil {
		return s
	}
	out := m[1]
	for _, part := range m[2:] {
		if part != "" {
			out += "-" + strings.Repeat("0", 2-len(part)) + part
		}
	}
	return out
}

// command carries a command out.
func (d *Desk) command(m Message, lang language.Tag, c command) result {
	w := wordsFor(lang)
	private := m.Way.private()
	switch c.name {
	case help:
		return d.note(m, lang, w.help(d.options.Contact), private)
	case status:
		return d.note(m, lang, w.status(d.library.Documents, lang), private)
	case forget:
		if m.Thread.ID == "" {
			return d.note(m, lang, w.forgetWhere, true)
		}
		// The turn goes with the rest, and the note is the last that is said.
		return result{to: m.Thread, write: func(tx *state.Tx) error { return tx.Forget(m.Thread) },
			reply: &Reply{Kind: KindNote, Language: lang, Person: m.Person, Text: w.forgotten}}
	}
	return d.digest(m, lang, c.text)
}

var onOff = regexp.MustCompile(`(?i)^(on|off|pause|オン|オフ|停止)?\s*(\d{1,2}:\d{2})?$`)

// digest shows or changes the daily digest of a person, or of the channel in which it is
// asked for.
func (d *Desk) digest(m Message, lang language.Tag, text string) result {
	w := wordsFor(lang)
	target := state.Target{Platform: m.Thread.Platform, Workspace: m.Thread.Workspace, Kind: state.ToChannel, ID: m.Thread.Channel}
	if m.Way == Direct || m.Alone {
		target.Kind, target.ID = state.ToPerson, m.Person
	}
	out := d.note(m, lang, "", m.Way.private())
	parts := onOff.FindStringSubmatch(text)
	if parts == nil {
		out.reply.Text = w.digestHow
		return out
	}
	at := parts[2]
	if len(at) == len("8:30") {
		at = "0" + at
	}
	if _, err := time.Parse("15:04", at); at != "" && err != nil {
		out.reply.Text = w.digestHow
		return out
	}
	switch strings.ToLower(parts[1]) {
	case "off", "pause", "オフ", "停止":
		out.reply.Text = w.digestOff
		out.write = func(tx *state.Tx) error { return tx.Unsubscribe(target) }
	case "on", "オン":
		s := state.Subscription{Target: target, Language: lang.String(), LocalTime: cmp.Or(at, "08:30"), Zone: cmp.Or(m.Zone, w.zone), Weekdays: workdays, Person: m.Person, Settings: json.RawMessage(`{}`)}
		out.reply.Text = w.digestOn(s)
		out.write = func(tx *state.Tx) error { return tx.Subscribe(s) }
	default:
		out.write = func(tx *state.Tx) error {
			s, err := tx.Subscription(target)
			if err != nil {
				out.reply.Text = w.digestHow
				return ignoreMissing(err)
			}
			out.reply.Text = w.digestOn(s) + "\n" + w.digestHow
			return nil
		}
	}
	return out
}

const workdays state.Weekdays = 1<<time.Monday | 1<<time.Tuesday | 1<<time.Wednesday | 1<<time.Thursday | 1<<time.Friday
