package pgvector

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/jackc/pgx/v5"

	"kakehashi/corpus"
	"kakehashi/retrieval/record"
)

// document is one as it was at a generation.
type document struct {
	generation int64
	head       *corpus.Document // without its passages
	whole      *corpus.Document // nil until it has been shown
	units      []int32          // its passages, in order
	carried    bool             // from an earlier state, and may have changed since
}

// mostDocuments is how many documents are remembered.
const mostDocuments = 20_000

// carry is what the state after st can take over; st may be nil.
func (st *state) carry() map[int32]document {
	out := map[int32]document{}
	if st == nil {
		return out
	}
	st.mutex.Lock()
	defer st.mutex.Unlock()
	for no, d := range st.documents {
		d.carried = true
		out[no] = d
	}
	return out
}

// heads gives documents without their passages.
func (st *state) heads(ctx context.Context, tx pgx.Tx, numbers []int32) (map[int32]document, error) {
	out, carried := make(map[int32]document, len(numbers)), map[int32]document{}
	var missing []int32
	st.mutex.Lock()
	for _, no := range numbers {
		d, ok := st.documents[no]
		if ok && !d.carried {
			out[no] = d
			continue
		}
		missing = append(missing, no)
		if ok {
			carried[no] = d
		}
	}
	st.mutex.Unlock()
	if len(missing) == 0 {
		return out, nil
	}
	read, err := readHeads(ctx, tx, missing, carried)
	if err != nil {
		return nil, err
	}
	st.remember(read)
	maps.Copy(out, read)
	return out, nil
}

// readHeads reads documents; of those that are as they were known, nothing is parsed.
func readHeads(ctx context.Context, tx pgx.Tx, numbers []int32, known map[int32]document) (map[int32]document, error) {
	rows, err := tx.Query(ctx, `SELECT no, head, units, generation FROM documents WHERE no = ANY ($1)`, numbers)
	if err != nil {
		return nil, err
	}
	out := make(map[int32]document, len(numbers))
	var no int32
	var head string
	var d document
	_, err = pgx.ForEachRow(rows, []any{&no, &head, &d.units, &d.generation}, func() (err error) {
		if k, ok := known[no]; ok && k.generation == d.generation {
			k.carried = false
			out[no] = k
			return nil
		}
		if d.head, err = readHead(head); err != nil {
			return err
		}
		out[no] = d
		d.units = nil
		return nil
	})
	return out, err
}

func readHead(head string) (*corpus.Document, error) {
	var r record.Document
	if err := json.Unmarshal([]byte(head), &r); err != nil {
		return nil, fmt.Errorf("%w (%w)", errDamaged, err)
	}
	return r.Restore()
}

func (st *state) remember(documents map[int32]document) {
	st.mutex.Lock()
	defer st.mutex.Unlock()
	if len(st.documents)+len(documents) > mostDocuments {
		clear(st.documents)
	}
	maps.Copy(st.documents, documents)
}

const selectPassages = `
SELECT unit, edition, id, locator, heading, text, hash FROM passages WHERE unit = ANY ($1)`

// complete adds the passages to documents that lack them.
func complete(ctx context.Context, tx pgx.Tx, documents map[int32]document) error {
	var units []int32
	at := map[int32]int32{} // unit → document
	made := map[int32]document{}
	for no, d := range documents {
		if d.whole != nil {
			continue
		}
		copied := *d.head
		copied.Editions = append([]corpus.Edition(nil), d.head.Editions...)
		for e := range copied.Editions {
			copied.Editions[e].Passages = make([]corpus.Passage, len(d.units))
		}
		d.whole = &copied
		made[no] = d
		units = append(units, d.units...)
		for _, u := range d.units {
			at[u] = no
		}
	}
	if len(made) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, selectPassages, units)
	if err != nil {
		return err
	}
	passages := map[passageKey]corpus.Passage{}
	var key passageKey
	var p corpus.Passage
	var hash []byte
	if _, err := pgx.ForEachRow(rows, []any{&key.unit, &key.edition, &p.ID, &p.Locator, &p.Heading, &p.Text, &hash}, func() error {
		p.Hash = corpus.HashText(p.Text)
		if string(p.Hash[:]) != string(hash) {
			return fmt.Errorf("%w (the text of %s does not match its hash)", errDamaged, p.ID)
		}
		passages[key] = p
		return nil
	}); err != nil {
		return err
	}
	for no, d := range made {
		for e := range d.whole.Editions {
			for i, u := range d.units {
				p, ok := passages[passageKey{u, int16(e)}]
				if !ok {
					return fmt.Errorf("%w (%s lacks a passage)", errDamaged, d.head.ID)
				}
				d.whole.Editions[e].Passages[i] = p
			}
		}
		documents[no] = d
	}
	return nil
}

type passageKey struct {
	unit    int32
	edition int16
}
