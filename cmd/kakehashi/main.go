// Command kakehashi answers questions about US and Japanese research-security
// rules from its library, every sentence with a verified quotation.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"kakehashi/bot/answer"
)

// The exit codes of every subcommand.
const (
	exitOK      = 0 // answered, or declined in an orderly way
	exitFailure = 1 // something went wrong that the user did not cause; a library with faults
	exitUsage   = 2 // a flag, a file or a question that cannot be taken
	exitRefused = 3 // the text carries a marking of controlled or classified information
)

const exitCodes = `Exit codes:
  0  the question was answered, or declined because the sources do not hold it
  1  internal failure, or a library with faults (corpus check)
  2  a question, flag or file that cannot be taken
  3  refused: the text carries a marking such as CUI, NOFORN or 特定秘密`

// exitError carries an exit code out of a subcommand. A nil error exits quietly.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usageError(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// gcPercent keeps the heap close to what lives in it, most of which is the weights of
// the encoder: resident memory stays under 250 MB.
const gcPercent = 25

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program without the process around it.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var exit *exitError
	var input *answer.InputError
	code := exitFailure
	switch {
	case errors.As(err, &exit):
		code = exit.code
		if exit.err == nil {
			return code
		}
	case errors.As(err, &input):
		code = exitUsage
	}
	fmt.Fprintln(stderr, "kakehashi: "+err.Error())
	return code
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "kakehashi",
		Short: "Answers on US and Japanese research-security rules, every sentence cited",
		Long: `Kakehashi (架け橋, a bridge) answers questions about US and Japanese
research-security rules from a library of digests, in English or Japanese. Every
sentence carries a verified quotation; what the library does not hold is
declined. It gives no legal advice and decides no licence.

` + exitCodes,
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError("unknown command %q; to ask a question: kakehashi ask \"…\"", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError("%w; see '%s --help'", err, cmd.CommandPath())
	})
	root.AddCommand(newAsk(), newSearch(), newCorpus(), newEval(), newMigrate(), newServe(), newManifest(), newDoctor(), newPurge(), newLicenses())
	return root
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
