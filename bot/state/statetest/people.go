package statetest

import (
	"encoding/json"
	"testing"
	"time"

	"kakehashi/bot/state"
)

var personTests = map[string]func(*testing.T, *fixture){
	"counts the last feedback of a person":        countsFeedback,
	"keeps who has signed off which version when": signsOff,
	"keeps subscriptions":                         subscribes,
	"refuses a subscription that cannot be kept":  refusesSubscriptions,
	"keeps how to write to someone unasked":       keepsConversations,
}

func person(id string) state.Person { return state.Person{Platform: "slack", Workspace: "T1", ID: id} }

func feedbackOn(t testing.TB, s *state.Store, answer string) []state.Feedback {
	t.Helper()
	return read(t, s, func(r *state.Reader) ([]state.Feedback, error) { return r.Feedback(answer) })
}

func countsFeedback(t *testing.T, f *fixture) {
	record(t, f.Store, answerTo("A1", "U1", "a", slackThread))
	set := func(want error, answer, who string, helpful bool, reason string) {
		t.Helper()
		update(t, f.Store, want, func(tx *state.Tx) error {
			return tx.SetFeedback(state.Feedback{Answer: answer, Person: person(who), Helpful: helpful, Reason: reason})
		})
		f.Advance(t, time.Second)
	}
	set(nil, "A1", "U1", true, "")
	set(nil, "A1", "U2", true, "clear")
	set(nil, "A1", "U1", false, "the date is wrong")
	set(state.ErrNotFound, "A2", "U1", true, "")
	got := feedbackOn(t, f.Store, "A1")
	if len(got) != 2 || !got[0].At.Before(got[1].At) {
		t.Fatalf("%+v", got)
	}
	got[0].At, got[1].At = time.Time{}, time.Time{}
	equal(t, "feedback", got, []state.Feedback{
		{Answer: "A1", Person: person("U2"), Helpful: true, Reason: "clear"},
		{Answer: "A1", Person: person("U1"), Helpful: false, Reason: "the date is wrong"},
	})
}

func signOffsOf(t testing.TB, s *state.Store, subject string) []state.SignOff {
	t.Helper()
	return read(t, s, func(r *state.Reader) ([]state.SignOff, error) { return r.SignOffs(subject) })
}

func signsOff(t *testing.T, f *fixture) {
	sign := func(subject, version, who string) {
		t.Helper()
		update(t, f.Store, nil, func(tx *state.Tx) error {
			return tx.SignOff(state.SignOff{Subject: subject, Version: version, Person: person(who)})
		})
		f.Advance(t, time.Second)
	}
	sign("checklist-1", "v1", "U1")
	first := signOffsOf(t, f.Store, "checklist-1")
	sign("checklist-1", "v1", "U2")
	sign("checklist-1", "v2", "U1")
	sign("checklist-1", "v1", "U1")
	sign("checklist-2", "v1", "U1")
	got := signOffsOf(t, f.Store, "checklist-1")
	if len(got) != 3 || got[0] != first[0] || got[1].Person != person("U2") || got[2].Version != "v2" || !got[0].At.Before(got[1].At) {
		t.Errorf("%+v", got)
	}
}

func subscription(id string) state.Subscription {
	return state.Subscription{
		Target:   state.Target{Platform: "slack", Workspace: "T1", Kind: state.ToChannel, ID: id},
		Settings: json.RawMessage(`{"topics": ["export-controls"], "jurisdictions": ["us"]}`), Language: "ja",
		LocalTime: "08:30", Zone: "Asia/Tokyo", Weekdays: 0b0111110, Person: "U1",
	}
}

func subscribes(t *testing.T, f *fixture) {
	channel, own := subscription("C1"), subscription("U1")
	own.Target.Kind, own.Paused = state.ToPerson, true
	if !channel.Weekdays.Has(time.Friday) || channel.Weekdays.Has(time.Sunday) || channel.Weekdays.Has(time.Saturday) {
		t.Error("these are not the weekdays from Monday to Friday")
	}
	set := func(s state.Subscription) {
		t.Helper()
		update(t, f.Store, nil, func(tx *state.Tx) error { return tx.Subscribe(s) })
	}
	set(subscription("C2"))
	set(channel)
	set(own)
	channel.LocalTime, channel.Zone, channel.Language, channel.Weekdays, channel.Paused = "17:05", "America/New_York", "en", 1<<time.Sunday, true
	channel.Settings, channel.Person = json.RawMessage(`{"kinds":[]}`), "U2"
	set(channel)
	got := read(t, f.Store, func(r *state.Reader) (state.Subscription, error) { return r.Subscription(channel.Target) })
	if got.At.IsZero() {
		t.Error("no time of the change")
	}
	got.At = time.Time{}
	equal(t, "subscription", []state.Subscription{got}, []state.Subscription{channel})
	update(t, f.Store, nil, func(tx *state.Tx) error { return tx.Unsubscribe(subscription("C2").Target) })
	missing(t, f.Store, func(r *state.Reader) (state.Subscription, error) { return r.Subscription(subscription("C2").Target) })
	var targets []state.Target
	for _, s := range read(t, f.Store, func(r *state.Reader) ([]state.Subscription, error) { return r.Subscriptions() }) {
		targets = append(targets, s.Target)
	}
	equal(t, "targets", targets, []state.Target{channel.Target, own.Target})
}

func refusesSubscriptions(t *testing.T, f *fixture) {
	for name, change := range map[string]func(*state.Subscription){
		"a time of 25 o'clock":  func(s *state.Subscription) { s.LocalTime = "25:00" },
		"no time":               func(s *state.Subscription) { s.LocalTime = "" },
		"a zone that is none":   func(s *state.Subscription) { s.Zone = "Asia/Nowhere" },
		"the machine's zone":    func(s *state.Subscription) { s.Zone = "Local" },
		"no zone":               func(s *state.Subscription) { s.Zone = "" },
		"eight days":            func(s *state.Subscription) { s.Weekdays = 1 << 7 },
		"settings without form": func(s *state.Subscription) { s.Settings = json.RawMessage(`{`) },
		"no settings":           func(s *state.Subscription) { s.Settings = nil },
		"no kind of target":     func(s *state.Subscription) { s.Target.Kind = "" },
		"nobody":                func(s *state.Subscription) { s.Target.ID = "" },
	} {
		s := subscription("C1")
		change(&s)
		refused(t, f, name, "", func(tx *state.Tx) error { return tx.Subscribe(s) })
	}
}

func keepsConversations(t *testing.T, f *fixture) {
	target := state.Target{Platform: "teams", Workspace: "tenant", Kind: state.ToPerson, ID: "29:x"}
	of := func(r *state.Reader) (state.Conversation, error) { return r.Conversation(target) }
	missing(t, f.Store, of)
	want := state.Conversation{Target: target, Reference: json.RawMessage(`{"serviceUrl": "https://example.org/"}`)}
	update(t, f.Store, nil, func(tx *state.Tx) error { return tx.SetConversation(want) })
	equal(t, "conversation", []state.Conversation{read(t, f.Store, of)}, []state.Conversation{want})
	update(t, f.Store, nil, func(tx *state.Tx) error { return tx.Block(target) })
	if !read(t, f.Store, of).Blocked {
		t.Error("it is not blocked")
	}
	want.Reference = json.RawMessage(`{"serviceUrl": "https://example.org/2"}`)
	update(t, f.Store, nil, func(tx *state.Tx) error { return tx.SetConversation(want) })
	equal(t, "conversation", []state.Conversation{read(t, f.Store, of)}, []state.Conversation{want})
}
