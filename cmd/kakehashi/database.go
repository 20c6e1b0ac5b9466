package main

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"kakehashi/database"
)

// envDatabase names a database on Postgres.
const envDatabase = "DATABASE_URL"

// openDatabase opens the installation's database. Its tables may be missing or old:
// see database.DB.Check.
func openDatabase(ctx context.Context) (*database.DB, error) {
	address := databaseAddress()
	if address == "" {
		return nil, usageError("no folder for the database: set %s, or HOME", envDatabase)
	}
	return database.Open(ctx, address)
}

// databaseAddress is what DATABASE_URL says, else a file in the user's data folder; ""
// where there is none. It may hold a password.
func databaseAddress() string {
	// A file of settings often ends in a new line.
	if address := strings.TrimSpace(os.Getenv(envDatabase)); address != "" {
		return address
	}
	folder := dataFolder(runtime.GOOS, os.Getenv)
	if folder == "" {
		return ""
	}
	return filepath.Join(folder, "kakehashi", "state.sqlite")
}

// dataFolder is where a user's programs keep what may not be lost: on Unix as the XDG
// Base Directory Specification says, where a relative XDG_DATA_HOME is none.
func dataFolder(system string, env func(string) string) string {
	home := env("HOME")
	switch {
	case system == "windows":
		return env("LocalAppData")
	case system == "darwin" && home != "":
		return filepath.Join(home, "Library", "Application Support")
	case system != "darwin" && filepath.IsAbs(env("XDG_DATA_HOME")):
		return env("XDG_DATA_HOME")
	case system != "darwin" && home != "":
		return filepath.Join(home, ".local", "share")
	}
	return ""
}
