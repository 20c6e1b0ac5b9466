package slack

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	api "github.com/slack-go/slack"
)

// Where an administrator's browser goes to install the app, and comes back.
const (
	pathInstall = "/slack/install"
	pathOAuth   = "/slack/oauth"
)

const (
	authorizeURL = "https://slack.com/oauth/v2/authorize"
	stateCookie  = "__Host-kakehashi-install" // which a browser takes over https for this host alone
	statePlace   = "cookie of an install"
	stateAge     = 10 * time.Minute
	mostQuery    = 4096 // bytes
)

// Handler serves /slack/install, which leads to Slack, and /slack/oauth, where Slack
// leads back. A browser that has not begun here cannot end here: the state that Slack
// passes on must be that of the cookie (RFC 6749 §10.12).
func (k *Kept) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(pathInstall, k.begin)
	mux.HandleFunc(pathOAuth, k.end)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		header.Set("Referrer-Policy", "no-referrer") // the address holds the code
		header.Set("X-Content-Type-Options", "nosniff")
		switch {
		case r.Method != http.MethodGet: // a HEAD would spend the code
			header.Set("Allow", http.MethodGet)
			showPage(w, http.StatusMethodNotAllowed, pageWrongMethod)
		case len(r.URL.RawQuery) > mostQuery:
			showPage(w, http.StatusRequestURITooLong, pageNotFromHere)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

// begunInstall is what the cookie holds, sealed.
type begunInstall struct {
	State string    `json:"state"`
	Until time.Time `json:"until"`
}

func (k *Kept) begin(w http.ResponseWriter, r *http.Request) {
	begun := begunInstall{rand.Text(), k.oauth.Now().Add(stateAge)}
	text, err := json.Marshal(begun)
	if err != nil {
		k.fail(w, r, http.StatusInternalServerError, pageTryLater, err)
		return
	}
	setState(w, k.keys.current()+"."+encodeSealed(k.keys.seal(text, statePlace)), int(stateAge.Seconds()))
	query := url.Values{
		"client_id": {k.oauth.ClientID}, "scope": {strings.Join(scopeNames(), ",")},
		"state": {begun.State}, "redirect_uri": {k.oauth.Address + pathOAuth},
	}
	w.Header().Set("Location", authorizeURL+"?"+query.Encode())
	w.WriteHeader(http.StatusFound)
}

func encodeSealed(sealed []byte) string { return base64.RawURLEncoding.EncodeToString(sealed) }

func setState(w http.ResponseWriter, value string, age int) {
	http.SetCookie(w, &http.Cookie{
		Name: stateCookie, Value: value, Path: "/", MaxAge: age,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, // Lax: Slack leads back from its site
	})
}

func (k *Kept) end(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if err := k.checkState(r, query.Get("state")); err != nil {
		k.fail(w, r, http.StatusBadRequest, pageNotFromHere, err)
		return
	}
	setState(w, "", -1)
	if query.Get("error") != "" || query.Get("code") == "" {
		showPage(w, http.StatusForbidden, pageNotAllowed) // by the person or the workspace
		return
	}
	answer, err := api.GetOAuthV2ResponseContext(r.Context(), k.oauth.HTTP, k.oauth.ClientID, k.oauth.ClientSecret,
		query.Get("code"), k.oauth.Address+pathOAuth, api.OAuthOptionAPIURL(k.oauth.API))
	if err != nil {
		k.fail(w, r, http.StatusBadGateway, pageRefused, Explain("the code of an install", err))
		return
	}
	i, err := k.granted(answer)
	if err != nil {
		k.fail(w, r, http.StatusBadGateway, pageRefused, err)
		return
	}
	if err := k.put(r.Context(), i); err != nil {
		k.fail(w, r, http.StatusInternalServerError, pageTryLater, err)
		return
	}
	slog.InfoContext(r.Context(), "the app is installed", "install", i.Install)
	showPage(w, http.StatusOK, pageInstalled)
}

// checkState wants the state to be that of a cookie of ours that is not old.
func (k *Kept) checkState(r *http.Request, given string) error {
	cookie, err := r.Cookie(stateCookie)
	if err != nil {
		return errors.New("no cookie of an install")
	}
	id, encoded, _ := strings.Cut(cookie.Value, ".")
	sealed, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return errors.New("the cookie of an install is not ours")
	}
	text, err := k.keys.open(id, sealed, statePlace)
	if err != nil {
		return errors.New("the cookie of an install is not ours")
	}
	var begun begunInstall
	if err := json.Unmarshal(text, &begun); err != nil {
		return errors.New("the cookie of an install cannot be read")
	}
	switch {
	case !k.oauth.Now().Before(begun.Until):
		return errors.New("the install was begun too long ago")
	case subtle.ConstantTimeCompare([]byte(given), []byte(begun.State)) != 1:
		return errors.New("the state is not that of the cookie")
	}
	return nil
}

// granted is what Slack has given, where it is what was asked for. Of a whole enterprise
// it names no team.
func (k *Kept) granted(r *api.OAuthV2Response) (keptInstall, error) {
	i := keptInstall{Install: Install{Token: r.AccessToken, BotUser: r.BotUserID, Enterprise: r.Enterprise.ID, Team: r.Team.ID}, refresh: r.RefreshToken}
	if r.TokenType != "bot" || i.Token == "" || i.BotUser == "" || i.Enterprise == "" && i.Team == "" {
		return keptInstall{}, errors.New("an install was answered by Slack without a bot's token, a bot or a workspace")
	}
	if r.ExpiresIn > 0 {
		i.expires = k.oauth.Now().Add(time.Duration(r.ExpiresIn) * time.Second)
	}
	return i, nil
}

// fail shows the way out and keeps why to the log.
func (k *Kept) fail(w http.ResponseWriter, r *http.Request, code int, page installPage, err error) {
	slog.WarnContext(r.Context(), "installing the app", "status", code, "error", err)
	showPage(w, code, page)
}

// installPage is all that a browser gets to see, in both languages.
type installPage struct{ English, Japanese string }

var (
	pageInstalled   = installPage{"Kakehashi is installed. Go back to Slack and write to it, or mention it in a channel.", "Kakehashiをインストールしました。Slackに戻り、Kakehashiにメッセージを送るか、チャンネルでメンションしてください。"}
	pageNotAllowed  = installPage{"Kakehashi has not been installed: it was not allowed in Slack. Ask an administrator of your workspace, then start again:", "Slackで許可されなかったため、インストールしていません。ワークスペースの管理者に相談してから、やり直してください:"}
	pageNotFromHere = installPage{"This link is old, or was not opened in the browser that began the install. Start again:", "リンクの期限が切れているか、インストールを始めたブラウザーではありません。やり直してください:"}
	pageRefused     = installPage{"Slack has not completed the install. Start again; if it goes on, tell whoever runs Kakehashi:", "Slack側でインストールが完了しませんでした。やり直してください。続く場合はKakehashiの運用者に連絡してください:"}
	pageTryLater    = installPage{"Kakehashi cannot keep the install at the moment. Start again later; if it goes on, tell whoever runs Kakehashi:", "現在、インストールを保存できません。しばらくしてからやり直してください。続く場合はKakehashiの運用者に連絡してください:"}
	pageWrongMethod = installPage{"This page is opened by a browser. Start here:", "このページはブラウザーで開いてください。開始:"}
)

var pageTemplate = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Kakehashi</title>
<h1>Kakehashi</h1><p>{{.English}}</p><p lang="ja">{{.Japanese}}</p>{{if .Again}}<p><a href="{{.Again}}">{{.Again}}</a></p>{{end}}
</html>
`))

func showPage(w http.ResponseWriter, code int, page installPage) {
	again := pathInstall
	if page == pageInstalled {
		again = ""
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	// What fails here is the browser's connection: nobody is left to tell.
	_ = pageTemplate.Execute(w, struct {
		installPage
		Again string
	}{page, again})
}
