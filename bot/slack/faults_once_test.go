package slack

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"kakehashi/bot/conversation"
	"kakehashi/bot/slack/slacktest"
	"kakehashi/bot/state"
)

// hurriedly makes an office whose bot tries again soon, with an engine whose answers may
// be long.
func hurriedly(t *testing.T) *office {
	t.Helper()
	t.Parallel()
	options := dying
	options.Post = time.Second
	store, err := state.Open(t.Context(), onSQLite(t), options)
	if err != nil {
		t.Fatal(err)
	}
	lib, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	engine := &numbered{}
	o := employ(t, true, "en-US", store, func(c conversation.Options) *conversation.Desk { return conversation.New(engine, lib, store, c) })
	o.engine = &engine.echo
	return o
}

// none is a call that goes well, between others that do not.
const none slacktest.Fault = ""

func TestAStreamThatBreaksEndsAsTheAnswer(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]map[string][]slacktest.Fault{
		"begun, and the bot not told":  {"chat.startStream": {slacktest.BadGateway}},
		"begun, and the answer late":   {"chat.startStream": {slacktest.HangsAfter}},
		"not begun":                    {"chat.startStream": {slacktest.RateLimited}},
		"neither ended nor written":    {"chat.stopStream": {slacktest.ServerError}, "chat.update": {slacktest.ServerError}},
		"not ended, for now":           {"chat.stopStream": {slacktest.RateLimited}},
		"ended, and the bot not told":  {"chat.stopStream": {slacktest.DroppedAfter}},
		"ended, told neither way":      {"chat.stopStream": {slacktest.BadGateway}, "chat.update": {slacktest.BadGateway}},
		"not ended again and again":    {"chat.stopStream": {slacktest.ServerError, slacktest.ServerError, slacktest.RateLimited}},
		"left, and not looked for yet": {"chat.startStream": {slacktest.DroppedAfter}, "conversations.replies": {slacktest.RateLimited, none, slacktest.ServerError}},
	} {
		t.Run(name, func(t *testing.T) {
			o := hurriedly(t)
			for method, in := range faults {
				for _, f := range in {
					o.Fail(method, f, 1)
				}
			}
			dm, err := o.DM(ann)
			if err != nil {
				t.Fatal(err)
			}
			m := o.says(ann, dm, "", "may I share Q000001?")
			got := o.waitFor(dm, m.TS, 1)[0]
			want(t, got, "The rule says: may I share Q000001?")
			if got.Stream == slacktest.Streaming || len(got.Blocks) == 0 {
				t.Errorf("it stays a card: %q %s", got.Stream, got.Blocks)
			}
		})
	}
}

func TestAReplyOfSeveralMessagesIsCompletedAndNotRepeated(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"a channel", "a DM"} {
		for name, faults := range map[string][]slacktest.Fault{
			"the second is refused for now":                   {none, slacktest.RateLimited},
			"the second is lost":                              {none, slacktest.ServerError, slacktest.ServerError},
			"the second arrives, and it is said so to nobody": {none, slacktest.BadGateway},
			"both arrive in silence":                          {slacktest.DroppedAfter, slacktest.DroppedAfter},
		} {
			t.Run(where+": "+name, func(t *testing.T) {
				o := hurriedly(t)
				channel, named := general, toBot
				if where == "a DM" {
					var err error
					if channel, err = o.DM(ann); err != nil {
						t.Fatal(err)
					}
					named, faults = "", faults[1:] // the first is a stream
				}
				for _, f := range faults {
					o.Fail("chat.postMessage", f, 1)
				}
				m := o.says(ann, channel, "", named+"explain Q000001 "+atLength+".")
				o.WaitFor(t, func() bool { return len(o.bots(channel, m.TS)) > 1 })
				o.quiet()
				got := o.bots(channel, m.TS)
				for i, part := range got {
					if !strings.Contains(string(part.Metadata), fmt.Sprintf(`"part":%d}`, i)) && !strings.Contains(string(part.Metadata), fmt.Sprintf(`"part":%d,`, i)) {
						t.Errorf("message %d bears %s", i, part.Metadata)
					}
				}
				want(t, got[0], "The rule says")
				want(t, got[len(got)-2], "The end of Q000001.") // the buttons come last
			})
		}
	}
}

func TestANoteBetweenTwoIsNotRepeated(t *testing.T) {
	o := hurriedly(t)
	dm, err := o.DM(ann)
	if err != nil {
		t.Fatal(err)
	}
	o.Fail("chat.postMessage", slacktest.BadGateway, 1)
	m := o.says(ann, dm, "", "SECRET//NOFORN The range of the radar is 4 km. May I send it?")
	want(t, o.waitFor(dm, m.TS, 1)[0], "carries a marking")
}

func TestACommandWhoseAddressHasRunOutIsAnsweredAllTheSame(t *testing.T) {
	o := hurriedly(t)
	o.engine.wait = make(chan struct{})
	if _, err := o.Slash(ann, general, commandName, "may I share Q000001?"); err != nil {
		t.Fatal(err)
	}
	o.WaitFor(t, func() bool { return o.asked() == 1 })
	o.Advance(31 * time.Minute) // Slack's addresses are good for thirty
	close(o.engine.wait)
	o.WaitFor(t, func() bool { return len(o.Ephemerals(ann)) > 0 })
	o.quiet()
	if got := o.Ephemerals(ann); len(got) != 1 {
		t.Errorf("%d replies", len(got))
	}
}

func (o *office) asked() int {
	o.engine.mutex.Lock()
	defer o.engine.mutex.Unlock()
	return len(o.engine.asked)
}

// taken has another replica take a message, and die.
func (o *office) taken(m conversation.Message) {
	o.t.Helper()
	payload, err := json.Marshal(m)
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.store.Update(o.t.Context(), func(tx *state.Tx) error {
		_, _, err := tx.Claim(state.Event{Key: m.Key, Thread: m.Thread, Person: m.Person, Payload: string(payload)})
		return err
	}); err != nil {
		o.t.Fatal(err)
	}
}

func TestWhatADeadReplicaHasHeardCounts(t *testing.T) {
	t.Parallel()
	in := func(thread string) state.Thread {
		return state.Thread{Platform: Platform, Workspace: slacktest.Team, Channel: general, ID: thread}
	}
	t.Run("a colleague has joined", func(t *testing.T) {
		o := open(t, true)
		root := o.says(ann, general, "", toBot+"what is deemed export?")
		o.waitFor(general, root.TS, 1)
		o.taken(conversation.Message{Key: "by ben", Thread: in(root.TS), ID: "by ben", Person: ben, Way: conversation.Overheard, Text: "Good question, Ann.", At: timeOf(root.TS).Add(time.Microsecond)})
		o.says(ann, general, root.TS, "does it apply to us?")
		o.WaitFor(t, func() bool { return o.turns(in(root.TS)) == 3 }) // and a reply would have come in the same transaction
		if got := o.asked(); got != 1 {
			t.Errorf("%d questions were taken, want 1", got)
		}
	})
	t.Run("the question that opens the thread", func(t *testing.T) {
		o := open(t, true)
		root := o.says(ann, general, "", "one that this replica is not told of")
		o.quiet()
		o.taken(conversation.Message{Key: "the first", Thread: in(root.TS), ID: root.TS, Person: ann, Way: conversation.Mention, Text: "what is deemed export?", At: timeOf(root.TS)})
		o.says(ann, general, root.TS, "and in Japan?")
		o.WaitFor(t, func() bool { return len(o.bots(general, root.TS)) == 1 })
	})
}

func (o *office) turns(in state.Thread) (n int) {
	o.t.Helper()
	if err := o.store.View(o.t.Context(), func(r *state.Reader) error {
		turns, err := r.Turns(in)
		n = len(turns)
		return err
	}); err != nil {
		o.t.Fatal(err)
	}
	return n
}

func TestAnExpertMayBeFasterThanTheRecord(t *testing.T) {
	o := hurriedly(t)
	root := o.says(ann, general, "", toBot+"what is deemed export?")
	reply := o.waitFor(general, root.TS, 1)[0]
	o.Fail("chat.postMessage", slacktest.BadGateway, 1)
	if _, err := o.Click(ann, reply, actionExpert, ""); err != nil {
		t.Fatal(err)
	}
	o.WaitFor(t, func() bool { return len(o.bots(experts, "")) == 1 })
	o.says(eve, experts, o.bots(experts, "")[0].TS, "Ask for a licence in this case.")
	want(t, o.waitFor(general, root.TS, 2)[1], "Ask for a licence in this case.")
}

// TestAChannelThatIsWrittenToByManyIsWrittenToSteadily has a hundred replies wait for
// their turns, each of which comes back when it was told to.
func TestAChannelThatIsWrittenToByManyIsWrittenToSteadily(t *testing.T) {
	t.Parallel()
	p := pace{every: time.Second}
	start := time.Unix(0, 0)
	due := make([]time.Time, 100)
	for i := range due {
		due[i] = start
	}
	var last time.Time
	for rounds := 0; len(due) > 0; rounds++ {
		if rounds > 10_000 {
			t.Fatalf("%d are waiting still", len(due))
		}
		first := 0
		for i := range due {
			if due[i].Before(due[first]) {
				first = i
			}
		}
		now := due[first]
		wait, mine := p.reserve("channel", now, patientAtMost)
		if !mine {
			due[first] = now.Add(wait)
			continue
		}
		last = now.Add(wait)
		due = append(due[:first], due[first+1:]...)
	}
	if took := last.Sub(start); took > 110*time.Second {
		t.Errorf("a hundred took %v at one a second", took)
	}
}

func TestAnUnknownPersonIsAskedForOnce(t *testing.T) {
	o := hurriedly(t)
	for range 50 {
		o.says(ann, general, "", "nothing for the bot")
	}
	o.quiet()
	o.adapter.Wait()
	if n := len(o.Calls("users.info")); n != 1 {
		t.Errorf("%d times", n)
	}
}
