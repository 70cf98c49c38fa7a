package call_test

import (
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/outdial/outdial/services/internal/call"
)

// edge is one allowed move from one status to another.
type edge struct {
	move     call.Move
	from, to call.Status
}

// allowedEdges is the Allowed table as single edges.
func allowedEdges() map[edge]bool {
	edges := map[edge]bool{}
	for move, froms := range call.Allowed {
		for from, tos := range froms {
			for _, to := range tos {
				edges[edge{move, from, to}] = true
			}
		}
	}
	return edges
}

func TestTheDocumentedMovesAreTheAllowedOnes(t *testing.T) {
	t.Parallel()
	documented := map[edge]bool{}
	for line := range strings.Lines(section(t, "Moves")) {
		left, right, found := strings.Cut(line, " -> ")
		if !found {
			continue
		}
		words := strings.Fields(left)
		for _, from := range words[1:] {
			for to := range strings.FieldsSeq(right) {
				e := edge{call.Move(words[0]), status(from), status(to)}
				if to == "(same)" {
					e.to = e.from
				}
				if documented[e] {
					t.Errorf("doc.go shows %v twice", e)
				}
				documented[e] = true
			}
		}
	}
	if len(documented) == 0 {
		t.Fatal("doc.go shows no move")
	}
	allowed := allowedEdges()
	for e := range documented {
		if !allowed[e] {
			t.Errorf("doc.go shows %s from %q to %q, which the table does not allow", e.move, e.from, e.to)
		}
	}
	for e := range allowed {
		if !documented[e] {
			t.Errorf("the table allows %s from %q to %q, which doc.go does not show", e.move, e.from, e.to)
		}
	}
}

func status(word string) call.Status {
	if word == "(none)" {
		return ""
	}
	return call.Status(word)
}

func TestTheDiagramShowsEveryStatusAndEveryMove(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{}
	for _, word := range strings.FieldsFunc(section(t, "The life of a call"), func(r rune) bool {
		return strings.ContainsRune(" \n\t,.|+()", r)
	}) {
		shown[word] = true
	}
	for _, s := range call.Statuses {
		if !shown[string(s)] {
			t.Errorf("the diagram does not show the status %s", s)
		}
	}
	for _, move := range slices.Sorted(maps.Keys(call.Allowed)) {
		if !shown[string(move)] {
			t.Errorf("the diagram does not show the move %s", move)
		}
	}
}

// section is the text under a heading of the package's documentation.
func section(t *testing.T, heading string) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(file.Doc.Text(), "\n# ") {
		if title, text, _ := strings.Cut(part, "\n"); title == heading {
			return text
		}
	}
	t.Fatalf("doc.go has no section %q", heading)
	return ""
}
