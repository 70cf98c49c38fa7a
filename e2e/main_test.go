package e2e_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/outdial/outdial/e2e/internal/world"
)

// permissions has the run fail when a permission of the templates was never
// needed. It makes sense with all scenarios only.
var permissions = flag.Bool("e2e.permissions", false, "fail if a permission in infra/ was never needed")

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		fmt.Println("the scenarios need LocalStack and minutes: `make e2e` runs them")
		return
	}
	code := m.Run()
	if code == 0 && *permissions {
		for _, unused := range world.Unused() {
			fmt.Println("no scenario ever needed the permission:", unused)
			code = 1
		}
	}
	os.Exit(code)
}
