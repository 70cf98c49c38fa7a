package ecs

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/outdial/outdial/e2e/internal/aws"
)

// A client token is honoured for tokenTime, or until its task has stopped for so
// long as shown if that is sooner.
const tokenTime = 24 * time.Hour

func newReader(body []byte) io.Reader { return bytes.NewReader(body) }

// launch is what RunTask answered to a client token.
type launch struct {
	parameters string // of the request, without the token
	at         time.Time
	tasks      []string // ARNs
	failures   []failure
}

type failure struct {
	Arn    string `json:"arn,omitempty"`
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
}

type override struct {
	Name        string
	Environment []struct{ Name, Value string }
}

type network struct {
	AwsvpcConfiguration *struct {
		Subnets, SecurityGroups []string
		AssignPublicIp          string
	}
}

type runTaskRequest struct {
	Cluster, TaskDefinition, LaunchType, PlatformVersion string
	ClientToken, StartedBy, Group, PropagateTags         string
	Count                                                *int
	EnableECSManagedTags, EnableExecuteCommand           bool
	NetworkConfiguration                                 network
	Overrides                                            struct{ ContainerOverrides []override }
}

func (s *Service) runTask(body []byte) (any, *aws.Error) {
	var r runTaskRequest
	if err := decode(body, &r); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.perSecond.take(time.Now()) {
		return nil, aws.Refuse("ThrottlingException", "Rate exceeded")
	}
	definition, err := s.validate(r)
	if err != nil {
		return nil, err
	}
	parameters := r
	parameters.ClientToken = ""
	data, failed := json.Marshal(parameters) //nolint:gosec // a client token is no secret
	if failed != nil {
		return nil, aws.Refuse("InvalidParameterException", "%v", failed)
	}
	if earlier, ok := s.earlier(r.ClientToken); ok {
		return s.repeat(earlier, string(data))
	}
	l := launch{parameters: string(data), at: s.clock()}
	switch refusal := s.refusal(); {
	case refusal.Error != nil:
		return nil, refusal.Error // not an answer to the token: nothing is remembered
	case refusal.Reason != "":
		l.failures = []failure{{Reason: refusal.Reason}}
	default:
		t, err := s.start(r, definition)
		if err != nil {
			return nil, &aws.Error{Status: http.StatusInternalServerError, Code: "ServerException", Message: err.Error()}
		}
		l.tasks = []string{t.ARN}
	}
	if r.ClientToken != "" {
		s.launches[r.ClientToken] = l
	}
	return s.launched(l), nil
}

func (s *Service) earlier(token string) (launch, bool) {
	l, ok := s.launches[token]
	over := len(l.tasks) > 0
	for _, arn := range l.tasks {
		_, found := s.find(arn)
		over = over && !found
	}
	return l, ok && token != "" && s.clock().Sub(l.at) < tokenTime && !over
}

// repeat answers a request with a token that was used before: the very same
// request gets the answer of then, failures included.
func (s *Service) repeat(l launch, parameters string) (any, *aws.Error) {
	if l.parameters != parameters {
		return nil, &aws.Error{
			Status: http.StatusBadRequest, Code: "ConflictException",
			Message: "the client token was used with other parameters", Members: map[string]any{"resourceIds": l.tasks},
		}
	}
	return s.launched(l), nil
}

func (s *Service) launched(l launch) map[string]any {
	tasks := []any{}
	for _, arn := range l.tasks {
		t := s.tasks[arn]
		if t.LastStatus == stopped {
			tasks = append(tasks, map[string]any{"taskArn": arn, "lastStatus": stopped})
		} else {
			tasks = append(tasks, t.describe())
		}
	}
	return map[string]any{"tasks": tasks, "failures": append([]failure{}, l.failures...)}
}

var (
	tokens   = regexp.MustCompile(`^[\x21-\x7e]{0,64}$`)
	starters = regexp.MustCompile(`^[a-zA-Z0-9/_-]{0,128}$`)
)

// validate refuses what ECS would refuse, and what doesn't fit to what is deployed.
// It gives the task definition that is asked for.
func (s *Service) validate(r runTaskRequest) (TaskDefinition, *aws.Error) {
	d, known := s.definition(r.TaskDefinition)
	switch {
	case !s.isCluster(r.Cluster):
		return d, aws.Refuse("ClusterNotFoundException", "Cluster not found.")
	case !known:
		return d, aws.Refuse("ClientException", "Unable to describe task definition %s.", r.TaskDefinition)
	}
	for _, o := range r.Overrides.ContainerOverrides {
		if !slices.ContainsFunc(d.ContainerDefinitions, func(c Container) bool { return c.Name == o.Name }) {
			return d, aws.Refuse("InvalidParameterException", "Override for container named %s is not a container in the TaskDefinition.", o.Name)
		}
	}
	return d, s.validateParameters(r)
}

func (s *Service) validateParameters(r runTaskRequest) *aws.Error {
	invalid := func(format string, args ...any) *aws.Error {
		return aws.Refuse("InvalidParameterException", format, args...)
	}
	vpc := r.NetworkConfiguration.AwsvpcConfiguration
	switch {
	case r.Count != nil && *r.Count != 1:
		return invalid("count is %d: an attempt is one task", *r.Count)
	case r.LaunchType != "FARGATE":
		return invalid("launchType is %q, and the task definition is for Fargate only", r.LaunchType)
	case !tokens.MatchString(r.ClientToken):
		return invalid("clientToken must be at most 64 characters from ! to ~")
	case !starters.MatchString(r.StartedBy):
		return invalid("startedBy must be at most 128 letters, digits, -, / and _")
	case vpc == nil:
		return invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	case len(vpc.Subnets) == 0 || !contains(s.config.Subnets, vpc.Subnets):
		return invalid("subnets %v are not among those deployed: %v", vpc.Subnets, s.config.Subnets)
	case len(vpc.SecurityGroups) == 0 || !contains(s.config.SecurityGroups, vpc.SecurityGroups):
		return invalid("security groups %v are not among those deployed: %v", vpc.SecurityGroups, s.config.SecurityGroups)
	case vpc.AssignPublicIp != s.config.PublicIP:
		return invalid("assignPublicIp is %q, and in these subnets an agent gets out with %s only", vpc.AssignPublicIp, s.config.PublicIP)
	}
	return nil
}

func contains(all, some []string) bool {
	return !slices.ContainsFunc(some, func(one string) bool { return !slices.Contains(all, one) })
}

func (s *Service) isCluster(name string) bool {
	return name == s.config.Cluster || name == s.clusterARN()
}

func (s *Service) clusterARN() string { return aws.ARN("ecs", "cluster/"+s.config.Cluster) }

// definition is the revision with an ARN, or with family and number, or the
// newest of a family. The service is locked.
func (s *Service) definition(name string) (TaskDefinition, bool) {
	for _, d := range slices.Backward(s.definitions) {
		if name == d.ARN || name == d.ARN[strings.LastIndex(d.ARN, "/")+1:] || name == d.Family {
			return d, true
		}
	}
	return TaskDefinition{}, false
}

// bucket is ECS's limit of RunTask calls: 20 a second, burst and sustained.
type bucket struct {
	left float64
	at   time.Time
}

const callsPerSecond = 20

func full() bucket { return bucket{left: callsPerSecond, at: time.Now()} }

func (b *bucket) take(now time.Time) bool {
	b.left = min(callsPerSecond, b.left+now.Sub(b.at).Seconds()*callsPerSecond)
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}
