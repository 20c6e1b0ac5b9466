package state

import (
	"context"
	"time"
)

const (
	sweepEvents     = `DELETE FROM events WHERE key IN (SELECT key FROM events WHERE expires <= $1 ORDER BY expires LIMIT $2)`
	sweepOnce       = `DELETE FROM once WHERE key IN (SELECT key FROM once WHERE at < $1 ORDER BY at LIMIT $2)`
	sweepTurns      = `DELETE FROM turns WHERE seq IN (SELECT seq FROM turns WHERE at < $1 ORDER BY at LIMIT $2)`
	sweepDeliveries = `DELETE FROM deliveries WHERE seq IN (SELECT seq FROM deliveries WHERE finished > 0 AND finished < $1 ORDER BY finished LIMIT $2)`
	sweepAnswers    = blankAnswers + `id IN (SELECT id FROM answers WHERE erased = 0 AND at < $3 ORDER BY at LIMIT $4)`
)

// sweepBatch is how many rows a transaction of Sweep deletes: others do not wait for it.
const sweepBatch = 500

// Sweep deletes what is kept no longer (Options.Retention). Several replicas may sweep at
// once.
func (s *Store) Sweep(ctx context.Context) (Report, error) {
	o := s.options.Retention
	report := Report{}
	for _, part := range []struct {
		table string
		kept  time.Duration
		sweep func(t *Tx, now, before int64) (int64, error)
	}{
		{"events", 0, func(t *Tx, now, _ int64) (int64, error) {
			return t.changed(t.sql.ExecContext(t.Context(), sweepEvents, now, sweepBatch))
		}},
		{"once", o.Once, func(t *Tx, _, before int64) (int64, error) {
			return t.changed(t.sql.ExecContext(t.Context(), sweepOnce, before, sweepBatch))
		}},
		{"turns", o.Turns, func(t *Tx, _, before int64) (int64, error) {
			return t.changed(t.sql.ExecContext(t.Context(), sweepTurns, before, sweepBatch))
		}},
		{"deliveries", o.Deliveries, func(t *Tx, _, before int64) (int64, error) {
			return t.changed(t.sql.ExecContext(t.Context(), sweepDeliveries, before, sweepBatch))
		}},
		{"answers", o.Answers, func(t *Tx, now, before int64) (int64, error) {
			n, err := t.changed(t.sql.ExecContext(t.Context(), sweepAnswers, now, t.token, before, sweepBatch))
			if err != nil {
				return 0, err
			}
			return n, t.eraseEvidence(report)
		}},
	} {
		if part.kept == 0 && part.table != "events" { // a key of an event knows itself when it expires
			continue
		}
		for n := int64(sweepBatch); n == sweepBatch; {
			if err := s.Update(ctx, func(t *Tx) error {
				now, err := t.now()
				if err != nil {
					return err
				}
				n, err = part.sweep(t, now, now-part.kept.Microseconds())
				t.erased = t.erased || n > 0
				return err
			}); err != nil {
				return report, err
			}
			report[part.table] += n
		}
	}
	return report, nil
}
