// Package ecs stands in for Amazon ECS with Fargate: it takes what ECS takes,
// refuses what ECS refuses, and runs the real agent, a process for each task.
package ecs

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/outdial/outdial/e2e/internal/aws"
)

// TaskDefinition is a revision of one.
type TaskDefinition struct {
	ARN                     string // with the revision's number
	Family                  string
	TaskRoleArn             string
	ExecutionRoleArn        string
	NetworkMode             string
	Cpu, Memory             string
	RequiresCompatibilities []string
	ContainerDefinitions    []Container
}

// Container is a container of a task definition.
type Container struct {
	Name                   string
	Image                  string
	User                   string
	ReadonlyRootFilesystem bool
	StopTimeout            int // seconds
	Environment            []struct{ Name, Value string }
}

// Config says what there is in this account.
type Config struct {
	Cluster        string         // its name
	TaskDefinition TaskDefinition // the first revision; Register adds more
	Subnets        []string
	SecurityGroups []string
	PublicIP       string // ENABLED or DISABLED: what the subnets are made for

	Program     string // the agent
	Credentials func() (key string)
	Gone        func(key string)
	Endpoint    string                                     // AWS's, for the SDK
	PutEvent    func(ctx context.Context, event any) error // onto the default bus
	Log         io.Writer
	Logf        func(format string, args ...any)
}

// Service is the ECS of this account.
type Service struct {
	config   Config
	listener net.Listener
	metadata *http.Server // of all tasks, by task id

	mu          sync.Mutex
	definitions []TaskDefinition // oldest first
	tasks       map[string]*task // by ARN
	order       []string         // ARNs, oldest first
	launches    map[string]launch
	refusals    []Refusal
	deliver     func(Event) []time.Duration
	running     int
	most        int
	ahead       time.Duration // of the clock, for what ECS forgets with time
	perSecond   bucket
	posts       sync.WaitGroup
	ended       context.Context
	end         context.CancelFunc
}

// New starts the service.
func New(c Config) (*Service, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it lives as long as the service
	if err != nil {
		return nil, err
	}
	s := &Service{
		config: c, listener: listener, definitions: []TaskDefinition{c.TaskDefinition},
		tasks: map[string]*task{}, launches: map[string]launch{}, perSecond: full(),
	}
	s.ended, s.end = context.WithCancel(context.Background())
	s.metadata = &http.Server{Handler: s.metadataAPI(), ReadHeaderTimeout: time.Minute}
	go func() { _ = s.metadata.Serve(listener) }()
	return s, nil
}

// Close kills all tasks. What they would report is not reported any more.
func (s *Service) Close() {
	s.end()
	s.mu.Lock()
	tasks := s.all()
	s.mu.Unlock()
	for _, t := range tasks {
		t.kill()
	}
	_ = s.metadata.Close()
	s.posts.Wait()
}

// Register adds a revision. Those before stay, and so does what runs from them.
func (s *Service) Register(d TaskDefinition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.definitions = append(s.definitions, d)
}

// Roles are those that RunTask passes on with a task definition.
func (s *Service) Roles(taskDefinition string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.definition(taskDefinition)
	if !ok {
		return nil
	}
	return []string{d.TaskRoleArn, d.ExecutionRoleArn}
}

// Later has ECS forget what it would have forgotten by then: tasks that have
// stopped, and client tokens. Nothing else is told of the time.
func (s *Service) Later(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += by
}

// clock is the time for what ECS forgets. The service is locked.
func (s *Service) clock() time.Time { return time.Now().Add(s.ahead) }

// Do answers the operations of the API.
func (s *Service) Do(_ context.Context, operation string, body []byte) (any, *aws.Error) {
	switch operation {
	case "RunTask":
		return s.runTask(body) //nolint:contextcheck // a task outlives the call that started it
	case "StopTask":
		return s.stopTask(body)
	case "DescribeTasks":
		return s.describeTasks(body)
	case "ListTasks":
		return s.listTasks(body)
	}
	return nil, aws.Refuse("UnknownOperationException", "nobody here knows %s", operation)
}

// Running is how many tasks run. A task counts from the moment that RunTask starts
// it until it has stopped.
func (s *Service) Running() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running
}

// Most is the largest number of tasks that ran at once since CountAnew, or ever.
func (s *Service) Most() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

// CountAnew has Most begin with the tasks that run now.
func (s *Service) CountAnew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.most = s.running
}

// Tasks are all that were ever started, oldest first.
func (s *Service) Tasks() []Task {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Task
	for _, t := range s.all() {
		found = append(found, t.Task)
	}
	return found
}

func (s *Service) all() []*task {
	var found []*task
	for _, arn := range s.order {
		found = append(found, s.tasks[arn])
	}
	return found
}

// Kill kills the agent of a task with SIGKILL, as when its machine fails.
func (s *Service) Kill(arn string) {
	s.mu.Lock()
	t := s.tasks[arn]
	s.mu.Unlock()
	if t != nil {
		t.kill()
	}
}

// decode reads a request. A parameter that ECS has and the programs never sent
// when this was written is refused, so that somebody looks at what it means.
func decode(body []byte, into any) *aws.Error {
	d := json.NewDecoder(newReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return aws.Refuse("InvalidParameterException", "%v", err)
	}
	return nil
}
