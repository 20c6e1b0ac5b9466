// Command generate embeds the shipped library and writes the vectors to a file.
// Texts that the file has already are not embedded again.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"kakehashi/corpus"
	"kakehashi/corpus/library"
	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/embed/e5"
	"kakehashi/retrieval/shipped"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: generate FILE")
		os.Exit(2)
	}
	if err := generate(ctx, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// batch is how many texts are embedded between two writes of the file, each of
// which a killed run can go on from.
const batch = 512

func generate(ctx context.Context, file string) error {
	lib, err := corpus.Load(library.Files)
	if err != nil {
		return err
	}
	encoder := e5.New()
	vectors, missing := map[uint64][]int8{}, []string{}
	old := stored(file, encoder.Model())
	for _, t := range shipped.Texts(lib) {
		if v, ok := old.Quantized(t); ok {
			vectors[shipped.Key(t)] = v
		} else {
			missing = append(missing, t)
		}
	}
	for done := 0; done < len(missing); {
		next := missing[done:min(done+batch, len(missing))]
		vs, err := encoder.Embed(ctx, embed.Passage, next)
		if err != nil {
			return err
		}
		for i, v := range vs {
			vectors[shipped.Key(next[i])] = embed.Quantize(v)
		}
		done += len(next)
		fmt.Fprintf(os.Stderr, "%d of %d texts embedded\n", done, len(missing))
		if err := write(file, encoder, vectors); err != nil {
			return err
		}
	}
	return write(file, encoder, vectors)
}

// write puts the file in place at once, so that a kill leaves the old one or the
// new one.
func write(file string, e embed.Embedder, vectors map[uint64][]int8) error {
	if err := os.WriteFile(file+".new", shipped.Write(e.Model(), e.Dimension(), vectors), 0o644); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// stored are the vectors of an earlier run by the same encoder, or none.
func stored(file, model string) *shipped.Set {
	b, err := os.ReadFile(file)
	if err == nil {
		if s, err := shipped.Parse(b); err == nil && s.Model() == model {
			return s
		}
	}
	return &shipped.Set{}
}
