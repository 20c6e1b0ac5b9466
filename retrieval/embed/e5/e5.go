// Package e5 is the built-in encoder: multilingual-e5-small (Wang et al.,
// "Multilingual E5 Text Embeddings", arXiv 2402.05672; MIT licence, see
// model/LICENSE) in 4 bits, with the pieces that English and Japanese use. It runs
// in pure Go, needs no network, and loads when it is first used. It only encodes;
// nothing here knows what the texts are.
package e5

import (
	"context"
	_ "embed"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	encoder "kakehashi/retrieval/embed"
)

// The weights and the vocabulary. As bytes they stay where the binary has them; a
// file system would hand out copies.
var (
	//go:embed model/model.safetensors
	modelFile []byte
	//go:embed model/vocab.tsv
	vocabularyFile []byte
	//go:embed model/normalize.tsv
	replacementsFile []byte
)

// License is the licence of the model, which travels with it.
//
//go:embed model/LICENSE
var License string

// Shape of the model, and the name of its vectors. The name ends in the start of
// the weights' SHA-256, so that vectors of other weights never pass for these.
const (
	dimension    = 384
	layers       = 12
	heads        = 12
	headSize     = dimension / heads
	intermediate = 1536
	maxTokens    = 512 // <s>, 510 pieces, </s>
	modelName    = "multilingual-e5-small/q4-en-ja/"
)

// Encoder implements embed.Embedder. All goroutines share its weights. The zero
// value is ready; it must not be copied.
type Encoder struct {
	load    sync.Once
	weights *weights
	words   *vocabulary
	err     error
	buffers sync.Pool // of *buffer
}

var _ encoder.Embedder = (*Encoder)(nil)

// New is the encoder that comes with the program. It is loaded at the first use.
func New() *Encoder { return &Encoder{} }

// Model implements embed.Embedder.
func (e *Encoder) Model() string { return modelName + modelSum[:8] }

// Dimension implements embed.Embedder.
func (e *Encoder) Dimension() int { return dimension }

// Load reads the weights, some 85 MB once unpacked, unless it has been done. Embed
// does so by itself; whoever knows that it will be called can start earlier.
func (e *Encoder) Load() error {
	e.load.Do(func() {
		e.weights, e.words, e.err = open(files{modelFile, vocabularyFile, replacementsFile})
	})
	if e.err != nil {
		return fmt.Errorf("the built-in encoder: %w", e.err)
	}
	return nil
}

// Embed implements embed.Embedder. A text is read up to 510 pieces, some 2,000
// characters of English or 900 of Japanese; Pieces tells whether that cuts it.
func (e *Encoder) Embed(ctx context.Context, kind encoder.Kind, texts []string) ([][]float32, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := e.Load(); err != nil {
		return nil, err
	}
	out := make([][]float32, len(texts))
	cores := runtime.GOMAXPROCS(0)
	together := min(cores, len(texts)) // texts at once; the other cores share the work on each
	if together == 0 {
		return out, nil
	}
	errs := make([]error, together)
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range together {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(texts) && errs[w] == nil; i = int(next.Add(1)) - 1 {
				out[i], errs[w] = e.one(ctx, kind, texts[i], cores/together)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (e *Encoder) one(ctx context.Context, kind encoder.Kind, text string, workers int) ([]float32, error) {
	ids, _ := e.words.encode(prefixed(kind, text))
	b, ok := e.buffers.Get().(*buffer)
	if !ok {
		b = &buffer{}
	}
	defer e.buffers.Put(b)
	v, err := e.weights.forward(ctx, b, ids, workers)
	if err != nil {
		return nil, err
	}
	if err := encoder.Normalize(v); err != nil {
		return nil, fmt.Errorf("embedding a text of %d pieces: %w", len(ids), err)
	}
	return v, nil
}

// Pieces counts the pieces that Embed reads of a text, the two that mark its ends
// included, and tells whether the rest of the text is cut off.
func (e *Encoder) Pieces(kind encoder.Kind, text string) (n int, cut bool, err error) {
	if err := e.Load(); err != nil {
		return 0, false, err
	}
	ids, cut := e.words.encode(prefixed(kind, text))
	return len(ids), cut, nil
}

// prefixed marks a text as the model was trained to see it.
func prefixed(kind encoder.Kind, text string) string { return kind.String() + ": " + text }
