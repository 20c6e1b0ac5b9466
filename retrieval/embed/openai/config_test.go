package openai_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"kakehashi/retrieval/embed/openai"
)

func TestNewSaysWhichSettingIsWrong(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*openai.Config)
		says   string
	}{
		"no address":           {func(c *openai.Config) { c.BaseURL = "" }, "BaseURL is empty"},
		"key for address":      {func(c *openai.Config) { c.BaseURL = asciiKey }, "BaseURL is no http"},
		"unparsable address":   {func(c *openai.Config) { c.BaseURL = "http://" + asciiKey + "\x7f" }, "BaseURL is no http"},
		"other scheme":         {func(c *openai.Config) { c.BaseURL = "ftp://h/" }, "BaseURL is no http"},
		"no host":              {func(c *openai.Config) { c.BaseURL = "http://:80/v1" }, "BaseURL is no http"},
		"password in address":  {func(c *openai.Config) { c.BaseURL = "http://u:0123456789@h/v1" }, "give Key"},
		"query in address":     {func(c *openai.Config) { c.BaseURL = "http://h/v1?key=0123456789" }, "BaseURL holds"},
		"fragment in address":  {func(c *openai.Config) { c.BaseURL = "http://h/v1#" }, "BaseURL holds"},
		"endpoint for address": {func(c *openai.Config) { c.BaseURL = "http://h/v1/embeddings/" }, "BaseURL ends in /embeddings"},
		"line break in key":    {func(c *openai.Config) { c.Key += "\n" }, "Key holds a space"},
		"key outside ASCII":    {func(c *openai.Config) { c.Key += "é" }, "Key holds a space"},
		"no model":             {func(c *openai.Config) { c.Model = "" }, "Model is empty"},
		"half a model":         {func(c *openai.Config) { c.Model, c.QueryModel = "", "q" }, "PassageModel"},
		"broken model":         {func(c *openai.Config) { c.Model = "\xff" }, "Model is not valid"},
		"broken prefix":        {func(c *openai.Config) { c.PassagePrefix = "\xff" }, "PassagePrefix is not valid"},
		"negative dimension":   {func(c *openai.Config) { c.Dimension = -1 }, "Dimension is -1"},
		"negative batch":       {func(c *openai.Config) { c.BatchSize = -1 }, "BatchSize is -1"},
		"negative concurrency": {func(c *openai.Config) { c.Concurrency = -1 }, "Concurrency is -1"},
		"negative length":      {func(c *openai.Config) { c.MaxRunes = -1 }, "MaxRunes is -1"},
		"negative time":        {func(c *openai.Config) { c.Timeout = -1 }, "Timeout is -1ns"},
		"less than no retries": {func(c *openai.Config) { c.MaxRetries = -2 }, "MaxRetries is -2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := openai.Config{BaseURL: "http://127.0.0.1/v1", Key: asciiKey, Model: "m"}
			tc.change(&config)
			_, err := openai.New(config)
			if err == nil || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), "openai: ") {
				t.Errorf("New says %v; want %q in it", err, tc.says)
			}
			keylessError(t, err)
		})
	}
}

func TestPrintingHidesTheKey(t *testing.T) {
	t.Parallel()
	c, _ := client(t, "http://127.0.0.1/v1")
	config := openai.Config{BaseURL: "http://127.0.0.1/v1", Key: asciiKey, Model: "m"}
	for _, value := range []any{config, &config, struct{ C openai.Config }{config}, c} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			keyless(t, fmt.Sprintf(verb, value))
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "value", value)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "value", value)
		keyless(t, log.String())
	}
	if got := fmt.Sprintf("%+v", config); !strings.Contains(got, "Model:m") || !strings.Contains(got, "[key]") {
		t.Errorf("a configuration prints as %s", got)
	}
}
