package main

import (
	"bytes"
	"context"
	"encoding/json"
	"hash/fnv"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// embeddings is a server that embeds a text by the hash of its words, and counts
// the texts.
func embeddings(t *testing.T, dimension int) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Input []string }
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			t.Error(err)
		}
		asked.Add(int64(len(request.Input)))
		type embedding struct {
			Index     int       `json:"index"`
			Embedding []float32 `json:"embedding"`
		}
		var data []embedding
		for i, text := range request.Input {
			v := make([]float32, dimension)
			for _, word := range append(strings.Fields(strings.ToLower(text)), "a") {
				h := fnv.New32a()
				h.Write([]byte(word))
				v[h.Sum32()%uint32(dimension)]++
			}
			data = append(data, embedding{i, v})
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(map[string]any{"object": "list", "data": data, "model": "words"}); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server, &asked
}

// withServer runs the program with an embeddings server in its environment.
func withServer(t *testing.T, url string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv(envURL, url)
	t.Setenv(envModel, "words")
	t.Setenv(envKey, "sk-not-to-be-seen")
	return again(args...)
}

func again(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(context.Background(), args, strings.NewReader(""), &out, &err)
	return code, out.String(), err.String()
}

const phaseTwo = "When does Phase 2 of CMMC begin?"

func TestAServerTakesThePlaceOfTheBuiltInEncoder(t *testing.T) {
	server, asked := embeddings(t, 64)
	code, stdout, stderr := withServer(t, server.URL+"/v1", "ask", phaseTwo)
	if code != exitOK || !strings.Contains(stdout, "10 November 2026") || strings.Contains(stdout, "matching words only") {
		t.Fatalf("exit %d: %s%s", code, stdout, stderr)
	}
	if first := asked.Swap(0); first < 5000 {
		t.Errorf("%d texts embedded; want the library's", first)
	}
	if code, _, stderr := again("ask", phaseTwo); code != exitOK || asked.Load() > 3 {
		t.Errorf("exit %d and %d more texts embedded; want the question alone: %s", code, asked.Load(), stderr)
	}
}

func TestAFailingServerLeavesTheWords(t *testing.T) {
	broken := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(broken.Close)
	code, stdout, stderr := withServer(t, broken.URL+"/v1", "ask", phaseTwo)
	if code != exitOK || !strings.Contains(stdout, "10 November 2026") || !strings.Contains(stdout, "matching words only") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
	if code, stdout, stderr := again("search", "CMMC"); code != exitOK || !strings.Contains(stderr, "404") || !strings.Contains(stdout, "us-cmmc") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
	if code, _, stderr := again("search", "--stage", "dense", "CMMC"); code != exitFailure || !strings.Contains(stderr, "404") {
		t.Errorf("meaning alone cannot do without: exit %d: %s", code, stderr)
	}
	if strings.Contains(stdout+stderr, "sk-not-to-be-seen") {
		t.Error("the key is shown")
	}
}

func TestServerSettingsThatCannotBeTaken(t *testing.T) {
	for name, c := range map[string]struct{ variable, value, want string }{
		"no model":           {envModel, "", "Model is empty"},
		"dimension a word":   {envDimension, "many", "want a number of values"},
		"dimension negative": {envDimension, "-3", "want a number of values"},
		"no address":         {envURL, "not an address", "BaseURL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(envURL, "http://127.0.0.1:9/v1")
			t.Setenv(envModel, "words")
			t.Setenv(c.variable, c.value)
			if code, _, stderr := again("ask", phaseTwo); code != exitUsage || !strings.Contains(stderr, c.want) {
				t.Errorf("exit %d: %s; want %d and %q", code, stderr, exitUsage, c.want)
			}
		})
	}
}

func TestAServerOfAnotherDimensionIsNamed(t *testing.T) {
	server, _ := embeddings(t, 64)
	t.Setenv(envDimension, "128")
	code, stdout, stderr := withServer(t, server.URL+"/v1", "search", "CMMC")
	if code != exitOK || !strings.Contains(stderr, "64") || !strings.Contains(stderr, "128") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
}

func TestTheLicenceOfTheModelTravelsWithIt(t *testing.T) {
	t.Parallel()
	if code, stdout, _ := again("licenses"); code != exitOK || !strings.Contains(stdout, "MIT License") || !strings.Contains(stdout, "Microsoft Corporation") {
		t.Errorf("exit %d: %s", code, stdout)
	}
}
