package postgres

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Server is a server of one test, on a port of 127.0.0.1. It asks for passwords and
// speaks TLS, by a certificate of its own. Its methods end the test where they fail.
type Server struct {
	t        testing.TB
	home     installation
	data     string // as the server sees it
	port     int
	password string
	settings []string
	process  *process // nil when it does not run
}

// Start makes a cluster and starts its server; both end with the test. Settings such
// as "max_connections=10" replace those of the package. Where KAKEHASHI_TEST_POSTGRES
// is not set the test is skipped.
//
// The cluster is not flushed to the disk (fsync=off). A server that is killed loses
// nothing by that, for what it has written is with the operating system; only a power
// cut would show the difference. A test that wants the disk says "fsync=on".
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s := &Server{t: t, home: installed(t), password: rand.Text(), settings: settings}
	s.data = s.home.folder(t)
	s.home.write(t, filepath.Join(s.data, "password"), s.password)
	cluster := filepath.Join(s.data, "cluster")
	s.client("initdb", "-D", cluster, "-U", "postgres", "-A", "scram-sha-256", "--pwfile="+filepath.Join(s.data, "password"),
		"-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	certificate, key := selfSigned(t)
	s.home.write(t, filepath.Join(cluster, "server.crt"), certificate)
	s.home.write(t, filepath.Join(cluster, "server.key"), key)
	s.startAnywhere()
	return s
}

// URL is the address of the server's database postgres, with its superuser.
func (s *Server) URL() string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword("postgres", s.password), Host: s.host(), Path: "/postgres", RawQuery: "sslmode=disable"}
	return u.String()
}

func (s *Server) host() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Certificate is the file of the certificate that the server shows, for sslrootcert.
// It is made out to 127.0.0.1.
func (s *Server) Certificate() string {
	return s.home.path(filepath.Join(s.data, "cluster", "server.crt"))
}

// Kill ends every process of the server at once, as a crash does.
func (s *Server) Kill() {
	s.t.Helper()
	s.end((*process).kill)
}

// Stop ends the server in an orderly way; open transactions are rolled back.
func (s *Server) Stop() {
	s.t.Helper()
	s.end((*process).stop)
}

func (s *Server) end(how func(*process) error) {
	s.t.Helper()
	if s.process == nil {
		s.t.Fatal("the server does not run")
	}
	p := s.process
	s.process = nil
	if err := how(p); err != nil {
		s.t.Fatalf("ending the server: %v", err)
	}
}

// Restart starts the server again after Kill or Stop, on the same port and data.
func (s *Server) Restart() {
	s.t.Helper()
	if s.process != nil {
		s.t.Fatal("the server runs")
	}
	if err := s.start(); err != nil {
		s.t.Fatal(err)
	}
}

// Standby starts a server that follows this one and may be read. From then on this
// server confirms a commit when the standby shows it, so that a test may look there
// at once; and waits for the standby if that one is gone.
func (s *Server) Standby() *Server {
	s.t.Helper()
	standby := &Server{t: s.t, home: s.home, password: s.password, settings: s.settings, data: s.home.folder(s.t)}
	s.client("pg_basebackup", "-D", filepath.Join(standby.data, "cluster"), "-d", s.URL(), "-R", "-X", "stream", "-c", "fast", "--no-sync")
	standby.startAnywhere()
	connected(s.t, s.URL(), func(ctx context.Context, conn *pgx.Conn) error {
		for _, statement := range []string{
			"ALTER SYSTEM SET synchronous_standby_names = '*'",
			"ALTER SYSTEM SET synchronous_commit = 'remote_apply'",
			"SELECT pg_reload_conf()",
		} {
			if _, err := conn.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	s.wait(func(ctx context.Context, conn *pgx.Conn) pgx.Row {
		return conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync') AND current_setting('synchronous_commit') = 'remote_apply'")
	})
	return standby
}

// Promote makes a standby a server of its own right, which may be written.
func (s *Server) Promote() {
	s.t.Helper()
	s.wait(func(ctx context.Context, conn *pgx.Conn) pgx.Row {
		return conn.QueryRow(ctx, "SELECT pg_promote(true)")
	})
}

// wait waits until a query of the server says true.
func (s *Server) wait(query func(context.Context, *pgx.Conn) pgx.Row) {
	s.t.Helper()
	connected(s.t, s.URL(), func(ctx context.Context, conn *pgx.Conn) error {
		for {
			var holds bool
			if err := query(ctx, conn).Scan(&holds); err != nil || holds {
				return err
			}
			if _, err := conn.Exec(ctx, "SELECT pg_sleep(0.01)"); err != nil {
				return err
			}
		}
	})
}

// client runs one of Postgres's programs to its end.
func (s *Server) client(name string, args ...string) {
	s.t.Helper()
	cmd := s.home.command(name, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// startAnywhere starts the server on a port that is free, and again if another program
// takes it in between.
func (s *Server) startAnywhere() {
	s.t.Helper()
	s.t.Cleanup(func() {
		if s.process != nil {
			s.Kill()
		}
	})
	var err error
	for range 5 {
		if s.port, err = freePort(); err == nil {
			err = s.start()
		}
		if err == nil {
			return
		}
	}
	s.t.Fatal(err)
}

// Ports outside the range from which Linux takes those of connections and of
// listeners that name none: nobody takes the server's port while it is down.
const firstPort, lastPort = 15_000, 32_000

func freePort() (int, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(lastPort-firstPort))
	if err != nil {
		return 0, err
	}
	port := firstPort + int(n.Int64())
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return 0, err
	}
	return port, l.Close()
}

// start starts the server and waits until it takes connections.
func (s *Server) start() error {
	args := []string{"-D", filepath.Join(s.data, "cluster"), "-p", strconv.Itoa(s.port)}
	for _, setting := range append([]string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "jit=off", "shared_buffers=32MB",
		"ssl=on", "lc_messages=C", "logging_collector=off", "log_destination=stderr",
	}, s.settings...) {
		args = append(args, "-c", setting)
	}
	cmd := s.home.command("postgres", args...)
	output, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	p, err := startProcess(cmd)
	if err != nil {
		return err
	}
	ready, log := make(chan struct{}), new(strings.Builder)
	p.reading.Go(func() {
		defer output.Close()
		once := sync.OnceFunc(func() { close(ready) })
		lines := bufio.NewReader(output)
		for {
			line, err := lines.ReadString('\n')
			log.WriteString(line)
			if strings.Contains(line, "ready to accept") {
				once()
			}
			if err != nil {
				return
			}
		}
	})
	select {
	case <-ready:
		s.process = p
		return nil
	case <-p.ended:
		p.reading.Wait()
		return fmt.Errorf("the server ends at once: %s", log)
	}
}

// installation is where the programs of Postgres are.
type installation struct {
	root string // to change into, or ""
	bin  string // as seen from there
}

func installed(t testing.TB) installation {
	t.Helper()
	place := os.Getenv(envServer)
	if place == "" {
		t.Skip(envServer + " is " + howToRun)
	}
	place = filepath.Clean(place)
	if _, err := os.Stat(filepath.Join(place, "initdb")); err == nil {
		return installation{bin: place}
	}
	found, _ := filepath.Glob(filepath.Join(place, "usr/lib/postgresql/*/bin/initdb"))
	if len(found) != 1 {
		t.Fatalf("%s holds no programs of Postgres; run e2e/postgres/run", envServer)
	}
	bin := filepath.Dir(found[0])
	if os.Getuid() != 0 {
		return installation{bin: bin}
	}
	return installation{root: place, bin: strings.TrimPrefix(bin, place)}
}

// account is who runs the server in a root of its own, where Postgres refuses to be
// run by the superuser.
const account = 5432

// folder makes a folder that goes when the test ends.
func (i installation) folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(i.path("/tmp"), "kakehashi-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	i.give(t, dir)
	return strings.TrimPrefix(dir, i.root)
}

// path is a file of the server as this process sees it.
func (i installation) path(file string) string { return filepath.Join(i.root, file) }

func (i installation) write(t testing.TB, file, content string) {
	t.Helper()
	if err := os.WriteFile(i.path(file), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	i.give(t, i.path(file))
}

func (i installation) give(t testing.TB, file string) {
	t.Helper()
	if i.root == "" {
		return
	}
	if err := os.Chown(file, account, account); err != nil {
		t.Fatal(err)
	}
}

func (i installation) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(i.bin, name), args...)
	cmd.Env = []string{"PATH=" + i.bin + ":/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	cmd.Dir = "/"
	i.confine(cmd)
	return cmd
}
