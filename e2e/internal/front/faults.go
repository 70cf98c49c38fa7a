package front

import (
	"encoding/json"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"

	"github.com/outdial/outdial/e2e/internal/aws"
)

// Cut says when a connection breaks.
type Cut int

// The moments at which a connection can break. The caller can't tell them apart.
const (
	Never Cut = iota
	BeforeEffect
	AfterEffect
)

// Fault is something that goes wrong with calls.
type Fault struct {
	Caller, Service, Operation string          // which calls; what is empty fits all
	Match                      func(Call) bool // which of them; nil fits all
	Times                      int             // how many calls, 0: all until it is lifted

	Before func(Call) // runs before the effect, which waits for it
	Refuse *aws.Error // is answered instead of the effect
	// RefuseWith is Refuse for a refusal that depends on the call.
	RefuseWith func(Call) *aws.Error
	Repeat     int        // how many times more the effect happens
	After      func(Call) // runs after the effect, before the answer
	Cut        Cut
}

func (f *Fault) fits(c Call) bool {
	same := func(want, got string) bool { return want == "" || want == got }
	return same(f.Caller, c.Caller) && same(f.Service, c.Service) && same(f.Operation, c.Operation) &&
		(f.Match == nil || f.Match(c))
}

// Inject has a fault happen from now on. Lift ends it before its times are used up.
func (f *Front) Inject(fault Fault) (lift func()) {
	one := &fault
	if one.Times == 0 {
		one.Times = -1
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, one)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.faults = slices.DeleteFunc(f.faults, func(other *Fault) bool { return other == one })
	}
}

// Left are how many faults with a number of times haven't happened yet, so that a
// test can tell whether what it wanted to go wrong did.
func (f *Front) Left() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	left := 0
	for _, fault := range f.faults {
		left += max(0, fault.Times)
	}
	return left
}

// fault is what goes wrong with a call: the first fault that fits.
func (f *Front) fault(c Call) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range f.faults {
		if fault.Times != 0 && fault.fits(c) {
			if fault.Times > 0 {
				fault.Times--
			}
			return *fault
		}
	}
	return Fault{}
}

// Throttled is how a service says that it is asked too much.
func Throttled(service string) *aws.Error {
	switch service {
	case "dynamodb":
		return aws.Refuse("ProvisionedThroughputExceededException", "The level of configured provisioned throughput for the table was exceeded.")
	case "sqs":
		return &aws.Error{Status: http.StatusForbidden, Code: "RequestThrottled", Message: "Rate exceeded"}
	}
	return aws.Refuse("ThrottlingException", "Rate exceeded")
}

// Broken is how a service says that it has a problem of its own.
var Broken = &aws.Error{Status: http.StatusInternalServerError, Code: "InternalServerError", Message: "Internal server error"}

// TransactionConflict is how DynamoDB cancels a transaction that meets another on
// the way: it tells of every item.
func TransactionConflict(c Call) *aws.Error {
	var in struct{ TransactItems []json.RawMessage }
	if err := json.Unmarshal(c.Body, &in); err != nil {
		return aws.Refuse("SerializationException", "%v", err)
	}
	reasons := make([]map[string]string, len(in.TransactItems))
	codes := make([]string, len(reasons))
	for i := range reasons {
		codes[i] = "TransactionConflict"
		reasons[i] = map[string]string{"Code": codes[i], "Message": "Transaction is ongoing for the item"}
	}
	refusal := aws.Refuse("TransactionCanceledException",
		"Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
	refusal.Members = map[string]any{"CancellationReasons": reasons}
	return refusal
}

// local is an answer that LocalStack doesn't give: of a service of our own, or a
// refusal. DynamoDB adds a checksum to all of its answers.
func local(c Call, v any, refusal *aws.Error) answer {
	w := httptest.NewRecorder()
	if refusal != nil {
		refusal.Write(w)
	} else {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(v)
	}
	if c.Service == "dynamodb" {
		w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(w.Body.Bytes())), 10))
	}
	return answer{w.Code, w.Header(), w.Body.Bytes()}
}
