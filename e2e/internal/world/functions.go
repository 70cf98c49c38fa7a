package world

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/outdial/outdial/e2e/internal/aws"
	"github.com/outdial/outdial/e2e/internal/ecs"
	"github.com/outdial/outdial/e2e/internal/iam"
	"github.com/outdial/outdial/e2e/internal/lambda"
	"github.com/outdial/outdial/e2e/internal/mapping"
	"github.com/outdial/outdial/e2e/internal/stack"
)

// redelivery is after how long a message that failed is seen again. On AWS it is
// what is left of the queue's visibility timeout, about 3 minutes: nothing rests on
// it but how soon. services/internal/infratest tests that the templates' timeout is
// long enough for the function that reads the queue.
const redelivery = time.Second

// readRoles reads the roles of compute.yaml.
func (w *World) readRoles(d *deployed) error {
	names, err := d.compute.OfType("AWS::IAM::Role")
	if err != nil {
		return err
	}
	for _, name := range names {
		r, err := stack.Read[struct {
			Policies []struct{ PolicyDocument iam.Policy }
		}](d.compute, name)
		if err != nil {
			return err
		}
		var policies []iam.Policy
		for _, p := range r.Policies {
			policies = append(policies, p.PolicyDocument)
		}
		w.Roles[name] = iam.NewRole(name, policies...)
	}
	return nil
}

// role is the role with an ARN.
func (w *World) role(arn string) (*iam.Role, error) {
	for _, name := range slices.Sorted(maps.Keys(w.Roles)) {
		if arn == "arn:aws:iam::"+aws.Account+":role/"+w.Name+"-"+name {
			return w.Roles[name], nil
		}
	}
	return nil, fmt.Errorf("there is no role %s", arn)
}

func taskDefinition(compute *stack.Stack) (ecs.TaskDefinition, error) {
	names, err := compute.OfType("AWS::ECS::TaskDefinition")
	if err != nil {
		return ecs.TaskDefinition{}, err
	}
	d, err := stack.Read[ecs.TaskDefinition](compute, names[0])
	if err != nil {
		return d, err
	}
	d.ARN, err = compute.Physical(names[0], compute.Template.Resources[names[0]], "")
	return d, err
}

// function is a function of compute.yaml.
type function struct {
	FunctionName, Role, Runtime, Handler string
	Code                                 struct{ S3Key string }
	Timeout, MemorySize                  int
	RecursiveLoop                        string
	Environment                          struct{ Variables map[string]stack.Text }
}

// program is the name of the binary, which the code's folder has: ../bin/lambda/worker.
func (f function) program() string { return filepath.Base(f.Code.S3Key) }

func (f function) environment() map[string]string {
	environment := map[string]string{}
	for variable, value := range f.Environment.Variables {
		environment[variable] = string(value)
	}
	return environment
}

// readFunctions reads the functions of compute.yaml.
func readFunctions(compute *stack.Stack) ([]function, error) {
	names, err := compute.OfType("AWS::Lambda::Function")
	if err != nil {
		return nil, err
	}
	var all []function
	for _, name := range names {
		f, err := stack.Read[function](compute, name)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// functions makes the functions of compute.yaml, by ARN.
func (w *World) functions(d *deployed, built map[string]string) (map[string]*lambda.Function, error) {
	all, err := readFunctions(d.compute)
	if err != nil {
		return nil, err
	}
	byARN := map[string]*lambda.Function{}
	for _, f := range all {
		program := f.program()
		role, err := w.role(f.Role)
		if err != nil {
			return nil, err
		}
		if f.Runtime != "provided.al2023" || f.Handler != "bootstrap" || built[program] == "" {
			return nil, fmt.Errorf("%s: runtime %s, handler %s and program %s don't fit together", f.FunctionName, f.Runtime, f.Handler, program)
		}
		arn := aws.ARN("lambda", "function:"+f.FunctionName)
		byARN[arn] = lambda.New(lambda.Config{
			Name: f.FunctionName, ARN: arn, Program: built[program], Environment: f.environment(),
			Timeout: time.Duration(f.Timeout) * time.Second, MemoryMB: f.MemorySize, Concurrency: environments,
			AllowsLoops: f.RecursiveLoop == "Allow",
			Credentials: func() string { return w.Front.Key(program, role) }, Gone: w.Front.Revoke,
			Endpoint: w.Front.URL, Log: w.log.of(program),
		})
		switch program {
		case "api":
			w.API = byARN[arn]
		case "worker":
			w.Worker = byARN[arn]
		case "tracker":
			w.Tracker = byARN[arn]
		}
	}
	return byARN, nil
}

// startMappings starts the event source mappings of compute.yaml.
func (w *World) startMappings(d *deployed, functions map[string]*lambda.Function) error {
	names, err := d.compute.OfType("AWS::Lambda::EventSourceMapping")
	if err != nil {
		return err
	}
	urls := map[string]string{
		w.Data["CallsQueueArn"]: w.Data["CallsQueueUrl"], w.Data["EventsQueueArn"]: w.Data["EventsQueueUrl"],
	}
	for _, name := range names {
		m, err := stack.Read[struct {
			BatchSize                      stack.Text
			MaximumBatchingWindowInSeconds int
			EventSourceArn, FunctionName   string
			FunctionResponseTypes          []string
			ScalingConfig                  struct{ MaximumConcurrency stack.Text }
		}](d.compute, name)
		if err != nil {
			return err
		}
		size, err := number(string(m.BatchSize), name+".BatchSize")
		if err != nil {
			return err
		}
		concurrency, err := number(string(m.ScalingConfig.MaximumConcurrency), name+".MaximumConcurrency")
		if err != nil {
			return err
		}
		f := functions[aws.ARN("lambda", "function:"+m.FunctionName)]
		url := urls[m.EventSourceArn]
		if f == nil || url == "" || size < 1 || size > 10 || concurrency < 2 || concurrency > 1000 {
			return fmt.Errorf("%s: queue %q, function %q, batches of %d, concurrency %d", name, m.EventSourceArn, m.FunctionName, size, concurrency)
		}
		role, err := w.roleOf(d, m.FunctionName)
		if err != nil {
			return err
		}
		w.mappings = append(w.mappings, mapping.Start(mapping.Config{
			QueueURL: url, QueueARN: m.EventSourceArn, BatchSize: size, Concurrency: concurrency,
			Window:          time.Duration(m.MaximumBatchingWindowInSeconds) * time.Second,
			ReportsFailures: slices.Contains(m.FunctionResponseTypes, "ReportBatchItemFailures"), Function: f,
			SQS:      aws.Client{URL: w.Front.URL, Key: w.Front.Key(name, role)},
			Operator: w.AWS, RedeliveredAfter: redelivery, Log: w.log.of(name).printf,
		}))
	}
	return nil
}

func (w *World) roleOf(d *deployed, name string) (*iam.Role, error) {
	all, err := readFunctions(d.compute)
	if err != nil {
		return nil, err
	}
	for _, f := range all {
		if f.FunctionName == name {
			return w.role(f.Role)
		}
	}
	return nil, fmt.Errorf("there is no function %s", name)
}

// Deliver has the very same messages of all queues come more than once.
func (w *World) Deliver(c mapping.Copies) {
	for _, m := range w.mappings {
		m.Deliver(c)
	}
}

// DeployAgain deploys another agent image while everything runs: the template's
// task definition gets its next revision, beside those before, and the functions
// whose variables name it get new environments.
func (w *World) DeployAgain(t testing.TB) {
	t.Helper()
	compute := w.deployed.compute
	w.revision++
	compute.Arguments["AgentImageTag"] = fmt.Sprint("e2e", w.revision)
	definition, err := taskDefinition(compute)
	if err != nil {
		t.Fatal(err)
	}
	all, err := readFunctions(compute)
	if err != nil {
		t.Fatal(err)
	}
	w.ECS.Register(definition)
	for _, f := range all {
		map[string]*lambda.Function{"api": w.API, "worker": w.Worker, "tracker": w.Tracker}[f.program()].Configure(f.environment())
	}
}
