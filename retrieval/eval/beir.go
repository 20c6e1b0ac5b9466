package eval

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"kakehashi/retrieval/analysis"
)

// Set is a public retrieval set (Thakur et al., "BEIR", NeurIPS 2021).
type Set struct {
	Name      string // of its folder
	Split     string
	SHA256    string // of its three files, hexadecimal
	Documents []Text
	Queries   []Text                    // those that have a relevant document, in the order of the file
	Relevant  map[string]map[string]int // query id → document id → grade, above 0
	LeftOut   int                       // queries without a relevant document
}

// Text is a document or a query of a Set.
type Text struct{ ID, Title, Text string }

// Language is the language that the text is in: en or ja.
func (t Text) Language() string { return analysis.Language(t.Title + " " + t.Text).String() }

// Info describes the first n queries of the set.
func (s Set) Info(n int) SetInfo {
	return SetInfo{
		Name: s.Name, Split: s.Split, Kind: BEIR, SHA256: s.SHA256,
		Documents: len(s.Documents), Queries: n, Held: len(s.Queries), LeftOut: s.LeftOut,
	}
}

// Texts are the first n queries as they are asked.
func (s Set) Texts(n int) []string {
	var out []string
	for _, q := range s.Queries[:min(n, len(s.Queries))] {
		out = append(out, q.Text)
	}
	return out
}

// ReadBEIR reads a set from a folder: corpus.jsonl (_id, title, text),
// queries.jsonl (_id, text) and qrels.tsv (a header, then query id, document id and
// grade between tabs). For a split it reads queries.SPLIT.jsonl, if that is there,
// and qrels.SPLIT.tsv or qrels/SPLIT.tsv. Queries without a relevant document are
// left out, as no measure is defined for them. Whatever is wrong with a file is a
// *LineError; the error for a split that is missing lists those that are there.
func ReadBEIR(dir, split string) (Set, error) {
	qrels, queries, err := files(dir, split)
	if err != nil {
		return Set{}, err
	}
	full, err := filepath.Abs(dir)
	if err != nil {
		return Set{}, err
	}
	s := Set{Name: filepath.Base(full), Split: split}
	sum := sha256.New()
	if s.Documents, err = readTexts(filepath.Join(dir, "corpus.jsonl"), sum, false); err != nil {
		return Set{}, err
	}
	asked, err := readTexts(queries, sum, true)
	if err != nil {
		return Set{}, err
	}
	if s.Relevant, err = readQrels(qrels, sum, ids(asked), ids(s.Documents)); err != nil {
		return Set{}, err
	}
	for _, q := range asked {
		if len(s.Relevant[q.ID]) > 0 {
			s.Queries = append(s.Queries, q)
		}
	}
	s.LeftOut = len(asked) - len(s.Queries)
	s.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if len(s.Queries) == 0 {
		return Set{}, &LineError{qrels, 0, "no query has a relevant document"}
	}
	return s, nil
}

func ids(ts []Text) map[string]bool {
	out := make(map[string]bool, len(ts))
	for _, t := range ts {
		out[t.ID] = true
	}
	return out
}

// files finds the qrels and the queries of a split.
func files(dir, split string) (qrels, queries string, err error) {
	if info, err := os.Stat(dir); err != nil {
		return "", "", err
	} else if !info.IsDir() {
		return "", "", fmt.Errorf("%s is not a folder", dir)
	}
	here := func(name string) bool {
		info, err := os.Stat(filepath.Join(dir, name))
		return err == nil && info.Mode().IsRegular()
	}
	names := []string{"qrels.tsv"}
	queries = "queries.jsonl"
	if split != "" {
		if split != filepath.Base(split) {
			return "", "", fmt.Errorf("%q cannot be the name of a split", split)
		}
		names = []string{"qrels." + split + ".tsv", filepath.Join("qrels", split+".tsv")}
		if own := "queries." + split + ".jsonl"; here(own) {
			queries = own
		}
	}
	i := slices.IndexFunc(names, here)
	if i >= 0 && here(queries) {
		return filepath.Join(dir, names[i]), filepath.Join(dir, queries), nil
	}
	if i >= 0 && len(splits(dir)) == 0 {
		return "", "", fmt.Errorf("%s has no %s", dir, queries)
	}
	return "", "", noSplit(dir, split, here("qrels.tsv"))
}

// noSplit says which splits a folder has instead.
func noSplit(dir, split string, whole bool) error {
	found := strings.Join(splits(dir), ", ")
	switch {
	case found == "" && split == "":
		return fmt.Errorf("%s is no BEIR set: it has no qrels.tsv", dir)
	case found == "" && whole:
		return fmt.Errorf("%s has no splits: leave the split out", dir)
	case found == "":
		return fmt.Errorf("%s is no BEIR set: it has no qrels.%s.tsv", dir, split)
	case split == "":
		return fmt.Errorf("%s is in splits, name one: %s", dir, found)
	}
	return fmt.Errorf("%s has no split %q with its queries; it has: %s", dir, split, found)
}

// splits are the splits that a folder has qrels of.
func splits(dir string) []string {
	var out []string
	for _, pattern := range []string{"qrels.*.tsv", filepath.Join("qrels", "*.tsv")} {
		found, err := filepath.Glob(filepath.Join(escapeGlob(dir), pattern))
		if err != nil {
			continue // a folder whose name Glob cannot take
		}
		for _, f := range found {
			out = append(out, strings.TrimPrefix(strings.TrimSuffix(filepath.Base(f), ".tsv"), "qrels."))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func escapeGlob(path string) string {
	return strings.NewReplacer("*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// textLine is a line of corpus.jsonl or queries.jsonl. Other fields are left aside.
type textLine struct {
	ID    json.RawMessage `json:"_id"`
	Title string          `json:"title"`
	Text  *string         `json:"text"`
}

// readTexts reads documents, which may be empty (a heading alone), or queries,
// which may not.
func readTexts(path string, sum hash.Hash, queries bool) ([]Text, error) {
	var out []Text
	number := map[string]int{} // of the text with that id
	err := eachLine(path, sum, func(line []byte) error {
		t, err := parseText(line, queries)
		if err != nil {
			return err
		}
		if n := number[t.ID]; n > 0 {
			return fmt.Errorf("the id %q stands for text %d already", t.ID, n)
		}
		out = append(out, t)
		number[t.ID] = len(out)
		return nil
	})
	return out, err
}

func parseText(line []byte, query bool) (Text, error) {
	var l textLine
	if err := object(line, &l); err != nil {
		return Text{}, err
	}
	id, err := idOf(l.ID)
	if err != nil {
		return Text{}, fmt.Errorf("_id: %w", err)
	}
	if l.Text == nil {
		return Text{}, fmt.Errorf("%q has no text", id)
	}
	if query && strings.TrimSpace(*l.Text) == "" {
		return Text{}, fmt.Errorf("the query %q asks nothing", id)
	}
	return Text{id, l.Title, *l.Text}, nil
}

// readQrels reads the judgements above 0. The header is demanded because a file
// without one would lose its first judgement unseen.
func readQrels(path string, sum hash.Hash, queries, documents map[string]bool) (map[string]map[string]int, error) {
	out := map[string]map[string]int{}
	judged := map[[2]string]bool{}
	header := false
	err := eachLine(path, sum, func(line []byte) error {
		query, document, grade, err := parseQrel(line)
		if !header {
			if header = true; err == nil {
				return errors.New("a judgement stands where the header query-id, corpus-id, score should")
			}
			return checkHeader(line)
		}
		switch pair := [2]string{query, document}; {
		case err != nil:
			return err
		case !queries[query]:
			return fmt.Errorf("the query %q is not in the queries", query)
		case !documents[document]:
			return fmt.Errorf("the document %q is not in the corpus", document)
		case judged[pair]:
			return fmt.Errorf("the document %q is judged twice for the query %q", document, query)
		default:
			judged[pair] = true
		}
		if grade > 0 {
			if out[query] == nil {
				out[query] = map[string]int{}
			}
			out[query][document] = grade
		}
		return nil
	})
	return out, err
}

func checkHeader(line []byte) error {
	if n := bytes.Count(line, []byte("\t")) + 1; n != 3 {
		return fmt.Errorf("the header has %d columns between tabs; want query-id, corpus-id and score", n)
	}
	return nil
}

func parseQrel(line []byte) (query, document string, grade int, err error) {
	columns := strings.Split(string(line), "\t")
	if len(columns) != 3 {
		return "", "", 0, fmt.Errorf("the line has %d columns between tabs; want query-id, corpus-id and score", len(columns))
	}
	if grade, err = strconv.Atoi(strings.TrimSpace(columns[2])); err != nil {
		return "", "", 0, fmt.Errorf("the score %q is not a whole number", columns[2])
	}
	return columns[0], columns[1], grade, nil
}
