package slack

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kakehashi/database"
)

var aWorkspace = Install{Token: botToken, BotUser: "UBOT", Team: "T1"}

func TestKeysAreReadOrRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		list  string
		fault string // "" for none
	}{
		"one":              {aKey, ""},
		"one from a file":  {" " + aKey + "\n", ""},
		"with one before":  {anotherKey + "," + aKey, ""},
		"none":             {"", "key 1 "},
		"an empty second":  {aKey + ",", "key 2 "},
		"too short":        {"AAECAwQFBgcICQoLDA0ODw==", "key 1 "},
		"no base64":        {"geheim-geheim-geheim-geheim-geheim-geheim-ge", "key 1 "},
		"the second wrong": {aKey + ",geheim", "key 2 "},
	} {
		_, err := ParseKeys(c.list)
		if c.fault == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.fault) || !strings.Contains(err.Error(), "openssl rand -base64 32") || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTokensAreEncryptedAtRest(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *database.DB) {
		k := keptOn(t, db, aKey, nil)
		for range 2 { // the second replaces the first
			if err := k.put(t.Context(), keptInstall{Install: aWorkspace, refresh: refreshToken}); err != nil {
				t.Fatal(err)
			}
		}
		row := storedRow(t, db, "T1")
		if bytes.Contains(row, []byte("geheim")) || len(row) < len(botToken) {
			t.Errorf("stored: %q", row)
		}
		if err := k.put(t.Context(), keptInstall{Install: Install{Token: botToken, BotUser: "UBOT", Team: "T2"}, refresh: refreshToken}); err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(row, storedRow(t, db, "T2")) {
			t.Error("the same token looks the same in two rows")
		}
	})
}

func storedRow(t *testing.T, db *database.DB, team string) (sealed []byte) {
	t.Helper()
	if err := db.SQL.QueryRowContext(t.Context(), `SELECT sealed FROM slack_installs WHERE team = $1`, team).Scan(&sealed); err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestSealedTokensCannotBeTamperedWith(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keys   string
		tamper string
		what   string
	}{
		"under another key":                 {anotherKey, `UPDATE slack_installs SET bot_user = bot_user`, "another key"},
		"cut short":                         {aKey, `UPDATE slack_installs SET sealed = substr(sealed, 1, 20)`, "cut short"},
		"cut to nothing":                    {aKey, `UPDATE slack_installs SET sealed = substr(sealed, 1, 0)`, "cut short"},
		"moved to another workspace":        {aKey, `UPDATE slack_installs SET team = 'T9' WHERE team = 'T1'`, "moved"},
		"swapped with another's":            {aKey, `UPDATE slack_installs SET sealed = (SELECT o.sealed FROM slack_installs o WHERE o.team <> slack_installs.team)`, "moved"},
		"moved into an enterprise":          {aKey, `UPDATE slack_installs SET enterprise = 'E9'`, "moved"},
		"under the id of a key that is not": {aKey, `UPDATE slack_installs SET key = 'x'`, "another key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, db *database.DB) {
				k := keptOn(t, db, aKey, nil)
				for _, team := range []string{"T1", "T2"} {
					if err := k.put(t.Context(), keptInstall{Install: Install{Token: botToken, BotUser: "UBOT", Team: team}}); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := db.SQL.ExecContext(t.Context(), c.tamper); err != nil {
					t.Fatal(err)
				}
				team := "T1"
				if strings.Contains(c.tamper, "T9") {
					team = "T9"
				}
				before := storedRow(t, db, team)
				_, err := keptOn(t, db, c.keys, nil).Token(t.Context(), "E9", team)
				var told *SetupError
				if !errors.As(err, &told) || !strings.Contains(told.Fault, c.what) || !strings.Contains(told.Remedy, "https://k.example.org/slack/install") || strings.Contains(err.Error(), "geheim") {
					t.Errorf("%v", err)
				}
				if !bytes.Equal(before, storedRow(t, db, team)) {
					t.Error("what cannot be read has been changed")
				}
			})
		})
	}
}

func TestAnOldKeyGivesWayToTheNew(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *database.DB) {
		if err := keptOn(t, db, aKey, nil).put(t.Context(), keptInstall{Install: aWorkspace, refresh: refreshToken, expires: startOfTest.Add(12 * time.Hour)}); err != nil {
			t.Fatal(err)
		}
		for _, keys := range []string{anotherKey + "," + aKey, anotherKey} { // after one look the old key is not needed
			k := keptOn(t, db, keys, nil)
			if got, err := k.Token(t.Context(), "", "T1"); err != nil || got != aWorkspace {
				t.Fatalf("%v: %v", got, err)
			}
			if i, err := k.find(t.Context(), "", "T1"); err != nil || i.refresh != refreshToken || !i.expires.Equal(startOfTest.Add(12*time.Hour)) {
				t.Errorf("the rest of the install is changed: %v: %v", i.expires, err)
			}
		}
		if _, err := keptOn(t, db, aKey, nil).Token(t.Context(), "", "T1"); err == nil {
			t.Error("the old key still opens it")
		}
	})
}

func TestAWorkspacesOwnInstallComesBeforeItsEnterprises(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *database.DB) {
		k := keptOn(t, db, aKey, nil)
		own := Install{Token: "xoxb-own", BotUser: "U1", Enterprise: "E1", Team: "T1"}
		whole := Install{Token: "xoxb-whole", BotUser: "U2", Enterprise: "E1"}
		for _, i := range []Install{whole, own} {
			if err := k.put(t.Context(), keptInstall{Install: i}); err != nil {
				t.Fatal(err)
			}
		}
		want := func(team string, want Install) {
			t.Helper()
			if got, err := k.Token(t.Context(), "E1", team); err != nil || got != want {
				t.Errorf("%s: %v: %v", team, got, err)
			}
		}
		want("T1", own)
		want("T2", whole)
		if err := k.Remove(t.Context(), "E1", "T1"); err != nil {
			t.Fatal(err)
		}
		want("T1", whole)
		var all []Install
		if err := k.All(t.Context(), func(i Install, err error) { all = append(all, i) }); err != nil || !slices.Equal(all, []Install{whole}) {
			t.Errorf("%v: %v", all, err)
		}
	})
}

// renewing is a Slack that renews a token once, as it does.
type renewing struct {
	valid atomic.Value // the refresh token that holds
	calls atomic.Int32
	enter func() // before each answer
}

func (s *renewing) respond(method string, r *http.Request) any {
	s.calls.Add(1)
	if s.enter != nil {
		s.enter()
	}
	given := r.FormValue("refresh_token")
	if method != "oauth.v2.access" || r.FormValue("grant_type") != "refresh_token" || r.FormValue("client_secret") != "client-geheim" || !s.valid.CompareAndSwap(given, given+"+") {
		return said{"ok": false, "error": "invalid_refresh_token"}
	}
	return said{"ok": true, "access_token": "xoxb-renewed", "refresh_token": given + "+", "expires_in": 43200, "token_type": "bot"}
}

// expiring is an install that expires after a while, kept by two replicas.
func expiring(t *testing.T, db *database.DB, s *renewing, after time.Duration) (replicas [2]*Kept, c *testClock) {
	t.Helper()
	s.valid.Store(refreshToken)
	address := slackWith(t, s.respond)
	c = &testClock{now: startOfTest}
	for n := range replicas {
		replicas[n] = keptOn(t, db, aKey, func(o *OAuth) { o.API, o.Now = address, c.Now })
	}
	if err := replicas[0].put(t.Context(), keptInstall{Install: aWorkspace, refresh: refreshToken, expires: startOfTest.Add(after)}); err != nil {
		t.Fatal(err)
	}
	return replicas, c
}

func TestATokenIsRenewedTwoHoursAheadAndOnce(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]time.Duration{"that still lasts": 2 * time.Hour, "that has expired": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, db *database.DB) {
				var s renewing
				replicas, c := expiring(t, db, &s, 12*time.Hour)
				c.advance(10*time.Hour - time.Second)
				if got, err := replicas[0].Token(t.Context(), "", "T1"); err != nil || got.Token != botToken || s.calls.Load() != 0 {
					t.Errorf("before its time: %v, %d calls: %v", got, s.calls.Load(), err)
				}
				c.advance(12*time.Hour - 10*time.Hour + time.Second - after)
				var group sync.WaitGroup
				for n := range 10 {
					group.Go(func() {
						got, err := replicas[n%2].Token(t.Context(), "", "T1")
						if err != nil || got.Token != "xoxb-renewed" && (after < 0 || got.Token != botToken) {
							t.Errorf("%v: %v", got, err)
						}
					})
				}
				group.Wait()
				i, err := replicas[1].find(t.Context(), "", "T1")
				if err != nil || i.Token != "xoxb-renewed" || i.refresh != refreshToken+"+" || !i.expires.Equal(c.Now().Add(12*time.Hour)) || s.calls.Load() != 1 {
					t.Errorf("both tokens are not kept: until %v, %d calls: %v", i.expires, s.calls.Load(), err)
				}
			})
		})
	}
}

func TestARenewalThatFailsLeavesTheTokenWhileItLasts(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *database.DB) {
		var s renewing
		replicas, c := expiring(t, db, &s, time.Hour)
		s.valid.Store("another")
		for range 3 {
			if got, err := replicas[0].Token(t.Context(), "", "T1"); err != nil || got != aWorkspace {
				t.Errorf("%v: %v", got, err)
			}
		}
		if n := s.calls.Load(); n != 1 {
			t.Errorf("tried %d times within a minute", n)
		}
		c.advance(2 * time.Hour)
		if _, err := db.SQL.ExecContext(t.Context(), `UPDATE leases SET expires = 0`); err != nil {
			t.Fatal(err)
		}
		for range 2 { // then every question is told, none waits
			_, err := replicas[1].Token(t.Context(), "", "T1")
			var told *SetupError
			if !errors.As(err, &told) || !strings.Contains(told.Remedy, "/slack/install") || strings.Contains(err.Error(), "geheim") {
				t.Errorf("%v", err)
			}
		}
		s.valid.Store(refreshToken)
		if got, err := replicas[1].Token(t.Context(), "", "T1"); err != nil || got.Token != "xoxb-renewed" {
			t.Errorf("nothing may be lost by failing: %v: %v", got, err)
		}
	})
}

func TestWhatHappensDuringARenewalIsKept(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]func(*testing.T, *Kept) string{
		"installed anew": func(t *testing.T, k *Kept) string {
			if err := k.put(t.Context(), keptInstall{Install: Install{Token: "xoxb-anew", BotUser: "UBOT", Team: "T1"}}); err != nil {
				t.Error(err)
			}
			return "xoxb-anew"
		},
		"removed": func(t *testing.T, k *Kept) string {
			if err := k.Remove(t.Context(), "", "T1"); err != nil {
				t.Error(err)
			}
			return ""
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, db *database.DB) {
				var s renewing
				var want string
				replicas, _ := expiring(t, db, &s, time.Hour)
				s.enter = func() { want = meanwhile(t, replicas[1]) }
				if got, err := replicas[0].Token(t.Context(), "", "T1"); want != "" && (err != nil || got.Token != want) {
					t.Errorf("%v: %v", got, err)
				}
				if got, err := replicas[1].Token(t.Context(), "", "T1"); got.Token != want || (want == "") != errors.Is(err, ErrNotInstalled) {
					t.Errorf("afterwards %v: %v", got, err)
				}
			})
		})
	}
}

func TestARenewalIsNotBrokenOff(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *database.DB) {
		var s renewing
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		replicas, _ := expiring(t, db, &s, time.Hour)
		s.enter = cancel // who has asked goes away while Slack answers
		if got, err := replicas[0].Token(ctx, "", "T1"); err != nil || got.Token != "xoxb-renewed" {
			t.Errorf("%v: %v", got, err)
		}
		if i, err := replicas[1].find(t.Context(), "", "T1"); err != nil || i.Token != "xoxb-renewed" || i.refresh != refreshToken+"+" {
			t.Errorf("what Slack has given is lost: %v: %v", i.Install, err)
		}
	})
}
