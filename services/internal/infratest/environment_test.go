package infratest_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/awsenv"
)

// programs are those of the functions.
var programs = map[string]string{"ApiFunction": "api", "WorkerFunction": "worker", "TrackerFunction": "tracker"}

// TestEachFunctionGetsTheEnvironmentThatItReads, and no other.
func TestEachFunctionGetsTheEnvironmentThatItReads(t *testing.T) {
	t.Parallel()
	compute := template(t, "compute.yaml")
	functions := ofType(t, compute, "AWS::Serverless::Function")
	for name, function := range functions {
		variables := maps.Clone(at[object](t, compute, "Globals", "Function", "Environment", "Variables"))
		maps.Copy(variables, at[object](t, function, "Environment", "Variables"))
		got, want := slices.Sorted(maps.Keys(variables)), awsenv.Names(programs[name])
		if !slices.Equal(got, want) {
			t.Errorf("%s gets %v\nand reads %v", name, got, want)
		}
	}
	if len(functions) != len(programs) {
		t.Errorf("there are %d functions, want %d", len(functions), len(programs))
	}
}

// TestAnAgentGetsTheEnvironmentThatItReads: from the task definition what is the
// same for all, from the worker what is the attempt's, and its ARN from ECS.
func TestAnAgentGetsTheEnvironmentThatItReads(t *testing.T) {
	t.Parallel()
	want := []string{messages.EnvStore, messages.EnvEvents, messages.EnvCarrier}
	var got []string
	for _, variable := range list(container(t)["Environment"]) {
		got = append(got, at[string](t, variable, "Name"))
	}
	if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("the task definition sets %v, want %v", got, want)
	}
	of := messages.AgentEnv{Events: "eventbridge:bus"}.Environ()
	if len(of) != len(want)+4 {
		t.Errorf("an agent's environment has %v: say here where each comes from", of)
	}
}

// container is the agent's in its task definition.
func container(t *testing.T) object {
	t.Helper()
	containers := at[[]any](t, template(t, "compute.yaml"), "Resources", "AgentTask", "Properties", "ContainerDefinitions")
	if len(containers) != 1 {
		t.Fatalf("the task has %d containers", len(containers))
	}
	return as[object](t, containers[0], "container")
}

// TestAnAgentCanDoNothingToItsMachine: not root, nothing to write but /tmp, no
// capabilities, no way in; and two minutes to hang up.
func TestAnAgentCanDoNothingToItsMachine(t *testing.T) {
	t.Parallel()
	c := container(t)
	for name, want := range map[string]any{
		"Name": "agent", "User": "65532", "ReadonlyRootFilesystem": true, "StopTimeout": 120, "Essential": true,
		"LinuxParameters": object{"Capabilities": object{"Drop": []any{"ALL"}}},
		"MountPoints":     []any{object{"SourceVolume": "tmp", "ContainerPath": "/tmp", "ReadOnly": false}},
		"PortMappings":    nil,
	} {
		if text(t, c[name]) != text(t, want) {
			t.Errorf("%s is %v, want %v", name, c[name], want)
		}
	}
	task := at[object](t, template(t, "compute.yaml"), "Resources", "AgentTask")
	if task["UpdateReplacePolicy"] != "Retain" {
		t.Error("the former revision goes: calls that were admitted with it could not be launched any more")
	}
	for name, group := range ofType(t, template(t, "network.yaml"), "AWS::EC2::SecurityGroup") {
		if group["SecurityGroupIngress"] != nil {
			t.Errorf("%s lets something in", name)
		}
	}
}

// TestTheImageFitsItsTask: the program is that user, and may write to the volume.
// A Fargate volume has the owner that the image's folder has, else root.
func TestTheImageFitsItsTask(t *testing.T) {
	t.Parallel()
	dockerfile, err := os.ReadFile("../../agent/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	user := at[string](t, container(t), "User")
	mount := at[string](t, at[[]any](t, container(t), "MountPoints")[0], "ContainerPath")
	owner := user + ":" + user
	for _, line := range []string{"FROM scratch", "COPY --chown=" + owner + " tmp " + mount, "VOLUME " + mount, "COPY agent /agent", "USER " + owner} {
		if !slices.Contains(strings.Split(string(dockerfile), "\n"), line) {
			t.Errorf("the Dockerfile doesn't say %q", line)
		}
	}
}

// TestEachParameterIsGiven: the root gives each nested stack what that asks for,
// and asks for nothing that nobody uses.
func TestEachParameterIsGiven(t *testing.T) {
	t.Parallel()
	root := template(t, "template.yaml")
	for name, stack := range ofType(t, root, "AWS::CloudFormation::Stack") {
		nested := template(t, at[string](t, stack, "TemplateURL"))
		given := slices.Sorted(maps.Keys(at[object](t, stack, "Parameters")))
		asked := slices.Sorted(maps.Keys(at[object](t, nested, "Parameters")))
		if !slices.Equal(given, asked) {
			t.Errorf("%s is given %v\nand asks for %v", name, given, asked)
		}
	}
	all := text(t, root["Resources"])
	for name := range at[object](t, root, "Parameters") {
		if parameter := at[object](t, root, "Parameters", name); parameter["Description"] == nil {
			t.Errorf("%s: no description", name)
		}
		if !slices.Contains(refs(t, all), name) {
			t.Errorf("%s: nobody uses it", name)
		}
	}
}
