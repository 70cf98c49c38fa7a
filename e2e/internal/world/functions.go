package world

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/outdial/outdial/e2e/internal/aws"
	"github.com/outdial/outdial/e2e/internal/ecs"
	"github.com/outdial/outdial/e2e/internal/iam"
	"github.com/outdial/outdial/e2e/internal/lambda"
	"github.com/outdial/outdial/e2e/internal/mapping"
	"github.com/outdial/outdial/e2e/internal/stack"
)

// redelivery is after how long a message that failed is seen again. On AWS it is
// the queue's visibility timeout, which nothing rests on.
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

// functions makes the functions of compute.yaml, by ARN.
func (w *World) functions(d *deployed, built map[string]string) (map[string]*lambda.Function, error) {
	names, err := d.compute.OfType("AWS::Lambda::Function")
	if err != nil {
		return nil, err
	}
	byARN := map[string]*lambda.Function{}
	for _, name := range names {
		f, err := stack.Read[struct {
			FunctionName, Role, Runtime, Handler string
			Code                                 struct{ S3Key string }
			Timeout, MemorySize                  int
			Environment                          struct{ Variables map[string]stack.Text }
		}](d.compute, name)
		if err != nil {
			return nil, err
		}
		program := filepath.Base(f.Code.S3Key) // ../bin/lambda/worker
		role, err := w.role(f.Role)
		if err != nil {
			return nil, err
		}
		if f.Runtime != "provided.al2023" || f.Handler != "bootstrap" || built[program] == "" {
			return nil, fmt.Errorf("%s: runtime %s, handler %s and program %s don't fit together", name, f.Runtime, f.Handler, program)
		}
		environment := map[string]string{}
		for variable, value := range f.Environment.Variables {
			environment[variable] = string(value)
		}
		arn := aws.ARN("lambda", "function:"+f.FunctionName)
		byARN[arn] = lambda.New(lambda.Config{
			Name: f.FunctionName, ARN: arn, Program: built[program], Environment: environment,
			Timeout: time.Duration(f.Timeout) * time.Second, MemoryMB: f.MemorySize, Concurrency: environments,
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
			BatchSize                    stack.Text
			EventSourceArn, FunctionName string
			FunctionResponseTypes        []string
			ScalingConfig                struct{ MaximumConcurrency stack.Text }
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
			ReportsFailures: slices.Contains(m.FunctionResponseTypes, "ReportBatchItemFailures"), Function: f,
			SQS:      aws.Client{URL: w.Front.URL, Key: w.Front.Key(name, role)},
			Operator: w.AWS, RedeliveredAfter: redelivery, Log: w.log.of(name).printf,
		}))
	}
	return nil
}

func (w *World) roleOf(d *deployed, function string) (*iam.Role, error) {
	names, err := d.compute.OfType("AWS::Lambda::Function")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		f, err := stack.Read[struct{ FunctionName, Role string }](d.compute, name)
		if err != nil {
			return nil, err
		}
		if f.FunctionName == function {
			return w.role(f.Role)
		}
	}
	return nil, fmt.Errorf("there is no function %s", function)
}
