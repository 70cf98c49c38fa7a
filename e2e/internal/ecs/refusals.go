package ecs

import (
	"net/http"
	"time"

	"github.com/outdial/outdial/e2e/internal/aws"
)

// Refusal is why RunTask starts nothing: an error, or a reason among the failures
// of a successful answer, which the client token remembers.
type Refusal struct {
	Error  *aws.Error
	Reason string
}

// What ECS answers when it starts nothing.
var (
	Throttled          = Refusal{Error: aws.Refuse("ThrottlingException", "Rate exceeded")}
	ThrottledByFargate = Refusal{Error: aws.Refuse("InvalidParameterException", "Unable to run task. Rate exceeded")}
	NoCapacity         = Refusal{Reason: "Capacity is unavailable at this time. Please try again later or in a different availability zone"}
	QuotaReached       = Refusal{Reason: "You've reached the limit on the number of vCPUs you can run concurrently"}
	Inactive           = Refusal{Error: aws.Refuse("ClientException", "TaskDefinition is inactive")}
	NotAllowed         = Refusal{Error: aws.Refuse("AccessDeniedException", "not authorized to perform: ecs:RunTask")}
	Invalid            = Refusal{Error: aws.Refuse("InvalidParameterException", "Container Overrides length must be at most 8192")}
	Unavailable        = Refusal{Error: &aws.Error{Status: http.StatusInternalServerError, Code: "ServerException", Message: "Service Unavailable. Please try again later."}}
)

// Refuse has the next launches refused, in order. Repeats of a client token that
// has its answer use none of them up.
func (s *Service) Refuse(next ...Refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals = append(s.refusals, next...)
}

func (s *Service) refusal() Refusal {
	if len(s.refusals) == 0 {
		return Refusal{}
	}
	next := s.refusals[0]
	s.refusals = s.refusals[1:]
	return next
}

// Deliver has every task event delivered as often, and after as long, as a
// function says: nil loses it, {0, 0} sends it twice at once, {time.Minute} late.
// A later event with a shorter delay comes first.
func (s *Service) Deliver(how func(Event) []time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deliver = how
}
