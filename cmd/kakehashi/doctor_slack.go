package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	api "github.com/slack-go/slack"
	"github.com/spf13/cobra"

	"kakehashi/bot/slack"
)

// The settings of Slack. A bot's token serves one workspace; a key to keep tokens
// serves those that install the app.
const (
	envBotToken      = "SLACK_BOT_TOKEN"
	envAppToken      = "SLACK_APP_TOKEN"
	envSigningSecret = "SLACK_SIGNING_SECRET"
	envClientID      = "SLACK_CLIENT_ID"
	envClientSecret  = "SLACK_CLIENT_SECRET"
	envTokenKey      = "KAKEHASHI_TOKEN_KEY"
	envPublicURL     = "KAKEHASHI_PUBLIC_URL"
	envExpertChannel = "KAKEHASHI_EXPERT_CHANNEL"
)

func newDoctorSlack(asJSON *bool) *cobra.Command {
	return &cobra.Command{
		Use:   "slack",
		Short: "Check the set-up of Slack, with Slack itself",
		Long: `Checks the settings of Slack, asks Slack whether it knows the tokens and what they may
do, and prints a line for each: ok, a note, a warning, or a fault with what mends it. It
posts and changes nothing.

Exit code 0 without faults, 1 with faults.`,
		Example: "  kakehashi doctor slack\n  kakehashi doctor slack --json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &doctor{now: time.Now, findings: []finding{}}
			d.slack(cmd.Context(), os.Getenv)
			return d.report(cmd, *asJSON)
		},
	}
}

// slackPatience bounds the checks with Slack.
const slackPatience = 30 * time.Second

// slack examines the set-up. Tests name the API by an option, users cannot.
func (d *doctor) slack(ctx context.Context, getenv func(string) string, options ...api.Option) {
	ctx, cancel := context.WithTimeout(ctx, slackPatience)
	defer cancel()
	env := func(name string) string { return strings.TrimSpace(getenv(name)) }
	bot := env(envBotToken)
	switch {
	case bot != "":
		if env(envTokenKey) != "" {
			d.warn("settings", envTokenKey+" has no effect beside "+envBotToken, "unset one: "+envBotToken+" serves one workspace, "+envTokenKey+" several")
		}
		if d.kind("bot token", envBotToken, bot, "xoxb-") && d.bot(ctx, "bot token", bot, options) {
			d.experts(ctx, env(envExpertChannel), bot, options)
		}
	case env(envTokenKey) != "":
		d.workspaces(ctx, env, options)
	default:
		d.fault("bot token", envBotToken+" is not set", "install the app (api.slack.com/apps, Install App) and set the token that it shows, or see docs/slack.md for several workspaces")
	}
	d.way(ctx, env, options)
	d.note("events", "which events the app is subscribed to cannot be asked",
		"if it does not answer, compare the app's manifest with kakehashi manifest slack")
}

// kind reports whether a token is of the wanted kind; another goes nowhere.
func (d *doctor) kind(check, variable, token, prefix string) bool {
	if strings.HasPrefix(token, prefix) {
		return true
	}
	what := "does not begin with " + prefix
	for other, name := range map[string]string{"xoxb-": "a bot's", "xapp-": "an app's", "xoxp-": "a person's", "xoxe": "one of token rotation, or of the configuration,"} {
		if strings.HasPrefix(token, other) {
			what = fmt.Sprintf("is %s token (%s…), and one that begins with %s is wanted", name, other, prefix)
		}
	}
	remedy := "copy the Bot User OAuth Token from OAuth & Permissions at api.slack.com/apps"
	if variable == envAppToken {
		remedy = "make one with the scope connections:write under Basic Information, App-Level Tokens at api.slack.com/apps"
	}
	d.fault(check, variable+" "+what, remedy)
	return false
}

// bot asks Slack who a bot's token is, and reports whether it serves.
func (d *doctor) bot(ctx context.Context, check, token string, options []api.Option) bool {
	before := d.now()
	r, err := api.New(token, options...).AuthTestContext(ctx)
	if r != nil {
		d.clock(r.Header, before, d.now())
	}
	if err != nil {
		d.failed(check, slack.Explain("it", err), "")
		return false
	}
	d.ok(check, "%s in %s (%s)", r.User, r.Team, r.TeamID)
	d.scopes(r.Header)
	return true
}

const scopesPage = "OAuth & Permissions at api.slack.com/apps"

// scopes compares those of a token, which Slack sends beside every answer, with those
// that the program uses.
func (d *doctor) scopes(header http.Header) {
	given := strings.FieldsFunc(header.Get("X-OAuth-Scopes"), func(r rune) bool { return r == ',' || r == ' ' })
	if len(given) == 0 {
		d.note("scopes", "Slack has not said which the token has", "compare "+scopesPage+" with kakehashi manifest slack")
		return
	}
	before := len(d.findings)
	for _, s := range slack.Scopes() {
		if i := slices.Index(given, s.Name); i >= 0 {
			given = slices.Delete(given, i, i+1)
			continue
		}
		d.fault("scopes", fmt.Sprintf("%s is missing; without it fails: %s (%s)", s.Name, strings.Join(s.Why, "; "), strings.Join(s.Uses, ", ")),
			"add it in "+scopesPage+", and install the app again")
	}
	if len(given) > 0 {
		d.warn("scopes", "not needed: "+strings.Join(given, ", "), "take them away in "+scopesPage)
	}
	if len(d.findings) == before {
		d.ok("scopes", "all %d, and no other", len(slack.Scopes()))
	}
}

// mostSkew is how far Slack's stamp on a request may be from this machine's clock.
const mostSkew = 5 * time.Minute

// clock compares this machine's with Slack's, whose Date is in whole seconds.
func (d *doctor) clock(header http.Header, before, after time.Time) {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil || slices.ContainsFunc(d.findings, func(f finding) bool { return f.Check == "clock" }) {
		return
	}
	skew := date.Sub(before.Add(after.Sub(before) / 2)).Round(time.Second).Abs()
	what := fmt.Sprintf("Slack's clock and this machine's differ by %s", skew)
	switch {
	case skew >= mostSkew:
		d.fault("clock", what+": deliveries over HTTP are refused as too old", "set this machine's clock by NTP")
	case skew > mostAhead:
		d.warn("clock", what, "set this machine's clock by NTP")
	default:
		d.ok("clock", "Slack's and this machine's agree")
	}
}

var signingSecret = regexp.MustCompile(`^[0-9a-f]{32}$`)

// way is how events come: by Socket Mode or over HTTP.
func (d *doctor) way(ctx context.Context, env func(string) string, options []api.Option) {
	app, secret := env(envAppToken), env(envSigningSecret)
	if app != "" && secret != "" {
		d.warn("settings", envSigningSecret+" has no effect beside "+envAppToken+": Socket Mode is used", "unset one")
	}
	switch {
	case app != "":
		if !d.kind("app token", envAppToken, app, "xapp-") {
			return
		}
		client := api.New("", append(slices.Clone(options), api.OptionAppLevelToken(app))...)
		if _, _, err := client.StartSocketModeContext(ctx); err != nil {
			d.failed("app token", slack.Explain("it", err), "")
			return
		}
		d.ok("app token", "Slack opens Socket Mode with it")
	case secret == "":
		d.fault("app token", envAppToken+" is not set, nor is "+envSigningSecret+": nothing comes from Slack",
			"make one with the scope connections:write under Basic Information, App-Level Tokens at api.slack.com/apps")
	case !signingSecret.MatchString(secret):
		d.fault("signing secret", envSigningSecret+" is not 32 hexadecimal digits", "copy it from Basic Information at api.slack.com/apps")
	default:
		d.note("signing secret", "whether it is the app's shows with the first delivery",
			"if the app's page Event Subscriptions says that the address does not answer, copy it again from Basic Information")
	}
}

var channelID = regexp.MustCompile(`^[CG][A-Z0-9]{6,}$`)

// experts looks whether the bot is in the channel that questions to experts go to.
func (d *doctor) experts(ctx context.Context, channel, token string, options []api.Option) {
	if channel == "" {
		d.note("experts", "nobody to hand a question on to", "set "+envExpertChannel+" to a channel's id")
		return
	}
	if !channelID.MatchString(channel) {
		d.fault("experts", envExpertChannel+" is no id of a channel, such as C0123ABC456", "copy it from the foot of the channel's details in Slack")
		return
	}
	_, err := api.New(token, options...).GetConversationHistoryContext(ctx, &api.GetConversationHistoryParameters{ChannelID: channel, Limit: 1})
	var answer api.SlackErrorResponse
	switch {
	case err == nil:
		d.ok("experts", "the bot is in %s", channel)
	case errors.As(err, &answer) && (answer.Err == "not_in_channel" || answer.Err == "channel_not_found"):
		d.fault("experts", "the bot is not in "+channel, "write /invite @Kakehashi there, or look at the id in "+envExpertChannel)
	default:
		d.failed("experts", slack.Explain("the bot's token", err), "")
	}
}

// workspaces examines the installs that are kept in the database.
func (d *doctor) workspaces(ctx context.Context, env func(string) string, options []api.Option) {
	for _, name := range []string{envClientID, envClientSecret} {
		if env(name) == "" {
			d.fault("settings", name+" is not set: nobody can install the app", "copy it from Basic Information at api.slack.com/apps")
		}
	}
	keys, err := slack.ParseKeys(env(envTokenKey))
	if err != nil {
		d.failed("token key", err, "")
		return
	}
	db, err := openDatabase(ctx)
	if err != nil {
		d.failed("database", err, "look at "+envDatabase)
		return
	}
	defer db.Close()
	if !d.tables(ctx, db) {
		return
	}
	kept, err := slack.Keep(db, nil, keys, slack.OAuth{Address: env(envPublicURL)})
	if err != nil {
		d.fault("settings", envPublicURL+" is not of the form https://host", "set it to where browsers reach this program")
		return
	}
	type found struct {
		slack.Install
		err error
	}
	var installs []found // all of them first, so that the database is free while Slack is asked
	if err := kept.All(ctx, func(i slack.Install, err error) { installs = append(installs, found{i, err}) }); err != nil {
		d.failed("installs", err, "look at the database")
		return
	}
	if len(installs) == 0 {
		d.warn("installs", "none yet", "open "+env(envPublicURL)+"/slack/install as an administrator of a workspace")
	}
	for _, i := range installs {
		if i.err != nil {
			d.failed("installs", i.err, "")
			continue
		}
		d.bot(ctx, "install", i.Token, options)
	}
}
