package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"kakehashi/corpus"
	"kakehashi/retrieval"
	"kakehashi/retrieval/embed"
	"kakehashi/retrieval/embed/cache"
	"kakehashi/retrieval/embed/e5"
	"kakehashi/retrieval/embed/openai"
	"kakehashi/retrieval/shipped"
)

// The environment variables that put an embeddings server in the place of the
// built-in encoder.
const (
	envURL           = "KAKEHASHI_EMBEDDINGS_URL"
	envKey           = "KAKEHASHI_EMBEDDINGS_KEY"
	envModel         = "KAKEHASHI_EMBEDDINGS_MODEL"
	envQueryModel    = "KAKEHASHI_EMBEDDINGS_QUERY_MODEL"
	envPassageModel  = "KAKEHASHI_EMBEDDINGS_PASSAGE_MODEL"
	envQueryPrefix   = "KAKEHASHI_EMBEDDINGS_QUERY_PREFIX"
	envPassagePrefix = "KAKEHASHI_EMBEDDINGS_PASSAGE_PREFIX"
	envDimension     = "KAKEHASHI_EMBEDDINGS_DIMENSION"
	envAzureVersion  = "KAKEHASHI_EMBEDDINGS_AZURE_API_VERSION"
)

// serverTimeout bounds one request to the server: somebody is waiting for an answer.
const serverTimeout = 15 * time.Second

// encode gives the encoder and the library's entries with its vectors. By default
// both come with the binary. Where the environment names a server, the library is
// embedded there once and kept in a file, with progress on stderr; if the server
// fails, the entries have no vectors and the encoder repeats the failure: words
// alone must do.
func encode(ctx context.Context, lib *corpus.Library, builtIn *e5.Encoder, stderr io.Writer) (embed.Embedder, []retrieval.Entry, error) {
	if os.Getenv(envURL) == "" {
		entries, err := shipped.Entries(lib)
		return builtIn, entries, err
	}
	client, err := serverEncoder()
	if err != nil {
		return nil, nil, err
	}
	entries, err := embedLibrary(ctx, lib, client, stderr)
	if err == nil || ctx.Err() != nil {
		return client, entries, err
	}
	for _, d := range lib.Documents {
		entries = append(entries, retrieval.Entry{Document: d})
	}
	return failed{client, err}, entries, nil
}

// serverEncoder is the encoder that the environment names.
func serverEncoder() (*openai.Client, error) {
	config, err := serverConfig()
	if err != nil {
		return nil, err
	}
	client, err := openai.New(config)
	if err != nil {
		return nil, usageError("%s and the settings beside it: %w", envURL, err)
	}
	return client, nil
}

func serverConfig() (openai.Config, error) {
	config := openai.Config{
		BaseURL: os.Getenv(envURL), Key: os.Getenv(envKey), AzureAPIVersion: os.Getenv(envAzureVersion),
		Model: os.Getenv(envModel), QueryModel: os.Getenv(envQueryModel), PassageModel: os.Getenv(envPassageModel),
		QueryPrefix: os.Getenv(envQueryPrefix), PassagePrefix: os.Getenv(envPassagePrefix),
		Timeout: serverTimeout, MaxRetries: 2,
	}
	if d := os.Getenv(envDimension); d != "" {
		n, err := strconv.Atoi(d)
		if err != nil || n < 1 {
			return config, usageError("%s is %q: want a number of values, such as 1536", envDimension, d)
		}
		config.Dimension = n
	}
	return config, nil
}

// embedLibrary takes the library's vectors from the cache file and asks the server
// for those that are missing.
func embedLibrary(ctx context.Context, lib *corpus.Library, client *openai.Client, stderr io.Writer) (_ []retrieval.Entry, err error) {
	if err := client.Connect(ctx); err != nil {
		return nil, err
	}
	file, err := cacheFile()
	if err != nil {
		return nil, err
	}
	vectors, err := cache.Open(ctx, file, client)
	if err != nil {
		return nil, err
	}
	defer vectors.Close()
	m := newMeter(stderr, "embedding the library, once")
	defer m.stop()
	if _, err := vectors.EmbedReporting(ctx, embed.Passage, shipped.Texts(lib), m.report); err != nil {
		return nil, err
	}
	entries := make([]retrieval.Entry, len(lib.Documents))
	for i, d := range lib.Documents {
		entries[i].Document = d
		entries[i].Vectors, err = retrieval.VectorsOf(d, vectors.Model(), func(texts []string) ([][]float32, error) {
			return vectors.Embed(ctx, embed.Passage, texts)
		})
		if err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// cacheFile is where vectors are kept that took long to make.
func cacheFile() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder for the vectors: %w; set XDG_CACHE_HOME", err)
	}
	return filepath.Join(dir, "kakehashi", "embeddings.sqlite"), nil
}

// failed is a server that could not embed the library: its vectors would meet none.
type failed struct {
	embed.Embedder
	err error
}

func (f failed) Embed(context.Context, embed.Kind, []string) ([][]float32, error) { return nil, f.err }
