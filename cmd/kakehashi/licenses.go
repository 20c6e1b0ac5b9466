package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"kakehashi/retrieval/embed/e5"
)

func newLicenses() *cobra.Command {
	return &cobra.Command{
		Use:   "licenses",
		Short: "Print the licence of the built-in encoder",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "The built-in encoder, multilingual-e5-small, comes under this licence:\n\n%s", e5.License)
			return err
		},
	}
}
