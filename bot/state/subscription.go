package state

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"errors"
	"time"
)

// Target is a person or a channel that is written to unasked.
type Target struct {
	Platform, Workspace string
	Kind                Kind
	ID                  string
}

// Kind tells people from channels.
type Kind string

// The kinds of a Target.
const (
	ToPerson  Kind = "person"
	ToChannel Kind = "channel"
)

func (g Target) check() error {
	if g.Kind != ToPerson && g.Kind != ToChannel {
		return &InputError{"the target's kind", "is neither person nor channel"}
	}
	return cmp.Or(checkID("the target's platform", g.Platform), checkID("the target's workspace", g.Workspace), checkID("the target's id", g.ID))
}

// Subscription is what a person or a channel wants to be told, and when.
type Subscription struct {
	Target    Target
	Settings  json.RawMessage // topics, jurisdictions, kinds and the like
	Language  string
	LocalTime string // 08:30
	Zone      string // of the IANA database: Asia/Tokyo
	Weekdays  Weekdays
	Paused    bool
	Person    string    // who made it; "" after a purge
	At        time.Time // when it was last changed
}

// Weekdays is a set of days of the week: bit 0 is Sunday, as in time.Weekday.
type Weekdays uint8

// Has reports whether a day is among them.
func (w Weekdays) Has(d time.Weekday) bool { return w&(1<<d) != 0 }

func (s *Subscription) check() error {
	if err := cmp.Or(
		s.Target.check(), checkJSON("the subscription's settings", s.Settings), checkPayload("the subscription's settings", string(s.Settings)),
		checkOptional("the subscription's language", s.Language), checkID("the subscription's person", s.Person),
	); err != nil {
		return err
	}
	if _, err := time.Parse("15:04", s.LocalTime); err != nil {
		return &InputError{"the subscription's time", "is not of the form 08:30"}
	}
	if _, err := time.LoadLocation(s.Zone); err != nil || s.Zone == "" || s.Zone == "Local" {
		return &InputError{"the subscription's time zone", "is none of the IANA database"}
	}
	if s.Weekdays >= 1<<7 {
		return &InputError{"the subscription's weekdays", "are more than seven"}
	}
	return nil
}

const subscribe = `
INSERT INTO subscriptions (platform, workspace, kind, target, settings, language, local_time, zone, weekdays, paused, person, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (platform, workspace, kind, target) DO UPDATE SET settings = excluded.settings, language = excluded.language,
	local_time = excluded.local_time, zone = excluded.zone, weekdays = excluded.weekdays, paused = excluded.paused,
	person = excluded.person, at = excluded.at`

// Subscribe sets the subscription of its target, in place of the one before.
func (t *Tx) Subscribe(s Subscription) error {
	if err := s.check(); err != nil {
		return err
	}
	now, err := t.now()
	if err != nil {
		return err
	}
	g := s.Target
	return t.done(t.sql.ExecContext(t.Context(), subscribe, g.Platform, g.Workspace, string(g.Kind), g.ID, string(s.Settings),
		s.Language, s.LocalTime, s.Zone, int64(s.Weekdays), s.Paused, s.Person, now))
}

const unsubscribe = `DELETE FROM subscriptions WHERE platform = $1 AND workspace = $2 AND kind = $3 AND target = $4`

// Unsubscribe ends the subscription of a target, if it has one.
func (t *Tx) Unsubscribe(g Target) error {
	return t.done(t.sql.ExecContext(t.Context(), unsubscribe, g.Platform, g.Workspace, string(g.Kind), g.ID))
}

const selectSubscription = `
SELECT platform, workspace, kind, target, settings, language, local_time, zone, weekdays, paused, person, at FROM subscriptions
WHERE platform = $1 AND workspace = $2 AND kind = $3 AND target = $4`

// Subscription is that of a target, or ErrNotFound.
func (r *Reader) Subscription(g Target) (Subscription, error) {
	s, err := scanSubscription(r.sql.QueryRowContext(r.Context(), selectSubscription, g.Platform, g.Workspace, string(g.Kind), g.ID).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Subscription{}, ErrNotFound
	}
	return s, r.met(err)
}

const selectSubscriptions = `
SELECT platform, workspace, kind, target, settings, language, local_time, zone, weekdays, paused, person, at FROM subscriptions
ORDER BY platform, workspace, kind, target`

// Subscriptions are all of them, those that are paused among them.
func (r *Reader) Subscriptions() ([]Subscription, error) {
	var out []Subscription
	rows, err := r.sql.QueryContext(r.Context(), selectSubscriptions)
	err = r.each(rows, err, func(rows *sql.Rows) error {
		s, err := scanSubscription(rows.Scan)
		out = append(out, s)
		return err
	})
	return out, err
}

func scanSubscription(scan func(...any) error) (Subscription, error) {
	var s Subscription
	var settings string
	var at int64
	err := scan(&s.Target.Platform, &s.Target.Workspace, &s.Target.Kind, &s.Target.ID, &settings,
		&s.Language, &s.LocalTime, &s.Zone, &s.Weekdays, &s.Paused, &s.Person, &at)
	s.Settings, s.At = json.RawMessage(settings), fromMicros(at)
	return s, err
}
