// Package library carries the documents that Kakehashi ships: digests of US and
// Japanese research-security rules in us/, jp/ and bilateral/, of reports in
// reports/, the glossary and the checklists. The texts are data; corpus.Load
// reads and checks them.
package library

import "embed"

// Files is the library's folder.
//
//go:embed us jp bilateral reports checklists glossary.yaml exceptions.yaml
var Files embed.FS
