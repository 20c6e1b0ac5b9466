package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kakehashi/bot/slack"
	"kakehashi/corpus"
	"kakehashi/corpus/library"
	"kakehashi/database"
	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/embed/e5"
	"kakehashi/retrieval/shipped"
)

func newDoctor() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check what the program needs, and say what mends it",
		Long: `Checks the library, the encoder, the settings, the database and the index in it, and
prints a line for each: ok, a warning, or a fault with what mends it. It changes
nothing. 'kakehashi doctor slack' checks the set-up of Slack.

Exit code 0 without faults, 1 with faults.`,
		Example: "  kakehashi doctor\n  DATABASE_URL=postgres://… kakehashi doctor --json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &doctor{now: time.Now, findings: []finding{}}
			d.examine(cmd.Context())
			return d.report(cmd, asJSON)
		},
	}
	cmd.PersistentFlags().BoolVar(&asJSON, "json", false, "print the findings as one JSON array")
	cmd.AddCommand(newDoctorSlack(&asJSON))
	return cmd
}

// report prints what has been found; a fault is an error.
func (d *doctor) report(cmd *cobra.Command, asJSON bool) error {
	if err := cmd.Context().Err(); err != nil {
		return err
	}
	if asJSON {
		if err := writeJSON(cmd.OutOrStdout(), d.findings); err != nil {
			return err
		}
	} else if err := renderFindings(newTerminal(cmd.OutOrStdout()), d.findings); err != nil {
		return err
	}
	if n := d.count(faulty); n > 0 {
		return &exitError{exitFailure, fmt.Errorf("faults found: %d", n)}
	}
	return nil
}

// finding is what one check has found.
type finding struct {
	Check  string `json:"check"`
	Status status `json:"status"`
	What   string `json:"what"`
	Remedy string `json:"remedy,omitempty"`
}

type status string

const (
	sound  status = "ok"
	untold status = "note" // it cannot be checked, or need not be
	unsafe status = "warning"
	faulty status = "fault"
)

const reinstall = "install the program again"

// doctor gathers findings.
type doctor struct {
	now      func() time.Time
	findings []finding
}

func (d *doctor) ok(check, format string, args ...any) {
	d.findings = append(d.findings, finding{check, sound, fmt.Sprintf(format, args...), ""})
}

func (d *doctor) note(check, what, remedy string) {
	d.findings = append(d.findings, finding{check, untold, what, remedy})
}

func (d *doctor) warn(check, what, remedy string) {
	d.findings = append(d.findings, finding{check, unsafe, what, remedy})
}

func (d *doctor) fault(check, what, remedy string) {
	d.findings = append(d.findings, finding{check, faulty, what, remedy})
}

// failed notes an error; one of the database or of Slack knows its remedy.
func (d *doctor) failed(check string, err error, remedy string) {
	var ofDatabase *database.Error
	var ofSlack *slack.SetupError
	switch {
	case errors.As(err, &ofDatabase):
		d.fault(check, ofDatabase.Fault, ofDatabase.Remedy)
	case errors.As(err, &ofSlack):
		d.fault(check, ofSlack.Fault, ofSlack.Remedy)
	default:
		d.fault(check, err.Error(), remedy)
	}
}

func (d *doctor) count(s status) int {
	n := 0
	for _, f := range d.findings {
		if f.Status == s {
			n++
		}
	}
	return n
}

func (d *doctor) examine(ctx context.Context) {
	lib := d.library()
	encoder := d.encoder(ctx)
	d.settings(os.Environ())
	d.database(ctx, lib, encoder)
}

// library is nil where it has faults.
func (d *doctor) library() *corpus.Library {
	lib, err := corpus.Load(library.Files)
	if err != nil {
		d.fault("library", err.Error(), reinstall)
		return nil
	}
	passages := 0
	for _, doc := range lib.Documents {
		passages += len(doc.Editions[0].Passages)
	}
	d.ok("library", "%d documents, %d passages", len(lib.Documents), passages)
	if _, err := shipped.Entries(lib); err != nil {
		d.fault("vectors", err.Error(), reinstall)
		return lib
	}
	d.ok("vectors", "those of the library are complete")
	return lib
}

// encoder is the one that is used; nil where it does not serve.
func (d *doctor) encoder(ctx context.Context) embed.Embedder {
	if os.Getenv(envURL) == "" {
		builtIn := e5.New()
		if _, err := builtIn.Embed(ctx, embed.Query, []string{"ready?"}); err != nil {
			d.fault("encoder", err.Error(), reinstall)
			return nil
		}
		d.ok("encoder", "%s, built in, %d values", builtIn.Model(), builtIn.Dimension())
		return builtIn
	}
	client, err := serverEncoder()
	if err == nil {
		err = client.Connect(ctx)
	}
	if err != nil {
		d.fault("encoder", err.Error(), "look at "+envURL+" and the settings beside it, or unset it to use the built-in encoder; until then only words are searched")
		return nil
	}
	d.ok("encoder", "%s, on a server, %d values", client.Model(), client.Dimension())
	return client
}

const (
	envContact = "KAKEHASHI_CONTACT"
	ownPrefix  = "KAKEHASHI_"

	encoderPrefix = ownPrefix + "EMBEDDINGS_"
)

var ownSettings = []string{
	envContact, envTokenKey, envPublicURL, envExpertChannel, envURL, envKey, envModel, envQueryModel, envPassageModel, envQueryPrefix, envPassagePrefix, envDimension, envAzureVersion,
}

// settings looks for variables that have no effect, and for one that ought to be set.
func (d *doctor) settings(environment []string) {
	set := map[string]bool{}
	for _, variable := range environment {
		name, value, _ := strings.Cut(variable, "=")
		set[name] = value != ""
	}
	before := len(d.findings)
	for _, name := range slices.Sorted(maps.Keys(set)) {
		switch {
		case !set[name] || !strings.HasPrefix(name, ownPrefix) || strings.HasPrefix(name, ownPrefix+"TEST_"):
		case !slices.Contains(ownSettings, name):
			d.warn("settings", name+" is no setting of this program", "look at its spelling")
		case strings.HasPrefix(name, encoderPrefix) && !set[envURL]:
			d.warn("settings", name+" has no effect without "+envURL, "set that, or unset this")
		}
	}
	if !set[envContact] {
		d.warn("settings", "where a question is declined, the answer names nobody to ask", "set "+envContact)
	}
	if len(d.findings) == before {
		d.ok("settings", "all are known")
	}
}

func renderFindings(t terminal, findings []finding) error {
	colours := map[status]string{sound: green, untold: dim, unsafe: yellow, faulty: red}
	const column, indent = 8, "         "
	var b strings.Builder
	for _, f := range findings {
		line := f.Check + ": " + f.What
		if f.Remedy != "" {
			line += "; " + f.Remedy
		}
		fmt.Fprintln(&b, t.style(colours[f.Status], fmt.Sprintf("%-*s", column, f.Status))+" "+t.wrap(indent, line))
	}
	_, err := fmt.Fprint(t.w, b.String())
	return err
}
