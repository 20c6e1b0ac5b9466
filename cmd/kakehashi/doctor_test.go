package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"

	"kakehashi/corpus"
	"kakehashi/corpus/library"
	"kakehashi/database"
	"kakehashi/retrieval/embed/e5"
)

// onlyWith leaves a test nothing of this machine's settings, and sets some.
func onlyWith(t *testing.T, settings ...string) {
	t.Helper()
	for _, name := range append(ownSettings, envDatabase) {
		t.Setenv(name, "")
	}
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		t.Setenv(name, value)
	}
}

// examined are the findings of doctor --json.
func examined(t *testing.T) []finding {
	t.Helper()
	code, stdout, stderr := again("doctor", "--json")
	var out []finding
	if err := json.Unmarshal([]byte(stdout), &out); err != nil {
		t.Fatalf("%v: %s%s", err, stdout, stderr)
	}
	faults := slices.ContainsFunc(out, func(f finding) bool { return f.Status == faulty })
	if faults && code != exitFailure || !faults && code != exitOK {
		t.Errorf("exit %d with %v", code, out)
	}
	return out
}

// ofDatabase are the findings about the database alone, of the built-in encoder.
func ofDatabase(t *testing.T) []finding {
	t.Helper()
	d := &doctor{now: time.Now}
	d.database(t.Context(), loaded(t), e5.New())
	return d.findings
}

var loading = sync.OnceValues(func() (*corpus.Library, error) { return corpus.Load(library.Files) })

func loaded(t *testing.T) *corpus.Library {
	t.Helper()
	lib, err := loading()
	if err != nil {
		t.Fatal(err)
	}
	return lib
}

// wantFinding wants a check to have found something, and to say what mends it.
func wantFinding(t *testing.T, in []finding, check string, s status, what, remedy string) {
	t.Helper()
	for _, f := range in {
		if f.Check == check && f.Status == s && strings.Contains(f.What, what) && strings.Contains(f.Remedy, remedy) {
			return
		}
	}
	t.Errorf("no %s of %s with %q and %q in %v", s, check, what, remedy, in)
}

func withoutFaults(t *testing.T, in []finding) {
	t.Helper()
	for _, f := range in {
		if f.Status == faulty {
			t.Errorf("%s: %s; %s", f.Check, f.What, f.Remedy)
		}
	}
}

func TestDoctorFindsNoFaultInABareInstallation(t *testing.T) {
	onlyWith(t, envContact+"=research-security@example.org")
	code, stdout, stderr := again("doctor")
	if code != exitOK || stderr != "" {
		t.Fatalf("exit %d: %s%s", code, stdout, stderr)
	}
	var checks []string
	for line := range strings.Lines(stdout) {
		if runewidth.StringWidth(strings.TrimRight(line, "\n")) > 80 {
			t.Errorf("more than 80 columns: %s", line)
		}
		if strings.HasPrefix(line, " ") {
			continue
		}
		word, check, _ := strings.Cut(line, " ")
		check, _, _ = strings.Cut(strings.TrimSpace(check), ":")
		if word != string(sound) {
			t.Errorf("not ok: %s", line)
		}
		checks = append(checks, check)
	}
	if want := []string{"library", "vectors", "encoder", "settings", "database"}; !slices.Equal(checks, want) {
		t.Errorf("checked %q, want %q", checks, want)
	}
	if files, err := os.ReadDir(os.Getenv("XDG_DATA_HOME")); err != nil || len(files) > 0 {
		t.Errorf("the doctor has made %v: %v", files, err)
	}
}

func TestDoctorReadsSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		environment  []string
		what, remedy string
	}{
		"a misspelt one":           {[]string{"KAKEHASHI_EMBEDINGS_URL=http://x"}, "KAKEHASHI_EMBEDINGS_URL is no setting", "spelling"},
		"one without effect":       {[]string{envModel + "=m", envURL + "="}, envModel + " has no effect", "unset"},
		"nobody to ask":            {nil, "names nobody to ask", "set KAKEHASHI_CONTACT"},
		"those of the tests apart": {[]string{"KAKEHASHI_TEST_POSTGRES=x", envContact + "=c"}, "", ""},
		"all well":                 {[]string{"HOME=/x", envContact + "=c", envURL + "=u", envModel + "=m"}, "", ""},
	} {
		d := &doctor{}
		d.settings(c.environment)
		if c.what == "" {
			wantFinding(t, d.findings, "settings", sound, "", "")
			continue
		}
		wantFinding(t, d.findings, "settings", unsafe, c.what, c.remedy)
		if strings.Contains(name, "misspelt") && len(d.findings) != 2 {
			t.Errorf("%s: %v", name, d.findings)
		}
	}
}

func TestDoctorTriesTheEmbeddingsServer(t *testing.T) {
	server, _ := embeddings(t, 64)
	onlyWith(t, envURL+"="+server.URL+"/v1", envModel+"=words", envKey+"=sk-not-to-be-seen", envDimension+"=64")
	wantFinding(t, examined(t), "encoder", sound, "words@64, on a server, 64 values", "")

	t.Setenv(envDimension, "65")
	wantFinding(t, examined(t), "encoder", faulty, "65", envURL)
	t.Setenv(envDimension, "many")
	wantFinding(t, examined(t), "encoder", faulty, envDimension, envURL)
	t.Setenv(envDimension, "")
	server.Close()
	found := examined(t)
	wantFinding(t, found, "encoder", faulty, "", "only words are searched")
	if content, err := json.Marshal(found); err != nil || bytes.Contains(content, []byte("sk-not")) {
		t.Errorf("the key is in %s: %v", content, err)
	}
}

func TestDoctorLooksAtTheSQLiteFile(t *testing.T) {
	onlyWith(t)
	db, err := openDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantFinding(t, ofDatabase(t), "tables", faulty, "no tables yet", "kakehashi migrate up")
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	found := ofDatabase(t)
	withoutFaults(t, found)
	wantFinding(t, found, "tables", sound, "up to date", "")
	if _, err := db.SQL.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)"); err != nil {
		t.Fatal(err)
	}
	wantFinding(t, ofDatabase(t), "tables", faulty, "newer program", "install")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(databaseAddress(), bytes.Repeat([]byte("no database"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	wantFinding(t, ofDatabase(t), "database", faulty, "is no database", "name another file")
}

func TestDoctorNeverPrintsThePassword(t *testing.T) {
	for _, address := range []string{
		"postgres://kake:geheim@127.0.0.1:1/x", "postgres://kake:geheim@zwei@127.0.0.1:1/x", "postgres://kake:geheim/x@127.0.0.1:1/x",
		"postgres://kake:geheim@127.0.0.1:1/x?sslmode=geheim", "mysql://kake:geheim@127.0.0.1/x", "host=127.0.0.1 password=geheim",
	} {
		onlyWith(t, envDatabase+"="+address)
		found := ofDatabase(t)
		wantFinding(t, found, "database", faulty, "", "")
		if content, err := json.Marshal(found); err != nil || bytes.Contains(content, []byte("geheim")) {
			t.Errorf("%s: %s: %v", address, content, err)
		}
	}
}

func TestDoctorJudgesWhatAServerSays(t *testing.T) {
	t.Parallel()
	away := "postgres://kake:x@db.example.org/x?sslmode="
	for _, c := range []struct {
		address      string
		server       server
		check        string
		status       status
		what, remedy string
	}{
		{away + "disable", server{number: 14_00_09, version: "14.9"}, "server", faulty, "14.9 is too old", "PostgreSQL 15"},
		{away + "disable", server{recovering: true, readOnly: true}, "writing", unsafe, "standby", "target_session_attrs=read-write"},
		{away + "disable", server{readOnly: true}, "writing", unsafe, "read-only", "default_transaction_read_only"},
		{away + "disable", server{ahead: -time.Hour}, "clock", unsafe, "differ by 1h0m0s", "NTP"},
		{away + "disable", server{ahead: time.Second}, "clock", sound, "agree", ""},
		{away + "disable", server{}, "TLS", unsafe, "not encrypted", "sslmode=verify-full"},
		{away + "disable", server{loopback: true}, "TLS", sound, "none needed", ""},
		{away + "require", server{encrypted: true}, "TLS", unsafe, "is not checked", "sslmode=verify-full"},
		{away + "prefer", server{encrypted: true}, "TLS", unsafe, "is not checked", "sslmode=verify-full"},
		{away + "verify-full", server{encrypted: true}, "TLS", sound, "is checked", ""},
		{away + "disable&pool_max_conns=98", server{mostConns: 100, reserved: 3}, "connections", faulty, "take 98, and the server grants 97", "pool_max_conns=48"},
		{away + "disable", server{mostConns: 100, reserved: 3, inUse: 82}, "connections", unsafe, "others hold 82", "lower pool_max_conns"},
		{away + "disable", server{mostConns: 100, reserved: 3, inUse: 81}, "connections", sound, "16 of 97", ""},
	} {
		db, err := database.Open(t.Context(), c.address)
		if err != nil {
			t.Fatal(err)
		}
		d := &doctor{}
		d.server(c.server)
		d.protection(db, c.server)
		wantFinding(t, d.findings, c.check, c.status, c.what, c.remedy)
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestDatabaseAddressFollowsTheSystem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		system string
		env    map[string]string
		want   string
	}{
		{"linux", map[string]string{"HOME": "/home/x"}, "/home/x/.local/share"},
		{"linux", map[string]string{"HOME": "/home/x", "XDG_DATA_HOME": "/data"}, "/data"},
		{"linux", map[string]string{"HOME": "/home/x", "XDG_DATA_HOME": "relative"}, "/home/x/.local/share"},
		{"linux", nil, ""},
		{"darwin", map[string]string{"HOME": "/Users/x", "XDG_DATA_HOME": "/data"}, "/Users/x/Library/Application Support"},
		{"windows", map[string]string{"LocalAppData": `C:\Users\x\AppData\Local`, "HOME": "/x"}, `C:\Users\x\AppData\Local`},
	} {
		if got := dataFolder(c.system, func(name string) string { return c.env[name] }); filepath.ToSlash(got) != filepath.ToSlash(c.want) {
			t.Errorf("%s, %v: %q, want %q", c.system, c.env, got, c.want)
		}
	}
}
