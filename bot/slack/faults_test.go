package slack

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"kakehashi/bot/slack/slacktest"
	"kakehashi/bot/state"
	"kakehashi/database"
	"kakehashi/e2e/postgres"
)

// trial is a run of the crowd.
type trial struct {
	address  string // of the database
	replicas int
	http     bool // else sockets
	limited  bool // streams are
	events   int  // at least as many are sent to the bot
	kills    int
	seed     uint64
}

// envEvents has the runs be as long as it says; without it they are short.
const envEvents = "KAKEHASHI_TEST_EVENTS"

func (r trial) sized(t *testing.T, share int) trial {
	r.events, r.kills = 1000/share, 6
	if n := os.Getenv(envEvents); n != "" {
		events, err := strconv.Atoi(n)
		if err != nil {
			t.Fatalf("%s: %v", envEvents, err)
		}
		r.events, r.kills = events/share, max(6, events/share/150)
	}
	return r
}

func TestSlackThroughFaultsAndKillsOnSQLite(t *testing.T) {
	trial{address: filepath.Join(t.TempDir(), "state.sqlite"), replicas: 1, seed: 1}.sized(t, 1).run(t)
}

func TestSlackThroughFaultsAndKillsOnPostgresWithTwoReplicas(t *testing.T) {
	trial{address: postgres.Database(t), replicas: 2, limited: true, seed: 2}.sized(t, 1).run(t)
}

func TestSlackThroughFaultsAndKillsOverHTTP(t *testing.T) {
	trial{address: filepath.Join(t.TempDir(), "state.sqlite"), replicas: 1, http: true, seed: 3}.sized(t, 2).run(t)
}

// weather is what happens on the way to Slack and back. What is asked for at the start
// is spared, for then the program ends with the reason.
func weather(seed uint64) slacktest.Weather {
	return slacktest.Weather{
		Seed: seed, Duplicate: 0.05, Late: 0.05, Cut: 0.001,
		Faults: map[slacktest.Fault]float64{
			slacktest.RateLimited: 0.02, slacktest.ServerError: 0.02, slacktest.BadGateway: 0.02, slacktest.Hangs: 0.003,
			slacktest.HangsAfter: 0.003, slacktest.DroppedBefore: 0.01, slacktest.DroppedAfter: 0.01,
		},
		Methods: []string{
			"chat.postMessage", "chat.postEphemeral", "chat.update", "chat.delete", "chat.startStream", "chat.appendStream", "chat.stopStream",
			"conversations.history", "conversations.replies", "users.info", "response_url",
			"assistant.threads.setStatus", "agents.sessions.setStatus", "apps.connections.open",
		},
	}
}

// crowd is an office in which many talk at once, to the bot and to each other, while
// much goes wrong; it knows what each message may come to.
type crowd struct {
	*slacktest.Server
	trial
	t        testing.TB
	db       *database.DB
	store    *state.Store
	listener *os.File // that the replicas share, over HTTP
	users    []string
	channels []string // DMs among them

	mutex     sync.Mutex
	changed   chan struct{} // closed and replaced when a reply is seen or the talk is over
	over      bool
	said      []*remark // by number
	noted     map[string]int
	replies   map[string]slacktest.Message // the first of each number, as it was seen
	awaited   map[string]bool
	talking   int
	running   map[int]*exec.Cmd
	killed    map[string]int
	repeated  int
	points    []int          // at how many remarks one is killed by hand
	callDeath int            // how many are yet to die at a call
	unheard   int            // commands and presses that Slack has told their authors of as failed
	pressed   []*remark      // what buttons have said
	told      map[string]int // how often people are to be told that the experts were asked
	warned    map[string]int // and that their text is marked
}

// remark is a text that a person has put before others, or before the bot.
type remark struct {
	marker        string
	kind          string
	channel       string // where a public reply belongs
	thread        string
	least, most   int // public replies
	private       int // private ones, at least
	person        string
	long          bool
	shared, asked [2]int // least and most: shared to the channel, put before the experts
}

func (r trial) run(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	c := gather(t, r)
	began := time.Now()
	c.talk()
	c.report(time.Since(began))
}

// gather makes an office with a crowd in it, and a database; the bot is yet to come.
func gather(t testing.TB, r trial) *crowd {
	t.Helper()
	c := &crowd{trial: r, t: t, changed: make(chan struct{}), noted: map[string]int{}, replies: map[string]slacktest.Message{}, awaited: map[string]bool{},
		running: map[int]*exec.Cmd{}, killed: map[string]int{}, told: map[string]int{}, warned: map[string]int{}}
	// Slack repeats after none, one and five minutes. Here minutes are seconds, and as the
	// bot dies every few of them, there are more repeats: what Slack gives up no bot hears.
	c.Server = slacktest.Start(t, slacktest.Options{Events: Events(), Retries: append([]time.Duration{0, time.Second, 2 * time.Second},
		slices.Repeat([]time.Duration{5 * time.Second}, 70)...), // in all as long as Slack's, some six minutes
		// Where all is slow, repeats that come so soon would leave no time for anything else.
		AckWithin: 10 * time.Second})
	for i := range 12 {
		u := slacktest.User{ID: fmt.Sprintf("U0CROWD%02d", i), Name: fmt.Sprint("person", i), TZ: "Asia/Tokyo", Locale: "en-US"}
		c.AddUser(u)
		c.users = append(c.users, u.ID)
	}
	for _, id := range []string{"C0ONE", "C0TWO", "C0THREE", "C0FOUR", experts} {
		c.AddChannel(slacktest.Channel{ID: id, Members: append([]string{slacktest.BotUser}, c.users...)})
		c.channels = append(c.channels, id)
	}
	for _, u := range c.users {
		dm, err := c.DM(u)
		if err != nil {
			t.Fatal(err)
		}
		c.channels = append(c.channels, dm)
	}
	var err error
	if c.db, err = database.Open(t.Context(), r.address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.db.Close() })
	if _, err := c.db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.store, err = state.Open(t.Context(), c.db, state.Options{}); err != nil {
		t.Fatal(err)
	}
	if r.http {
		c.listen()
	}
	return c
}

// listen has all be sent over HTTP, to an address at which the replicas listen by turns.
func (c *crowd) listen() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	defer l.Close()
	if c.listener, err = l.(*net.TCPListener).File(); err != nil {
		c.t.Skipf("a listener cannot be shared here: %v", err)
	}
	c.t.Cleanup(func() { _ = c.listener.Close() })
	base := "http://" + l.Addr().String()
	c.DeliverTo(slacktest.Endpoints{Events: base + pathEvents, Commands: base + pathCommands, Interactivity: base + pathInteractions})
}

// talk runs the replicas and the people, until all is said and dealt with.
func (c *crowd) talk() {
	rng := rand.New(rand.NewPCG(c.seed, 0))
	c.callDeath = c.kills / 2
	for range c.kills - c.callDeath { // an eighth of the events are remarks, at least
		c.points = append(c.points, 1+rng.IntN(c.events/8))
	}
	slices.Sort(c.points)
	// People and the bot need most of the time that there is when all of it runs under
	// the race detector; what ends this is a fault, not the time.
	ctx, stop := context.WithTimeout(c.t.Context(), 2*time.Minute+time.Duration(c.events)*60*time.Millisecond)
	defer stop()
	closing := make(chan struct{})
	var replicas, people, eyes sync.WaitGroup
	for slot := range c.replicas {
		replicas.Go(func() { c.keepAlive(slot, closing) })
	}
	if !c.http {
		c.WaitFor(c.t, func() bool { return c.Sockets() > 0 })
	}
	c.Disturb(weather(c.seed))
	eyes.Go(func() {
		_ = c.Await(ctx, func() bool { c.look(); return c.isOver() })
		c.end()
	})
	c.talking = 24
	for i := range c.talking {
		people.Go(func() {
			rng := rand.New(rand.NewPCG(c.seed, uint64(i)+1))
			for !c.isOver() && len(c.Deliveries()) < c.events {
				c.converse(rng)
			}
			c.mutex.Lock()
			defer c.mutex.Unlock()
			c.talking--
		})
	}
	_ = c.Await(ctx, c.inVain)
	c.end()
	people.Wait()
	last, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	settled := c.Await(last, c.settled)
	c.Disturb(slacktest.Weather{})
	eyes.Wait()
	close(closing)
	replicas.Wait()
	if settled != nil {
		c.t.Errorf("not all is dealt with: %v", settled)
	}
}

// inVain tells that all who talk still wait for a reply, and that none is under way.
func (c *crowd) inVain() bool {
	c.mutex.Lock()
	all := len(c.awaited) == c.talking
	c.mutex.Unlock()
	if !all || !c.settled() {
		return false
	}
	c.look()
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for key := range c.awaited {
		if _, ok := c.replies[key]; ok {
			return false
		}
	}
	return len(c.awaited) == c.talking
}

// settled tells that nothing is under way: not to the bot, nor in it, nor from it.
func (c *crowd) settled() bool {
	if !c.Settled() {
		return false
	}
	var events, deliveries int64
	if err := c.store.View(c.t.Context(), func(r *state.Reader) (err error) {
		if events, err = r.Unfinished(); err == nil {
			deliveries, err = r.Undelivered()
		}
		return err
	}); err != nil {
		c.t.Error(err)
		return true
	}
	return events+deliveries == 0
}

// keepAlive runs one replica after the other.
func (c *crowd) keepAlive(slot int, closing <-chan struct{}) {
	rng := rand.New(rand.NewPCG(c.seed, uint64(1000+slot)))
	for {
		dies, after := 0, false
		c.mutex.Lock()
		if c.callDeath > 0 {
			c.callDeath--
			dies, after = 5+rng.IntN(100), rng.IntN(3) > 0
		}
		c.mutex.Unlock()
		cmd, end, said, err := c.replica(dies, after)
		if err != nil {
			c.t.Error(err)
			return
		}
		c.mutex.Lock()
		c.running[slot] = cmd
		c.mutex.Unlock()
		ended := make(chan struct{})
		go func() { _ = cmd.Wait(); close(ended) }() // how it ended is in its state
		select {
		case <-ended:
		case <-closing:
			_ = end.Close()
			<-ended
			return
		}
		c.mutex.Lock()
		how := "at any point"
		if c.running[slot] == cmd {
			delete(c.running, slot)
			how = map[bool]string{false: "before a call", true: "after a call"}[after]
		} else if dies > 0 { // earlier than it was to
			c.callDeath++
		}
		c.killed[how]++
		c.mutex.Unlock()
		if code := cmd.ProcessState.ExitCode(); code >= 0 {
			c.t.Errorf("a replica ends by itself, with %d: %s", code, said)
			return
		}
	}
}

// kill ends a replica wherever it stands.
func (c *crowd) kill() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for slot, cmd := range c.running {
		delete(c.running, slot)
		_ = cmd.Process.Kill() // it may be dead already
		return
	}
}

func (c *crowd) isOver() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.over
}

// end has nobody wait any longer.
func (c *crowd) end() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if !c.over {
		c.over = true
		close(c.changed)
	}
}

// look notes what has come since the last look.
func (c *crowd) look() {
	for _, m := range c.fromBot() {
		c.mutex.Lock()
		at := m.Channel + " " + m.TS
		if size, known := c.noted[at]; known && size == len(m.Blocks) {
			c.mutex.Unlock()
			continue
		}
		c.noted[at] = len(m.Blocks)
		key := keyOf(m)
		if _, known := c.replies[key]; !known && key != "" && !c.over {
			c.replies[key] = m
			close(c.changed)
			c.changed = make(chan struct{})
		}
		c.mutex.Unlock()
	}
}

// fromBot is all that the bot has written.
func (c *crowd) fromBot() []slacktest.Message {
	var out []slacktest.Message
	for _, ch := range c.channels {
		out = append(out, c.Messages(ch)...)
	}
	for _, u := range c.users {
		out = append(out, c.Ephemerals(u)...)
	}
	return slices.DeleteFunc(out, func(m slacktest.Message) bool { return m.User != slacktest.BotUser })
}

// keyOf tells what a message of the bot is for: where it is shown, and the number in it;
// "" where it bears none.
func keyOf(m slacktest.Message) string {
	n := numberOf.FindString(m.Text)
	if n == "" {
		n = numberOf.FindString(string(m.Blocks))
	}
	if n == "" {
		return ""
	}
	return place(m) + " " + n
}

func place(m slacktest.Message) string {
	switch {
	case m.To != "":
		return "private"
	case m.Channel == experts:
		return "experts"
	case m.Thread == "":
		return "shared"
	}
	return "thread"
}

// await waits for a reply; false where the talk is over before it comes.
func (c *crowd) await(where, marker string) (slacktest.Message, bool) {
	key := where + " " + marker
	for {
		c.mutex.Lock()
		m, ok := c.replies[key]
		changed, over := c.changed, c.over
		c.awaited[key] = true
		if ok || over {
			delete(c.awaited, key)
		}
		c.mutex.Unlock()
		if ok || over {
			return m, ok
		}
		<-changed
	}
}
