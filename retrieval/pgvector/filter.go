package pgvector

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"kakehashi/corpus"
	"kakehashi/retrieval"
)

// kept are the units that a filter keeps.
type kept struct {
	all   bool // it keeps every one
	units bitmap
	list  []int32
}

func (k kept) has(unit int32) bool { return k.all || k.units.has(unit) }

// filterValues are the parameters by which SQL filters; NULL keeps all.
func filterValues(f retrieval.Filter) []any {
	var asOf *time.Time
	if !f.AsOf.IsZero() {
		asOf = day(f.AsOf.Last())
	}
	return []any{texts(f.Jurisdictions), texts(f.Kinds), texts(f.Statuses), texts(f.Collections), texts(f.Topics), asOf}
}

func texts[T ~string](values []T) []string {
	var out []string
	for _, v := range values {
		out = append(out, string(v))
	}
	return out
}

const selectKept = `
SELECT units FROM documents
WHERE ($1::text[] IS NULL OR jurisdiction = ANY ($1)) AND ($2::text[] IS NULL OR kind = ANY ($2))
	AND ($3::text[] IS NULL OR status = ANY ($3)) AND ($4::text[] IS NULL OR collection = ANY ($4))
	AND ($5::text[] IS NULL OR topics && $5) AND ($6::date IS NULL OR published IS NULL OR published <= $6)`

// mostFilters is how many filters are remembered of one generation.
const mostFilters = 100

// keep finds the units that a filter keeps, once in a generation.
func (st *state) keep(ctx context.Context, tx pgx.Tx, f retrieval.Filter) (kept, error) {
	if len(f.Jurisdictions)+len(f.Kinds)+len(f.Statuses)+len(f.Collections)+len(f.Topics) == 0 && f.AsOf == (corpus.Date{}) {
		return kept{all: true}, nil
	}
	values := filterValues(f)
	name := fmt.Sprintf("%q", values[:5]) + f.AsOf.String()
	st.mutex.Lock()
	k, known := st.kept[name]
	st.mutex.Unlock()
	if known {
		return k, nil
	}
	rows, err := tx.Query(ctx, selectKept, values...)
	if err != nil {
		return kept{}, err
	}
	var units []int32
	if _, err := pgx.ForEachRow(rows, []any{&units}, func() error { k.list = append(k.list, units...); return nil }); err != nil {
		return kept{}, err
	}
	if k.all = len(k.list) == st.totals.units; k.all {
		k.list = nil
	}
	for _, u := range k.list {
		k.units.add(u)
	}
	st.mutex.Lock()
	defer st.mutex.Unlock()
	if len(st.kept) >= mostFilters {
		clear(st.kept)
	}
	st.kept[name] = k
	return k, nil
}
