package intake_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"github.com/outdial/outdial/services/internal/intake"
)

// called checks one number as the only row of a list, and gives it as E.164 or
// the row's refusal.
func called(t tb, policy intake.NumberPolicy, written, region string) (e164, code, message string) {
	t.Helper()
	b := newBundle(t)
	b.Numbers = policy
	rows := []intake.Row{{PhoneNumber: written}, {PhoneNumber: "+4915228817386"}} // the other row keeps the list callable
	a, err := b.SubmitBatch(t.Context(), owner, intake.BatchRequest{Rows: rows, Region: region, AllowDuplicates: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Value.RefusedRows) > 0 {
		return "", a.Value.RefusedRows[0].Code, a.Value.RefusedRows[0].Message
	}
	return b.rows(t, a.Value.Batch)[0].Number, "", ""
}

func TestNumbersAsPeopleAndSpreadsheetsWriteThem(t *testing.T) {
	t.Parallel()
	const london = "+442079460958"
	tests := []struct{ name, written, region, want string }{
		{"E.164", "+442079460958", "", london},
		{"international with blanks", "+44 20 7946 0958", "", london},
		{"with the trunk prefix in brackets", "+44 (0)20 7946-0958", "", london},
		{"with the plus in brackets", "(+44) 20-7946-0958", "", london},
		{"national with its region", "020 7946 0958", "GB", london},
		{"national without the zero that a spreadsheet dropped", "2079460958", "GB", london},
		{"without the plus that a spreadsheet dropped", "442079460958", "GB", london},
		{"international from another region", "+44 20 7946 0958", "US", london},
		{"with the region's own international prefix", "011 44 20 7946 0958", "US", london},
		{"with 00 for the plus and a region", "0044 20 7946 0958", "DE", london},
		{"with 00 for the plus and no region", "0044 20 7946 0958", "", london},
		{"with dots", "020.7946.0958", "GB", london},
		{"with a slash", "020/79460958", "GB", london},
		{"with slashes around the trunk prefix", "+44/020/79460958", "", london},
		{"with square brackets", "[020] 7946 0958", "GB", london},
		{"with surrounding blanks", "  020 7946 0958\t", "GB", london},
		{"with no-break spaces", "020\u00a07946\u202f0958", "GB", london},
		{"with typographic dashes", "020–7946—0958‑", "GB", london},
		{"with signs of writing direction", "\u202a+44 20 7946 0958\u202c\u200e", "", london},
		{"with a byte-order mark", "\ufeff+442079460958", "", london},
		{"in full-width digits", "＋４４２０７９４６０９５８", "", london},
		{"in Arabic digits", "+٤٤٢٠٧٩٤٦٠٩٥٨", "", london},
		{"in Devanagari digits", "०२० ७९४६ ०९५८", "GB", london},
		{"with an apostrophe that keeps it text", "'+442079460958", "", london},
		{"as a formula that keeps it text", `="+442079460958"`, "", london},
		{"as a tel URI", "tel:+44-20-7946-0958", "", london},
		{"as a tel URI in capitals", "TEL:+44-20-7946-0958", "", london},
		{"as a whole number that a program took for a fraction", "442079460958.0", "GB", london},
		{"of the United Kingdom by the code it is known by", "020 7946 0958", "UK", london},
		{"of Italy, where the zero belongs to it", "06 698 12345", "IT", "+390669812345"},
		{"of a country that shares its code", "264 235 1234", "AI", "+12642351234"},
		{"toll-free", "0800 123 4567", "DE", "+498001234567"},
		{"company-wide", "0300 123 4567", "GB", "+443001234567"},
		{"of internet telephony", "056 1234 5678", "GB", "+445612345678"},
		{"personal", "070 1234 5678", "GB", "+447012345678"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, code, message := called(t, nil, tt.written, tt.region)
			if got != tt.want {
				t.Errorf("%q in %q: got %s, refused as %q (%s), want %s", tt.written, tt.region, got, code, message, tt.want)
			}
		})
	}
}

func TestNumbersAreRefusedWithTheirReason(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, written, region, code, mentions string }{
		{"too short", "020", "GB", intake.CodePhoneNumberInvalid, "too short for a number of GB"},
		{"too short for any country", "9", "GB", intake.CodePhoneNumberInvalid, "too short to be a phone number"},
		{"too long", "+1 202 555 01430", "", intake.CodePhoneNumberInvalid, "too long for a number of US"},
		{"too long for any country", strings.Repeat("4", 60), "GB", intake.CodePhoneNumberInvalid, "too long to be a phone number"},
		{"too long for an international number", "+49 3030 90182 90182", "", intake.CodePhoneNumberInvalid, "has 16 digits"},
		{"of a length between two others", "+65 912 345 678", "", intake.CodePhoneNumberInvalid, "no number of SG has"},
		{"of another country than the region's", "+49 176 1234", "AT", intake.CodePhoneNumberInvalid, "not valid for DE"},
		{"without area code", "555-0143", "US", intake.CodePhoneNumberInvalid, "with its area code"},
		{"of no area", "+1 202 055 0143", "", intake.CodePhoneNumberInvalid, "not valid for US"},
		{"of a country that doesn't exist", "+999 1234 5678", "", intake.CodePhoneNumberInvalid, "country code that doesn't exist"},
		{"national without a region", "020 7946 0958", "", intake.CodePhoneNumberInvalid, "give a region"},
		{"cut down by a spreadsheet", "4.91512E+11", "", intake.CodePhoneNumberInvalid, "Format the column as text"},
		{"cut down by a spreadsheet with a decimal comma", "4,91512E+11", "DE", intake.CodePhoneNumberInvalid, "Format the column as text"},
		{"with an extension", "020 7946 0958 ext. 12", "GB", intake.CodePhoneNumberInvalid, "extension"},
		{"with an x extension", "020 7946 0958x12", "GB", intake.CodePhoneNumberInvalid, "extension"},
		{"as a tel URI with an extension", "tel:+442079460958;ext=12", "", intake.CodePhoneNumberInvalid, "extension"},
		{"two with a slash between", "030 1234567 / 030 7654321", "DE", intake.CodePhoneNumberInvalid, "more than one number"},
		{"two with a comma between", "030 1234567, 030 7654321", "DE", intake.CodePhoneNumberInvalid, "more than one number"},
		{"two in two lines", "030 1234567\n030 7654321", "DE", intake.CodePhoneNumberInvalid, "more than one number"},
		{"two international ones", "+49301234567 +49307654321", "", intake.CodePhoneNumberInvalid, "more than one number"},
		{"with a name behind it", "030 123 Ada", "DE", intake.CodePhoneNumberInvalid, "letters or signs"},
		{"a date", "3/7/2026, noon", "DE", intake.CodePhoneNumberInvalid, "not a phone number"},
		{"no number at all", "n/a", "DE", intake.CodePhoneNumberInvalid, "not a phone number"},
		{"dashes", "---", "DE", intake.CodePhoneNumberInvalid, "not a phone number"},
		{"a whole story", strings.Repeat("a", 101), "DE", intake.CodePhoneNumberInvalid, "101 characters"},
		{"premium rate", "0909 879 0879", "GB", intake.CodeNumberNotCallable, "premium-rate number of GB"},
		{"shared cost", "0137 1234567", "DE", intake.CodeNumberNotCallable, "shared-cost number of DE"},
		{"international premium rate", "+979 123456789", "", intake.CodeNumberNotCallable, "premium-rate number of +979"},
		{"a satellite phone", "+870 301234567", "", intake.CodeNumberNotCallable, "satellite"},
		{"a short number", "118 33", "DE", intake.CodeNumberNotCallable, "short number of DE"},
		{"a short number written as international", "+49 118 33", "", intake.CodeNumberNotCallable, "short number of DE"},
		{"an emergency number", "112", "DE", intake.CodeNumberNotCallable, "emergency"},
		{"an emergency number without a region", "999", "", intake.CodeNumberNotCallable, "emergency"},
		{"an emergency number of another country", "999", "DE", intake.CodeNumberNotCallable, "emergency"},
		{"an emergency number written as international", "+44 999", "", intake.CodeNumberNotCallable, "emergency"},
		{"an emergency number behind a plus", "+112", "", intake.CodeNumberNotCallable, "emergency"},
		{"an emergency number behind a trunk prefix", "0112", "DE", intake.CodeNumberNotCallable, "emergency"},
		{"an emergency number behind an international prefix", "00 49 112", "", intake.CodeNumberNotCallable, "emergency"},
		{"an emergency number of zeros", "000", "AU", intake.CodeNumberNotCallable, "emergency"},
		{"an emergency number of zeros behind a plus", "+000", "", intake.CodeNumberNotCallable, "emergency"},
		{"an emergency number in Arabic digits", "٩١١", "SA", intake.CodeNumberNotCallable, "emergency"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, code, message := called(t, nil, tt.written, tt.region)
			if got != "" || code != tt.code || !strings.Contains(message, tt.mentions) {
				t.Errorf("got %s, %s (%s), want %s and mention of %q", got, code, message, tt.code, tt.mentions)
			}
		})
	}
}

func TestPolicyAllowsKindsButNoEmergencyNumber(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, policy, written, region, want string }{
		{"premium rate, allowed", "premium_rate", "0909 879 0879", "GB", "+449098790879"},
		{"shared cost, allowed", "shared_cost, premium_rate", "0137 1234567", "DE", "+491371234567"},
		{"satellite, allowed", "satellite", "+870 301234567", "", "+870301234567"},
		{"short, allowed", "short", "118 33", "DE", "+4911833"},
		{"premium rate, another kind allowed", "shared_cost", "0909 879 0879", "GB", ""},
		{"emergency, all kinds allowed", "premium_rate,shared_cost,satellite,short,pager,voicemail", "112", "DE", ""},
		{"emergency of a region, all kinds allowed", "premium_rate,shared_cost,satellite,short,pager,voicemail", "911", "US", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			policy, err := intake.ParseNumberPolicy(tt.policy)
			if err != nil {
				t.Fatal(err)
			}
			got, code, message := called(t, policy, tt.written, tt.region)
			if got != tt.want || tt.want == "" && code != intake.CodeNumberNotCallable {
				t.Errorf("got %s, %s (%s), want %q", got, code, message, tt.want)
			}
		})
	}
	if policy, err := intake.ParseNumberPolicy(" "); err != nil || len(policy) != 0 {
		t.Errorf("an empty policy is %v, error %v", policy, err)
	}
	if _, err := intake.ParseNumberPolicy("premium_rate,emergency"); err == nil || !strings.Contains(err.Error(), `"emergency"`) || !strings.Contains(err.Error(), "premium_rate") {
		t.Errorf("a kind that can't be allowed gives %v", err)
	}
}

// regions are the regions that have numbers; in short mode a quarter of them.
func regions() []string {
	all := slices.Sorted(maps.Keys(phonenumbers.GetSupportedRegions()))
	if testing.Short() {
		return all[:len(all)/4]
	}
	return all
}

// Every type of number of every country, in every way that it is usually
// written, is what phonenumbers says it is.
func TestExampleNumbersOfAllCountries(t *testing.T) {
	t.Parallel()
	var list []intake.Row
	var want []string // E.164; empty: refused
	for _, region := range regions() {
		for _, numberType := range numberTypes {
			n := phonenumbers.GetExampleNumberForType(region, numberType)
			if n == nil || !phonenumbers.IsValidNumber(n) {
				continue
			}
			e164 := phonenumbers.Format(n, phonenumbers.E164)
			if slices.Contains(notCalled, phonenumbers.GetNumberType(n)) {
				e164 = ""
			}
			for _, format := range []phonenumbers.PhoneNumberFormat{phonenumbers.E164, phonenumbers.INTERNATIONAL, phonenumbers.NATIONAL, phonenumbers.RFC3966} {
				written := phonenumbers.Format(n, format)
				if read, err := phonenumbers.Parse(written, region); err != nil || phonenumbers.IsNumberMatchWithNumbers(n, read) != phonenumbers.EXACT_MATCH {
					continue // phonenumbers itself reads it as another one
				}
				list = append(list, intake.Row{PhoneNumber: written, Region: region})
				want = append(want, e164)
			}
		}
	}
	if len(list) < 1_000 {
		t.Fatalf("there are only %d examples", len(list))
	}
	b := newBundle(t)
	a, err := b.SubmitBatch(t.Context(), owner, intake.BatchRequest{Rows: list, AllowDuplicates: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]string, len(list))
	for _, row := range b.rows(t, a.Value.Batch) {
		got[row.Line-1] = row.Number
	}
	for i := range list {
		if got[i] != want[i] {
			t.Errorf("%s in %s: got %q, want %q", list[i].PhoneNumber, list[i].Region, got[i], want[i])
		}
	}
	if len(a.Value.Batch.RefusedByCode) != 1 || a.Value.Batch.RefusedByCode[intake.CodeNumberNotCallable] == 0 {
		t.Errorf("refused %v, want all of them as not callable", a.Value.Batch.RefusedByCode)
	}
}

var numberTypes = []phonenumbers.PhoneNumberType{
	phonenumbers.FIXED_LINE, phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE, phonenumbers.TOLL_FREE,
	phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST, phonenumbers.VOIP, phonenumbers.PERSONAL_NUMBER,
	phonenumbers.PAGER, phonenumbers.UAN, phonenumbers.VOICEMAIL,
}

var notCalled = []phonenumbers.PhoneNumberType{
	phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST, phonenumbers.PAGER, phonenumbers.VOICEMAIL,
}

func TestEmergencyNumbersOfAllCountriesAreRefusedHoweverWritten(t *testing.T) {
	t.Parallel()
	list := []intake.Row{
		{PhoneNumber: "1122", Region: "PK"},
		{PhoneNumber: "1298", Region: "IN"},
		{PhoneNumber: "9999", Region: "OM"},
		{PhoneNumber: "10111", Region: "ZA"},
		{PhoneNumber: "90000", Region: "SE"},
		{PhoneNumber: "+46 90000"},
	}
	for _, region := range regions() {
		for n := range 200 { // 1xx and 9xx, as nearly all are
			number := fmt.Sprintf("%d%02d", 1+n/100*8, n%100)
			if !phonenumbers.IsEmergencyNumber(number, region) {
				continue
			}
			code := phonenumbers.GetCountryCodeForRegion(region)
			for _, written := range []string{number, "0" + number, "+" + number, fmt.Sprintf("+%d %s", code, number)} {
				list = append(list, intake.Row{PhoneNumber: written, Region: region}, intake.Row{PhoneNumber: written})
			}
			list = append(list, intake.Row{PhoneNumber: fmt.Sprintf("00%d%s", code, number)})
		}
	}
	if len(list) < 1_000 {
		t.Fatalf("there are only %d ways to write them", len(list))
	}
	policy, err := intake.ParseNumberPolicy("premium_rate,shared_cost,satellite,short,pager,voicemail")
	if err != nil {
		t.Fatal(err)
	}
	b := newBundle(t)
	b.Numbers = policy
	b.Limits.RefusedInline = len(list)
	list = append(list, intake.Row{PhoneNumber: "+4915228817386"})
	a, err := b.SubmitBatch(t.Context(), owner, intake.BatchRequest{Rows: list}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range b.rows(t, a.Value.Batch)[:a.Value.Batch.Rows-1] {
		t.Errorf("%s in %s is called as %s", list[row.Line-1].PhoneNumber, list[row.Line-1].Region, row.Number)
	}
	for _, row := range a.Value.RefusedRows {
		if row.Code != intake.CodeNumberNotCallable || row.Message != "The number is an emergency number; these are never called." {
			t.Errorf("%s in %q: %s (%s)", list[row.Line-1].PhoneNumber, list[row.Line-1].Region, row.Code, row.Message)
		}
	}
}

func TestRefusedNumbersAreMasked(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, written, want string }{
		{"a long number", "+999 1234 5678 90", "+99…90"},
		{"a short one", "12345", "12…"},
		{"a name in the wrong column", "Ada Lovelace, London", "Ada…on"},
		{"with signs that nobody sees", "\u202a999\u0000-999-999-999\u202c", "999…99"},
		{"with a line break", "999-999\n999-998", "999…98"},
		{"a whole story", strings.Repeat("Ähm ", 500), "Ähm…hm"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			result, err := preview(t, intake.BatchRequest{Rows: []intake.Row{{PhoneNumber: tt.written}}})
			if err != nil || len(result.RefusedRows) != 1 {
				t.Fatalf("got %d refused rows, error %v", len(result.RefusedRows), err)
			}
			row := result.RefusedRows[0]
			if row.Value != tt.want {
				t.Errorf("got %q, want %q", row.Value, tt.want)
			}
			if digits := regexp.MustCompile(`[0-9]{4}`).FindString(row.Message); digits != "" {
				t.Errorf("the message %q shows a part of the number", row.Message)
			}
		})
	}
}
