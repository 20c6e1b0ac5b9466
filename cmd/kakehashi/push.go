package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/spf13/cobra"

	"kakehashi/corpus"
	"kakehashi/corpus/library"
	"kakehashi/database"
	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/embed/e5"
	"kakehashi/retrieval/pgvector"
	"kakehashi/retrieval/shipped"
)

func newCorpusPush() *cobra.Command {
	var collection string
	cmd := &cobra.Command{
		Use:   "push [folder]",
		Short: "Bring the library, or a folder of documents, into the database",
		Long: `Makes a collection in the database what the library, or a folder in its form, is:
documents are added, changed and removed. Passages that are the same stay as they
are, and only new ones are embedded, so a push may be run again at any time and
goes on where it was stopped. With another encoder than before (KAKEHASHI_EMBEDDINGS_…)
all passages are embedded beside the old vectors, and searches go over to the new
ones when they are complete.

Needs Postgres: set DATABASE_URL. Without a database there is nothing to push, as
the library comes with the program.`,
		Example: "  kakehashi corpus push\n  kakehashi corpus push ./our-rules --collection our-rules",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !database.IsPostgres(databaseAddress()) {
				return usageError("nothing to push into: set %s to postgres://…; without it the library that comes with the program is searched as it is", envDatabase)
			}
			lib, err := corpus.Load(library.Files)
			if err != nil {
				return err
			}
			documents := lib.Documents
			if len(args) == 0 && collection != corpus.Shipped {
				return usageError("the library is the collection %q; name a folder to push as %q", corpus.Shipped, collection)
			}
			if len(args) == 1 {
				if collection == corpus.Shipped {
					return usageError("name the folder's collection with --collection; %q is the library that comes with the program", corpus.Shipped)
				}
				if !collectionName.MatchString(collection) {
					return usageError("collection %q: want up to 50 small letters, digits and hyphens", collection)
				}
				own, err := corpus.Load(os.DirFS(args[0]))
				if err != nil {
					return &exitError{exitUsage, fmt.Errorf("%s: %w", args[0], err)}
				}
				documents = own.Documents
				for _, d := range documents {
					if _, taken := lib.Document(d.ID); taken {
						return usageError("%s: the library has a document of this id too; give it another", d.ID)
					}
				}
			}
			return push(cmd.Context(), lib.Glossary, collection, documents, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&collection, "collection", corpus.Shipped, "the name of the set, by which searches can be narrowed")
	return cmd
}

var collectionName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,49}$`)

func push(ctx context.Context, glossary corpus.Glossary, collection string, documents []*corpus.Document, stdout, stderr io.Writer) error {
	db, err := openDatabase(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	index, err := pgvector.Open(ctx, db, analysis.NewAnalyzer(glossary), retrieval.DefaultTuning())
	if err != nil {
		return err
	}
	encoder, err := pushEncoder(ctx)
	if err != nil {
		return err
	}
	var m *meter
	doing := ""
	pushed, err := index.Push(ctx, collection, documents, encoder, func(what string, done, total int) {
		if what != doing {
			if m != nil {
				m.stop()
			}
			m, doing = newMeter(stderr, what), what
		}
		m.report(done, total)
	})
	if m != nil {
		m.stop()
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s: %d documents added, %d changed, %d unchanged, %d removed; %d texts embedded\n",
		collection, pushed.Added, pushed.Changed, pushed.Unchanged, pushed.Removed, pushed.Embedded)
	return nil
}

// pushEncoder is the encoder of the environment; the built-in one takes the library's
// vectors from the program.
func pushEncoder(ctx context.Context) (embed.Embedder, error) {
	if os.Getenv(envURL) != "" {
		client, err := serverEncoder()
		if err != nil {
			return nil, err
		}
		return client, client.Connect(ctx)
	}
	set, err := shipped.Load()
	return ready{e5.New(), set}, err
}

// ready is the built-in encoder, which need not embed what is shipped.
type ready struct {
	*e5.Encoder
	set *shipped.Set
}

func (r ready) Embed(ctx context.Context, kind embed.Kind, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	var missing []string
	var at []int
	for i, text := range texts {
		q, ok := r.set.Quantized(text)
		if kind != embed.Passage || !ok {
			missing, at = append(missing, text), append(at, i)
			continue
		}
		out[i] = make([]float32, len(q))
		embed.Restore(out[i], q)
	}
	vectors, err := r.Encoder.Embed(ctx, kind, missing)
	for i, v := range vectors {
		out[at[i]] = v
	}
	return out, err
}
