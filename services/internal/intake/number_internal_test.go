package intake

import (
	"testing"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

func TestNoEmergencyNumberIsLongerThanLookedFor(t *testing.T) {
	t.Parallel()
	collection, err := phonenumbers.ShortNumberMetadataCollection()
	if err != nil {
		t.Fatal(err)
	}
	for _, region := range collection.GetMetadata() {
		for _, length := range region.GetEmergency().GetPossibleLength() {
			if length > maxEmergency {
				t.Errorf("%s has emergency numbers of %d digits", region.GetId(), length)
			}
		}
	}
}

// decimal counts on this.
func TestDigitsOfEveryScriptStandInARowFromZero(t *testing.T) {
	t.Parallel()
	for _, r := range unicode.Nd.R16 {
		if r.Stride != 1 || (r.Hi-r.Lo+1)%10 != 0 {
			t.Errorf("%U to %U is no row of digits", r.Lo, r.Hi)
		}
	}
	for _, r := range unicode.Nd.R32 {
		if r.Stride != 1 || (r.Hi-r.Lo+1)%10 != 0 {
			t.Errorf("%U to %U is no row of digits", r.Lo, r.Hi)
		}
	}
	for i, r := range []rune("٠१২௩៤໕႖７𝟖𝟵") {
		if got := decimal(r); got != '0'+byte(i) {
			t.Errorf("%c is %c", r, got)
		}
	}
}
