package slack

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"kakehashi/database"
)

// browser begins and ends installs.
type browser struct {
	handler http.Handler
	cookies []*http.Cookie
}

func (b *browser) do(method, target string) *http.Response {
	r := httptest.NewRequest(method, "https://k.example.org"+target, nil)
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	return w.Result()
}

// begin returns the state that is to come back.
func (b *browser) begin(t *testing.T) string {
	t.Helper()
	r := b.do(http.MethodGet, "/slack/install")
	to, err := r.Location()
	if err != nil || r.StatusCode != http.StatusFound {
		t.Fatalf("%d: %v", r.StatusCode, err)
	}
	b.cookies = r.Cookies()
	return to.Query().Get("state")
}

func bodyOf(t *testing.T, r *http.Response) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(r.Body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// granting answers the exchange of a code as Slack does.
func granting(change func(said)) func(string, *http.Request) any {
	return func(method string, r *http.Request) any {
		if method != "oauth.v2.access" || r.FormValue("code") != "a-code" || r.FormValue("client_id") != "1.2" || r.FormValue("client_secret") != "client-geheim" || r.FormValue("redirect_uri") != "https://k.example.org/slack/oauth" {
			return said{"ok": false, "error": "invalid_code"}
		}
		a := said{
			"ok": true, "access_token": botToken, "token_type": "bot", "bot_user_id": "UBOT", "app_id": "A1",
			"team": said{"id": "T1", "name": "<script>"}, "enterprise": nil, "is_enterprise_install": false,
		}
		if change != nil {
			change(a)
		}
		return a
	}
}

func TestInstallLeadsToSlackAndBack(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db *database.DB) {
		for name, c := range map[string]struct {
			change func(said)
			want   Install
			lasts  time.Duration
		}{
			"in a workspace": {nil, Install{botToken, "UBOT", "", "T1"}, 0},
			"in a workspace of an enterprise, with rotation": {func(a said) {
				a["team"], a["enterprise"], a["expires_in"], a["refresh_token"] = said{"id": "T2"}, said{"id": "E1"}, 43200, refreshToken
			}, Install{botToken, "UBOT", "E1", "T2"}, 12 * time.Hour},
			"in a whole enterprise": {func(a said) {
				a["team"], a["enterprise"], a["is_enterprise_install"] = nil, said{"id": "E2"}, true
			}, Install{botToken, "UBOT", "E2", ""}, 0},
		} {
			k := keptOn(t, db, aKey, func(o *OAuth) { o.API = slackWith(t, granting(c.change)) })
			b := &browser{handler: k.Handler()}
			r := b.do(http.MethodGet, "/slack/install?redirect=https://evil.example&state=evil")
			to, err := r.Location()
			if err != nil {
				t.Fatal(err)
			}
			query := to.Query()
			if to.Scheme+"://"+to.Host+to.Path != "https://slack.com/oauth/v2/authorize" || query.Get("client_id") != "1.2" ||
				query.Get("redirect_uri") != "https://k.example.org/slack/oauth" || query.Get("scope") != strings.Join(scopeNames(), ",") || len(query.Get("state")) < 26 {
				t.Errorf("%s: led to %s", name, to)
			}
			state := b.begin(t)
			r = b.do(http.MethodGet, "/slack/oauth?code=a-code&state="+state)
			if page := bodyOf(t, r); r.StatusCode != http.StatusOK || !strings.Contains(page, "is installed") || !strings.Contains(page, "インストールしました") || strings.Contains(page, "script") || r.Header.Get("Location") != "" {
				t.Errorf("%s: %d: %s", name, r.StatusCode, page)
			}
			i, err := k.find(t.Context(), c.want.Enterprise, c.want.Team)
			if err != nil || i.Install != c.want || c.lasts == 0 && !i.expires.IsZero() || c.lasts > 0 && (!i.expires.Equal(startOfTest.Add(c.lasts)) || i.refresh != refreshToken) {
				t.Errorf("%s: %v until %v: %v", name, i.Install, i.expires, err)
			}
		}
	})
}

func TestInstallCookieIsForThisHostAlone(t *testing.T) {
	t.Parallel()
	b := &browser{handler: keptOn(t, onSQLite(t), aKey, nil).Handler()}
	state := b.begin(t)
	if len(b.cookies) != 1 {
		t.Fatalf("%v", b.cookies)
	}
	c := b.cookies[0]
	if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge <= 0 || c.MaxAge > 600 || strings.Contains(c.Value, state) {
		t.Errorf("%v", c)
	}
	if again := b.begin(t); again == state {
		t.Error("two installs have the same state")
	}
}

func TestNoInstallEndsThatHasNotBegunThere(t *testing.T) {
	t.Parallel()
	db := onSQLite(t)
	c := &testClock{now: startOfTest}
	k := keptOn(t, db, aKey, func(o *OAuth) { o.API, o.Now = slackWith(t, granting(nil)), c.Now })
	elsewhere := keptOn(t, db, anotherKey, func(o *OAuth) { o.Now = c.Now })
	for name, attempt := range map[string]func(b *browser, state string) string{
		"without a cookie":    func(b *browser, s string) string { b.cookies = nil; return s },
		"another's state":     func(b *browser, s string) string { return (&browser{handler: b.handler}).begin(t) },
		"no state":            func(b *browser, s string) string { return "" },
		"a changed cookie":    func(b *browser, s string) string { v := &b.cookies[0].Value; *v = (*v)[:len(*v)-4] + "AAAA"; return s },
		"a cookie of no form": func(b *browser, s string) string { b.cookies[0].Value = "x"; return s },
		"a cookie of another key": func(b *browser, _ string) string {
			b.handler = elsewhere.Handler()
			defer func() { b.handler = k.Handler() }()
			return b.begin(t)
		},
		"a token for a cookie": func(b *browser, s string) string {
			b.cookies[0].Value = k.keys.current() + "." + encodeSealed(k.keys.seal([]byte(`{"state":"x","until":"2030-01-01T00:00:00Z"}`), aWorkspace.place()))
			return "x"
		},
		"too late": func(b *browser, s string) string { c.advance(stateAge); return s },
	} {
		b := &browser{handler: k.Handler()}
		given := attempt(b, b.begin(t))
		r := b.do(http.MethodGet, "/slack/oauth?code=a-code&state="+url.QueryEscape(given))
		if page := bodyOf(t, r); r.StatusCode != http.StatusBadRequest || !strings.Contains(page, `href="/slack/install"`) {
			t.Errorf("%s: %d: %s", name, r.StatusCode, page)
		}
		if _, err := k.find(t.Context(), "", "T1"); !errors.Is(err, ErrNotInstalled) {
			t.Fatalf("%s: installed: %v", name, err)
		}
	}
}

// Not parallel: it reads the log of all.
func TestInstallTellsTheBrowserNothingButTheWayOut(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	broken := onSQLite(t)
	if _, err := broken.SQL.ExecContext(t.Context(), `DROP TABLE slack_installs`); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		db     *database.DB
		change func(said)
		query  string
		code   int
	}{
		"not allowed":               {onSQLite(t), nil, "error=access_denied%3Cscript%3E", http.StatusForbidden},
		"no code":                   {onSQLite(t), nil, "code=", http.StatusForbidden},
		"a code that does not hold": {onSQLite(t), nil, "code=geheim", http.StatusBadGateway},
		"no token":                  {onSQLite(t), func(a said) { a["access_token"] = "" }, "code=a-code", http.StatusBadGateway},
		"a person's token":          {onSQLite(t), func(a said) { a["token_type"] = "user" }, "code=a-code", http.StatusBadGateway},
		"no workspace":              {onSQLite(t), func(a said) { a["team"] = nil }, "code=a-code", http.StatusBadGateway},
		"a broken database":         {broken, nil, "code=a-code", http.StatusInternalServerError},
	} {
		k := keptOn(t, c.db, aKey, func(o *OAuth) { o.API = slackWith(t, granting(c.change)) })
		b := &browser{handler: k.Handler()}
		state := b.begin(t)
		r := b.do(http.MethodGet, "/slack/oauth?"+c.query+"&state="+state)
		page := bodyOf(t, r)
		if r.StatusCode != c.code || !strings.Contains(page, `href="/slack/install"`) || !strings.Contains(page, `lang="ja"`) {
			t.Errorf("%s: %d: %s", name, r.StatusCode, page)
		}
		for _, detail := range []string{"script", "geheim", "slack_installs", "invalid_code", state} {
			if strings.Contains(page, detail) || strings.Contains(log.String(), "geheim") {
				t.Errorf("%s: %s in %s, or in %s", name, detail, page, log.String())
			}
		}
		if cookies := r.Cookies(); len(cookies) != 1 || cookies[0].MaxAge >= 0 {
			t.Errorf("%s: the cookie stays: %v", name, cookies)
		}
	}
	if !strings.Contains(log.String(), "invalid_code") || !strings.Contains(log.String(), "status=500") {
		t.Errorf("the log does not say why: %s", log.String())
	}
}

func TestInstallTakesNothingElse(t *testing.T) {
	t.Parallel()
	b := &browser{handler: keptOn(t, onSQLite(t), aKey, nil).Handler()}
	for _, c := range []struct {
		method, target string
		code           int
	}{
		{http.MethodPost, "/slack/install", http.StatusMethodNotAllowed},
		{http.MethodHead, "/slack/oauth?code=x", http.StatusMethodNotAllowed},
		{http.MethodGet, "/slack/oauth?code=" + strings.Repeat("x", 5000), http.StatusRequestURITooLong},
		{http.MethodGet, "/slack/install/x", http.StatusNotFound},
		{http.MethodGet, "/slack/install", http.StatusFound},
		{http.MethodGet, "/slack/oauth", http.StatusBadRequest},
	} {
		r := b.do(c.method, c.target)
		if r.StatusCode != c.code {
			t.Errorf("%s %.30s: %d, want %d", c.method, c.target, r.StatusCode, c.code)
		}
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'",
		} {
			if !strings.Contains(r.Header.Get(name), want) {
				t.Errorf("%s %.30s: %s is %q", c.method, c.target, name, r.Header.Get(name))
			}
		}
	}
}
