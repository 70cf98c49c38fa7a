package examples_test

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/outdial/outdial/contracts/examples"
)

func TestEveryKindHasValidAndInvalidExamples(t *testing.T) {
	t.Parallel()
	for _, kind := range examples.Kinds {
		if len(examples.Valid(kind)) == 0 {
			t.Errorf("%s has no valid example", kind)
		}
		if len(examples.Invalid(kind)) == 0 {
			t.Errorf("%s has no invalid example", kind)
		}
	}
}

func TestEveryInvalidExampleSaysWhatIsExpected(t *testing.T) {
	t.Parallel()
	for _, kind := range examples.Kinds {
		for _, e := range examples.Invalid(kind) {
			if e.Expect.Code == "" && len(e.Expect.Mentions) == 0 {
				t.Errorf("%s/%s expects nothing", kind, e.Name)
			}
		}
	}
}

// A file that nothing loads is a test that nobody runs.
func TestEveryFileIsPartOfAnExample(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, kind := range examples.Kinds {
		for _, e := range examples.Valid(kind) {
			known[path.Join("valid", string(kind), e.Name)] = true
		}
		for _, e := range examples.Invalid(kind) {
			known[path.Join("invalid", string(kind), e.Name)] = true
		}
	}
	err := fs.WalkDir(examples.Files, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		ending := path.Ext(file)
		name := strings.TrimSuffix(strings.TrimSuffix(file, ending), ".expect")
		if !slices.Contains([]string{".json", ".csv"}, ending) || !known[name] {
			t.Errorf("%s is part of no example", file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Rows are numbered as in the file, so they only ever go up, and no row is both accepted and refused.
func TestExpectedRowsAreInOrder(t *testing.T) {
	t.Parallel()
	for _, kind := range []examples.Kind{examples.Calls, examples.Batches, examples.Lists} {
		for _, e := range examples.Valid(kind) {
			var accepted, refused []int
			for _, row := range e.Expect.Accepted {
				accepted = append(accepted, row.Row)
			}
			for _, row := range e.Expect.Refused {
				refused = append(refused, row.Row)
			}
			all := slices.Concat(accepted, refused)
			slices.Sort(all)
			if !slices.IsSorted(accepted) || !slices.IsSorted(refused) || len(slices.Compact(all)) != len(accepted)+len(refused) {
				t.Errorf("%s/%s: accepted %v, refused %v", kind, e.Name, accepted, refused)
			}
		}
	}
}
