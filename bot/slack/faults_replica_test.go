package slack

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	api "github.com/slack-go/slack"

	"kakehashi/bot/answer"
	"kakehashi/bot/conversation"
	"kakehashi/bot/slack/slacktest"
	"kakehashi/bot/state"
	"kakehashi/database"
)

// What a bot that is a process of its own is told.
const (
	envSlack   = "KAKEHASHI_TEST_REPLICA_SLACK" // the fake's address
	envAddress = "KAKEHASHI_TEST_REPLICA_ADDRESS"
	envHTTP    = "KAKEHASHI_TEST_REPLICA_HTTP"    // listens on its fourth file; else sockets
	envStreams = "KAKEHASHI_TEST_REPLICA_STREAMS" // as many as Slack takes; else any number
	envDies    = "KAKEHASHI_TEST_REPLICA_DIES"    // at which call of the Web API
	envAfter   = "KAKEHASHI_TEST_REPLICA_AFTER"   // when that has had its effect; else before it
)

// dying is how bots remember that are killed: claims are short, so that what a dead one
// has left is soon taken on, and yet much longer than anything takes.
var dying = state.Options{
	Work: 3 * time.Second, Post: 4 * time.Second, Poll: 300 * time.Millisecond, Attempts: 20,
	Backoff: func(int) time.Duration { return 50 * time.Millisecond },
}

// TestReplica is no test, but the process that the tests of faults start and kill.
func TestReplica(t *testing.T) {
	slack := os.Getenv(envSlack)
	if slack == "" {
		t.Skip("runs in a process of its own only")
	}
	go func() { // it ends with who has started it
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	db, err := database.Open(t.Context(), os.Getenv(envAddress))
	if err != nil {
		t.Fatal(err)
	}
	store, err := state.Open(t.Context(), db, dying)
	if err != nil {
		t.Fatal(err)
	}
	lib, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	installs, err := Single(t.Context(), slacktest.BotToken, api.OptionAPIURL(slack+"api/"))
	if err != nil {
		t.Fatal(err)
	}
	m := &mortal{after: os.Getenv(envAfter) != ""}
	if n, err := strconv.Atoi(os.Getenv(envDies)); err == nil {
		m.left.Store(int64(n))
	}
	adapter := New(installs, Options{Hooks: []string{slack}, API: []api.Option{
		api.OptionAPIURL(slack + "api/"), api.OptionHTTPClient(&http.Client{Transport: m, Timeout: 5 * time.Second}),
	}})
	adapter.pace.every = 0
	if os.Getenv(envStreams) == "" {
		adapter.streams.every = 0
	}
	desk := conversation.New(&numbered{}, lib, store, conversation.Options{Experts: map[state.Workspace]string{{Platform: Platform}: experts}, Begin: adapter.Begin})
	adapter.SetDesk(desk)
	var group sync.WaitGroup
	group.Go(func() { desk.Run(t.Context()) })
	group.Go(func() { store.Run(t.Context(), adapter, 16) })
	group.Go(func() {
		if os.Getenv(envHTTP) == "" {
			t.Error(adapter.Socket(t.Context(), slacktest.AppToken))
			return
		}
		listener, err := net.FileListener(os.NewFile(3, "listener"))
		if err == nil {
			err = http.Serve(listener, adapter.Handler(slacktest.SigningSecret))
		}
		t.Error(err)
	})
	group.Wait()
}

// mortal makes calls, and kills its process at one of them.
type mortal struct {
	left  atomic.Int64
	after bool
}

func (m *mortal) RoundTrip(r *http.Request) (*http.Response, error) {
	last := m.left.Add(-1) == 0
	if last && !m.after {
		die()
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if last {
		die()
	}
	return res, err
}

// die ends this process as kill -9 does, and does not return.
func die() {
	if self, err := os.FindProcess(os.Getpid()); err != nil || self.Kill() != nil {
		os.Exit(3)
	}
	select {}
}

// numbered is an engine whose answers tell by the number in the question which one they
// are for: it stands in the first sentence and, where the question wants an answer at
// length, which is for several messages, in the last.
type numbered struct{ echo }

var numberOf = regexp.MustCompile(`Q\d{6}F?`)

const atLength = "at length"

func (e *numbered) Answer(ctx context.Context, q answer.Question) (answer.Answer, error) {
	a, err := e.echo.Answer(ctx, q)
	if err != nil {
		return a, err
	}
	n := numberOf.FindString(q.Text)
	a.FollowUps = nil
	if !strings.HasSuffix(n, "F") {
		a.FollowUps = []string{"What follows from " + n + "F?"}
	}
	if strings.Contains(q.Text, atLength) {
		for range 60 { // it is their form that fills messages
			a.Sentences = append(a.Sentences, answer.Sentence{Text: "So it goes on.", Cites: a.Sentences[0].Cites})
		}
		a.Sentences = append(a.Sentences, answer.Sentence{Text: "The end of " + n + ".", Cites: a.Sentences[0].Cites})
	}
	return a, nil
}

// replica starts one, which lives until it is killed or end is closed.
func (c *crowd) replica(dies int, after bool) (cmd *exec.Cmd, end io.Closer, said *tail, err error) {
	cmd = exec.Command(os.Args[0], "-test.run=^TestReplica$", "-test.timeout=30m")
	cmd.Env = append(os.Environ(), envSlack+"="+strings.TrimSuffix(c.APIURL(), "api/"), envAddress+"="+c.address)
	if dies > 0 {
		cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d", envDies, dies))
	}
	for name, set := range map[string]bool{envAfter: after, envStreams: c.limited, envHTTP: c.listener != nil} {
		if set {
			cmd.Env = append(cmd.Env, name+"=yes")
		}
	}
	if c.listener != nil {
		cmd.ExtraFiles = []*os.File{c.listener}
	}
	said = &tail{}
	cmd.Stdout, cmd.Stderr = said, said
	if end, err = cmd.StdinPipe(); err != nil {
		return nil, nil, nil, err
	}
	return cmd, end, said, cmd.Start()
}

// tail is the last that a process has said.
type tail struct {
	mutex sync.Mutex
	text  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-4000):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return string(t.text)
}
