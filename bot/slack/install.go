package slack

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"

	api "github.com/slack-go/slack"
)

// Installs tells which token serves a workspace.
type Installs interface {
	// Token is the install that serves a workspace; ErrNotInstalled where none does. The
	// enterprise is "" for a workspace that belongs to none, or where it is not known.
	Token(ctx context.Context, enterprise, team string) (Install, error)
	// Remove forgets the install of a workspace, or with team "" that of a whole
	// enterprise. Where there is none it does nothing.
	Remove(ctx context.Context, enterprise, team string) error
}

// Install is the app in a workspace, or with Team "" in all of an enterprise. Printed or
// logged it does not show its token.
type Install struct {
	Token      string `json:"-"`
	BotUser    string
	Enterprise string
	Team       string
}

func (i Install) serves(enterprise, team string) bool {
	if i.Team != "" {
		return i.Team == team
	}
	return i.Enterprise != "" && i.Enterprise == enterprise
}

// String leaves the token out.
func (i Install) String() string {
	return "install of " + i.BotUser + " in " + i.Enterprise + "/" + i.Team
}

// GoString is String, for %#v.
func (i Install) GoString() string { return i.String() }

// LogValue is String, for logs.
func (i Install) LogValue() slog.Value { return slog.StringValue(i.String()) }

// ErrNotInstalled is what a workspace gets that no token serves.
var ErrNotInstalled = errors.New("the app is not installed in this workspace")

// SetupError is a fault of the set-up in words for whoever runs it. It holds no token.
type SetupError struct {
	Fault  string // what is wrong
	Remedy string // what mends it
	cause  error
}

func (e *SetupError) Error() string { return e.Fault + "; " + e.Remedy }

func (e *SetupError) Unwrap() error { return e.cause }

// singleInstall is the one install of an app whose token stands in the environment.
type singleInstall struct {
	mu      sync.Mutex
	install Install
	removed bool
}

// Single serves the one workspace, or enterprise, that a bot's token belongs to; Slack
// is asked which. A removed install comes back when the program starts with a new token.
func Single(ctx context.Context, token string, options ...api.Option) (Installs, error) {
	r, err := api.New(token, options...).AuthTestContext(ctx)
	if err != nil {
		return nil, Explain("the bot's token", err)
	}
	i := Install{Token: token, BotUser: r.UserID, Enterprise: r.EnterpriseID, Team: r.TeamID}
	if i.Team == i.Enterprise { // so Slack answers to an enterprise's token
		i.Team = ""
	}
	return &singleInstall{install: i}, nil
}

// Token implements Installs.
func (s *singleInstall) Token(_ context.Context, enterprise, team string) (Install, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.removed || !s.install.serves(enterprise, team) {
		return Install{}, ErrNotInstalled
	}
	return s.install, nil
}

// Remove implements Installs.
func (s *singleInstall) Remove(_ context.Context, enterprise, team string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.install.Team == team && s.install.serves(enterprise, team) {
		s.removed = true
	}
	return nil
}

// What mends a token, whatever it is.
const (
	installAgain = "install the app again (api.slack.com/apps, Install App) and set the token that it shows"
	copyAgain    = "copy it again from api.slack.com/apps"
)

// slackCodes are answers of Slack with what they mean and what mends them.
var slackCodes = map[string][2]string{
	"invalid_auth":            {"is not one that Slack knows", copyAgain},
	"not_authed":              {"is empty", copyAgain},
	"token_revoked":           {"has been revoked", installAgain},
	"account_inactive":        {"belongs to an app or workspace that has been removed", installAgain},
	"token_expired":           {"has expired: token rotation is on", "rotation needs the installs kept in the database, see docs/slack.md; or make the app anew without it"},
	"invalid_refresh_token":   {"can no longer be renewed", "install the app again at /slack/install"},
	"missing_scope":           {"lacks a scope", "compare the app with kakehashi manifest slack, and " + installAgain},
	"not_allowed_token_type":  {"is of the wrong kind", "the bot's begins with xoxb-, the app's with xapp-"},
	"access_denied":           {"is not allowed here", "ask an administrator of the workspace"},
	"ip_not_allowed":          {"may not be used from this machine", "look at the allowed IP addresses in the app's settings (OAuth & Permissions)"},
	"team_access_not_granted": {"has no access to the workspace", "ask an administrator of the enterprise to add the app there"},
	"invalid_client_id":       {"comes with an unknown SLACK_CLIENT_ID", "copy it from Basic Information at api.slack.com/apps"},
	"bad_client_secret":       {"comes with a wrong SLACK_CLIENT_SECRET", "copy it from Basic Information at api.slack.com/apps"},
}

// Explain turns what a call of Slack has met into a *SetupError. Its subject is what was
// tried, such as "the bot's token".
func Explain(subject string, err error) error {
	var answer api.SlackErrorResponse
	var limited *api.RateLimitedError
	var status api.StatusCodeError
	var network net.Error
	e := &SetupError{cause: err}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &answer):
		said, known := slackCodes[answer.Err]
		if !known {
			said = [2]string{"is refused by Slack: " + answer.Err, "look the word up at docs.slack.dev"}
		}
		e.Fault, e.Remedy = subject+" "+said[0], said[1]
		if answer.Needed != "" {
			e.Fault += " (" + answer.Needed + ")"
		}
	case errors.As(err, &limited):
		e.Fault, e.Remedy = "Slack limits the calls of this app", "try again in "+limited.RetryAfter.String()
	case errors.As(err, &status):
		e.Fault, e.Remedy = "Slack has answered "+status.Status, "try again; see slack-status.com"
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &network), errors.Is(err, context.DeadlineExceeded):
		e.Fault, e.Remedy = "Slack cannot be reached: "+innermostCause(err).Error(), "look at the network, and that the firewall lets https and wss to *.slack.com out"
	default:
		return err
	}
	return e
}

// innermostCause is the cause of an error, without the addresses around it.
func innermostCause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
