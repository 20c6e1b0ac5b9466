package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"kakehashi/corpus"
	"kakehashi/database"
	"kakehashi/retrieval/embed"
)

const (
	migrateUp = "run kakehashi migrate up"
	rolesHelp = "see 'kakehashi migrate roles', and run kakehashi migrate up as the owner"
)

func (d *doctor) database(ctx context.Context, lib *corpus.Library, encoder embed.Embedder) {
	if database.IsPostgres(databaseAddress()) {
		d.postgres(ctx, lib, encoder)
	} else {
		d.sqlite(ctx)
	}
}

// sqlite checks the file, which is not made here.
func (d *doctor) sqlite(ctx context.Context) {
	path := databaseAddress()
	if path == "" {
		d.warn("database", "there is no folder for it", "set "+envDatabase+", or HOME")
		return
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		d.ok("database", "none yet: questions need none; kakehashi migrate up would make %s", path)
		return
	}
	db, err := openDatabase(ctx)
	if err != nil {
		d.failed("database", err, "look at "+path)
		return
	}
	defer db.Close()
	var result string
	if err := db.SQL.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&result); err != nil {
		d.failed("database", db.Explain(err), "look at "+path)
		return
	}
	if result != "ok" {
		d.fault("database", path+" is damaged: "+result, "restore it from a copy")
		return
	}
	d.ok("database", "SQLite, %s", path)
	d.tables(ctx, db)
}

// tables reports whether the tables are those of this program.
func (d *doctor) tables(ctx context.Context, db *database.DB) bool {
	if err := db.Check(ctx); err != nil {
		d.failed("tables", err, migrateUp)
		return false
	}
	d.ok("tables", "up to date")
	return true
}

// serverPatience bounds the checks of a database.
const serverPatience = 30 * time.Second

func (d *doctor) postgres(ctx context.Context, lib *corpus.Library, encoder embed.Embedder) {
	ctx, cancel := context.WithTimeout(ctx, serverPatience)
	defer cancel()
	db, err := openDatabase(ctx)
	if err != nil {
		d.failed("database", err, "look at "+envDatabase)
		return
	}
	defer db.Close()
	s, err := readServer(ctx, db, d.now)
	if err != nil {
		d.failed("database", db.Explain(err), "look at "+envDatabase)
		return
	}
	d.ok("database", "PostgreSQL %s, database %s, role %s", s.version, s.database, s.role)
	d.server(s)
	d.protection(db, s)
	switch version, err := db.Vector(ctx); {
	case err != nil:
		d.failed("pgvector", err, migrateUp)
	case version == "":
		d.warn("pgvector", "is there and not yet made an extension of the database", migrateUp)
	default:
		d.ok("pgvector", "%s", version)
	}
	if !d.tables(ctx, db) {
		return
	}
	d.rights(ctx, db)
	d.index(ctx, db, s.memory, lib, encoder)
}

// server is what a server says of itself.
type server struct {
	version, database, role                   string
	number, mostConns, reserved, inUse        int
	readOnly, recovering, encrypted, loopback bool
	memory                                    memory
	ahead                                     time.Duration
}

const selectServer = `
SELECT current_setting('server_version'), current_database(), current_user, current_setting('server_version_num')::int,
	current_setting('max_connections')::int, current_setting('superuser_reserved_connections')::int,
	(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()),
	current_setting('transaction_read_only')::bool, pg_is_in_recovery(),
	coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
	coalesce(inet_server_addr() <<= '127.0.0.0/8' OR inet_server_addr() = '::1', true),
	pg_size_bytes(current_setting('shared_buffers')), pg_size_bytes(current_setting('work_mem')), pg_size_bytes(current_setting('maintenance_work_mem')),
	clock_timestamp()`

func readServer(ctx context.Context, db *database.DB, now func() time.Time) (s server, err error) {
	var clock time.Time
	if err := db.SQL.PingContext(ctx); err != nil { // so that the connecting does not count
		return s, err
	}
	before := now()
	err = db.SQL.QueryRowContext(ctx, selectServer).Scan(&s.version, &s.database, &s.role, &s.number, &s.mostConns, &s.reserved, &s.inUse,
		&s.readOnly, &s.recovering, &s.encrypted, &s.loopback, &s.memory.buffers, &s.memory.work, &s.memory.maintenance, &clock)
	after := now()
	s.ahead = clock.Sub(before.Add(after.Sub(before) / 2))
	return s, err
}

// What is still well: leases and the order of a thread bear a small difference.
const (
	oldestServer = 15_00_00
	mostAhead    = 30 * time.Second
)

func (d *doctor) server(s server) {
	if s.number < oldestServer {
		d.fault("server", "PostgreSQL "+s.version+" is too old", "move to PostgreSQL 15 or newer")
	}
	switch {
	case s.recovering:
		d.warn("writing", "the server is a standby: nothing can be written to it", "name the primary in "+envDatabase+", or all hosts with target_session_attrs=read-write")
	case s.readOnly:
		d.warn("writing", "the database is read-only for this role", "look at default_transaction_read_only of role, database and address")
	}
	if s.ahead.Abs() > mostAhead {
		d.warn("clock", fmt.Sprintf("the server's clock and this machine's differ by %s", s.ahead.Abs().Round(time.Second)), "set both by NTP")
	} else {
		d.ok("clock", "the server's and this machine's agree")
	}
}

// protection tells what of the connection others could read or pretend.
func (d *doctor) protection(db *database.DB, s server) {
	config := db.Pool.Config().ConnConfig.TLSConfig
	switch {
	case s.encrypted && config != nil && config.InsecureSkipVerify && config.VerifyPeerCertificate == nil:
		d.warn("TLS", "the connection is encrypted, but to whom is not checked", "write sslmode=verify-full in "+envDatabase)
	case s.encrypted:
		d.ok("TLS", "the connection is encrypted, and the server's certificate is checked")
	case s.loopback:
		d.ok("TLS", "none, and none needed: the server is on this machine")
	default:
		d.warn("TLS", "the connection is not encrypted: texts can be read on the way", "write sslmode=verify-full in "+envDatabase)
	}
	pool := int(db.Pool.Config().MaxConns)
	grants := s.mostConns - s.reserved
	switch {
	case pool > grants:
		d.fault("connections", fmt.Sprintf("the program may take %d, and the server grants %d", pool, grants), fmt.Sprintf("write pool_max_conns=%d in %s, or raise the server's max_connections", max(1, grants/2), envDatabase))
	case pool+s.inUse > grants:
		d.warn("connections", fmt.Sprintf("the program may take %d; of the %d that the server grants, others hold %d", pool, grants, s.inUse), "lower pool_max_conns in "+envDatabase+", or raise the server's max_connections")
	default:
		d.ok("connections", "the program may take %d of %d; others hold %d", pool, grants, s.inUse)
	}
}

func (d *doctor) rights(ctx context.Context, db *database.DB) {
	r, err := db.Rights(ctx)
	switch {
	case err != nil:
		d.failed("rights", err, rolesHelp)
	case len(r.Unread) > 0:
		d.fault("rights", "the role "+r.Role+" may not read "+strings.Join(r.Unread, ", "), rolesHelp)
	case len(r.Unwritten) > 0:
		d.fault("rights", "the role "+r.Role+" may not write "+strings.Join(r.Unwritten, ", "), rolesHelp)
	case r.Superuser:
		d.warn("rights", "the role "+r.Role+" is a superuser, which may do far more than this program needs", "see 'kakehashi migrate roles'")
	case r.Owner:
		d.ok("rights", "the role %s reads and writes all tables, and may change them", r.Role)
	default:
		d.ok("rights", "the role %s reads the index and writes what is remembered", r.Role)
	}
}
