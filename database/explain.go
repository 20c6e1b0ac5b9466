package database

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// Error is a fault of a database in words for whoever runs it. It wraps what has
// caused it, where that cannot hold a password.
type Error struct {
	Fault  string // what is wrong
	Remedy string // what mends it
	cause  error
}

func (e *Error) Error() string { return e.Fault + "; " + e.Remedy }

func (e *Error) Unwrap() error { return e.cause }

// Explain turns what a query of the database has met into an *Error, where it is the
// database's fault and not the query's; other errors, and nil, it returns as they are.
func (db *DB) Explain(err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	var e *Error
	if db.Postgres() {
		e = db.explainPostgres(err)
	} else {
		e = db.explainSQLite(err)
	}
	if e == nil {
		return err
	}
	e.cause = err
	return e
}

func (db *DB) explainPostgres(err error) *Error {
	if e := db.explainBusy(err); e != nil {
		return e
	}
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		return explainAnswer(answer)
	}
	var connecting *pgconn.ConnectError
	if errors.As(err, &connecting) {
		return explainConnecting(connecting)
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return nil // the caller's own; the first is a net.Error, too
	}
	var network net.Error
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, pgconn.ErrConnClosed) || errors.As(err, &network) {
		return &Error{Fault: "the connection to the database broke off", Remedy: "try again; if it goes on, look at the server's log"}
	}
	return nil
}

// explainBusy tells a deadline that has passed in waiting for a connection of the pool
// from one that has passed in a query, which pgconn marks.
func (db *DB) explainBusy(err error) *Error {
	pool := db.Pool.Stat()
	if !errors.Is(err, context.DeadlineExceeded) || pgconn.Timeout(err) || pool.AcquiredConns() < pool.MaxConns() {
		return nil
	}
	return &Error{
		Fault:  fmt.Sprintf("all %d connections to the database were in use for too long", pool.MaxConns()),
		Remedy: "raise pool_max_conns in the address, within the server's max_connections",
	}
}

const (
	address   = "the address of the database"
	tryAgain  = "try again in a moment"
	migrateUp = "run kakehashi migrate up"
)

const (
	insufficientPrivilege = "42501"
	undefinedTable        = "42P01"
)

// explainAnswer explains an error that the server has sent, by its code
// (https://www.postgresql.org/docs/current/errcodes-appendix.html). Only messages that
// cannot repeat a value of a query are repeated.
func explainAnswer(answer *pgconn.PgError) *Error {
	said := func(fault, remedy string) *Error { return &Error{Fault: fault + ": " + answer.Message, Remedy: remedy} }
	switch answer.Code {
	case "28P01":
		return said("the database refuses the user or the password", "look at both in "+address+"; "+encodeMarks)
	case "28000":
		if strings.Contains(answer.Message, "no encryption") {
			return said("the database takes no connection without TLS", "write sslmode=verify-full in "+address)
		}
		return said("the database refuses the user", "look at the user in "+address+", and at the server's pg_hba.conf")
	case "3D000":
		return said("there is no such database", "create it, or look at the name in "+address)
	case "53300":
		return said("the database grants no more connections", "lower pool_max_conns in "+address+", or raise the server's max_connections")
	case "57P01", "57P02", "57P03":
		return said("the database is stopping or starting", tryAgain)
	case "25006":
		return said("the database is read-only", "name the primary server in "+address+", or all of them with target_session_attrs=read-write")
	case insufficientPrivilege:
		return said("the database does not allow this to the user of its address", "look at 'kakehashi migrate roles'")
	case undefinedTable, "42703", "42883": // the latter: column, function
		return said("the tables of the database are missing or of another version", migrateUp)
	case "57014":
		return said("the database took too long", tryAgain+", or raise statement_timeout in "+address)
	case "55P03":
		return said("another process of the database held a lock for too long", tryAgain)
	case "53100":
		return said("the disk of the database is full", "make room on the server")
	}
	return nil
}

// explainConnecting explains why there is no connection. With several hosts, the
// errors of all are joined; what the operator can do most about comes first.
func explainConnecting(err *pgconn.ConnectError) *Error {
	server := "the database server " + hosts(err.Config)
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var certificate x509.CertificateInvalidError
	var verification *tls.CertificateVerificationError
	var lookup *net.DNSError
	switch {
	case errors.Is(err, pgconn.ErrReadOnlyConnection), errors.Is(err, pgconn.ErrStandbyConnection):
		return &Error{Fault: server + " takes no writes: it is read-only or a standby", Remedy: "name the primary server in " + address}
	case errors.Is(err, pgconn.ErrReadWriteConnection), errors.Is(err, pgconn.ErrPrimaryConnection):
		return &Error{Fault: server + " is no standby", Remedy: "look at target_session_attrs in " + address}
	case strings.Contains(err.Error(), "server refused TLS connection"):
		return &Error{Fault: server + " speaks no TLS", Remedy: "turn on ssl there, or write sslmode=disable in " + address + " if the way to it is safe without"}
	case errors.As(err, &unknown):
		return &Error{Fault: server + " shows a certificate of an unknown authority", Remedy: "name the authority's certificate by sslrootcert=FILE in " + address}
	case errors.As(err, &name):
		return &Error{Fault: server + " shows a certificate for another name", Remedy: "write the host in " + address + " as the certificate has it"}
	case errors.As(err, &certificate), errors.As(err, &verification):
		return &Error{Fault: server + " shows a certificate that is not valid, or no longer", Remedy: "renew it on the server"}
	case errors.As(err, &lookup):
		return &Error{Fault: server + " is not found: " + lookup.Err, Remedy: "look at the host in " + address}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &Error{Fault: server + " is down: nothing listens there", Remedy: "start it, or look at host and port in " + address}
	case errors.Is(err, context.Canceled):
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Fault: server + " does not answer in time", Remedy: "look at host and port in " + address + ", and at the firewall on the way"}
	}
	return &Error{Fault: server + " cannot be reached: " + last(err).Error(), Remedy: "look at host and port in " + address}
}

// hosts are the places that a connection is tried at, each once.
func hosts(config *pgconn.Config) string {
	var out []string
	for _, place := range append([]*pgconn.FallbackConfig{{Host: config.Host, Port: config.Port}}, config.Fallbacks...) {
		name := net.JoinHostPort(place.Host, fmt.Sprint(place.Port))
		if len(out) == 0 || out[len(out)-1] != name {
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}

// last is the innermost cause, which names no address.
func last(err error) error {
	for {
		var inner error
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			inner = e.Unwrap()
		case interface{ Unwrap() []error }:
			inner = e.Unwrap()[0]
		}
		if inner == nil {
			return err
		}
		err = inner
	}
}
