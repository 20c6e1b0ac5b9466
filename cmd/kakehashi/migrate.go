package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"kakehashi/database"
)

func newMigrate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the tables of the database up to date",
		Long: `Makes and changes the tables that this version of the program needs, in Postgres where
DATABASE_URL names it, else in the SQLite file in your data folder. Migrations only go
forward; run 'migrate up' after each update, before the program is started.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	up := &cobra.Command{
		Use:   "up",
		Short: "Run the migrations that are pending",
		Args:  noArgs,
		RunE: onDatabase(func(cmd *cobra.Command, db *database.DB) error {
			run, err := db.Migrate(cmd.Context())
			for _, name := range run {
				fmt.Fprintln(cmd.OutOrStdout(), "done     ", name)
			}
			if err == nil && len(run) == 0 {
				fmt.Fprintln(cmd.OutOrStdout(), "nothing to do: the tables are up to date")
			}
			return err
		}),
	}
	status := &cobra.Command{
		Use:   "status",
		Short: "List the migrations, done and pending",
		Args:  noArgs,
		RunE: onDatabase(func(cmd *cobra.Command, db *database.DB) error {
			steps, err := db.Status(cmd.Context())
			if err != nil {
				return err
			}
			for _, m := range steps {
				when := "pending            "
				if !m.Applied.IsZero() {
					when = m.Applied.UTC().Format(time.DateTime)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s  %s\n", when, m.Name)
			}
			return nil
		}),
	}
	roles := &cobra.Command{
		Use:   "roles",
		Short: "Print the SQL that makes the roles of an installation on Postgres",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(cmd.OutOrStdout(), database.Roles)
			return err
		},
	}
	cmd.AddCommand(up, status, roles)
	return cmd
}

// onDatabase runs a command on the installation's database.
func onDatabase(do func(*cobra.Command, *database.DB) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		db, err := openDatabase(cmd.Context())
		if err != nil {
			return err
		}
		defer db.Close()
		return do(cmd, db)
	}
}
