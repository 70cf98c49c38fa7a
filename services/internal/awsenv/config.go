package awsenv

import "log/slog"

// Base is what every function's program is told.
type Base struct {
	Table string
	Level slog.Level
}

// API is what the api is told.
type API struct {
	Base
	CallsQueue, EventsQueue string // URLs
	Cluster                 string // ARN or name
	Issuer                  string // of tokens that are checked in code too; empty: API Gateway alone checks them
	ClientIDs               []string
	AllowNumberTypes        string // as intake.ParseNumberPolicy reads them
	Prices                  string // as prices.Parse reads them; empty: not known
}

// Worker is what the worker is told.
type Worker struct {
	Base
	CallsQueue, CallsDeadLetterQueue string // URLs
	Cluster                          string // ARN or name
	TaskDefinition                   string // ARN with its revision
	Subnets, SecurityGroups          []string
	AssignPublicIP                   string // ENABLED or DISABLED
}

// Tracker is what the tracker is told.
type Tracker struct {
	Base
	CallsQueue, CallsDeadLetterQueue, EventsQueue string // URLs
	Cluster                                       string // ARN or name
	Carrier                                       string // as in messages.AgentEnv
}

// Lookup is os.LookupEnv.
type Lookup func(name string) (value string, ok bool)

// ReadAPI reads the api's environment. The error names every variable that is
// missing or wrong; so do those of the others.
func ReadAPI(lookup Lookup) (API, error) {
	r := &reader{lookup: lookup}
	c := API{
		Base: r.base(), CallsQueue: r.text(CallsQueue, queueURL), EventsQueue: r.text(EventsQueue, queueURL),
		Cluster: r.text(Cluster, plain), Issuer: r.optional(Issuer, issuerURL), ClientIDs: r.optionalList(ClientIDs, plain),
		AllowNumberTypes: r.optional(AllowNumberTypes, anyText), Prices: r.optional(Prices, anyText),
	}
	if (c.Issuer == "") != (len(c.ClientIDs) == 0) {
		r.bad("%s and %s go together: set both, or none to leave the check of tokens to API Gateway", Issuer, ClientIDs)
	}
	return c, r.err()
}

// ReadWorker reads the worker's environment.
func ReadWorker(lookup Lookup) (Worker, error) {
	r := &reader{lookup: lookup}
	c := Worker{
		Base: r.base(), CallsQueue: r.text(CallsQueue, queueURL), CallsDeadLetterQueue: r.text(CallsDeadLetterQueue, queueURL),
		Cluster: r.text(Cluster, plain), TaskDefinition: r.text(TaskDefinition, taskDefinition),
		Subnets: r.list(Subnets, subnet), SecurityGroups: r.list(SecurityGroups, securityGroup),
		AssignPublicIP: r.text(AssignPublicIP, enabledOrDisabled),
	}
	return c, r.err()
}

// ReadTracker reads the tracker's environment.
func ReadTracker(lookup Lookup) (Tracker, error) {
	r := &reader{lookup: lookup}
	c := Tracker{
		Base: r.base(), CallsQueue: r.text(CallsQueue, queueURL), CallsDeadLetterQueue: r.text(CallsDeadLetterQueue, queueURL),
		EventsQueue: r.text(EventsQueue, queueURL), Cluster: r.text(Cluster, plain), Carrier: r.text(Carrier, carrierAddress),
	}
	return c, r.err()
}
