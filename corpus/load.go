package corpus

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// Load reads a library: every *.md below the root, glossary.yaml and
// checklists/*.yaml where present. The error is of type Problems and holds every
// fault at once; a library with a fault is not returned.
func Load(root fs.FS) (*Library, error) {
	var faults Problems
	var files []file
	walkErr := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".md") || !strings.Contains(name, "/") {
			return err
		}
		src, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		if f, ok := parseFile(name, src, &faults); ok {
			files = append(files, f)
		}
		return nil
	})
	if walkErr != nil {
		return nil, walkErr
	}
	lib := &Library{byID: map[string]*Document{}}
	originals := lib.addDocuments(files, &faults)
	lib.addEditions(files, originals, &faults)
	if len(files) == 0 && len(faults) == 0 {
		faults.add(".", 0, "no documents: want Markdown files in folders below this one")
	}
	lib.checkLinks(originals, &faults)
	lib.Glossary = loadGlossary(root, &faults)
	lib.Checklists = loadChecklists(root, lib, &faults)
	if err := faults.err(); err != nil {
		return nil, err
	}
	slices.SortFunc(lib.Documents, func(a, b *Document) int { return strings.Compare(a.ID, b.ID) })
	return lib, nil
}

// addDocuments takes in the documents themselves and returns their files by id.
func (l *Library) addDocuments(files []file, faults *Problems) map[string]file {
	originals := map[string]file{}
	for _, f := range files {
		d := f.document
		if d == nil {
			continue
		}
		if first, ok := originals[d.ID]; ok {
			faults.add(f.name, f.header.lines["id"], "id: %q is already the id of %s", d.ID, first.name)
			continue
		}
		assignIDs(d.ID, f.edition.Passages)
		d.Editions = []Edition{f.edition}
		originals[d.ID] = f
		l.byID[d.ID] = d
		l.Documents = append(l.Documents, d)
	}
	return originals
}

// addEditions pairs each Japanese edition with its English document, passage for
// passage.
func (l *Library) addEditions(files []file, originals map[string]file, faults *Problems) {
	for _, f := range files {
		if f.document != nil {
			continue
		}
		line := f.header.lines["edition_of"]
		d, ok := l.byID[f.editionOf]
		if !ok {
			faults.add(f.name, line, "edition_of: no sound document %q", f.editionOf)
			continue
		}
		original := originals[d.ID]
		if strings.TrimSuffix(f.name, ".ja.md") != strings.TrimSuffix(original.name, ".md") {
			faults.add(f.name, line, "edition_of: %q stands in %s; want this file beside it, named %s",
				d.ID, original.name, strings.TrimSuffix(path.Base(original.name), ".md")+".ja.md")
		}
		if d.Editions[0].Language == language.Japanese {
			faults.add(f.name, line, "edition_of: %q is in Japanese itself", d.ID)
		}
		if len(d.Editions) > 1 {
			faults.add(f.name, line, "edition_of: %q has a Japanese edition already", d.ID)
			continue
		}
		en, ja := d.Editions[0].Passages, f.edition.Passages
		if len(en) != len(ja) {
			faults.add(f.name, firstUnpaired(en, ja), "%d passages, but %s has %d; editions pair one to one", len(ja), original.name, len(en))
			continue
		}
		for i := range ja {
			ja[i].ID = en[i].ID
		}
		d.Editions = append(d.Editions, f.edition)
	}
}

// firstUnpaired is the line of the Japanese edition at which the pairing surely
// ends: its first surplus passage, else its last one.
func firstUnpaired(en, ja []Passage) int {
	if len(ja) > len(en) {
		return ja[len(en)].Line
	}
	if len(ja) == 0 {
		return 1
	}
	return ja[len(ja)-1].Line
}

func (l *Library) checkLinks(originals map[string]file, faults *Problems) {
	for id, f := range originals {
		for key, targets := range map[string][]string{"related": f.document.Related, "superseded_by": f.document.SupersededBy} {
			for _, t := range targets {
				if t == id {
					faults.add(f.name, f.header.lines[key], "%s: %q is this document itself", key, t)
				} else if l.byID[t] == nil {
					faults.add(f.name, f.header.lines[key], "%s: no document %q", key, t)
				}
			}
		}
	}
}
