package openai

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	api "github.com/sashabaranov/go-openai"

	"kakehashi/retrieval/embed"
)

// The waits before a request is sent again.
const (
	firstWait   = 500 * time.Millisecond // doubles from try to try
	longestWait = time.Minute            // also where the server asks for more
)

// ask sends a request, again and again while what stops it may pass. It holds the
// caller's slot meanwhile, so that a server that is overrun gets fewer requests.
func (c *Client) ask(ctx context.Context, model string, inputs []string) ([][]float32, error) {
	for try := 0; ; try++ {
		vectors, header, err := c.send(ctx, model, inputs)
		if err == nil {
			return vectors, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !passes(err) {
			return nil, err
		}
		if try >= c.retries {
			return nil, fmt.Errorf("%w (tries: %d)", err, try+1)
		}
		if stopped := c.sleep(ctx, c.wait(try, header)); stopped != nil {
			return nil, fmt.Errorf("%w, while waiting to try again after: %w", stopped, err)
		}
	}
}

// send sends a request once. The header is that of the answer, if there was one.
func (c *Client) send(ctx context.Context, model string, inputs []string) ([][]float32, http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	answer, err := c.create(ctx, api.EmbeddingRequestStrings{
		Input: inputs,
		Model: api.EmbeddingModel(model),
	})
	if err != nil {
		return nil, answer.Header(), c.fault(ctx, err)
	}
	vectors, err := c.vectors(model, answer.Data, len(inputs))
	return vectors, answer.Header(), err
}

// vectors puts the vectors of an answer in the order of the texts, as unit vectors.
// The first whole answer settles the dimension where it is open.
func (c *Client) vectors(model string, answer []api.Embedding, texts int) ([][]float32, error) {
	if len(answer) != texts {
		return nil, fmt.Errorf("model %q gives %d vectors for %d texts", model, len(answer), texts)
	}
	want := c.Dimension()
	if want == 0 {
		want = len(answer[0].Embedding)
	}
	out := make([][]float32, texts)
	for _, one := range answer {
		v := one.Embedding
		switch {
		case len(v) == 0:
			return nil, fmt.Errorf("model %q gives an empty vector", model)
		case len(v) != want:
			return nil, &DimensionError{Model: model, Got: len(v), Want: want}
		case one.Index < 0 || one.Index >= texts:
			return nil, fmt.Errorf("model %q gives a vector the index %d, for %d texts", model, one.Index, texts)
		case out[one.Index] != nil:
			return nil, fmt.Errorf("model %q gives two vectors the index %d", model, one.Index)
		}
		if err := embed.Normalize(v); err != nil {
			return nil, fmt.Errorf("model %q gives text %d of the request a broken vector: %w", model, one.Index, err)
		}
		out[one.Index] = v
	}
	if !c.dimension.CompareAndSwap(0, int64(want)) && c.Dimension() != want {
		return nil, &DimensionError{Model: model, Got: want, Want: c.Dimension()}
	}
	return out, nil
}

// wait is the time before the next try: it doubles, is drawn from its upper half so
// that clients do not come back together, and is no shorter than Retry-After asks.
func (c *Client) wait(try int, header http.Header) time.Duration {
	wait := min(firstWait<<min(try, 10), longestWait)
	wait -= time.Duration(c.jitter() * float64(wait/2))
	return max(wait, min(retryAfter(header, c.now()), longestWait))
}

// retryAfter is the wait a server asks for, in seconds or until a date (RFC 9110,
// section 10.2.3); 0 where it asks for none or cannot be understood.
func retryAfter(header http.Header, now time.Time) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		if seconds > 0 {
			return time.Duration(min(seconds, longestWait.Seconds()) * float64(time.Second))
		}
		return 0
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// sleep waits, or returns early with the context's error.
func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
