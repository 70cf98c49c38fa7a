package intake

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// NumberKind is a kind of number that is refused unless the policy allows it.
type NumberKind string

// The kinds of numbers that are refused by default. Emergency numbers are none
// of them, because no policy can allow them. All other kinds are called: fixed
// lines, mobiles, toll-free and company-wide numbers (UAN), numbers of internet
// telephony and personal numbers all lead to a person and are billed as ordinary calls.
const (
	KindPremiumRate NumberKind = "premium_rate" // the caller pays for what is said
	KindSharedCost  NumberKind = "shared_cost"  // the caller pays more than for an ordinary call
	KindSatellite   NumberKind = "satellite"    // +870, +881, +882, +883: dear as premium rate, and a target of fraud
	KindShort       NumberKind = "short"        // reaches another service in each country and network, if any
	KindPager       NumberKind = "pager"        // nobody is there to talk to
	KindVoicemail   NumberKind = "voicemail"    // leads to a machine that asks for its owner's code
)

// kindNames says what a number of each kind is called in a sentence.
var kindNames = map[NumberKind]string{
	KindPremiumRate: "a premium-rate number",
	KindSharedCost:  "a shared-cost number",
	KindSatellite:   "a satellite or international-network number",
	KindShort:       "a short number",
	KindPager:       "a pager's number",
	KindVoicemail:   "a voicemail access number",
}

// refusedTypes are the types of package phonenumbers that are refused by default.
var refusedTypes = map[phonenumbers.PhoneNumberType]NumberKind{
	phonenumbers.PREMIUM_RATE: KindPremiumRate,
	phonenumbers.SHARED_COST:  KindSharedCost,
	phonenumbers.PAGER:        KindPager,
	phonenumbers.VOICEMAIL:    KindVoicemail,
}

// satelliteCodes are the country codes of satellite systems (870, 881) and of
// international networks (882, 883). Their types don't tell: phonenumbers has
// them as mobiles and internet telephony.
var satelliteCodes = []int32{870, 881, 882, 883}

// NumberPolicy lists the kinds that are called although they are refused by default.
type NumberPolicy []NumberKind

// ParseNumberPolicy reads a policy as it is configured: kinds such as
// "premium_rate,shared_cost"; empty for none. The error names what it doesn't know.
func ParseNumberPolicy(s string) (NumberPolicy, error) {
	var policy NumberPolicy
	for name := range strings.SplitSeq(s, ",") {
		kind := NumberKind(strings.TrimSpace(name))
		if kind == "" {
			continue
		}
		if _, ok := kindNames[kind]; !ok {
			return nil, fmt.Errorf("there is no kind of numbers %q; the kinds are %s", kind, knownKinds())
		}
		policy = append(policy, kind)
	}
	return policy, nil
}

func knownKinds() string {
	var names []string
	for kind := range kindNames {
		names = append(names, string(kind))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// refuses gives the kind for which a valid number is refused, if it is.
func (p NumberPolicy) refuses(n *phonenumbers.PhoneNumber, t phonenumbers.PhoneNumberType) (NumberKind, bool) {
	kind, ok := refusedTypes[t]
	if !ok && slices.Contains(satelliteCodes, n.GetCountryCode()) {
		kind, ok = KindSatellite, true
	}
	return kind, ok && !p.allows(kind)
}

func (p NumberPolicy) allows(kind NumberKind) bool { return slices.Contains(p, kind) }
