package world

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/outdial/outdial/e2e/internal/aws"
	"github.com/outdial/outdial/e2e/internal/cognito"
	"github.com/outdial/outdial/e2e/internal/localstack"
	"github.com/outdial/outdial/e2e/internal/stack"
)

// deployed is the root template with its nested stacks.
type deployed struct {
	root     *stack.Stack
	identity *stack.Stack
	network  *stack.Stack
	compute  *stack.Stack

	data map[string]string // outputs of the data stack, which LocalStack has deployed
}

// deploy deploys the data template as it is, and works out what the others come to.
func (w *World) deploy(ctx context.Context, parameters map[string]string) (*deployed, error) {
	folder, err := localstack.Root()
	if err != nil {
		return nil, err
	}
	d := new(deployed)
	if d.root, err = load(ctx, folder, "template.yaml", w.Name, parameters); err != nil {
		return nil, err
	}
	arguments, err := d.nested("Data")
	if err != nil {
		return nil, err
	}
	template, err := os.ReadFile(filepath.Join(folder, "infra", "data.yaml"))
	if err != nil {
		return nil, err
	}
	if d.data, err = w.AWS.Deploy(ctx, w.Name, string(template), arguments); err != nil {
		return nil, err
	}
	for _, part := range []struct {
		name     string
		into     **stack.Stack
		physical func(*stack.Stack) stack.Physical
	}{
		{"Identity", &d.identity, w.identityResource},
		{"Network", &d.network, networkResource},
		{"Compute", &d.compute, w.computeResource},
	} {
		if arguments, err = d.nested(part.name); err != nil {
			return nil, err
		}
		s, err := load(ctx, folder, strings.ToLower(part.name)+".yaml", w.Name, arguments)
		if err != nil {
			return nil, err
		}
		s.Physical = part.physical(s)
		*part.into = s
		if part.name == "Identity" {
			if err := w.registerClients(s); err != nil {
				return nil, err
			}
		}
	}
	return d, nil
}

func load(ctx context.Context, folder, file, name string, arguments map[string]string) (*stack.Stack, error) {
	t, err := stack.Load(ctx, folder, file)
	if err != nil {
		return nil, err
	}
	s := &stack.Stack{Name: name, Template: t}
	s.Arguments, err = t.Arguments(arguments)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}

// nested are the arguments that the root gives one of its stacks.
func (d *deployed) nested(name string) (map[string]string, error) {
	d.root.Physical = d.output
	s, err := stack.Read[struct {
		Parameters map[string]stack.Text
	}](d.root, name)
	if err != nil {
		return nil, err
	}
	arguments := map[string]string{}
	for parameter, value := range s.Parameters {
		arguments[parameter] = string(value)
	}
	return arguments, nil
}

// output is an output of a nested stack, as the root sees it.
func (d *deployed) output(name string, _ stack.Resource, attribute string) (string, error) {
	key, ok := strings.CutPrefix(attribute, "Outputs.")
	outputs := d.data
	from := map[string]*stack.Stack{"Identity": d.identity, "Network": d.network, "Compute": d.compute}[name]
	var err error
	if from != nil {
		outputs, err = from.Outputs()
	}
	value, found := outputs[key]
	if err == nil && (!ok || !found) {
		err = fmt.Errorf("%s has no output %s", name, attribute)
	}
	return value, err
}

// computeResource is what the resources of compute.yaml are.
func (w *World) computeResource(s *stack.Stack) stack.Physical {
	return func(name string, r stack.Resource, attribute string) (string, error) {
		p, err := s.Resolve(named(r))
		if err != nil {
			return "", err
		}
		own := fmt.Sprint(p)
		ref, arn := own, ""
		switch r.Type {
		case "AWS::ECS::Cluster":
			arn = aws.ARN("ecs", "cluster/"+own)
		case "AWS::ECR::Repository":
			arn = aws.ARN("ecr", "repository/"+own)
			if attribute == "RepositoryUri" {
				return aws.Account + ".dkr.ecr." + aws.Region + ".amazonaws.com/" + own, nil
			}
		case "AWS::ECS::TaskDefinition":
			ref = aws.ARN("ecs", fmt.Sprintf("task-definition/%s:%d", own, w.revision))
		case "AWS::IAM::Role":
			ref = s.Name + "-" + name
			arn = "arn:aws:iam::" + aws.Account + ":role/" + ref
		case "AWS::Lambda::Function":
			arn = aws.ARN("lambda", "function:"+own)
		case "AWS::Logs::LogGroup":
			arn = aws.ARN("logs", "log-group:"+own+":*")
		case "AWS::ApiGatewayV2::Api":
			ref = "a1b2c3d4e5"
		default:
			return "", fmt.Errorf("nobody here knows what a %s is", r.Type)
		}
		switch attribute {
		case "":
			return ref, nil
		case "Arn":
			return arn, nil
		}
		return "", fmt.Errorf("a %s has no attribute %s here", r.Type, attribute)
	}
}

// named is the property that a resource's name stands in.
func named(r stack.Resource) any {
	for _, property := range []string{"ClusterName", "RepositoryName", "Family", "FunctionName", "LogGroupName"} {
		if v, ok := r.Properties[property]; ok {
			return v
		}
	}
	return ""
}

// networkResource is what the resources of network.yaml are: names are enough.
func networkResource(*stack.Stack) stack.Physical {
	return func(name string, r stack.Resource, attribute string) (string, error) {
		switch r.Type {
		case "AWS::EC2::Subnet":
			return "subnet-" + strings.ToLower(name), nil
		case "AWS::EC2::SecurityGroup":
			return "sg-" + strings.ToLower(name), nil
		}
		return "", fmt.Errorf("nobody here knows %s.%s", name, attribute)
	}
}

// identityResource is what the resources of identity.yaml are. A group and a user
// are their names.
func (w *World) identityResource(s *stack.Stack) stack.Physical {
	return func(name string, r stack.Resource, attribute string) (string, error) {
		switch {
		case r.Type == "AWS::Cognito::UserPool" && attribute == "ProviderURL":
			return w.Pool.Issuer, nil
		case r.Type == "AWS::Cognito::UserPoolGroup" && attribute == "":
			got, err := s.Resolve(r.Properties["GroupName"])
			return fmt.Sprint(got), err
		case r.Type == "AWS::Cognito::UserPoolUser" && attribute == "":
			got, err := s.Resolve(r.Properties["Username"])
			return fmt.Sprint(got), err
		case attribute == "":
			return strings.ToLower(name) + w.Name, nil
		}
		return "", fmt.Errorf("nobody here knows %s.%s", name, attribute)
	}
}

// registerClients registers the clients of identity.yaml with the pool.
func (w *World) registerClients(s *stack.Stack) error {
	names, err := s.OfType("AWS::Cognito::UserPoolClient")
	if err != nil {
		return err
	}
	for _, name := range names {
		c, err := stack.Read[struct {
			ClientName                                          string
			GenerateSecret                                      bool
			AllowedOAuthFlows, AllowedOAuthScopes, CallbackURLs []string
		}](s, name)
		if err != nil {
			return err
		}
		id, err := s.Physical(name, s.Template.Resources[name], "")
		if err != nil {
			return err
		}
		client := cognito.Client{ID: id, Scopes: c.AllowedOAuthScopes, Flows: c.AllowedOAuthFlows, Callbacks: c.CallbackURLs}
		if c.GenerateSecret {
			client.Secret = "secret-of-" + id
		}
		w.Pool.AddClient(client)
		switch c.ClientName {
		case "people":
			w.PeopleClient = client
		case "programs":
			w.ProgramsClient = client
		default:
			return errors.New("a client that nobody here knows: " + c.ClientName)
		}
	}
	return nil
}
