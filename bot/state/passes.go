package state

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

// passes reports whether a fault of the database is one that passes by itself: then the
// transaction is repeated.
func (s *Store) passes(err error) bool {
	if errors.Is(err, driver.ErrBadConn) {
		return true
	}
	if s.db.Postgres() {
		return passesPostgres(err)
	}
	var answer *sqlite.Error
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.Code() & 0xff {
	case sqlitelib.SQLITE_BUSY, sqlitelib.SQLITE_LOCKED:
		return true
	}
	return false
}

// passesPostgres goes by the server's code where it has answered
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
func passesPostgres(err error) bool {
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		switch answer.Code {
		case "57P01", "57P02", "57P03", // it stops, has crashed, starts
			"53300",                   // too many connections
			"25006",                   // read-only: a standby that is not yet promoted
			"40001", "40P01", "55P03": // another transaction was in the way
			return true
		}
		return strings.HasPrefix(answer.Code, "08") // the connection
	}
	var connecting *pgconn.ConnectError
	if errors.As(err, &connecting) {
		return true
	}
	if pgconn.Timeout(err) || errors.Is(err, context.Canceled) {
		return false
	}
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, pgconn.ErrConnClosed)
}
