package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	api "github.com/slack-go/slack"

	"kakehashi/bot/slack"
	"kakehashi/database"
)

// slackSays is a Slack that says of each method what it is told; nothing else is called.
func slackSays(t *testing.T, scopes string, ahead time.Duration, says map[string]string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		said, ok := says[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			t.Errorf("%s is called", r.URL.Path)
		}
		w.Header().Set("X-OAuth-Scopes", scopes)
		w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
		fmt.Fprint(w, said)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/"
}

const allWell = `{"ok":true,"user":"kakehashi","user_id":"UBOT","team":"Lab","team_id":"T1","url":"wss://127.0.0.1:1/","messages":[]}`

func scopesOfAll(without ...string) string {
	var out []string
	for _, s := range slack.Scopes() {
		if !slices.Contains(without, s.Name) {
			out = append(out, s.Name)
		}
	}
	return strings.Join(out, ",")
}

func TestDoctorChecksSlack(t *testing.T) {
	t.Parallel()
	const bot, app = envBotToken + "=xoxb-geheim", envAppToken + "=xapp-geheim"
	const secret = envSigningSecret + "=0123456789abcdef0123456789abcdef"
	refusing := func(code string) map[string]string {
		no := `{"ok":false,"error":"` + code + `"}`
		return map[string]string{"auth.test": no, "apps.connections.open": no, "conversations.history": no}
	}
	well := map[string]string{"auth.test": allWell, "apps.connections.open": allWell, "conversations.history": allWell}
	history := func(code string) map[string]string {
		return map[string]string{"auth.test": allWell, "apps.connections.open": allWell, "conversations.history": refusing(code)["auth.test"]}
	}
	for name, c := range map[string]struct {
		environment  []string
		scopes       string
		ahead        time.Duration
		says         map[string]string
		check        string
		status       status
		what, remedy string
	}{
		"nothing set":                 {nil, "", 0, nil, "bot token", faulty, envBotToken + " is not set", "docs/slack.md"},
		"nothing that events come by": {[]string{bot}, scopesOfAll(), 0, well, "app token", faulty, envAppToken + " is not set", "connections:write"},
		"the bot's token":             {[]string{bot, app}, scopesOfAll(), 0, well, "bot token", sound, "kakehashi in Lab (T1)", ""},
		"the bot's token in a file":   {[]string{bot + "\n", app}, scopesOfAll(), 0, well, "bot token", sound, "kakehashi in Lab (T1)", ""},
		"all scopes":                  {[]string{bot, app}, scopesOfAll(), 0, well, "scopes", sound, "all 10", ""},
		"a scope missing": {[]string{bot, app}, scopesOfAll("app_mentions:read"), 0, well,
			"scopes", faulty, "app_mentions:read is missing; without it fails: hearing its name in a channel (app_mention)", "install the app again"},
		"a scope that is used by many": {[]string{bot, app}, scopesOfAll("chat:write"), 0, well,
			"scopes", faulty, "replying; telling that it is at work (chat.postMessage, ", "install the app again"},
		"scopes that are not needed": {[]string{bot, app}, scopesOfAll() + ",files:read, admin", 0, well, "scopes", unsafe, "files:read, admin", "take them away"},
		"scopes not said":            {[]string{bot, app}, "", 0, well, "scopes", untold, "not said", "kakehashi manifest slack"},
		"an unknown token":           {[]string{bot, app}, "", 0, refusing("invalid_auth"), "bot token", faulty, "not one that Slack knows", "copy it again"},
		"a revoked app token":        {[]string{bot, app}, "", 0, refusing("token_revoked"), "app token", faulty, "has been revoked", "install the app again"},
		"the tokens swapped":         {[]string{envBotToken + "=xapp-geheim", envAppToken + "=xoxb-geheim"}, "", 0, nil, "bot token", faulty, "is an app's token", "Bot User OAuth Token"},
		"the same, of the app":       {[]string{envBotToken + "=xapp-geheim", envAppToken + "=xoxb-geheim"}, "", 0, nil, "app token", faulty, "is a bot's token", "App-Level Tokens"},
		"no token at all":            {[]string{envBotToken + "=geheim", app}, "", 0, map[string]string{"apps.connections.open": allWell}, "bot token", faulty, "does not begin with xoxb-", "Bot User OAuth Token"},
		"Socket Mode":                {[]string{bot, app}, "", 0, well, "app token", sound, "opens Socket Mode", ""},
		"HTTP":                       {[]string{bot, secret}, "", 0, well, "signing secret", untold, "first delivery", "Basic Information"},
		"HTTP, a wrong secret":       {[]string{bot, envSigningSecret + "=geheim"}, "", 0, well, "signing secret", faulty, "32 hexadecimal digits", "Basic Information"},
		"both ways":                  {[]string{bot, app, secret}, "", 0, well, "settings", unsafe, "Socket Mode is used", "unset one"},
		"one workspace and several":  {[]string{bot, app, envTokenKey + "=geheim"}, "", 0, well, "settings", unsafe, "no effect beside", "unset one"},
		"the clock":                  {[]string{bot, app}, "", 0, well, "clock", sound, "agree", ""},
		"the clock a minute off":     {[]string{bot, app}, "", -time.Minute, well, "clock", unsafe, "differ by ", "NTP"},
		"the clock far off":          {[]string{bot, app}, "", time.Hour, refusing("invalid_auth"), "clock", faulty, "refused as too old", "NTP"},
		"events":                     {[]string{bot, app}, "", 0, well, "events", untold, "cannot be asked", "kakehashi manifest slack"},
		"no experts":                 {[]string{bot, app}, "", 0, well, "experts", untold, "nobody", envExpertChannel},
		"experts":                    {[]string{bot, app, envExpertChannel + "=C0123ABC456"}, "", 0, well, "experts", sound, "C0123ABC456", ""},
		"experts by a name":          {[]string{bot, app, envExpertChannel + "=#experts"}, "", 0, well, "experts", faulty, "no id of a channel", "details"},
		"experts where it is not":    {[]string{bot, app, envExpertChannel + "=C0123ABC456"}, "", 0, history("not_in_channel"), "experts", faulty, "not in C0123ABC456", "/invite"},
		"experts without the scope":  {[]string{bot, app, envExpertChannel + "=C0123ABC456"}, "", 0, history("missing_scope"), "experts", faulty, "lacks a scope", "kakehashi manifest slack"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &doctor{now: time.Now}
			d.slack(t.Context(), lookUp(c.environment), api.OptionAPIURL(slackSays(t, c.scopes, c.ahead, c.says)))
			wantFinding(t, d.findings, c.check, c.status, c.what, c.remedy)
			if content, err := json.Marshal(d.findings); err != nil || strings.Contains(string(content), "geheim") {
				t.Errorf("a secret is in %s: %v", content, err)
			}
			for _, f := range d.findings {
				if f.Status != sound && f.Remedy == "" {
					t.Errorf("no way out of %v", f)
				}
			}
		})
	}
}

// install goes through the install as a browser does.
func install(t *testing.T, address string, db *database.DB, key string) {
	t.Helper()
	keys, err := slack.ParseKeys(key)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := slack.Keep(db, nil, keys, slack.OAuth{Address: "https://k.example.org", API: address})
	if err != nil {
		t.Fatal(err)
	}
	begun := httptest.NewRecorder()
	kept.Handler().ServeHTTP(begun, httptest.NewRequest(http.MethodGet, "/slack/install", nil))
	to, err := begun.Result().Location()
	if err != nil {
		t.Fatal(err)
	}
	back := httptest.NewRequest(http.MethodGet, "/slack/oauth?code=x&state="+to.Query().Get("state"), nil)
	back.AddCookie(begun.Result().Cookies()[0])
	ended := httptest.NewRecorder()
	kept.Handler().ServeHTTP(ended, back)
	if ended.Code != http.StatusOK {
		t.Fatalf("%d: %s", ended.Code, ended.Body)
	}
}

func lookUp(environment []string) func(string) string {
	return func(name string) string {
		for _, variable := range environment {
			if is, value, _ := strings.Cut(variable, "="); is == name {
				return value
			}
		}
		return ""
	}
}

func TestDoctorSlackExitsAsTheOtherDoctor(t *testing.T) {
	onlyWith(t, envBotToken+"=", envAppToken+"=", envSigningSecret+"=")
	code, stdout, stderr := again("doctor", "slack", "--json")
	var found []finding
	if err := json.Unmarshal([]byte(stdout), &found); err != nil || code != exitFailure || !strings.Contains(stderr, "faults found: 2") {
		t.Fatalf("exit %d: %s%s: %v", code, stdout, stderr, err)
	}
	wantFinding(t, found, "bot token", faulty, "not set", "")
	code, stdout, _ = again("doctor", "slack")
	if code != exitFailure || !strings.Contains(stdout, "fault    bot token: ") || !strings.Contains(stdout, "note     events: ") {
		t.Errorf("exit %d: %s", code, stdout)
	}
}

func TestDoctorChecksInstallsInSeveralWorkspaces(t *testing.T) {
	const key, another = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "HxAREhMUFRYXGBkaGxwdHh8AAQIDBAUGBwgJCgsMDQ4="
	onlyWith(t)
	db, err := openDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	whole := []string{envTokenKey + "=" + key, envClientID + "=1.2", envClientSecret + "=client-geheim", envPublicURL + "=https://k.example.org", envAppToken + "=xapp-geheim"}
	checked := func(environment []string) []finding {
		d := &doctor{now: time.Now}
		d.slack(t.Context(), lookUp(environment), api.OptionAPIURL(slackSays(t, scopesOfAll(), 0, map[string]string{"auth.test": allWell, "apps.connections.open": allWell})))
		if content, err := json.Marshal(d.findings); err != nil || strings.Contains(string(content), "geheim") {
			t.Errorf("a secret is in %s: %v", content, err)
		}
		return d.findings
	}
	wantFinding(t, checked(whole), "tables", faulty, "no tables yet", "kakehashi migrate up")
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	found := checked(whole)
	withoutFaults(t, found)
	wantFinding(t, found, "installs", unsafe, "none yet", "https://k.example.org/slack/install")

	install(t, slackSays(t, "", 0, map[string]string{
		"oauth.v2.access": `{"ok":true,"access_token":"xoxb-geheim","token_type":"bot","bot_user_id":"UBOT","team":{"id":"T1"}}`,
	}), db, key)
	found = checked(whole)
	withoutFaults(t, found)
	wantFinding(t, found, "install", sound, "kakehashi in Lab (T1)", "")

	for name, c := range map[string]struct {
		with                []string
		check, what, remedy string
	}{
		"another key":       {[]string{envTokenKey + "=" + another}, "installs", "cannot be decrypted", envTokenKey},
		"a key of no form":  {[]string{envTokenKey + "=geheim"}, "token key", "32 bytes", "openssl"},
		"no client":         {[]string{envClientID + "="}, "settings", envClientID + " is not set", "Basic Information"},
		"no secret":         {[]string{envClientSecret + "="}, "settings", envClientSecret + " is not set", "Basic Information"},
		"no public address": {[]string{envPublicURL + "="}, "settings", envPublicURL, "browsers reach"},
	} {
		t.Run(name, func(t *testing.T) {
			wantFinding(t, checked(append(c.with, whole...)), c.check, faulty, c.what, c.remedy)
		})
	}
}
