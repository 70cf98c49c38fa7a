package intake

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// refusal says why a number or a row is refused. An empty code says that it isn't.
type refusal struct {
	code    string
	message string // a sentence, without the number
}

func invalid(format string, args ...any) refusal {
	return refusal{CodePhoneNumberInvalid, fmt.Sprintf(format, args...)}
}

func notCallable(format string, args ...any) refusal {
	return refusal{CodeNumberNotCallable, fmt.Sprintf(format, args...)}
}

// maxDigits is how long an international number is at most, country code included
// (ITU-T E.164, 6.2). Some countries' plans have room for more.
const maxDigits = 15

// numberChecker turns numbers as they are written into E.164, or says why not.
type numberChecker struct {
	policy NumberPolicy
}

// check parses a number once and tells whether it can be valid and may be
// called. The region is one of knownRegion or empty; a number that begins with +
// doesn't need it, nor does one with 00, by which most of the world dials abroad.
func (c numberChecker) check(written, region string) (e164 string, bad refusal) {
	digits, ok := spell(written)
	if !ok {
		return "", unreadable(written)
	}
	if rest, ok := strings.CutPrefix(digits, "00"); ok && region == "" {
		digits = "+" + rest
	}
	if region == "" && digits[0] != '+' {
		if isEmergency(digits) {
			return "", emergency
		}
		return "", invalid("The number has no country code, and no region is given. Write it as +, country code and number, or give a region.")
	}
	n, err := phonenumbers.Parse(digits, region)
	if err != nil {
		return "", unparsed(digits, err)
	}
	national := phonenumbers.GetNationalSignificantNumber(n)
	numberType := phonenumbers.GetNumberType(n)
	e164 = "+" + strconv.Itoa(int(n.GetCountryCode())) + national
	if numberType == phonenumbers.UNKNOWN { // that is: not valid, as no emergency number is
		return c.checkShort(e164, digits, national, region, n)
	}
	if len(e164)-1 > maxDigits {
		return "", invalid("The number has %d digits; with its country code a phone number has at most %d.", len(e164)-1, maxDigits)
	}
	if kind, refused := c.policy.refuses(n, numberType); refused {
		return "", notCallable("The number is %s of %s; these are not called.", kindNames[kind], origin(n))
	}
	return e164, refusal{}
}

// checkShort tells what an invalid number is: one for emergencies, a short one, or nothing at all.
func (c numberChecker) checkShort(e164, digits, national, region string, n *phonenumbers.PhoneNumber) (string, refusal) {
	switch {
	case isEmergency(digits), isEmergency(national):
		return "", emergency
	case !phonenumbers.IsValidShortNumber(n):
		return "", impossible(n, region)
	case c.policy.allows(KindShort):
		return e164, refusal{}
	}
	return "", notCallable("The number is %s of %s; these are not called.", kindNames[KindShort], origin(n))
}

var emergency = notCallable("The number is an emergency number; these are never called.")

// impossible says why a number that could be parsed can't be valid: the reason
// that phonenumbers gives, in words.
func impossible(n *phonenumbers.PhoneNumber, region string) refusal {
	of := region
	if of == "" || phonenumbers.GetCountryCodeForRegion(of) != int(n.GetCountryCode()) {
		of = origin(n)
	}
	switch phonenumbers.IsPossibleNumberWithReason(n) {
	case phonenumbers.TOO_SHORT:
		return invalid("The number is too short for a number of %s.", of)
	case phonenumbers.TOO_LONG:
		return invalid("The number is too long for a number of %s.", of)
	case phonenumbers.INVALID_LENGTH:
		return invalid("The number has a length that no number of %s has.", of)
	case phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return invalid("The number is complete only within its own area of %s. Write it with its area code.", of)
	}
	return invalid("The number is not valid for %s: it is as long as one, but no area code or range of its begins like this.", of)
}

var noCountry = invalid("The number begins with a country code that doesn't exist.")

// unparsed says why phonenumbers could not parse it.
func unparsed(digits string, err error) refusal {
	switch {
	case isEmergency(digits):
		return emergency
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode):
		return noCountry
	case errors.Is(err, phonenumbers.ErrNumTooLong):
		return invalid("The number is too long to be a phone number.")
	}
	return invalid("The number is too short to be a phone number.") // a digit or two, or none
}

// origin is where a number belongs: a region, or a country code that belongs to none.
func origin(n *phonenumbers.PhoneNumber) string {
	region := phonenumbers.GetRegionCodeForNumber(n)
	if region == "" {
		region = phonenumbers.GetRegionCodeForCountryCode(int(n.GetCountryCode()))
	}
	if len(region) != 2 || region == phonenumbers.UNKNOWN_REGION {
		return "+" + strconv.Itoa(int(n.GetCountryCode()))
	}
	return region
}

// knownRegion is the region in capitals, when there are numbers of it. The
// United Kingdom is GB in ISO 3166-1, which reserves UK for it, too, and lists use that.
func knownRegion(region string) (string, bool) {
	region = strings.ToUpper(strings.TrimSpace(region))
	if region == "UK" {
		region = "GB"
	}
	return region, len(region) == 2 && phonenumbers.GetCountryCodeForRegion(region) != 0
}

// maxEmergency is how many digits an emergency number has at most.
const maxEmergency = 5

// emergencies matches the emergency numbers of all regions.
var emergencies = emergencyNumbers()

func emergencyNumbers() *regexp.Regexp {
	collection, err := phonenumbers.ShortNumberMetadataCollection()
	if err != nil {
		panic(fmt.Sprintf("the numbers' metadata, which is part of the program: %v", err))
	}
	var patterns []string
	seen := map[string]bool{}
	for _, region := range collection.GetMetadata() {
		pattern := region.GetEmergency().GetNationalNumberPattern()
		if pattern != "" && pattern != "NA" && !seen[pattern] {
			seen[pattern] = true
			patterns = append(patterns, pattern)
		}
	}
	return regexp.MustCompile("^(?:" + strings.Join(patterns, "|") + ")$")
}

// isEmergency tells whether digits that are no valid number are an emergency
// number anywhere, also behind a plus or a trunk prefix. What it catches too
// much would be refused as too short.
func isEmergency(digits string) bool {
	digits = strings.TrimPrefix(digits, "+")
	if len(digits) > maxEmergency+1 {
		return false
	}
	return emergencies.MatchString(digits) || emergencies.MatchString(strings.TrimLeft(digits, "0"))
}
