package intake

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// spell reads a phone number as people and spreadsheets write it, and gives its
// digits, after a + if it has one. It is false for what holds anything else than
// digits of any script, blanks, dashes, dots, slashes and brackets: to guess
// there would be to call somebody else.
func spell(written string) (digits string, ok bool) {
	digit := make([]byte, 0, 32)
	slash := false
	for _, r := range unwrap(written) {
		switch {
		case '0' <= r && r <= '9':
			if slash && r == '0' && len(digit) >= 6 {
				return "", false // 030 1234567 / 030 7654321
			}
			digit, slash = append(digit, byte(r)), false
		case r == '+' || r == '＋':
			if len(digit) > 0 {
				return "", false
			}
			digit = append(digit, '+')
		case r == '/' || r == '／':
			slash = true
		case isSeparator(r):
		case unicode.Is(unicode.Nd, r):
			digit, slash = append(digit, decimal(r)), false
		default:
			return "", false
		}
	}
	return string(digit), len(digit) > 0
}

// unwrap takes off what spreadsheets and address books put around a number.
func unwrap(s string) string {
	s = strings.TrimFunc(s, isBlank)
	if formula, ok := strings.CutPrefix(s, "="); ok {
		s = strings.Trim(formula, `"`) // ="0152…" keeps a spreadsheet from calculating
	}
	s = strings.TrimLeft(s, "'’") // so does an apostrophe
	if len(s) > 4 && strings.EqualFold(s[:4], "tel:") {
		s = s[4:] // RFC 3966
	}
	if whole, ok := strings.CutSuffix(s, ".0"); ok && len(whole) >= 7 && allDigits(whole) {
		s = whole // written by a program that took it for a fraction
	}
	return s
}

// isBlank tells whether nobody sees it: spaces of any width, line breaks, and
// signs of writing direction, which come with numbers copied from address books.
func isBlank(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// isSeparator tells whether it may stand between the digits of one number. A
// line break or a comma may not: they stand between two numbers.
func isSeparator(r rune) bool {
	switch r {
	case ' ', '-', '.', '(', ')', '[', ']', '~', '−', '（', '）', '［', '］', '．', '·', '•', '∙', '‧', 'ー':
		return true
	}
	return r > unicode.MaxASCII && unicode.In(r, unicode.Zs, unicode.Cf, unicode.Pd)
}

// decimal is the ASCII digit for one of any script. Unicode has the decimal
// digits of each script in a row, from zero.
func decimal(r rune) byte {
	n := rune(0)
	for unicode.Is(unicode.Nd, r-n-1) {
		n++
	}
	return '0' + byte(n%10)
}

func allDigits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// exponential is what a spreadsheet makes of a long number: 4.91512E+11.
var exponential = regexp.MustCompile(`^[+-]?[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+$`)

// several is what stands between two numbers in one cell.
var several = regexp.MustCompile(`(?s)[0-9].*([,;|&\n\r\t]|/\s*[0+]|\+).*[0-9]`)

// unreadable says why spell could not read it.
func unreadable(written string) refusal {
	s := unwrap(written)
	_, extension := phonenumbers.MaybeSeparateExtensionFromPhone(s)
	switch {
	case exponential.MatchString(s):
		return invalid("A spreadsheet has cut the number down to an approximation. Format the column as text, enter the numbers again, and export once more.")
	case extension != "":
		return invalid("The number has an extension, which can't be dialed. Leave it out.")
	case several.MatchString(s):
		return invalid("This looks like more than one number. Give each number a row of its own.")
	case strings.ContainsFunc(s, unicode.IsDigit):
		return invalid("This is not a phone number: beside digits it holds letters or signs that are no part of one.")
	}
	return invalid("This is not a phone number.")
}

// mask shows of what was written no more than its beginning and end: it is
// somebody's number, or a name that stands in the wrong column.
func mask(written string) string {
	visible := []rune(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.TrimFunc(written, isBlank)))
	switch n := len(visible); {
	case n == 0:
		return ""
	case n < 9:
		return string(visible[:min(2, n)]) + "…"
	default:
		return string(visible[:3]) + "…" + string(visible[n-2:])
	}
}
