package slack

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"kakehashi/bot/platformtest"
	"kakehashi/bot/slack/slacktest"
)

// floor is the office as platformtest drives it.
type floor struct{ *office }

var (
	userOf = map[string]string{platformtest.Ann: ann, platformtest.Ben: ben, platformtest.Eve: eve, platformtest.Kakehashi: slacktest.BotUser}
	named  = func() *strings.Replacer {
		var pairs []string
		for name, id := range userOf {
			pairs = append(pairs, id, name)
		}
		return strings.NewReplacer(pairs...)
	}()
)

// platform makes an office for platformtest.
func platform(sockets bool) platformtest.Open {
	return func(t *testing.T, b *platformtest.Bot) platformtest.Platform {
		return floor{employ(t, sockets, b.Language.String(), b.Store, b.Desk)}
	}
}

func TestContract(t *testing.T) {
	for name, sockets := range map[string]bool{"Socket Mode": true, "HTTP": false} {
		t.Run(name, func(t *testing.T) { platformtest.Run(t, platform(sockets)) })
	}
}

func (f floor) Lacks(platformtest.Ability) bool { return false }

// done fails where a person cannot do something.
func (f floor) done(_ *slacktest.Delivery, err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f floor) channel(room string) string {
	f.t.Helper()
	switch room {
	case platformtest.General:
		return general
	case platformtest.Experts:
		return experts
	}
	dm, err := f.DM(userOf[room])
	f.done(nil, err)
	return dm
}

func (f floor) Write(person string, in platformtest.Place, text string) platformtest.Place {
	f.t.Helper()
	m := f.says(userOf[person], f.channel(in.Room), in.Thread, platformtest.Names(text, func(name string) string { return "<@" + userOf[name] + ">" }))
	if in.Thread == "" {
		in.Thread = m.TS
	}
	return in
}

func (f floor) Command(person, room, text string) {
	f.t.Helper()
	f.done(f.Slash(userOf[person], f.channel(room), commandName, text))
}

func (f floor) Press(person string, on platformtest.Shown, b platformtest.Button, words string) {
	f.t.Helper()
	user, m := userOf[person], on.Native.(slacktest.Message)
	switch b {
	case platformtest.Share:
		f.done(f.Click(user, m, actionShare, ""))
	case platformtest.Expert:
		f.done(f.Click(user, m, actionExpert, ""))
	case platformtest.FollowUp:
		f.done(f.Click(user, m, actionFollowUp+"1", ""))
	case platformtest.Helpful:
		f.done(f.Click(user, m, actionFeedback, feedbackUp))
	case platformtest.Unhelpful:
		f.done(f.Click(user, m, actionFeedback, feedbackDown))
		f.WaitFor(f.t, func() bool { return len(f.Modals(user)) > 0 })
		f.done(f.Submit(user, f.Modals(user)[0], map[string]string{actionReason: "outdated", actionComment: words}))
	}
}

func (f floor) Home(person string) string {
	f.t.Helper()
	f.done(nil, f.OpenHome(userOf[person], "home"))
	f.WaitFor(f.t, func() bool { _, shown := f.office.Home(userOf[person]); return shown })
	home, _ := f.office.Home(userOf[person])
	return readable(home.JSON)
}

func (f floor) Stop(person string, in platformtest.Place) {
	f.t.Helper()
	channel := f.channel(in.Room)
	f.WaitFor(f.t, func() bool { return f.SessionOf(channel, in.Thread).Status == "processing" })
	f.done(nil, f.StopAgent(userOf[person], channel, in.Thread))
}

func (f floor) Again() {
	for _, d := range f.Deliveries() {
		f.Repeat(d)
	}
}

func (f floor) Received() { f.WaitFor(f.t, f.Settled) }
func (f floor) Quiet()    { f.quiet() }

func (f floor) Replies(in platformtest.Place) []platformtest.Shown {
	f.t.Helper()
	var out []platformtest.Shown
	for _, m := range f.Messages(f.channel(in.Room)) {
		root := m.Thread == "" || m.Thread == m.TS
		if m.User == slacktest.BotUser && (root && in.Thread == "" || !root && m.Thread == in.Thread) {
			out = append(out, shown(in.Room, m))
		}
	}
	return out
}

func (f floor) Private(person string) []platformtest.Shown {
	var out []platformtest.Shown
	for _, m := range f.Ephemerals(userOf[person]) {
		out = append(out, shown(platformtest.General, m))
	}
	return out
}

func shown(room string, m slacktest.Message) platformtest.Shown {
	s := platformtest.Shown{Place: platformtest.Place{Room: room, Thread: m.Thread}, Text: readable(m.Blocks), Native: m}
	if s.Thread == "" {
		s.Thread = m.TS
	}
	if strings.Contains(string(m.Blocks), `"action_id":"`+actionShare+`"`) {
		s.Buttons = append(s.Buttons, platformtest.Share)
	}
	return s
}

// readable is what can be read in blocks, in order.
func readable(blocks json.RawMessage) string {
	var parsed any
	if err := json.Unmarshal(blocks, &parsed); err != nil {
		return ""
	}
	var b strings.Builder
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				text, is := v[key].(string)
				switch {
				case !is:
					walk(v[key])
				case key == "text":
					b.WriteString(text)
				case key == "user_id":
					b.WriteString(named.Replace(text))
				}
			}
		}
	}
	walk(parsed)
	return b.String()
}

func TestNothingIsSaidUninvitedAndAllThatIsAskedIsAnswered(t *testing.T) {
	t.Parallel()
	platformtest.Simulate(t, 7, 100, platform(true))
}
