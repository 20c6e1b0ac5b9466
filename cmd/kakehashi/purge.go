package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/spf13/cobra"

	"kakehashi/bot/state"
)

func newPurge() *cobra.Command {
	var request state.PurgeRequest
	var before string
	var yes bool
	cmd := &cobra.Command{
		Use:   "purge {--user ID | --before DATE}",
		Short: "Delete what a person has written, or what is older than a date",
		Long: `Deletes from the database what the bot has kept of a person: turns; answers to that
person, and others that have used the person's turns, with their evidence; events,
deliveries, reasons given with feedback, subscriptions and how to reach the person.
Votes and sign-offs stay under a pseudonym. With --before, deletes turns, answers,
events, deliveries and reasons that are older; with both, a person's that are older.

Of an answer its hashes stay, so that the chain of answers can still be verified.
The file of SQLite keeps no trace of the texts. Postgres overwrites them when it
vacuums (VACUUM does so at once). Backups hold them until they are deleted too.

Shows what will be deleted and asks; in a pipe it wants --yes.`,
		Example: "  kakehashi purge --user U012AB3CD --platform slack --dry-run\n  kakehashi purge --before 2025-01-01 --yes",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := takeDate(&request, before); err != nil {
				return err
			}
			if !yes && !request.DryRun && !isTerminal(cmd.InOrStdin()) {
				return usageError("no terminal to ask on; add --yes to delete, or --dry-run to see what would be deleted")
			}
			db, err := openDatabase(cmd.Context())
			if err != nil {
				return err
			}
			defer db.Close()
			s, err := state.Open(cmd.Context(), db, state.Options{})
			if err != nil {
				return err
			}
			agreed := func() (bool, error) { return yes, nil }
			if !yes {
				agreed = func() (bool, error) { return asked(cmd.InOrStdin(), cmd.OutOrStdout(), "Delete this for good? [y/N] ") }
			}
			return purge(cmd.Context(), s, request, agreed, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&request.User, "user", "", "the platform's id of the person")
	cmd.Flags().StringVar(&request.Platform, "platform", "", "only on this platform: slack or teams")
	cmd.Flags().StringVar(&request.Workspace, "workspace", "", "only in this workspace (Slack) or tenant (Teams)")
	cmd.Flags().StringVar(&before, "before", "", "only what is older than this day (YYYY-MM-DD, in UTC)")
	cmd.Flags().BoolVar(&request.DryRun, "dry-run", false, "show what would be deleted, and delete nothing")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// takeDate makes a request whole and refuses one that names nothing.
func takeDate(request *state.PurgeRequest, before string) error {
	if before == "" && request.User == "" {
		return usageError("say whose texts to delete with --user, or how old with --before")
	}
	if before == "" {
		return nil
	}
	date, err := time.Parse(time.DateOnly, before)
	if err != nil {
		return usageError("--before %q is no day of the form 2025-01-31", before)
	}
	request.Before = date
	return nil
}

// purge shows what would go, asks, and deletes it.
func purge(ctx context.Context, s *state.Store, request state.PurgeRequest, agreed func() (bool, error), w io.Writer) error {
	dry := request
	dry.DryRun = true
	report, err := s.Purge(ctx, dry)
	if err != nil {
		return err
	}
	if total(report) == 0 {
		_, err := fmt.Fprintln(w, "There is nothing to delete.")
		return err
	}
	if _, err := fmt.Fprint(w, rows(report)); err != nil || request.DryRun {
		return err
	}
	switch ok, err := agreed(); {
	case err != nil:
		return err
	case !ok:
		_, err := fmt.Fprintln(w, "Nothing has been deleted.")
		return err
	}
	if report, err = s.Purge(ctx, request); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "Deleted %d rows and texts.\n", total(report))
	return err
}

func total(report state.Report) (n int64) {
	for _, rows := range report {
		n += rows
	}
	return n
}

// rows lists the tables in which something goes.
func rows(report state.Report) string {
	var b strings.Builder
	for _, table := range slices.Sorted(maps.Keys(report)) {
		if n := report[table]; n > 0 {
			fmt.Fprintf(&b, "%s %d\n", runewidth.FillRight(table, 14), n)
		}
	}
	return b.String()
}

// asked puts a question; only yes is a yes.
func asked(in io.Reader, out io.Writer, question string) (bool, error) {
	if _, err := fmt.Fprint(out, question); err != nil {
		return false, err
	}
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && err != io.EOF {
		return false, err
	}
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes", nil
}
