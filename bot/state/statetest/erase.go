package statetest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"kakehashi/bot/state"
	"kakehashi/bot/thread"
)

var eraseTests = map[string]func(*testing.T, *fixture){
	"forgets a thread without a trace":              forgets,
	"keeps nothing of an answer to what is erased":  forgetsWhatIsUnderWay,
	"purges a person, and says what":                purgesPerson,
	"purges what is older than a date":              purgesOld,
	"purges a person's older texts":                 purgesPersonsOld,
	"purges within a platform or a workspace":       purgesWithin,
	"purges nothing without a person or a date":     purgesNothing,
	"sweeps what is kept no longer":                 sweeps,
	"sweeps more than one batch":                    sweepsBatches,
	"keeps everything where nothing is said of age": keepsAll,
}

// written has a person ask in a thread, with all that comes of it. mark stands in every
// text of theirs, and in what the bot says to them.
func written(t testing.TB, s *state.Store, id, who, mark string, th state.Thread) {
	t.Helper()
	answer := answerTo("answer-"+id, who, mark+" question", th)
	payload, err := json.Marshal(map[string]string{"text": mark})
	if err != nil {
		t.Fatal(err)
	}
	reply := state.Delivery{Key: "posted-" + id, Thread: th, Person: who, Answer: answer.ID, Payload: payload}
	update(t, s, nil, func(tx *state.Tx) error {
		bot := turn("reply-"+id, "B", mark+" reply")
		bot.Role, bot.Answer = thread.Assistant, answer.ID
		return errors.Join(
			tx.Append(th, turn("turn-"+id, who, mark+" turn")), tx.Append(th, bot), tx.Record(answer), tx.Enqueue(reply),
			tx.SetFeedback(state.Feedback{Answer: answer.ID, Person: state.Person{Platform: th.Platform, Workspace: th.Workspace, ID: who}, Reason: mark + " reason"}),
		)
	})
	deliverAll(t, s, &Platform{})
	open := event("event-" + id)
	open.Thread, open.Person, open.Payload = th, who, string(payload)
	claim(t, s, open)
	open.Key = "done-" + id
	done, _ := claim(t, s, open)
	update(t, s, nil, func(tx *state.Tx) error { return tx.Finish(done) })
	pending := reply
	pending.Key = "pending-" + id
	enqueue(t, s, pending)
}

// held expects texts to stand in what is stored, or not.
func held(t *testing.T, f *fixture, want bool, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if got := f.Holds(t, text); got != want {
			t.Errorf("%q is stored: %t, want %t", text, got, want)
		}
	}
}

func forgets(t *testing.T, f *fixture) {
	written(t, f.Store, "1", "U1", "zirconium", slackThread)
	written(t, f.Store, "2", "U1", "hafnium", otherThread)
	// What is posted to the thread, and what shows its answer elsewhere.
	posted, pending, shown := delivery("notice posted", slackThread), delivery("notice pending", slackThread), delivery("shown", teamsThread)
	posted.Payload, pending.Payload, shown.Payload = []byte(`"zirconium 1"`), []byte(`"zirconium 2"`), []byte(`"zirconium 3"`)
	shown.Answer = "answer-1"
	quoted := turn("quoted", "B", "zirconium 4")
	quoted.Role, quoted.Answer = thread.Assistant, "answer-1"
	appendTurns(t, f.Store, teamsThread, quoted)
	shownToo := delivery("shown too", teamsThread)
	shownToo.Payload, shownToo.Answer = []byte(`"zirconium 5"`), "answer-1"
	enqueue(t, f.Store, posted, shownToo)
	deliverAll(t, f.Store, &Platform{})
	enqueue(t, f.Store, pending, shown)
	held(t, f, true, "zirconium 1", "zirconium 2", "zirconium 3", "zirconium 4", "zirconium 5", "hafnium")
	last, _ := claim(t, f.Store, event("forget this thread"))
	update(t, f.Store, nil, func(tx *state.Tx) error {
		return errors.Join(tx.Forget(slackThread), tx.Enqueue(delivery("forgotten", slackThread)), tx.Finish(last))
	})
	held(t, f, false, "zirconium")
	held(t, f, true, "hafnium")
	if chain := sound(t, f.Store, slackThread, 2); chain.Erased != 1 {
		t.Errorf("%d records are erased, want 1", chain.Erased)
	}
	p := &Platform{}
	deliverAll(t, f.Store, p)
	equal(t, "posts", p.Posts(), []string{"forgotten"})
	if turns := turnsOf(t, f.Store, slackThread); len(turns) > 0 {
		t.Errorf("%d turns are left", len(turns))
	}
	is(t, f.Store, "posted-1", state.Posted, 1, "") // so that it is not posted again
	a := read(t, f.Store, func(r *state.Reader) (state.Answer, error) { return r.Answer("answer-1") })
	if a.Erased.IsZero() || a.Hash == "" || a.Question != "" || len(a.Citations) > 0 {
		t.Errorf("%+v", a)
	}
	record(t, f.Store, answerTo("answer-1", "U1", "zirconium question", slackThread)) // a repetition that comes late
	held(t, f, false, "zirconium")
}

func forgetsWhatIsUnderWay(t *testing.T, f *fixture) {
	for name, erase := range map[string]func() error{
		"forgotten": func() error {
			return f.Update(t.Context(), func(tx *state.Tx) error { return tx.Forget(slackThread) })
		},
		"purged": func() error {
			_, err := f.Purge(t.Context(), state.PurgeRequest{User: "U1"})
			return err
		},
	} {
		e, _ := claim(t, f.Store, event(name))
		if err := erase(); err != nil {
			t.Fatal(err)
		}
		update(t, f.Store, state.ErrTaken, func(tx *state.Tx) error {
			return cmp.Or(tx.Append(slackThread, turn(name, "U1", "zirconium")), tx.Finish(e))
		})
		f.Advance(t, time.Hour)
		if _, found := adopt(t, f.Store); found {
			t.Errorf("the event of what is %s is handed on", name)
		}
		if _, won := claim(t, f.Store, event(name)); won {
			t.Errorf("the event of what is %s is claimed again", name)
		}
	}
	held(t, f, false, "zirconium")
}

func purgesPerson(t *testing.T, f *fixture) {
	const who = "U-purged"
	written(t, f.Store, "1", who, "zirconium", slackThread)
	written(t, f.Store, "2", "U2", "hafnium", slackThread)
	// Another's answer that has taken the person's turn into account, and shows it.
	quoting := answerTo("answer-3", "U2", "and in Japan?", slackThread)
	quoting.Answer = json.RawMessage(`{"notice": "read together with: zirconium"}`)
	quoting.Context = []state.Quote{{Person: who, Role: thread.User, Text: "zirconium turn", At: noon}, {Person: "U2", Role: thread.User, Text: "niobium", At: noon}}
	shown := turn("reply-3", "B", "read together with: zirconium")
	shown.Role, shown.Answer = thread.Assistant, "answer-3"
	own, made := subscription(who), subscription("C1")
	own.Target.Kind = state.ToPerson
	own.Person, made.Person = who, who
	update(t, f.Store, nil, func(tx *state.Tx) error {
		return errors.Join(
			tx.Record(quoting), tx.Append(slackThread, shown), tx.Subscribe(own), tx.Subscribe(made),
			tx.SetConversation(state.Conversation{Target: own.Target, Reference: json.RawMessage(`{"of":"zirconium"}`)}),
			tx.SignOff(state.SignOff{Subject: "s", Version: "v1", Person: person(who)}), tx.SignOff(state.SignOff{Subject: "s", Version: "v2", Person: person(who)}),
			tx.SignOff(state.SignOff{Subject: "s", Version: "v1", Person: person("U2")}),
		)
	})
	want := state.Report{
		"answers": 2, "citations": 2, "contexts": 2, "turns": 3, "deliveries": 2, "events": 1, "feedback": 1,
		"sign_offs": 2, "subscriptions": 2, "conversations": 1,
	}
	for _, dry := range []bool{true, false} {
		report, err := f.Purge(t.Context(), state.PurgeRequest{User: who, DryRun: dry})
		if err != nil {
			t.Fatal(err)
		}
		for table, n := range want {
			if table == "feedback" {
				n = report[table] // the reason of an answer that goes, and the vote
			}
			if report[table] != n {
				t.Errorf("dry %t: %d of %s; want %d", dry, report[table], table, n)
			}
		}
		held(t, f, dry, "zirconium", who)
		held(t, f, true, "hafnium", "U2")
	}
	if chain := sound(t, f.Store, slackThread, 3); chain.Erased != 2 {
		t.Errorf("%d records are erased, want 2", chain.Erased)
	}
	if got := feedbackOn(t, f.Store, "answer-1"); len(got) != 1 || got[0].Reason != "" || got[0].Person.ID == who {
		t.Errorf("feedback: %+v", got)
	}
	signs := signOffsOf(t, f.Store, "s")
	pseudonyms := map[string]int{}
	for _, o := range signs {
		pseudonyms[o.Person.ID]++
	}
	if len(signs) != 3 || pseudonyms["U2"] != 1 || len(pseudonyms) != 2 {
		t.Errorf("sign-offs: %+v", signs)
	}
	if s := read(t, f.Store, func(r *state.Reader) (state.Subscription, error) { return r.Subscription(made.Target) }); s.Person != "" {
		t.Errorf("the channel's subscription: %+v", s)
	}
	again, err := f.Purge(t.Context(), state.PurgeRequest{User: who})
	if err != nil || len(nonZero(again)) > 0 {
		t.Errorf("the second time: %v, %v", again, err)
	}
}

func nonZero(r state.Report) state.Report {
	r = maps.Clone(r)
	maps.DeleteFunc(r, func(_ string, n int64) bool { return n == 0 })
	return r
}

// aged is a turn of some days ago.
func aged(t testing.TB, f *fixture, id, who, mark string, th state.Thread, days int) {
	t.Helper()
	old := turn("turn-"+id, who, mark+" turn")
	old.At = timeOf(t, f).Add(-time.Duration(days) * 24 * time.Hour)
	appendTurns(t, f.Store, th, old)
}

// timeOf is the time of the clock that decides, as an answer shows it.
func timeOf(t testing.TB, f *fixture) time.Time {
	t.Helper()
	id := state.NewID()
	th := state.Thread{Platform: "test", Workspace: id, Channel: "c"}
	record(t, f.Store, answerTo(id, "nobody", "a", th))
	return read(t, f.Store, func(r *state.Reader) (state.Answer, error) { return r.Answer(id) }).At
}

func purgesOld(t *testing.T, f *fixture) {
	now := timeOf(t, f)
	written(t, f.Store, "1", "U1", "zirconium", slackThread)
	own := subscription("U1")
	own.Target.Kind = state.ToPerson
	update(t, f.Store, nil, func(tx *state.Tx) error { return tx.Subscribe(own) })
	f.Advance(t, 24*time.Hour)
	written(t, f.Store, "2", "U1", "hafnium", otherThread)
	young := turn("young", "U1", "hafnium now")
	young.At = now.Add(24 * time.Hour)
	quoting := answerTo("answer-3", "U2", "and in Japan?", otherThread)
	quoting.Context = []state.Quote{{Person: "U1", Role: thread.User, Text: "zirconium turn", At: now.Add(-time.Hour)}}
	appendTurns(t, f.Store, otherThread, young)
	record(t, f.Store, quoting)
	report, err := f.Purge(t.Context(), state.PurgeRequest{Before: now.Add(12 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if report["answers"] < 2 || report["events"] != 1 || report["subscriptions"] != 0 {
		t.Errorf("%v", report)
	}
	held(t, f, false, "zirconium")
	held(t, f, true, "hafnium now", "hafnium question", "hafnium reason")
	sound(t, f.Store, slackThread, 3)
	read(t, f.Store, func(r *state.Reader) (state.Subscription, error) { return r.Subscription(own.Target) })
}

func purgesPersonsOld(t *testing.T, f *fixture) {
	now := timeOf(t, f)
	aged(t, f, "1", "U1", "zirconium", slackThread, 2)
	aged(t, f, "2", "U1", "hafnium", slackThread, 0)
	aged(t, f, "3", "U2", "niobium", slackThread, 2)
	report, err := f.Purge(t.Context(), state.PurgeRequest{User: "U1", Before: now.Add(-24 * time.Hour)})
	if err != nil || report["turns"] != 1 {
		t.Errorf("%v, %v", report, err)
	}
	held(t, f, false, "zirconium")
	held(t, f, true, "hafnium", "niobium")
}

func purgesWithin(t *testing.T, f *fixture) {
	elsewhere := slackThread
	elsewhere.Workspace = "T2"
	written(t, f.Store, "1", "U1", "zirconium", slackThread)
	written(t, f.Store, "2", "U1", "hafnium", elsewhere)
	written(t, f.Store, "3", "U1", "niobium", teamsThread)
	there := subscription("U1")
	there.Target.Workspace, there.Target.Kind = elsewhere.Workspace, state.ToPerson
	update(t, f.Store, nil, func(tx *state.Tx) error {
		return errors.Join(tx.Subscribe(there), tx.SetConversation(state.Conversation{Target: there.Target, Reference: []byte(`{}`)}))
	})
	for n, c := range []struct {
		request    state.PurgeRequest
		gone, kept []string
	}{
		{state.PurgeRequest{User: "U1", Platform: "slack", Workspace: "T1"}, []string{"zirconium"}, []string{"hafnium", "niobium"}},
		{state.PurgeRequest{User: "U1", Platform: "teams"}, []string{"niobium"}, []string{"hafnium"}},
		{state.PurgeRequest{User: "U1"}, []string{"hafnium"}, nil},
	} {
		if _, err := f.Purge(t.Context(), c.request); err != nil {
			t.Fatal(err)
		}
		held(t, f, false, c.gone...)
		for _, mark := range c.kept {
			held(t, f, true, mark+" turn", mark+" reply", mark+" question", mark+" reason")
		}
		if n < 2 {
			read(t, f.Store, func(r *state.Reader) (state.Subscription, error) { return r.Subscription(there.Target) })
			read(t, f.Store, func(r *state.Reader) (state.Conversation, error) { return r.Conversation(there.Target) })
		}
	}
}

func purgesNothing(t *testing.T, f *fixture) {
	for _, request := range []state.PurgeRequest{{}, {Platform: "slack", Workspace: "T1"}} {
		var input *state.InputError
		if _, err := f.Purge(t.Context(), request); !errors.As(err, &input) {
			t.Errorf("%+v: %v", request, err)
		}
	}
}

func sweeps(t *testing.T, f *fixture) {
	const day = 24 * time.Hour
	s := f.Open(t, state.Options{Retention: state.Retention{Events: 2 * day, Once: 3 * day, Turns: 4 * day, Answers: 5 * day, Deliveries: 6 * day}})
	now := timeOf(t, f)
	update(t, s, nil, func(tx *state.Tx) error { _, err := tx.Once("once"); return err })
	e, _ := claim(t, s, event("event"))
	update(t, s, nil, func(tx *state.Tx) error { return tx.Finish(e) })
	recent := turn("turn", "U1", "zirconium turn")
	recent.At = now
	appendTurns(t, s, slackThread, recent)
	record(t, s, answerTo("answer", "U1", "hafnium", slackThread))
	update(t, s, nil, func(tx *state.Tx) error {
		return tx.SetFeedback(state.Feedback{Answer: "answer", Person: person("U1"), Reason: "niobium"})
	})
	enqueue(t, s, delivery("posted", slackThread))
	deliverAll(t, s, &Platform{})
	stuck := delivery("pending", otherThread)
	enqueue(t, s, stuck)
	for days, want := range []state.Report{
		{}, {}, {"events": 1}, {"once": 1}, {"turns": 1}, {"answers": 2, "citations": 2, "feedback": 1}, {"deliveries": 1},
	} {
		report, err := s.Sweep(t.Context())
		if err != nil || fmt.Sprint(nonZero(report)) != fmt.Sprint(want) {
			t.Errorf("after %d days: %v, %v; want %v", days, nonZero(report), err, want)
		}
		f.Advance(t, day+time.Minute/10)
	}
	held(t, f, false, "zirconium", "hafnium", "niobium")
	if chain := sound(t, s, slackThread, 1); chain.Erased != 1 {
		t.Errorf("%d records are erased", chain.Erased)
	}
	is(t, s, "pending", state.Pending, 0, "")
}

func sweepsBatches(t *testing.T, f *fixture) {
	s := f.Open(t, state.Options{Retention: state.Retention{Turns: 24 * time.Hour}})
	const many = 1203
	update(t, s, nil, func(tx *state.Tx) error {
		for n := range many {
			if err := tx.Append(slackThread, turn(fmt.Sprint(n), "U1", "a")); err != nil {
				return err
			}
		}
		return nil
	})
	f.Advance(t, 1000*24*time.Hour)
	replicas := []*state.Store{s, f.Open(t, state.Options{Retention: state.Retention{Turns: 24 * time.Hour}})}
	var swept [2]int64
	atOnce(2, func(i int) {
		report, err := replicas[i].Sweep(t.Context())
		if err != nil {
			t.Error(err)
		}
		swept[i] = report["turns"]
	})
	if swept[0]+swept[1] != many {
		t.Errorf("%v of %d turns", swept, many)
	}
}

func keepsAll(t *testing.T, f *fixture) {
	written(t, f.Store, "1", "U1", "zirconium", slackThread)
	f.Advance(t, 30*365*24*time.Hour)
	report, err := f.Sweep(t.Context())
	if err != nil || len(nonZero(report)) > 0 {
		t.Errorf("%v, %v", report, err)
	}
	held(t, f, true, "zirconium turn", "zirconium question", "zirconium reason")
}
