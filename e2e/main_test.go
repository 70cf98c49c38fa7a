package e2e_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/outdial/outdial/e2e/internal/world"
)

// TestMain has a run of all scenarios fail, too, when a permission that the
// templates give was never needed.
func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		fmt.Println("the scenarios need LocalStack and minutes: `make e2e` runs them")
		return
	}
	code := m.Run()
	if code == 0 && all() {
		for _, unneeded := range world.Unneeded() {
			fmt.Println(unneeded)
			code = 1
		}
	}
	os.Exit(code)
}

// all tells whether this run is of all scenarios.
func all() bool {
	for _, name := range []string{"run", "skip", "list"} {
		if chosen := flag.Lookup("test." + name); chosen != nil && chosen.Value.String() != "" {
			return false
		}
	}
	return true
}
