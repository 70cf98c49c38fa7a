package infratest_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/signin"
	"github.com/outdial/outdial/services/web"
)

// TestScopesAreThoseOfTheAPI: resource server, clients and what `outdial login
// --stack` reads speak of the same.
func TestScopesAreThoseOfTheAPI(t *testing.T) {
	t.Parallel()
	identity := template(t, "identity.yaml")
	server := at[object](t, identity, "Resources", "Calls", "Properties")
	var got []string
	for _, scope := range list(server["Scopes"]) {
		got = append(got, at[string](t, server, "Identifier")+"/"+at[string](t, scope, "ScopeName"))
	}
	if !slices.Equal(got, signin.Scopes()) {
		t.Errorf("the resource server has %v, want %v", got, signin.Scopes())
	}
	people := strings.Fields(strings.Replace(web.DefaultScopes, "offline_access ", "", 1)) // which Cognito doesn't know
	if got := at[any](t, identity, "Resources", "PeopleClient", "Properties", "AllowedOAuthScopes"); text(t, got) != text(t, people) {
		t.Errorf("people may ask for %v", got)
	}
	if got := at[string](t, identity, "Outputs", "Scopes", "Value"); got != strings.Join(signin.Scopes(), " ") {
		t.Errorf("the output says %s", got)
	}
	machine := at[string](t, template(t, "template.yaml"), "Parameters", "MachineScopes", "Default")
	if strings.Contains(machine, signin.ScopeAdmin) {
		t.Errorf("a program may do everything unless somebody says otherwise: %s", machine)
	}
}

// TestNobodySignsUp, and neither a browser nor a command line is given a secret.
func TestNobodySignsUp(t *testing.T) {
	t.Parallel()
	resources := at[object](t, template(t, "identity.yaml"), "Resources")
	for path, want := range map[string]any{
		"UserPool.Properties.AdminCreateUserConfig.AllowAdminCreateUserOnly": true,
		"UserPool.Properties.MfaConfiguration":                               "OPTIONAL",
		"UserPool.Properties.EnabledMfas":                                    []string{"SOFTWARE_TOKEN_MFA"},
		"Admins.Properties.GroupName":                                        signin.AdminGroup,
		"FirstUserIsAdmin.Properties.GroupName":                              object{"Ref": "Admins"},
		"FirstUserIsAdmin.Properties.Username":                               object{"Ref": "FirstUser"},
		"FirstUser.UpdateReplacePolicy":                                      "Retain", // somebody else doesn't drive out the first
		"FirstUserIsAdmin.UpdateReplacePolicy":                               "Retain",
		"PeopleClient.Properties.GenerateSecret":                             false,
		"PeopleClient.Properties.AllowedOAuthFlows":                          []string{"code"},
		"PeopleClient.Properties.PreventUserExistenceErrors":                 "ENABLED",
		"ProgramsClient.Properties.GenerateSecret":                           true,
		"ProgramsClient.Properties.AllowedOAuthFlows":                        []string{"client_credentials"},
	} {
		if got := at[any](t, resources, strings.Split(path, ".")...); text(t, got) != text(t, want) {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
}

// TestTheRootTellsWhatAClientNeeds: `outdial login --stack` reads these outputs, and
// infra/deploy the last one.
func TestTheRootTellsWhatAClientNeeds(t *testing.T) {
	t.Parallel()
	outputs := slices.Collect(maps.Keys(at[object](t, template(t, "template.yaml"), "Outputs")))
	for _, name := range []string{"ApiUrl", "Issuer", "ClientId", "Scopes", "CliCallbackUrl", "Region", "MachineClientId", "LoginUrl", "TableName", "RepositoryUri"} {
		if !slices.Contains(outputs, name) {
			t.Errorf("there is no output %s", name)
		}
	}
}

// TestTheTickIsAnEvent of the contract.
func TestTheTickIsAnEvent(t *testing.T) {
	t.Parallel()
	targets := at[[]any](t, template(t, "data.yaml"), "Resources", "Tick", "Properties", "Targets")
	input := at[string](t, targets[0], "Input")
	if event, err := messages.ParseEvent([]byte(input)); err != nil || event.Type != messages.EventTick {
		t.Errorf("%s is %+v, %v; it must be a tick", input, event, err)
	}
}
