package mutants_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// weave puts many mutants into one program, because compiling is what costs. A
// function that a mutant changes gets a sibling with the mutant's text, which is
// called in its stead when the environment names the mutant:
//
//	func (l Lane) InTurn() bool { if Mutant == 7 { return l.InTurn_7() }; return l.Ready > 0 && !l.Closed }
//	func (l Lane) InTurn_7() bool { return l.Ready > 0 }
type weave struct {
	files map[string]*weaving
}

func newWeave() *weave { return &weave{map[string]*weaving{}} }

// switchVariable names the mutant in the environment of a woven program.
const switchVariable = "OUTDIAL_MUTANT"

// switchFile is where a woven program has its switch: all packages import this one.
const (
	switchFile   = "call/mutant.go"
	switchSource = `package call

import (
	"os"
	"strconv"
)

var Mutant, _ = strconv.Atoi(os.Getenv("` + switchVariable + `"))
`
)

// weaving is one file with its mutants.
type weaving struct {
	source
	inserted map[int]string // by offset
	added    []string       // declarations
	diverted map[string]bool
}

// errAlone says that a mutant changes more than functions, and is built alone.
var errAlone = errors.New("it can't be woven in")

// add weaves a mutant in, or gives an error and leaves it out.
func (w *weave) add(number int, patched map[string]string) error {
	var do []func()
	for name, text := range patched {
		f, err := w.file(name)
		if err != nil {
			return err
		}
		mutated, err := parse(text)
		if err != nil {
			return fmt.Errorf("it doesn't compile: %s: %w", name, err)
		}
		for _, key := range slices.Sorted(maps.Keys(mutated.funcs)) { // in the same order each time, else the compiler's cache is of no use
			d, old := mutated.funcs[key], f.funcs[key]
			switch {
			case old == nil || f.text(old.Type) != mutated.text(d.Type):
				return errAlone
			case f.text(old) != mutated.text(d):
				do = append(do, func() { f.divert(number, key, mutated.sibling(number, d)) })
			}
		}
		for _, text := range slices.Sorted(maps.Keys(mutated.others)) {
			names := mutated.others[text]
			switch {
			case f.others[text] != nil:
			case slices.ContainsFunc(names, f.declares):
				return errAlone
			default:
				do = append(do, func() { f.added = append(f.added, text) })
			}
		}
	}
	for _, do := range do {
		do()
	}
	return nil
}

func (w *weave) file(name string) (*weaving, error) {
	if w.files[name] == nil {
		text, err := os.ReadFile(filepath.Join(internal, name))
		if err != nil {
			return nil, err
		}
		s, err := parse(string(text))
		if err != nil {
			return nil, err
		}
		w.files[name] = &weaving{source: s, inserted: map[int]string{}, diverted: map[string]bool{}}
	}
	return w.files[name], nil
}

// overlay is the text of all files that the weave changes, and of the switch.
func (w *weave) overlay() map[string]string {
	all := map[string]string{switchFile: switchSource}
	for name, f := range w.files {
		all[name] = f.String()
	}
	return all
}

// divert makes a function call its sibling.
func (f *weaving) divert(number int, key, sibling string) {
	d := f.funcs[key]
	callee := fmt.Sprintf("%s_%d", d.Name.Name, number)
	if d.Recv != nil {
		callee = f.names(d.Recv.List[0], "receiver", f.diverted[key])[0] + "." + callee
	}
	var arguments []string
	for i, p := range d.Type.Params.List {
		names := f.names(p, fmt.Sprintf("parameter%d", i), f.diverted[key])
		if _, ok := p.Type.(*ast.Ellipsis); ok {
			names[0] += "..."
		}
		arguments = append(arguments, names...)
	}
	does := fmt.Sprintf("return %s(%s)", callee, strings.Join(arguments, ", "))
	if d.Type.Results == nil {
		does = strings.TrimPrefix(does, "return ") + "; return"
	}
	which := "call.Mutant"
	if f.file.Name.Name == "call" {
		which = "Mutant"
	}
	f.inserted[f.offset(d.Body.Lbrace)+1] += fmt.Sprintf(" if %s == %d { %s }; ", which, number, does)
	f.added = append(f.added, sibling)
	f.diverted[key] = true
}

// names are those of a parameter. One that has none, or only "_", is given one,
// unless it was before.
func (f *weaving) names(p *ast.Field, madeUp string, before bool) []string {
	names, at, insert := []string{madeUp}, p.Type.Pos(), madeUp+" "
	if len(p.Names) > 0 {
		names = nil
		for _, n := range p.Names {
			names = append(names, n.Name)
		}
		at, insert = p.Names[0].End(), madeUp
		if names[0] != "_" {
			return names
		}
		names[0] += madeUp
	}
	if !before {
		f.inserted[f.offset(at)] += insert
	}
	return names
}

func (f *weaving) String() string {
	var s strings.Builder
	at := 0
	for _, offset := range slices.Sorted(maps.Keys(f.inserted)) {
		s.WriteString(f.all[at:offset] + f.inserted[offset])
		at = offset
	}
	s.WriteString(f.all[at:])
	for _, d := range f.added {
		s.WriteString("\n" + d + "\n")
	}
	return s.String()
}

// source is a parsed file.
type source struct {
	all    string
	file   *ast.File
	base   int
	funcs  map[string]*ast.FuncDecl
	others map[string][]string // the other declarations: text, and what it declares
}

func parse(text string) (source, error) {
	s := source{all: text, funcs: map[string]*ast.FuncDecl{}, others: map[string][]string{}}
	set := token.NewFileSet()
	var err error
	if s.file, err = parser.ParseFile(set, "", text, parser.SkipObjectResolution); err != nil {
		return s, err
	}
	s.base = set.File(s.file.Pos()).Base()
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			key := d.Name.Name
			if d.Recv != nil {
				key = s.text(d.Recv.List[0].Type) + "." + key
			}
			s.funcs[key] = d
		case *ast.GenDecl:
			s.others[s.text(d)] = declared(d)
		}
	}
	return s, nil
}

// declared are the names of a declaration. All imports have the same.
func declared(d *ast.GenDecl) []string {
	var names []string
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.ValueSpec:
			for _, n := range spec.Names {
				names = append(names, n.Name)
			}
		case *ast.TypeSpec:
			names = append(names, spec.Name.Name)
		case *ast.ImportSpec:
			names = append(names, "import")
		}
	}
	return names
}

// declares tells whether a declaration that is no function has this name.
func (s source) declares(name string) bool {
	for _, names := range s.others {
		if slices.Contains(names, name) {
			return true
		}
	}
	return false
}

func (s source) offset(p token.Pos) int { return int(p) - s.base }

func (s source) text(n ast.Node) string { return s.all[s.offset(n.Pos()):s.offset(n.End())] }

// sibling is the text of a function under the mutant's name.
func (s source) sibling(number int, d *ast.FuncDecl) string {
	end := s.offset(d.Name.End())
	return fmt.Sprintf("%s_%d%s", s.all[s.offset(d.Pos()):end], number, s.all[end:s.offset(d.End())])
}
