package infratest_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/outdial/outdial/services/internal/signin"
)

// TestListsTakeWhatAWSTakes: CloudFormation holds each value of a list against the
// pattern, so that a mistake is refused at once and not in the middle of a deploy.
func TestListsTakeWhatAWSTakes(t *testing.T) {
	t.Parallel()
	urls := struct{ good, bad []string }{
		[]string{"https://console.example.com/signed-in", "https://example.com", "https://example.com/?a=b", "http://localhost:5173/signed-in", "http://localhost/"},
		[]string{"", "console.example.com/signed-in", "http://console.example.com/signed-in", "https://", "https://example.com/#top", "https://a b.example.com", "http://localhost.example.com/"},
	}
	lists := map[string]struct{ good, bad []string }{
		"CallbackUrls": urls,
		"LogoutUrls":   urls,
		"AllowedOrigins": {
			[]string{"", "https://console.example.com", "http://localhost:5173", "http://127.0.0.1:8080"},
			[]string{"*", "https://console.example.com/", "console.example.com", "https://Console.example.com", "null"},
		},
		"MachineScopes": {signin.Scopes(), []string{"", "calls/all", "openid", "calls/read calls/write"}},
	}
	parameters := at[object](t, template(t, "template.yaml"), "Parameters")
	for name := range parameters {
		parameter := at[object](t, parameters, name)
		if parameter["Type"] != "CommaDelimitedList" {
			continue
		}
		values, listed := lists[name]
		if !listed {
			t.Errorf("%s: nobody tests what may be in it", name)
		}
		takes := allowed(t, parameter)
		for _, value := range append(strings.Split(at[string](t, parameter, "Default"), ","), values.good...) {
			if !takes(value) {
				t.Errorf("%s doesn't take %q", name, value)
			}
		}
		for _, value := range values.bad {
			if takes(value) {
				t.Errorf("%s takes %q", name, value)
			}
		}
	}
}

// allowed is what a parameter takes, as CloudFormation understands it.
func allowed(t *testing.T, parameter object) func(value string) bool {
	t.Helper()
	if values, ok := parameter["AllowedValues"].([]any); ok {
		return func(value string) bool { return strings.Contains(text(t, values), `"`+value+`"`) }
	}
	pattern := regexp.MustCompile("^(" + at[string](t, parameter, "AllowedPattern") + ")$")
	return pattern.MatchString
}

// TestTheConsoleMayComeBack to the pages that its sign-in and sign-out ask for.
func TestTheConsoleMayComeBack(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../../web/src/auth/session.ts")
	if err != nil {
		t.Fatal(err)
	}
	root, client := template(t, "template.yaml"), at[object](t, template(t, "identity.yaml"), "Resources", "PeopleClient", "Properties")
	for path, c := range map[string]struct{ parameter, property string }{
		"signedInPath": {"CallbackUrls", "CallbackURLs"}, "signedOutPath": {"LogoutUrls", "LogoutURLs"},
	} {
		found := regexp.MustCompile(path + ` = '(/[^']+)'`).FindSubmatch(source)
		if found == nil {
			t.Fatalf("the console doesn't say what its %s is", path)
		}
		origin := at[string](t, root, "Parameters", "AllowedOrigins", "Default")
		if got := at[string](t, root, "Parameters", c.parameter, "Default"); got != origin+string(found[1]) {
			t.Errorf("%s is %s, and the console asks for %s%s", c.parameter, got, origin, found[1])
		}
		if used := text(t, client[c.property]); !strings.Contains(used, `{"Ref":"`+c.parameter+`"}`) {
			t.Errorf("%s of the client for people are %s", c.property, used)
		}
	}
}

// TestAgentsAreInTheZonesThatAreNamed, each zone with a block of addresses of its
// own: CloudFormation makes a subnet in another zone before it takes the former away.
func TestAgentsAreInTheZonesThatAreNamed(t *testing.T) {
	t.Parallel()
	network := template(t, "network.yaml")
	for subnet, parameter := range map[string]string{"AgentSubnetA": "FirstZone", "AgentSubnetB": "SecondZone"} {
		properties := at[object](t, network, "Resources", subnet, "Properties")
		for _, property := range []string{"AvailabilityZone", "CidrBlock"} {
			if got := text(t, at[[]any](t, properties, property, "Fn::Select")[0]); got != `{"Ref":"`+parameter+`"}` {
				t.Errorf("%s.%s is chosen by %s, want %s", subnet, property, got, parameter)
			}
		}
	}
	// The places of the zones are the first blocks, and the NAT gateway's is the next.
	zones := at[[]any](t, template(t, "template.yaml"), "Parameters", "FirstZone", "AllowedValues")
	if got := at[[]any](t, network, "Resources", "NatSubnet", "Properties", "CidrBlock", "Fn::Select")[0]; got != float64(len(zones)) {
		t.Errorf("the NAT gateway's subnet has the block %v, and zones have those before %d", got, len(zones))
	}
}
