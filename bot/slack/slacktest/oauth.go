package slacktest

import (
	"fmt"
	"strings"
	"time"
)

const accessLife = 12 * time.Hour // of a token that rotates

// Authorize is what a person does who has the app installed in a workspace: it gives the
// code that Slack sends the person back with. The code is good once.
func (s *Server) Authorize(team string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	code := s.id("code-")
	s.codes[code] = s.team(team).id
	return code
}

// BotUserOf is the bot's user in a workspace.
func (s *Server) BotUserOf(team string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.team(team).botUser
}

// Uninstall takes the app out of a workspace: its tokens are good for nothing any more
// and app_uninstalled and tokens_revoked are sent.
func (s *Server) Uninstall(team string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.team(team)
	for _, g := range s.tokens {
		if g.team == w {
			g.error = "account_inactive"
		}
	}
	s.event(w, "app_uninstalled", reply{"type": "app_uninstalled"})
	s.revoked(w)
	w.installed = false
}

func (s *Server) revoked(w *workspace) {
	s.event(w, "tokens_revoked", reply{"type": "tokens_revoked", "tokens": reply{"oauth": []string{}, "bot": []string{w.botUser}}})
}

func (s *Server) authTest(w *workspace, _ args) (reply, error) {
	return reply{"url": "https://" + domain(w) + ".slack.com/", "team": domain(w), "user": "kakehashi",
		"team_id": w.id, "user_id": w.botUser, "bot_id": w.bot, "is_enterprise_install": false}, nil
}

func domain(w *workspace) string { return strings.ToLower(w.id) }

func (s *Server) authRevoke(w *workspace, a args) (reply, error) {
	if a.yes("test") {
		return reply{"revoked": false}, nil
	}
	s.tokens[a.str("token")].error = "token_revoked"
	s.revoked(w)
	return reply{"revoked": true}, nil
}

// oauthAccess gives tokens for a code or, with rotation, for a refresh token, each of
// which is good once.
func (s *Server) oauthAccess(_ *workspace, a args) (reply, error) {
	if a.str("client_id") != ClientID {
		return nil, refuse("invalid_client_id")
	}
	if a.str("client_secret") != ClientSecret {
		return nil, refuse("bad_client_secret")
	}
	var w *workspace
	if a.str("grant_type") == "refresh_token" {
		given := a.str("refresh_token")
		if w = s.refresh[given]; w == nil {
			return nil, refuse("invalid_refresh_token")
		}
		delete(s.refresh, given)
	} else {
		team, ok := s.codes[a.str("code")]
		if !ok {
			return nil, refuse("invalid_code")
		}
		delete(s.codes, a.str("code"))
		w = s.teams[team]
	}
	w.installed = true
	g := &grant{team: w}
	token := s.id("xoxb-")
	out := reply{"access_token": token, "token_type": "bot", "scope": strings.Join(s.options.Scopes, ","), "bot_user_id": w.botUser, "app_id": App,
		"team": reply{"id": w.id, "name": domain(w)}, "enterprise": nil, "is_enterprise_install": false, "authed_user": reply{"id": "U0INSTALLER"}}
	if s.options.Rotate {
		g.expires = s.clock.now().Add(accessLife)
		next := s.id("xoxe-1-")
		s.refresh[next] = w
		out["refresh_token"], out["expires_in"] = next, int(accessLife.Seconds())
	}
	s.tokens[token] = g
	return out, nil
}

func (s *Server) connectionsOpen(_ *workspace, _ args) (reply, error) {
	ticket := s.id("ticket-")
	s.tickets[ticket] = s.clock.now().Add(30 * time.Second)
	return reply{"url": fmt.Sprintf("ws%s/socket?ticket=%s&app_id=%s", strings.TrimPrefix(s.http.URL, "http"), ticket, App)}, nil
}
