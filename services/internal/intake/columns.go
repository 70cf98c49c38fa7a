package intake

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// numberColumns are the names by which the number column is known, written as
// plain gives them. (numéro, número and Nummer alone are none: they are more
// often a customer's or a line's.)
var numberColumns = names(
	"phone number", "phone", "phone no", "number", "telephone", "telephone number", "telephone no", "tel", "tel no", "tel number",
	"mobile", "mobile number", "mobile phone", "mobile no", "cell", "cell phone", "cell number", "msisdn",
	"telefon", "telefonnummer", "telefonnr", "tel nr", "rufnummer", "mobil", "mobilnummer", "mobiltelefon", "handy", "handynummer",
	"téléphone", "numéro de téléphone", "n° de téléphone", "no de téléphone", "portable", "téléphone portable",
	"teléfono", "número de teléfono", "móvil", "celular", "telefono", "numero di telefono", "cellulare",
	"telefone", "número de telefone", "telemóvel", "telefoon", "telefoonnummer", "mobiel", "mobiel nummer",
	"numer telefonu", "komórka", "puhelin", "puhelinnumero", "telefon numarası", "cep telefonu",
	"телефон", "номер телефона", "電話番号", "电话", "电话号码", "手机", "手机号",
)

// Names of the columns that may hold a row's region. A column "region" holds
// nothing else; "country" may hold anything, so it counts only where it is a
// code, and is metadata, too.
var (
	regionColumns  = names("region")
	countryColumns = names("country", "country code")
)

func names(written ...string) map[string]bool {
	set := map[string]bool{}
	for _, name := range written {
		set[plain(name)] = true
	}
	return set
}

// plain is a column's name without what people write differently: case, blanks
// and signs, and the accents of Latin letters.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		r = unicode.ToLower(r)
		if base, ok := withoutAccent[r]; ok {
			return base
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1 // combining accents, too
	}, name)
}

var withoutAccent = map[rune]rune{'é': 'e', 'è': 'e', 'ó': 'o', 'ú': 'u', 'ı': 'i'}

// column is the place of a column, from 0; -1 when there is none.
type column int

func (c column) of(r record) string {
	if c < 0 || int(c) >= len(r.cells) {
		return ""
	}
	return r.cells[c]
}

// columns say what stands where in the rows of a file.
type columns struct {
	number  column
	region  column
	country column
	keys    []string // of metadata, by column; empty for number and region
}

// findColumns reads the line of column names.
func findColumns(header record, numberColumn string) (columns, *listError) {
	candidates := numberCandidates(header, numberColumn)
	switch {
	case len(candidates) == 0:
		return columns{}, noNumberColumn(header, numberColumn)
	case len(candidates) > 1:
		return columns{}, listErrorf(header.line, CodeTwoNumberColumns, "The columns %s may all hold the phone numbers. Name the right one in number_column, or call the others something else.",
			placed(header, candidates))
	}
	c := columns{number: candidates[0], region: named(header, regionColumns), country: named(header, countryColumns)}
	if c.region == c.number { // as number_column may ask
		c.region = -1
	}
	c.keys = keys(header, c.number, c.region)
	return c, nil
}

// named is the first column with one of these names.
func named(header record, names map[string]bool) column {
	return column(slices.IndexFunc(header.cells, func(cell string) bool { return names[plain(cell)] }))
}

// numberCandidates are the columns that may hold the numbers: those of the name
// that was asked for, as it was written if there is one, or those of a well-known name.
func numberCandidates(header record, asked string) []column {
	var exact, like []column
	for i, cell := range header.cells {
		name := strings.TrimFunc(cell, isBlank)
		switch {
		case asked == "" && numberColumns[plain(name)]:
			like = append(like, column(i))
		case asked != "" && name == strings.TrimSpace(asked):
			exact = append(exact, column(i))
		case asked != "" && plain(name) == plain(asked) && plain(asked) != "":
			like = append(like, column(i))
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return like
}

func noNumberColumn(header record, asked string) *listError {
	switch {
	case asked != "":
		return listErrorf(header.line, CodeNoNumberColumn, "There is no column called %s; the columns are called %s.", quoted(asked), called(header))
	case slices.ContainsFunc(header.cells, looksLikeNumber):
		return listErrorf(header.line, CodeNoNumberColumn, "Line %d holds a phone number where the names of the columns must be. Add a line above it, such as phone_number,name.", header.line)
	}
	return listErrorf(header.line, CodeNoNumberColumn, "The columns are called %s. Call the one with the numbers phone_number, or name it in number_column.", called(header))
}

func looksLikeNumber(cell string) bool {
	digits, ok := spell(cell)
	return ok && len(digits) >= 6
}

// namesShown is how many column names a message lists.
const namesShown = 10

func called(header record) string {
	all := make([]column, len(header.cells))
	for i := range all {
		all[i] = column(i)
	}
	return placed(header, all)
}

func placed(header record, columns []column) string {
	var shown []string
	for _, c := range columns {
		if len(shown) == namesShown {
			shown = append(shown, "…")
			break
		}
		if name := strings.TrimFunc(c.of(header), isBlank); name != "" {
			shown = append(shown, shortened(name, 40))
		}
	}
	return strings.Join(shown, ", ")
}

// keys are the metadata's keys: the columns' names. Columns without a name are
// called by their place, and a name that stands twice gets a number, so that nothing is lost.
func keys(header record, number, region column) []string {
	taken, count := map[string]bool{}, map[string]int{}
	keys := make([]string, len(header.cells))
	for i, cell := range header.cells {
		if column(i) == number || column(i) == region {
			continue
		}
		name := strings.TrimFunc(cell, isBlank)
		if name == "" {
			name = fmt.Sprintf("column %d", i+1)
		}
		key := name
		for taken[key] {
			count[name]++
			key = fmt.Sprintf("%s %d", name, count[name]+1)
		}
		taken[key] = true
		keys[i] = key
	}
	return keys
}

// malformed says what is wrong with a record's form.
func (c columns) malformed(r record, comma byte) refusal {
	switch {
	case r.malformed:
		return refusal{CodeMalformed, "A quote stands where none may. Put the whole cell in quotes, and write a quote that belongs to the text twice."}
	case slices.ContainsFunc(r.cells, func(cell string) bool { return strings.IndexByte(cell, 0) >= 0 }):
		return refusal{CodeMalformed, "The row holds a NUL character. Remove it."}
	case len(r.cells) > len(c.keys) && slices.ContainsFunc(r.cells[len(c.keys):], func(cell string) bool { return !isEmpty(cell) }):
		return refusal{CodeMalformed, fmt.Sprintf("The row has %d cells, but there are %d column names. If a cell holds a %s, put it in quotes.",
			len(r.cells), len(c.keys), separatorNames[comma])}
	}
	return refusal{}
}

var separatorNames = map[byte]string{',': "comma", ';': "semicolon", '\t': "tab", '|': "bar"}

// regionOf is the row's own region.
func (c columns) regionOf(r record) string {
	if c.region >= 0 {
		return c.region.of(r)
	}
	if _, ok := knownRegion(c.country.of(r)); ok {
		return c.country.of(r)
	}
	return ""
}

// metadataOf is what stands in the row's other columns, empty cells left out.
func (c columns) metadataOf(r record) map[string]string {
	var metadata map[string]string
	for i, cell := range r.cells[:min(len(r.cells), len(c.keys))] {
		if c.keys[i] == "" {
			continue
		}
		if cell = strings.TrimFunc(cell, isBlank); cell != "" {
			if metadata == nil {
				metadata = make(map[string]string, min(len(r.cells), len(c.keys), MaxMetadata))
			}
			metadata[c.keys[i]] = cell
		}
	}
	return metadata
}
