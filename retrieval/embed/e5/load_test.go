package e5

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	encoder "kakehashi/retrieval/embed"
)

// A file that is not the one shipped is named in the error and not used.
func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	for name, part := range map[string]func(*files) *[]byte{
		"model.safetensors": func(f *files) *[]byte { return &f.model },
		"vocab.tsv":         func(f *files) *[]byte { return &f.vocabulary },
		"normalize.tsv":     func(f *files) *[]byte { return &f.replacements },
	} {
		whole := files{modelFile, vocabularyFile, replacementsFile}
		file := *part(&whole)
		flipped := bytes.Clone(file)
		flipped[len(flipped)/2] ^= 1
		for damage, data := range map[string][]byte{
			"truncated": file[:len(file)-1],
			"missing":   nil,
			"one bit":   flipped,
			"a pointer": []byte("version https://git-lfs.github.com/spec/v1\n"),
		} {
			t.Run(name+"/"+damage, func(t *testing.T) {
				t.Parallel()
				damaged := whole
				*part(&damaged) = data
				if w, v, err := open(damaged); err == nil || w != nil || v != nil || !strings.Contains(err.Error(), name) {
					t.Errorf("a damaged %s gives the error %v", name, err)
				}
			})
		}
	}
}

// The loader tells what is wrong with a file of another shape, without panic,
// whatever its header claims.
func TestParseWeightsFaults(t *testing.T) {
	t.Parallel()
	file := func(header string, data int) []byte {
		return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), make([]byte, data)...)
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"no bytes":             {nil, "truncated"},
		"header past the end":  {binary.LittleEndian.AppendUint64(nil, 1<<62), "truncated"},
		"header not JSON":      {file("{", 0), "header"},
		"tensor not an object": {file(`{"embeddings.word.q4":[1]}`, 0), "embeddings.word.q4"},
		"tensor missing":       {file(`{}`, 0), "lacks embeddings.word.q4"},
		"other type":           {file(`{"embeddings.word.q4":{"dtype":"F32","shape":[54845,192],"data_offsets":[0,1]}}`, 1), "is F32"},
		"other shape":          {file(`{"embeddings.word.q4":{"dtype":"U8","shape":[1,192],"data_offsets":[0,192]}}`, 192), "want U8 [54845 192]"},
		"offsets outside":      {file(`{"embeddings.word.q4":{"dtype":"U8","shape":[54845,192],"data_offsets":[0,10530240]}}`, 9), "truncated"},
		"offsets negative":     {file(`{"embeddings.word.q4":{"dtype":"U8","shape":[54845,192],"data_offsets":[-10530240,0]}}`, 9), "truncated"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := parseWeights(c.file); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v; want one that says %q", err, c.want)
			}
		})
	}
}

func TestParseVocabularyFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ pieces, replacements, want string }{
		"no tab":              {"<s>\n", "", "line 1"},
		"no number":           {"<s>\tx\n", "", "line 1"},
		"not a number":        {"<s>\tNaN\n", "", "line 1"},
		"broken UTF-8":        {"<s>\t0\n\xff\t0\n", "", "line 2"},
		"too few":             {"<s>\t0\n", "", "1 pieces"},
		"no code point":       {strings.Repeat("a\t0\n", vocabularySize), "zz\t\n", "line 1 of the replacements"},
		"no code point to it": {strings.Repeat("a\t0\n", vocabularySize), "0001\tzz\n", "line 1 of the replacements"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := parseVocabulary([]byte(c.pieces), []byte(c.replacements)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v; want one that says %q", err, c.want)
			}
		})
	}
}

func TestPieces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		n    int
		cut  bool
	}{
		{"a", 6, false},
		{strings.Repeat("a ", 506), 512, false}, // beside ▁query, : and the two ends there is room for 508
		{strings.Repeat("a ", 600), 512, true},
		{strings.Repeat("ab ", 1<<20), 512, true},
		{strings.Repeat("\U00100000", 1<<20), 6, true}, // no piece covers it: one <unk>
		{strings.Repeat(" ", 1<<20), 6, true},
	} {
		n, cut, err := shared.Pieces(encoder.Query, c.text)
		if err != nil || cut != c.cut || n > maxTokens || (c.n == maxTokens) != (n == maxTokens) {
			t.Errorf("%.5q… of %d bytes: %d pieces, cut %v, error %v; want %d, %v", c.text, len(c.text), n, cut, err, c.n, c.cut)
		}
	}
}

// FuzzEmbed feeds arbitrary bytes: there is always a finite vector of length 1.
func FuzzEmbed(f *testing.F) {
	for _, s := range []string{"", "外為法第25条第1項", "\xff\xfe", "ﾊﾝｶｸ ＣＵＩ", "か\u3099", "\u2581\u2581", "\x00\u200b\ufeff", strings.Repeat("é̂", 100)} {
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, query bool) {
		kind := encoder.Passage
		if query {
			kind = encoder.Query
		}
		n, _, err := shared.Pieces(kind, string(text))
		if err != nil || n < 4 || n > maxTokens {
			t.Fatalf("%d pieces, error %v", n, err)
		}
		vs, err := shared.Embed(context.Background(), kind, []string{string(text)})
		if err != nil {
			t.Fatal(err)
		}
		if length := encoder.Dot(vs[0], vs[0]); !(length > 0.999 && length < 1.001) {
			t.Fatalf("a vector of squared length %v", length)
		}
	})
}

// FuzzParseWeights feeds the loader arbitrary files.
func FuzzParseWeights(f *testing.F) {
	f.Add(fmt.Appendf(binary.LittleEndian.AppendUint64(nil, 2), "{}"))
	f.Add(modelFile[:30000])
	f.Fuzz(func(t *testing.T, file []byte) {
		if _, err := parseWeights(file); err == nil && len(file) < 20_000_000 {
			t.Fatal("a small file passes for the model")
		}
	})
}
