package pgvector

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"kakehashi/corpus"
	"kakehashi/retrieval/record"
)

// heads gives documents without their passages, each as it was at its generation.
func (ix *Index) heads(ctx context.Context, tx pgx.Tx, generations map[int32]int64) (map[int32]document, error) {
	out := make(map[int32]document, len(generations))
	var missing []int32
	ix.mutex.Lock()
	for no, generation := range generations {
		if d, ok := ix.documents[no]; ok && d.generation == generation {
			out[no] = d
		} else {
			missing = append(missing, no)
		}
	}
	ix.mutex.Unlock()
	if len(missing) == 0 {
		return out, nil
	}
	rows, err := tx.Query(ctx, `SELECT no, head, units, generation FROM documents WHERE no = ANY ($1)`, missing)
	if err != nil {
		return nil, err
	}
	var no int32
	var head string
	var d document
	if _, err := pgx.ForEachRow(rows, []any{&no, &head, &d.units, &d.generation}, func() (err error) {
		if d.head, err = readHead(head); err != nil {
			return err
		}
		out[no] = d
		d.units = nil
		return nil
	}); err != nil {
		return nil, err
	}
	ix.remember(out)
	return out, nil
}

func readHead(head string) (*corpus.Document, error) {
	var r record.Document
	if err := json.Unmarshal([]byte(head), &r); err != nil {
		return nil, fmt.Errorf("%w (%w)", errDamaged, err)
	}
	return r.Restore()
}

func (ix *Index) remember(documents map[int32]document) {
	ix.mutex.Lock()
	defer ix.mutex.Unlock()
	if len(ix.documents)+len(documents) > mostDocuments {
		clear(ix.documents)
	}
	for no, d := range documents {
		if old, ok := ix.documents[no]; !ok || old.generation <= d.generation {
			ix.documents[no] = d
		}
	}
}

const selectPassages = `
SELECT unit, edition, id, locator, heading, text, hash FROM passages WHERE unit = ANY ($1)`

// complete adds the passages to documents that lack them.
func (ix *Index) complete(ctx context.Context, tx pgx.Tx, documents map[int32]document) error {
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
	ix.remember(made)
	return nil
}

type passageKey struct {
	unit    int32
	edition int16
}
