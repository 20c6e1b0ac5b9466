package database

import _ "embed"

// Roles is the SQL that makes the roles of an installation on Postgres.
//
//go:embed roles.sql
var Roles string

// grants gives them their rights on the tables.
//
//go:embed grants.sql
var grants string
