package database_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// packages are the folders of the module that hold Go files.
func packages(t *testing.T, root string) []string {
	t.Helper()
	out := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case strings.HasSuffix(path, ".go"):
			out[filepath.Dir(path)] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(out))
}

type finding struct {
	file string
	line int
	sql  string
}

func (f finding) key() string { return f.file + ": " + f.sql }

// notConstant finds the calls in a package, without its tests, whose SQL is not
// constant. It goes by names alone, so that it errs by finding too much.
func notConstant(t *testing.T, folder string) []finding {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	var decls []ast.Decl
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, filepath.Join(folder, e.Name()), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		decls = append(decls, file.Decls...)
	}
	known := names{}
	for _, d := range decls {
		if g, ok := d.(*ast.GenDecl); ok {
			known.declare(g)
		}
	}
	var out []finding
	for _, d := range decls {
		ast.Inspect(d, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			here := known.before(call, d)
			for _, sql := range here.statements(call) {
				if !here.constant(sql) {
					at := set.Position(sql.Pos())
					file := strings.TrimPrefix(filepath.ToSlash(at.Filename), "../")
					out = append(out, finding{path.Clean(file), at.Line, printed(set, sql)})
				}
			}
			return true
		})
	}
	return out
}

// names are what names stand for, as far as it matters.
type names map[string]meaning

type meaning int

const (
	something meaning = iota
	text              // a constant or an embedded file
	prepared          // a statement that has its SQL
)

// declare notes constants and embedded files.
func (k names) declare(g *ast.GenDecl) {
	embedded := g.Doc != nil && slices.ContainsFunc(g.Doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
	for _, s := range g.Specs {
		if v, ok := s.(*ast.ValueSpec); ok {
			for _, name := range v.Names {
				k[name.Name] = something
				if g.Tok == token.CONST || embedded {
					k[name.Name] = text
				}
			}
		}
	}
}

// before is what names stand for at a call: what the declaration around it says of
// them before the call counts, the last first, wherever its block has ended.
func (k names) before(call *ast.CallExpr, around ast.Decl) names {
	k = maps.Clone(k)
	ast.Inspect(around, func(n ast.Node) bool {
		if n == nil || n.Pos() >= call.Pos() {
			return false
		}
		switch n := n.(type) {
		case *ast.GenDecl:
			if n != around {
				k.declare(n)
			}
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				k.set(left, assigned(n.Rhs[0]))
			}
		case *ast.RangeStmt:
			k.set(n.Key, something)
			k.set(n.Value, something)
			if list, ok := n.X.(*ast.CompositeLit); ok && k.constant(list) {
				k.set(n.Value, text)
			}
		case *ast.Field:
			for _, name := range n.Names {
				k.set(name, something)
			}
		}
		return true
	})
	return k
}

func (k names) set(left ast.Expr, m meaning) {
	if name, ok := left.(*ast.Ident); ok {
		k[name.Name] = m
	}
}

func assigned(right ast.Expr) meaning {
	if call, ok := right.(*ast.CallExpr); ok {
		if method, ok := call.Fun.(*ast.SelectorExpr); ok && strings.HasPrefix(method.Sel.Name, "Prepare") {
			return prepared
		}
	}
	return something
}

// statements are the arguments of a call that are SQL or name a table, by the name of
// the method.
func (k names) statements(call *ast.CallExpr) []ast.Expr {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) == 0 {
		return nil
	}
	if on, ok := method.X.(*ast.Ident); ok && k[on.Name] == prepared {
		return nil
	}
	args := call.Args
	if isContext(args[0]) && len(args) > 1 {
		args = args[1:]
	}
	switch method.Sel.Name {
	case "Query", "QueryRow", "Exec", "Queue", "QueryContext", "QueryRowContext", "ExecContext", "PrepareContext", "CopyFrom":
		if _, ok := args[0].(*ast.FuncLit); ok {
			return nil // what is done with the rows of a batch
		}
		return args[:1]
	case "Prepare":
		return args // a name, and the statement
	}
	return nil
}

// isContext reports whether an argument is a variable ctx, or a call that makes one.
func isContext(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == "ctx"
	case *ast.CallExpr:
		f, ok := e.Fun.(*ast.SelectorExpr)
		return ok && slices.Contains([]string{"Context", "Background", "WithoutCancel"}, f.Sel.Name)
	}
	return false
}

func (k names) constant(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Kind == token.STRING
	case *ast.Ident:
		return k[e.Name] == text
	case *ast.ParenExpr:
		return k.constant(e.X)
	case *ast.BinaryExpr:
		return k.constant(e.X) && k.constant(e.Y)
	case *ast.CompositeLit: // a pgx.Identifier, or a list of statements
		return !slices.ContainsFunc(e.Elts, func(x ast.Expr) bool { return !k.constant(x) })
	}
	return false
}

func printed(set *token.FileSet, n ast.Node) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, set, n); err != nil {
		return err.Error()
	}
	return b.String()
}
