package database

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// texts are what an error and all that it wraps say.
func texts(err error) []string {
	if err == nil {
		return nil
	}
	out := []string{err.Error(), fmt.Sprintf("%+v", err)}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		out = append(out, texts(e.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			out = append(out, texts(inner)...)
		}
	}
	return out
}

func TestNoErrorRepeatsAPassword(t *testing.T) {
	t.Parallel()
	for _, mark := range strings.Split(`@ : / ? # % %% %2 %zz [ ] & = ' " \ , ; $ | < > { } ^ * + ! ~ 秘 1/ 1? @: :@ @/ /@ ?a=b@ \n`, " ") {
		for _, form := range []string{
			"postgres://kake:%s@127.0.0.1:1/name",
			"postgres://kake:%s@127.0.0.1:1,127.0.0.1:2/name?sslmode=disable",
			"postgresql://kake:%s@127.0.0.1/name?port=1",
			"postgres://kake:%s@127.0.0.1:seven/name",
			"postgres://kake:%s@127.0.0.1:1/name?sslmode=sometimes",
			"postgres://kake:%s@127.0.0.1:1/name?sslrootcert=/does/not/exist",
			"postgres://kake:%s@127.0.0.1:1/name?pool_max_conns=few",
			"postgres://kake:%s@[127.0.0.1:1/name",
			"postgres://127.0.0.1:1/name?user=kake&password=%s",
			"postgres:/kake:%s@127.0.0.1:1/name",
			" postgres://kake:%s@127.0.0.1:1/name",
			"Postgres://kake:%s@127.0.0.1:1/name",
			"mysql://kake:%s@127.0.0.1:1/name",
			"host=127.0.0.1 port=1 user=kake password=%s dbname=name",
		} {
			// Both halves are looked for: a mark may cut the password in two.
			address := fmt.Sprintf(form, "geheim"+mark+"wort")
			db, err := Open(t.Context(), address)
			if err == nil {
				err = db.Explain(db.SQL.PingContext(t.Context()))
				db.Close()
			}
			if err == nil {
				t.Errorf("%s: no error", address)
			}
			for _, text := range texts(err) {
				if strings.Contains(text, "geheim") || strings.Contains(text, "wort") {
					t.Errorf("%s: the password is in %q", address, text)
				}
			}
		}
	}
}

func TestAMalformedAddressIsRefusedWithTheFormThatIsWanted(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"":                                     "empty",
		" \n":                                  "empty",
		"mysql://localhost/x":                  "neither of Postgres nor a path",
		"host=localhost dbname=x":              "neither of Postgres nor a path",
		"postgres:/localhost/x":                "neither of Postgres nor a path",
		"postgres://u:a@b@localhost/x":         "%40",
		"postgres://u:1/b@localhost/x":         "%2F",
		"postgres://localhost:seven/x":         "a value for port",
		"postgres://localhost/x?sslmode=maybe": "a value for sslmode",
		"postgres://localhost/x?target_session_attrs=any-one":       "a value for target_session_attrs",
		"postgres://localhost/x?connect_timeout=soon":               "a value for connect_timeout",
		"postgres://localhost/x?pool_max_conns=0":                   "a value for pool_max_conns",
		"postgres://localhost/x?sslmode=verify-full&sslrootcert=no": "sslrootcert",
	} {
		_, err := Open(t.Context(), address)
		var told *Error
		if !errors.As(err, &told) || !strings.Contains(err.Error(), want) || told.Remedy == "" {
			t.Errorf("%q: %v; want %q and what to do", address, err, want)
		}
	}
}

// An address that is taken must have the password where a password belongs: the
// places of the others are named in errors.
func FuzzOpen(f *testing.F) {
	for _, seed := range []string{"a", "@", "1/", ":", "?x=", "#", "%41", "[", "]", "/@"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, before, behind string) {
		const secret = "geheimwort"
		db, err := Open(t.Context(), "postgres://kake:"+before+secret+behind+"@127.0.0.1:1/name")
		if err != nil {
			for _, text := range texts(err) {
				if strings.Contains(text, secret) {
					t.Errorf("the password is in %q", text)
				}
			}
			return
		}
		defer db.Close()
		c := db.Pool.Config().ConnConfig
		if strings.Contains(hosts(&c.Config)+c.User+c.Database, secret) {
			t.Errorf("a part of the password is taken for host %q, user %q or database %q", hosts(&c.Config), c.User, c.Database)
		}
	})
}

func TestIsPostgres(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"postgres://h/d": true, "postgresql://h/d": true, "mysql://h/d": true, // Open refuses the last one
		"": false, " ": false, "/var/lib/kakehashi/state.sqlite": false,
	} {
		if got := IsPostgres(address); got != want {
			t.Errorf("%q: %v, want %v", address, got, want)
		}
	}
}
