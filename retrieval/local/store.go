package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"kakehashi/retrieval"
	"kakehashi/retrieval/analysis"
)

// Store is an Index whose documents are kept in one SQLite file, vectors with them,
// so that what has been ingested survives a restart and is not embedded again. It
// searches in memory; the file is read once, when it is opened. Vectors are kept,
// and searched, rounded to a byte a value, so that a restart moves no score.
//
// A Store refuses a file that it cannot vouch for, and names it with what to do: a
// document that cannot be read is never left out in silence, because an answer
// would then be declined that the user knows to be covered.
type Store struct {
	*Index // its Put and Delete would pass the file by; use the Store's
	db     *sql.DB
	path   string
	// generation is the state of the file that memory shows; see change. Index.write
	// guards it.
	generation int64
}

var _ retrieval.Index = (*Store)(nil)

// patience is how long a call waits for another process that writes the file. SQLite
// does not look at the context meanwhile, so this is also how late a cancelled call ends.
const patience = 10 * time.Second

// OpenStore opens the file at path, or makes it and its folder, and reads it.
func OpenStore(ctx context.Context, path string, a *analysis.Analyzer, tune retrieval.Tuning) (*Store, error) {
	return openStore(ctx, path, patience, a, tune)
}

func openStore(ctx context.Context, path string, patience time.Duration, a *analysis.Analyzer, tune retrieval.Tuning) (*Store, error) {
	db, err := openFile(path, patience)
	if err != nil {
		return nil, err
	}
	s := &Store{Index: New(a, tune), db: db, path: path}
	if err = s.prepare(ctx); err == nil {
		err = s.load(ctx)
	}
	if err != nil {
		db.Close()
		return nil, s.explain("opening", err)
	}
	return s, nil
}

// Close closes the file. What has been put is in it already.
func (s *Store) Close() error {
	if err := s.db.Close(); err != nil {
		return s.explain("closing", err)
	}
	return nil
}

// Put implements retrieval.Index. The documents are in the file, all of them, before
// a search sees the first: a crash leaves each whole, as before or as new.
func (s *Store) Put(ctx context.Context, entries ...retrieval.Entry) error {
	fresh, kept := make([]analysed, len(entries)), make([]stored, len(entries))
	if err := parallel(ctx, len(entries), func(i int) (err error) {
		if fresh[i], err = s.analyse(entries[i]); err != nil {
			return err
		}
		kept[i], fresh[i].vectors, err = store(fresh[i].document, fresh[i].vectors)
		return err
	}); err != nil {
		return err
	}
	s.write.Lock()
	defer s.write.Unlock()
	if err := s.oneModel(fresh); err != nil {
		return err
	}
	if err := s.change(ctx, put, len(kept), func(i int) []any { return kept[i].columns() }); err != nil {
		return s.explain("writing", err)
	}
	for _, a := range fresh {
		s.docs[a.document.ID] = a
	}
	s.publish()
	return nil
}

// Delete implements retrieval.Index.
func (s *Store) Delete(ctx context.Context, ids ...string) error {
	s.write.Lock()
	defer s.write.Unlock()
	const remove = `DELETE FROM documents WHERE id = ?`
	if err := s.change(ctx, remove, len(ids), func(i int) []any { return []any{ids[i]} }); err != nil {
		return s.explain("writing", err)
	}
	for _, id := range ids {
		delete(s.docs, id)
	}
	s.publish()
	return nil
}

// change runs a statement n times in one transaction. The file counts its changes:
// where it has had others than this Store knows of, another process has written, and
// what is in memory, the model of its vectors included, may no longer be what is in
// the file. The same stops a Store that was told that a commit failed which did not.
func (s *Store) change(ctx context.Context, statement string, n int, args func(int) []any) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	prepared, err := tx.PrepareContext(ctx, statement)
	if err != nil {
		return err
	}
	defer prepared.Close()
	for i := range n {
		if _, err := prepared.ExecContext(ctx, args(i)...); err != nil {
			return err
		}
	}
	const count = `UPDATE state SET generation = generation + 1, documents = (SELECT count(*) FROM documents) WHERE generation = ?`
	result, err := tx.ExecContext(ctx, count, s.generation)
	if err != nil {
		return err
	}
	if rows, err := result.RowsAffected(); err != nil || rows != 1 {
		return errors.Join(err, s.fault("it was changed by another process, nothing has been written", "open it again"))
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	s.generation++
	return nil
}

// batch is how many documents are read before they are analysed together.
const batch = 256

// load reads the whole file, as it is at one moment.
func (s *Store) load(ctx context.Context) error {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var sound string
	if err := tx.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&sound); err != nil {
		return err
	}
	if sound != "ok" {
		return s.fault("it is damaged ("+sound+")", restore)
	}
	var documents int
	if err := tx.QueryRowContext(ctx, `SELECT generation, documents FROM state`).Scan(&s.generation, &documents); err != nil {
		return err
	}
	rows, err := tx.QueryContext(ctx, `SELECT id, document, model, dimension, vectors, checksum FROM documents`)
	if err != nil {
		return err
	}
	defer rows.Close()
	s.write.Lock()
	defer s.write.Unlock()
	for kept := make([]stored, 0, batch); ; kept = kept[:0] {
		for len(kept) < batch && rows.Next() {
			kept = append(kept, stored{})
			if err := rows.Scan(kept[len(kept)-1].targets()...); err != nil {
				return err
			}
		}
		if err := s.revive(ctx, kept); err != nil {
			return err
		}
		if len(kept) < batch {
			break
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if len(s.docs) != documents {
		return s.fault(fmt.Sprintf("it is damaged (%d of its %d documents are there)", len(s.docs), documents), restore)
	}
	s.publish()
	return nil
}

// revive takes documents from the file into memory.
func (s *Store) revive(ctx context.Context, kept []stored) error {
	read := make([]analysed, len(kept))
	if err := parallel(ctx, len(kept), func(i int) error {
		d, v, err := kept[i].read()
		if err != nil {
			return s.fault(fmt.Sprintf("its document %q is damaged (%v)", kept[i].id, err), restore)
		}
		read[i], err = s.analyse(retrieval.Entry{Document: d})
		read[i].vectors = v
		return err
	}); err != nil {
		return err
	}
	for _, a := range read {
		s.docs[a.document.ID] = a
	}
	return nil
}

// parallel does the n parts of a work on all cores and returns the first error.
func parallel(ctx context.Context, n int, do func(int) error) error {
	errs := make([]error, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				errs[i] = do(i)
			}
		})
	}
	wg.Wait()
	for _, err := range append(errs, ctx.Err()) {
		if err != nil {
			return err
		}
	}
	return nil
}
