package slack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	api "github.com/slack-go/slack"

	"kakehashi/bot/state"
	"kakehashi/database"
	"kakehashi/e2e/postgres"
)

// What an install must not show.
const (
	botToken     = "xoxb-geheim-1"
	refreshToken = "xoxe-1-geheim-1"
)

// TestInstalls is what holds of an install, however it is kept.
func TestInstalls(t *testing.T) {
	t.Parallel()
	keep := func(open func(*testing.T) *database.DB) func(*testing.T, Install) Installs {
		return func(t *testing.T, i Install) Installs {
			k := keptOn(t, open(t), aKey, nil)
			if err := k.put(t.Context(), keptInstall{Install: i}); err != nil {
				t.Fatal(err)
			}
			return k
		}
	}
	for name, with := range map[string]func(*testing.T, Install) Installs{
		"in the environment": fromEnvironment,
		"on SQLite":          keep(onSQLite),
		"on Postgres":        keep(onPostgres),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			member := Install{Token: botToken, BotUser: "UBOT", Enterprise: "E1", Team: "T1"}
			enterprise := Install{Token: botToken, BotUser: "UBOT", Enterprise: "E1"}
			for what, c := range map[string]struct {
				install          Install
				enterprise, team string
				serves           bool
			}{
				"its workspace":                             {aWorkspace, "", "T1", true},
				"another":                                   {aWorkspace, "", "T2", false},
				"none":                                      {aWorkspace, "", "", false},
				"a workspace of an enterprise":              {member, "E1", "T1", true},
				"the same, the enterprise not known":        {member, "", "T1", true},
				"another workspace of that enterprise":      {member, "E1", "T2", false},
				"any workspace of a whole enterprise":       {enterprise, "E1", "T2", true},
				"the enterprise itself":                     {enterprise, "E1", "", true},
				"a workspace of another enterprise":         {enterprise, "E2", "T2", false},
				"a workspace whose enterprise is not known": {enterprise, "", "T2", false},
			} {
				got, err := with(t, c.install).Token(t.Context(), c.enterprise, c.team)
				if c.serves && (err != nil || got != c.install) || !c.serves && (!errors.Is(err, ErrNotInstalled) || got != Install{}) {
					t.Errorf("%s: %v, token %t: %v", what, got, got.Token == c.install.Token, err)
				}
			}
			for what, c := range map[string]struct {
				install, removed Install
				stays            bool
			}{
				"its workspace":                     {aWorkspace, Install{Team: "T1"}, false},
				"another":                           {aWorkspace, Install{Team: "T2"}, true},
				"none":                              {aWorkspace, Install{}, true},
				"the whole enterprise":              {enterprise, Install{Enterprise: "E1"}, false},
				"one workspace of the enterprise":   {enterprise, Install{Enterprise: "E1", Team: "T2"}, true},
				"the enterprise around the install": {member, Install{Enterprise: "E1"}, true},
			} {
				installs := with(t, c.install)
				for range 2 { // it may be told twice
					if err := installs.Remove(t.Context(), c.removed.Enterprise, c.removed.Team); err != nil {
						t.Errorf("removing %s: %v", what, err)
					}
				}
				if _, err := installs.Token(t.Context(), c.install.Enterprise, c.install.Team); (err == nil) != c.stays {
					t.Errorf("removing %s: stays %t: %v", what, c.stays, err)
				}
			}
		})
	}
}

func fromEnvironment(t *testing.T, i Install) Installs {
	team := i.Team
	if team == "" {
		team = i.Enterprise
	}
	address := slackWith(t, func(_ string, r *http.Request) any {
		if r.FormValue("token") != i.Token {
			return said{"ok": false, "error": "invalid_auth"}
		}
		return said{"ok": true, "user_id": i.BotUser, "team_id": team, "enterprise_id": i.Enterprise}
	})
	installs, err := Single(t.Context(), i.Token, api.OptionAPIURL(address))
	if err != nil {
		t.Fatal(err)
	}
	return installs
}

type said map[string]any

// slackWith is a Slack that answers calls of methods.
func slackWith(t testing.TB, respond func(method string, r *http.Request) any) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(respond(strings.TrimPrefix(r.URL.Path, "/"), r)); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL + "/"
}

// Keys of 32 bytes.
const (
	aKey       = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	anotherKey = "HxAREhMUFRYXGBkaGxwdHh8AAQIDBAUGBwgJCgsMDQ4="
)

// testClock is one that tests move.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

var startOfTest = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

// keptOn is a Kept on a database, whose clock stands, and whose Slack is not there, unless
// change says otherwise.
func keptOn(t *testing.T, db *database.DB, keys string, change func(*OAuth)) *Kept {
	t.Helper()
	parsed, err := ParseKeys(keys)
	if err != nil {
		t.Fatal(err)
	}
	leases, err := state.Open(t.Context(), db, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := OAuth{ClientID: "1.2", ClientSecret: "client-geheim", Address: "https://k.example.org", API: "http://127.0.0.1:1/", Now: (&testClock{now: startOfTest}).Now}
	if change != nil {
		change(&o)
	}
	k, err := Keep(db, leases, parsed, o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func onSQLite(t *testing.T) *database.DB {
	return migratedDB(t, filepath.Join(t.TempDir(), "state.sqlite"))
}

func onPostgres(t *testing.T) *database.DB { return migratedDB(t, postgres.Database(t)) }

func migratedDB(t *testing.T, address string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// onEach runs a test on both kinds of database.
func onEach(t *testing.T, test func(*testing.T, *database.DB)) {
	for name, open := range map[string]func(*testing.T) *database.DB{"SQLite": onSQLite, "Postgres": onPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func TestInstallDoesNotShowItsToken(t *testing.T) {
	t.Parallel()
	i := Install{Token: botToken, BotUser: "UBOT", Enterprise: "E1", Team: "T1"}
	row := keptInstall{Install: i, refresh: refreshToken}
	k := keptOn(t, onSQLite(t), aKey, nil)
	var out bytes.Buffer
	for _, log := range []*slog.Logger{slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))} {
		log.Info("x", "install", i, "pointer", &i, "list", []Install{i}, "oauth", k.oauth)
	}
	fmt.Fprintf(&out, "%v %+v %#v %s %q %v %+v %#v\n", i, i, i, i, i, &i, []Install{i}, map[string]Install{"x": i})
	fmt.Fprintf(&out, "%v %v\n", row, k.keys)
	encoded, err := json.Marshal(i)
	out.Write(encoded)
	if err != nil || strings.Contains(out.String(), "geheim") {
		t.Errorf("%v in %s", err, out.String())
	}
	if !strings.Contains(out.String(), "E1/T1") {
		t.Errorf("it does not show which one it is: %s", out.String())
	}
}

func TestFaultsOfSlackAreToldWithTheWayOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		respond       http.HandlerFunc
		fault, remedy string
	}{
		"a token that Slack does not know": {saying(`{"ok":false,"error":"invalid_auth"}`), "the bot's token is not one that Slack knows", "copy it again"},
		"a revoked one":                    {saying(`{"ok":false,"error":"token_revoked"}`), "has been revoked", "install the app again"},
		"an expired one":                   {saying(`{"ok":false,"error":"token_expired"}`), "token rotation is on", "docs/slack.md"},
		"a missing scope":                  {saying(`{"ok":false,"error":"missing_scope","needed":"chat:write"}`), "lacks a scope (chat:write)", "kakehashi manifest slack"},
		"a word from later":                {saying(`{"ok":false,"error":"new_word"}`), "refused by Slack: new_word", "docs.slack.dev"},
		"a limit": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusTooManyRequests)
		}, "limits the calls", "30s"},
		"a fault of Slack's": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, "503", "slack-status.com"},
		"a broken line":      {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "cannot be reached", "firewall"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(c.respond)
			t.Cleanup(server.Close)
			_, err := Single(t.Context(), botToken, api.OptionAPIURL(server.URL+"/"))
			var told *SetupError
			if !errors.As(err, &told) || !strings.Contains(told.Fault, c.fault) || !strings.Contains(told.Remedy, c.remedy) {
				t.Errorf("%v", err)
			} else if strings.Contains(err.Error(), "geheim") {
				t.Errorf("the token is in %v", err)
			}
		})
	}
}

func saying(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}
