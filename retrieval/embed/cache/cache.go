// Package cache keeps the vectors of an encoder in one SQLite file, so that a text
// is embedded once, whoever asks and however often. It stands between an encoder
// and what measures it: big sets take an hour to embed and a moment to read again.
// It returns what the encoder gave, bit for bit, and never a vector that it cannot
// vouch for.
package cache

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"kakehashi/retrieval/embed"
)

// batchSize is how many texts are embedded and committed at once: what a kill
// loses at most, some seconds of work, against one write to the disk a batch.
const batchSize = 32

// Cache implements embed.Embedder around another one. Any number of caches, in one
// process or several, may share a file.
type Cache struct {
	db      *sql.DB
	path    string
	encoder embed.Embedder
}

var _ embed.Embedder = (*Cache)(nil)

// key is the SHA-256 of a text.
type key [sha256.Size]byte

// Open opens the file at path, or makes it and its folder, and puts it before the
// encoder. The error is a *FileError where the file is damaged or not a cache.
func Open(ctx context.Context, path string, e embed.Embedder) (*Cache, error) {
	db, err := openFile(ctx, path)
	if err != nil {
		return nil, err
	}
	return &Cache{db: db, path: path, encoder: e}, nil
}

// Close closes the file. What has been embedded is in it already.
func (c *Cache) Close() error {
	if err := c.db.Close(); err != nil {
		return fmt.Errorf("closing the embedding cache %s: %w", c.path, err)
	}
	return nil
}

// Model implements embed.Embedder.
func (c *Cache) Model() string { return c.encoder.Model() }

// Dimension implements embed.Embedder.
func (c *Cache) Dimension() int { return c.encoder.Dimension() }

// Embed implements embed.Embedder: it reads the vectors that the file has and asks
// the encoder for the others. On an error, those embedded before it are kept. The
// error is a *FileError where the file holds something damaged.
func (c *Cache) Embed(ctx context.Context, kind embed.Kind, texts []string) ([][]float32, error) {
	return c.EmbedReporting(ctx, kind, texts, func(int, int) {})
}

// EmbedReporting is Embed for many texts: report hears of how many of the distinct
// texts the file holds the vector, at first and after each batch.
func (c *Cache) EmbedReporting(ctx context.Context, kind embed.Kind, texts []string, report func(done, total int)) ([][]float32, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	keys := make([]key, len(texts))
	text := make(map[key]string, len(texts))
	var distinct []key
	for i, t := range texts {
		keys[i] = sha256.Sum256([]byte(t))
		if _, seen := text[keys[i]]; !seen {
			text[keys[i]] = t
			distinct = append(distinct, keys[i])
		}
	}
	held, err := c.read(ctx, kind, distinct)
	if err != nil {
		return nil, err
	}
	missing := slices.DeleteFunc(slices.Clone(distinct), func(k key) bool { return held[k] != nil })
	report(len(held), len(distinct))
	for batch := range slices.Chunk(missing, batchSize) {
		fresh, err := c.make(ctx, kind, batch, text)
		if err != nil {
			return nil, err
		}
		for i, k := range batch {
			held[k] = fresh[i]
		}
		report(len(held), len(distinct))
	}
	out := make([][]float32, len(texts))
	given := make(map[key]bool, len(distinct))
	for i, k := range keys {
		out[i] = held[k]
		if given[k] { // whoever changes one vector must not change another
			out[i] = slices.Clone(out[i])
		}
		given[k] = true
	}
	return out, nil
}

// readAtOnce is how many vectors one query looks up.
const readAtOnce = 500

// read returns the vectors that the file has of the keys.
func (c *Cache) read(ctx context.Context, kind embed.Kind, keys []key) (map[key][]float32, error) {
	out := make(map[key][]float32, len(keys))
	for some := range slices.Chunk(keys, readAtOnce) {
		args := []any{c.Model(), kind.String()}
		for _, k := range some {
			args = append(args, k[:])
		}
		if err := c.readSome(ctx, kind, args, len(some), out); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err() // SQLite says "interrupted"
			}
			return nil, explain(c.path, "reading", err)
		}
	}
	return out, nil
}

func (c *Cache) readSome(ctx context.Context, kind embed.Kind, args []any, n int, out map[key][]float32) error {
	const query = `SELECT text, vector FROM vectors WHERE model = ? AND kind = ? AND text IN (?` // uses the table's key
	rows, err := c.db.QueryContext(ctx, query+strings.Repeat(", ?", n-1)+")", args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var text, stored sql.RawBytes
		if err := rows.Scan(&text, &stored); err != nil {
			return err
		}
		if len(text) != len(key{}) {
			return &FileError{c.path, fmt.Sprintf("is damaged: a key takes %d bytes", len(text)), remake}
		}
		k := key(text)
		if out[k], err = decode(k, stored, c.Dimension()); err != nil {
			return &FileError{c.path, fmt.Sprintf("the vector of %s %x… by %s %v", kind, k[:4], c.Model(), err), remake}
		}
	}
	return rows.Err()
}

// make embeds a batch and commits its vectors. Once embedded they are kept even if
// the caller has given up by then.
func (c *Cache) make(ctx context.Context, kind embed.Kind, batch []key, text map[key]string) ([][]float32, error) {
	texts := make([]string, len(batch))
	for i, k := range batch {
		texts[i] = text[k]
	}
	vectors, err := c.encoder.Embed(ctx, kind, texts)
	if err != nil {
		return nil, err
	}
	if len(vectors) != len(batch) {
		return nil, fmt.Errorf("the encoder %s gave %d vectors for %d texts", c.Model(), len(vectors), len(batch))
	}
	for i, v := range vectors {
		if err := check(v, c.Dimension()); err != nil {
			return nil, fmt.Errorf("the encoder %s gave for %.60q a vector that %w", c.Model(), texts[i], err)
		}
	}
	if err := c.write(context.WithoutCancel(ctx), kind, batch, vectors); err != nil {
		return nil, explain(c.path, "writing to", err)
	}
	return vectors, nil
}

func (c *Cache) write(ctx context.Context, kind embed.Kind, keys []key, vectors [][]float32) error {
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	insert, err := tx.PrepareContext(ctx, `INSERT OR IGNORE INTO vectors (model, kind, text, vector) VALUES (?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for i, k := range keys {
		if _, err := insert.ExecContext(ctx, c.Model(), kind.String(), k[:], encode(k, vectors[i])); err != nil {
			return err
		}
	}
	return tx.Commit()
}
