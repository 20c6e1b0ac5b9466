package main

import (
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"kakehashi/bot/slack"
)

func newManifest() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "manifest",
		Short: "Print the description of the app that a chat platform wants",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newManifestSlack())
	return cmd
}

func newManifestSlack() *cobra.Command {
	var address string
	var asYAML bool
	cmd := &cobra.Command{
		Use:   "slack",
		Short: "Print the manifest of the app for Slack",
		Long: `Prints the app manifest to create the Slack app from: api.slack.com/apps, Create New
App, From a manifest. It asks for what this version of the program uses and no more.
After an update compare it with the app's, and install the app again if scopes have come.

Slack delivers by Socket Mode, for which the program needs no address; with --http it
delivers to a public address.`,
		Example: "  kakehashi manifest slack >manifest.json\n  kakehashi manifest slack --yaml --http https://kakehashi.example.org",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := slack.Manifest(address)
			if err != nil {
				return usageError("--http: %w", err)
			}
			if !asYAML {
				return writeJSON(cmd.OutOrStdout(), m)
			}
			enc := yaml.NewEncoder(cmd.OutOrStdout())
			enc.SetIndent(2)
			if err := enc.Encode(m); err != nil {
				return err
			}
			return enc.Close()
		},
	}
	cmd.Flags().StringVar(&address, "http", "", "have Slack deliver to this address, https://host, in place of Socket Mode")
	cmd.Flags().BoolVar(&asYAML, "yaml", false, "print YAML in place of JSON")
	return cmd
}
