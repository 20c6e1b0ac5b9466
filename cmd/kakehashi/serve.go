package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"kakehashi/bot/conversation"
	"kakehashi/bot/slack"
	"kakehashi/bot/state"
	"kakehashi/database"
)

func newServe() *cobra.Command {
	var listen, contact string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the bot on the platforms that are set up",
		Long: `Runs the bot until it is told to stop (SIGTERM, Ctrl-C); what it has taken on by then it
finishes, or leaves in the database for the next run.

Slack: set SLACK_BOT_TOKEN and, for Socket Mode, SLACK_APP_TOKEN, or, for HTTP,
SLACK_SIGNING_SECRET; docs/slack.md has the whole way. KAKEHASHI_EXPERT_CHANNEL is the
channel of those who answer what the sources do not.

What it remembers is kept in the database that DATABASE_URL names, else in a file in
your data folder. Over HTTP it listens on the address of --listen; /healthz says that it
runs, /readyz that it takes questions.`,
		Example: "  SLACK_BOT_TOKEN=xoxb-… SLACK_APP_TOKEN=xapp-… kakehashi serve",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), listen, contact, cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "address to listen on")
	cmd.Flags().StringVar(&contact, "contact", "", "whom to ask where the sources do not answer; else "+envContact)
	return cmd
}

// slackWorkers is how many posts to Slack are under way at a time; most of them wait for
// their turn in a channel.
const slackWorkers = 16

// sweepEvery is how often what is kept no longer is deleted.
const sweepEvery = time.Hour

func serve(ctx context.Context, listen, contact string, stderr io.Writer) error {
	env := func(name string) string { return strings.TrimSpace(os.Getenv(name)) }
	if env(envBotToken) == "" && env(envTokenKey) == "" {
		return usageError("no platform is set up: set %s, see kakehashi serve --help", envBotToken)
	}
	if env(envAppToken) == "" && env(envSigningSecret) == "" {
		return usageError("Slack cannot reach the bot: set %s for Socket Mode, or %s for HTTP", envAppToken, envSigningSecret)
	}
	db, err := openDatabase(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	if !db.Postgres() { // a file of one's own needs no asking
		if _, err := db.Migrate(ctx); err != nil {
			return err
		}
	}
	store, err := state.Open(ctx, db, state.Options{Retention: state.DefaultRetention(), Attempts: 20})
	if err != nil {
		return err
	}
	p, err := buildOn(ctx, func(context.Context) (*database.DB, error) { return db, nil }, contact, stderr) // one pool of connections for all
	if err != nil {
		return err
	}
	installs, pages, err := slackInstalls(ctx, db, store, env)
	if err != nil {
		return err
	}
	// Citations link to the official pages: the source reader is not served yet.
	adapter := slack.New(installs, slack.Options{})
	encoder := ""
	if p.embedder != nil {
		encoder = p.embedder.Model()
	}
	desk := conversation.New(p.engine, p.library, store, conversation.Options{
		Experts: map[state.Workspace]string{{Platform: slack.Platform}: env(envExpertChannel)},
		Contact: contactOr(contact), Encoder: encoder, Begin: adapter.Begin,
	})
	adapter.SetDesk(desk)
	mux := http.NewServeMux()
	if secret := env(envSigningSecret); secret != "" && env(envAppToken) == "" {
		mux.Handle("/slack/", adapter.Handler(secret))
	}
	if pages != nil {
		mux.Handle("GET /slack/install", pages)
		mux.Handle("GET /slack/oauth", pages)
	}
	health(mux, store)
	s := service{adapter: adapter, desk: desk, store: store, appToken: env(envAppToken)}
	return s.run(ctx, listen, mux)
}

func contactOr(contact string) string {
	if contact != "" {
		return contact
	}
	return os.Getenv(envContact)
}

// slackInstalls are the workspaces to serve: the one of the bot's token, or those that
// have installed the app, with the pages by which more do.
func slackInstalls(ctx context.Context, db *database.DB, store *state.Store, env func(string) string) (slack.Installs, http.Handler, error) {
	if token := env(envBotToken); token != "" {
		installs, err := slack.Single(ctx, token)
		return installs, nil, err
	}
	keys, err := slack.ParseKeys(env(envTokenKey))
	if err != nil {
		return nil, nil, err
	}
	kept, err := slack.Keep(db, store, keys, slack.OAuth{ClientID: env(envClientID), ClientSecret: env(envClientSecret), Address: env(envPublicURL)})
	if err != nil {
		return nil, nil, err
	}
	return kept, kept.Handler(), nil
}

// health answers those who watch over the process.
func health(mux *http.ServeMux, store *state.Store) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if err := store.View(ctx, func(r *state.Reader) error { _, err := r.Undelivered(); return err }); err != nil {
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ready\n")
	})
}

// service is all that runs.
type service struct {
	adapter  *slack.Adapter
	desk     *conversation.Desk
	store    *state.Store
	appToken string
}

// graceful is how long requests that are under way may take when the program is to end.
const graceful = 10 * time.Second

func (s service) run(ctx context.Context, listen string, handler http.Handler) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("listening on %s: %w; choose another address with --listen", listen, err)
	}
	web := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, IdleTimeout: time.Minute}
	var group sync.WaitGroup
	group.Go(func() { s.desk.Run(ctx) })
	group.Go(func() { s.store.Run(ctx, s.adapter, slackWorkers) })
	group.Go(func() { s.sweep(ctx) })
	group.Go(func() {
		if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			stop(fmt.Errorf("serving HTTP: %w", err))
		}
	})
	if s.appToken != "" {
		group.Go(func() {
			if err := s.adapter.Socket(ctx, s.appToken); err != nil {
				stop(err)
			}
		})
	}
	slog.InfoContext(ctx, "Kakehashi runs", "listening", listener.Addr().String(), "socket mode", s.appToken != "")
	<-ctx.Done()
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceful)
	defer cancel()
	if err := web.Shutdown(ending); err != nil {
		_ = web.Close() // what has not ended by now does not
	}
	group.Wait()
	s.adapter.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

func (s service) sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		if _, err := s.store.Sweep(ctx); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "deleting what is kept no longer", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
