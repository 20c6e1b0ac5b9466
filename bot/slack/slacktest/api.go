package slacktest

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// reply is what a method answers besides ok.
type reply = map[string]any

// refusal is an error as Slack names it, with what it says about it.
type refusal struct {
	code     string
	messages []string
}

func (r refusal) Error() string { return r.code }

func refuse(code string, messages ...string) error { return refusal{code, messages} }

// method is one of the Web API. Its handler runs with the server's lock held; w is the
// workspace of the token, nil for a method that takes none.
type method struct {
	tier   int      // of its rate limit; 0 for none here
	scopes []string // any one of which it needs
	free   bool     // takes no token
	app    bool     // takes the app's token
	handle func(s *Server, w *workspace, a args) (reply, error)
}

var anyHistory = []string{"channels:history", "groups:history", "im:history", "mpim:history"}
var anyRead = []string{"channels:read", "groups:read", "im:read", "mpim:read"}

// methods are those the fake knows; scopes and tiers are those of Slack's reference.
var methods = map[string]method{
	"apps.connections.open": {tier: 1, app: true, handle: (*Server).connectionsOpen},
	"auth.test":             {handle: (*Server).authTest},
	"auth.revoke":           {tier: 3, handle: (*Server).authRevoke},
	"oauth.v2.access":       {tier: 4, free: true, handle: (*Server).oauthAccess},

	"chat.postMessage":   {scopes: []string{"chat:write"}, handle: (*Server).postMessage},
	"chat.postEphemeral": {tier: 4, scopes: []string{"chat:write"}, handle: (*Server).postEphemeral},
	"chat.update":        {tier: 3, scopes: []string{"chat:write"}, handle: (*Server).updateMessage},
	"chat.delete":        {tier: 3, scopes: []string{"chat:write"}, handle: (*Server).deleteMessage},
	"chat.getPermalink":  {handle: (*Server).getPermalink},
	"chat.startStream":   {tier: 2, scopes: []string{"chat:write"}, handle: (*Server).startStream},
	"chat.appendStream":  {tier: 4, scopes: []string{"chat:write"}, handle: (*Server).appendStream},
	"chat.stopStream":    {tier: 2, scopes: []string{"chat:write"}, handle: (*Server).stopStream},

	"conversations.open":    {tier: 3, scopes: []string{"im:write", "mpim:write"}, handle: (*Server).conversationsOpen},
	"conversations.info":    {tier: 3, scopes: anyRead, handle: (*Server).conversationsInfo},
	"conversations.history": {tier: 3, scopes: anyHistory, handle: (*Server).conversationsHistory},
	"conversations.replies": {tier: 3, scopes: anyHistory, handle: (*Server).conversationsReplies},
	"users.info":            {tier: 4, scopes: []string{"users:read"}, handle: (*Server).usersInfo},
	"reactions.add":         {tier: 3, scopes: []string{"reactions:write"}, handle: (*Server).reactionsAdd},

	"views.open":    {tier: 4, handle: (*Server).viewsOpen},
	"views.push":    {tier: 4, handle: (*Server).viewsPush},
	"views.update":  {tier: 4, handle: (*Server).viewsUpdate},
	"views.publish": {tier: 4, handle: (*Server).viewsPublish},

	"assistant.threads.setStatus":           {scopes: []string{"chat:write", "assistant:write"}, handle: (*Server).setStatus},
	"assistant.threads.setTitle":            {scopes: []string{"assistant:write"}, handle: (*Server).setTitle},
	"assistant.threads.setSuggestedPrompts": {scopes: []string{"assistant:write"}, handle: (*Server).setSuggestedPrompts},
	"agents.sessions.setStatus":             {scopes: []string{"chat:write"}, handle: (*Server).setSessionStatus},
	"agents.sessions.rename":                {scopes: []string{"chat:write"}, handle: (*Server).renameSession},
}

// AllScopes are the scopes that the methods the fake knows may need.
func AllScopes() []string {
	scopes := map[string]bool{"app_mentions:read": true, "commands": true}
	for _, m := range methods {
		for _, scope := range m.scopes {
			scopes[scope] = true
		}
	}
	return slices.Sorted(maps.Keys(scopes))
}

// args are those of a call, each as JSON: a form's are all strings.
type args map[string]json.RawMessage

func readArgs(r *http.Request) (args, error) {
	out := args{}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		if err := json.NewDecoder(r.Body).Decode(&out); err != nil && !errors.Is(err, io.EOF) { // slack-go sends JSON that is empty
			return nil, refuse("invalid_json")
		}
		return out, nil
	}
	if err := r.ParseMultipartForm(1 << 20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return nil, refuse("invalid_form_data")
	}
	for k, v := range r.Form {
		out[k], _ = json.Marshal(v[0]) // a string always has a JSON form
	}
	return out, nil
}

// str is an argument as text.
func (a args) str(k string) string {
	var s string
	if json.Unmarshal(a[k], &s) == nil {
		return s
	}
	return string(a[k])
}

// raw is an argument as JSON, taken out of the string that a form has it in.
func (a args) raw(k string) json.RawMessage {
	if s := a.str(k); s != "" && s != "null" {
		return json.RawMessage(s)
	}
	return nil
}

func (a args) yes(k string) bool { s := a.str(k); return s == "true" || s == "1" }

func (a args) token(r *http.Request) string {
	if t, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return t
	}
	return a.str("token")
}

// serveAPI does one call, or what the fault that lies on it leaves of it.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("method")
	a, err := readArgs(r)
	s.mu.Lock()
	fault := s.fault(name)
	call := Call{Seq: s.next(), Method: name, At: s.clock.now(), Args: readable(a)}
	status, header, body := http.StatusOK, http.Header{}, reply{"ok": true}
	switch {
	case fault == RateLimited:
		status, body = http.StatusTooManyRequests, failed("ratelimited")
		header.Set("Retry-After", "1")
	case fault == ServerError || fault == Hangs || fault == DroppedBefore:
	case err != nil:
		body = failed(err.Error())
	default:
		status = s.call(&call, a, a.token(r), header, body)
	}
	call.Error, _ = body["error"].(string)
	call.Done = call.Done && call.Error == ""
	if fault != "" && fault != RateLimited {
		call.Error = string(fault)
	}
	s.record.calls = append(s.record.calls, call)
	s.touch()
	s.mu.Unlock()

	switch fault {
	case ServerError, BadGateway:
		code, _ := strconv.Atoi(string(fault)) // both are numbers
		w.WriteHeader(code)
	case Hangs, HangsAfter:
		select {
		case <-r.Context().Done():
		case <-s.ctx.Done():
		}
		drop(w)
	case DroppedBefore, DroppedAfter:
		drop(w)
	default:
		maps.Copy(w.Header(), header)
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body) // a client that has gone needs no answer
	}
}

// drop ends the connection without an answer.
func drop(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close()
	}
}

// call checks token, scope and rate and has the method's work done; body is what is
// answered.
func (s *Server) call(call *Call, a args, token string, header http.Header, body reply) int {
	m, ok := methods[call.Method]
	if slices.Contains(s.options.Accept, call.Method) {
		m, ok = method{handle: func(*Server, *workspace, args) (reply, error) { return reply{}, nil }}, true
	}
	if !ok {
		maps.Copy(body, failed("unknown_method"))
		return http.StatusOK
	}
	w, err := s.authorise(m, token)
	if err == nil && w != nil {
		call.Team = w.id
		header.Set("X-Oauth-Scopes", strings.Join(s.options.Scopes, ","))
		header.Set("X-Accepted-Oauth-Scopes", strings.Join(m.scopes, ","))
		if !m.allowed(s.options.Scopes) {
			maps.Copy(body, reply{"ok": false, "error": "missing_scope", "needed": strings.Join(m.scopes, ","), "provided": strings.Join(s.options.Scopes, ",")})
			return http.StatusOK
		}
	}
	if err == nil {
		if wait := s.limited(call.Team, call.Method, m.tier, a.str("channel")); wait > 0 {
			header.Set("Retry-After", strconv.Itoa(wait))
			maps.Copy(body, failed("ratelimited"))
			return http.StatusTooManyRequests
		}
		var out reply
		if out, err = m.handle(s, w, a.with(token)); err == nil {
			call.Done = true
			maps.Copy(body, out)
			return http.StatusOK
		}
	}
	maps.Copy(body, failed(err.Error()))
	if why, ok := errors.AsType[refusal](err); ok && why.messages != nil {
		body["response_metadata"] = reply{"messages": why.messages}
	}
	return http.StatusOK
}

// with has the token among the arguments, wherever the request had it.
func (a args) with(token string) args {
	a["token"], _ = json.Marshal(token) // a string always has a JSON form
	return a
}

func failed(code string) reply { return reply{"ok": false, "error": code} }

func (m method) allowed(scopes []string) bool {
	return m.scopes == nil || slices.ContainsFunc(m.scopes, func(scope string) bool { return slices.Contains(scopes, scope) })
}

// authorise is the workspace that a token is for.
func (s *Server) authorise(m method, token string) (*workspace, error) {
	if m.free {
		return nil, nil
	}
	g, ok := s.tokens[token]
	switch {
	case token == "":
		return nil, refuse("not_authed")
	case !ok:
		return nil, refuse("invalid_auth")
	case g.error != "":
		return nil, refuse(g.error)
	case !g.expires.IsZero() && !s.clock.now().Before(g.expires):
		return nil, refuse("token_expired")
	case m.app != (g.team == nil):
		return nil, refuse("not_allowed_token_type")
	}
	return g.team, nil
}
