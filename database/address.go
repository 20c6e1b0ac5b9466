package database

import (
	"errors"
	"io/fs"
	"regexp"
	"strings"
)

const (
	wantedAddress = "want postgres://user:password@host:5432/name?sslmode=verify-full, or the path of a SQLite file"
	encodeMarks   = "in a password write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23 and % as %25"
)

var (
	// A scheme has two letters or more: one is a drive of Windows.
	scheme = regexp.MustCompile(`^\s*[A-Za-z][A-Za-z0-9+.-]+:`)
	// libpq's other form, host=… password=….
	keywords = regexp.MustCompile(`(?i)\b(host|hostaddr|user|password|dbname)\s*=`)
)

// isPostgres tells the kinds of address apart. What is nearly one of Postgres is
// refused, for as a path it would become a file, and be repeated in errors.
func isPostgres(address string) (bool, error) {
	switch {
	case strings.HasPrefix(address, "postgres://"), strings.HasPrefix(address, "postgresql://"):
		// libpq takes what stands behind the first @ for the host, and what stands
		// behind a / before it for the name of the database.
		behind := strings.IndexByte(address, '@') + 1
		_, user, _ := strings.Cut(address[:behind], "://")
		if strings.ContainsRune(user, '/') || strings.ContainsRune(address[behind:], '@') {
			return false, &Error{Fault: "the address of the database has an @ or a / where none can stand", Remedy: encodeMarks}
		}
		return true, nil
	case strings.TrimSpace(address) == "":
		return false, &Error{Fault: "the address of the database is empty", Remedy: wantedAddress}
	case scheme.MatchString(address), keywords.MatchString(address):
		return false, &Error{Fault: "the address of the database is neither of Postgres nor a path", Remedy: wantedAddress}
	}
	return false, nil
}

// unreadable tells what is wrong with an address without the words of the cause, which
// may repeat it.
func unreadable(cause error) error {
	var file *fs.PathError
	if errors.As(cause, &file) {
		return &Error{
			Fault:  "a file that the address of the database names cannot be read: " + file.Err.Error(),
			Remedy: "look at its sslrootcert, sslcert and sslkey", cause: file.Err,
		}
	}
	for setting, words := range map[string]string{
		"sslmode":              "sslmode is invalid",
		"port":                 ": invalid port",
		"connect_timeout":      ": invalid connect_timeout",
		"target_session_attrs": ": unknown target_session_attrs",
		"pool_max_conns":       "pool_max_conns",
	} {
		if strings.Contains(cause.Error(), words) {
			return &Error{Fault: "the address of the database has a value for " + setting + " that cannot be", Remedy: wantedAddress + "; " + encodeMarks}
		}
	}
	return &Error{Fault: "the address of the database cannot be read", Remedy: wantedAddress + "; " + encodeMarks}
}

// IsPostgres reports whether Open takes an address for one of Postgres, a wrong one of
// another kind of server included; not the empty one of a place without a database.
func IsPostgres(address string) bool {
	is, err := isPostgres(address)
	return is || err != nil && strings.TrimSpace(address) != ""
}
