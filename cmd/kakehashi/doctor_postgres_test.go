package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"kakehashi/corpus"
	"kakehashi/database"
	"kakehashi/e2e/postgres"
	"kakehashi/retrieval/embed/e5"
)

func perform(t *testing.T, db *database.DB, statement string) {
	t.Helper()
	if _, err := db.SQL.ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func TestDoctorOnPostgresFollowsAnInstallation(t *testing.T) {
	u, err := url.Parse(postgres.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(u.User.Username(), "geheim")
	onlyWith(t, envDatabase+"="+u.String())
	found := ofDatabase(t)
	wantFinding(t, found, "pgvector", unsafe, "not yet made", "kakehashi migrate up")
	wantFinding(t, found, "tables", faulty, "no tables yet", "kakehashi migrate up")
	if code, _, stderr := again("migrate", "up"); code != exitOK {
		t.Fatal(stderr)
	}
	wantFinding(t, ofDatabase(t), "index", faulty, "no documents", "kakehashi corpus push")
	lib := loaded(t)
	var printed bytes.Buffer
	if err := push(t.Context(), lib.Glossary, corpus.Shipped, lib.Documents, &printed, &printed); err != nil {
		t.Fatal(err)
	}
	found = examined(t)
	withoutFaults(t, found)
	for _, check := range []string{"library", "vectors", "encoder", "database", "clock", "TLS", "connections", "pgvector", "tables", "index", "embeddings", "graph", "memory"} {
		wantFinding(t, found, check, sound, "", "")
	}
	wantFinding(t, found, "rights", unsafe, "superuser", "kakehashi migrate roles")
	if content, err := json.Marshal(found); err != nil || bytes.Contains(content, []byte("geheim")) {
		t.Errorf("the password is in %s: %v", content, err)
	}

	db, err := openDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for _, c := range []struct {
		harm, check  string
		status       status
		what, remedy string
		mend         string
	}{
		{"UPDATE index_state SET fingerprint = fingerprint || 'x'", "index", faulty, "another version of the program", "kakehashi corpus push", "UPDATE index_state SET fingerprint = left(fingerprint, -1)"},
		{"UPDATE documents SET collection = 'other' WHERE id = 'us-ear-734-8'", "index", unsafe, "180 documents of the library, which has 181", "kakehashi corpus push", "UPDATE documents SET collection = 'library'"},
		{"UPDATE spaces SET model = 'another'", "embeddings", faulty, "of the encoder another", "kakehashi corpus push", ""},
		{"UPDATE spaces SET model = '" + e5.New().Model() + "', dimension = 383", "embeddings", faulty, "383 values", "kakehashi corpus push", "UPDATE spaces SET dimension = 384"},
		{"SELECT index_space(1, 384)", "graph", sound, "MB", "", ""},
		{"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'embeddings_1_graph'::regclass", "graph", faulty, "not valid", "REINDEX INDEX embeddings_1_graph", "REINDEX INDEX embeddings_1_graph"},
		{"DROP INDEX embeddings_1_graph", "graph", faulty, "is gone", "SELECT index_space(1, 384)", "SELECT index_space(1, 384)"},
		{"UPDATE index_state SET space = NULL", "embeddings", faulty, "there are none", "kakehashi corpus push", "UPDATE index_state SET space = 1"},
		{"DELETE FROM goose_db_version WHERE version_id = 4", "tables", faulty, "1 of 4 migrations", "kakehashi migrate up", "INSERT INTO goose_db_version (version_id, is_applied) VALUES (4, true)"},
	} {
		perform(t, db, c.harm)
		wantFinding(t, ofDatabase(t), c.check, c.status, c.what, c.remedy)
		if c.mend != "" {
			perform(t, db, c.mend)
		}
	}
	withoutFaults(t, ofDatabase(t))

	t.Setenv(envDatabase, u.String()+"?work_mem=1MB")
	wantFinding(t, ofDatabase(t), "memory", unsafe, "work_mem is 1 MB", "raise work_mem")
}

func TestDoctorOnPostgresKnowsTheRoles(t *testing.T) {
	server := postgres.Start(t)
	admin, err := database.Open(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })
	perform(t, admin, database.Roles)
	as := func(role string, settings url.Values) string {
		perform(t, admin, "ALTER ROLE "+role+" PASSWORD 'p'")
		u, err := url.Parse(server.URL())
		if err != nil {
			t.Fatal(err)
		}
		u.User, u.RawQuery = url.UserPassword(role, "p"), settings.Encode()
		return u.String()
	}
	checked, unchecked := url.Values{"sslmode": {"verify-full"}, "sslrootcert": {server.Certificate()}}, url.Values{"sslmode": {"require"}}
	onlyWith(t, envDatabase+"="+as("kakehashi_owner", checked))
	if code, _, stderr := again("migrate", "up"); code != exitOK {
		t.Fatal(stderr)
	}
	found := ofDatabase(t)
	wantFinding(t, found, "rights", sound, "may change them", "")
	wantFinding(t, found, "TLS", sound, "certificate is checked", "")
	t.Setenv(envDatabase, as("kakehashi_app", unchecked))
	found = ofDatabase(t)
	wantFinding(t, found, "rights", sound, "reads the index and writes what is remembered", "")
	wantFinding(t, found, "TLS", unsafe, "to whom is not checked", "verify-full")
	t.Setenv(envDatabase, as("kakehashi_reader", checked))
	found = ofDatabase(t)
	wantFinding(t, found, "rights", faulty, "may not write answers, ", "kakehashi migrate roles")
	wantFinding(t, found, "writing", unsafe, "read-only for this role", "")
	perform(t, admin, "REVOKE SELECT ON documents FROM kakehashi_app")
	t.Setenv(envDatabase, as("kakehashi_app", checked))
	wantFinding(t, ofDatabase(t), "rights", faulty, "may not read documents", "kakehashi migrate roles")
	server.Stop()
	wantFinding(t, ofDatabase(t), "database", faulty, "is down", "start it")
}

func TestPostgresStandbyAnswersAndTakesNoWrites(t *testing.T) {
	server := postgres.Start(t)
	onlyWith(t, envDatabase+"="+server.URL())
	for _, args := range [][]string{{"migrate", "up"}, {"corpus", "push"}} {
		if code, _, stderr := again(args...); code != exitOK {
			t.Fatal(stderr)
		}
	}
	t.Setenv(envDatabase, server.Standby().URL())
	if code, stdout, stderr := again("ask", phaseTwo); code != exitOK || !strings.Contains(stdout, "10 November 2026") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
	found := ofDatabase(t)
	withoutFaults(t, found)
	wantFinding(t, found, "writing", unsafe, "standby", "target_session_attrs=read-write")
	if code, _, stderr := again("corpus", "push"); code != exitFailure || !strings.Contains(stderr, "read-only") {
		t.Errorf("a push: exit %d: %s", code, stderr)
	}
}
