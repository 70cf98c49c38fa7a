package intake_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/intake"
)

// accept submits a file that must be accepted, and gives its rows.
func accept(t tb, r intake.BatchRequest) ([]call.Row, []call.RefusedRow) {
	t.Helper()
	b := newBundle(t)
	a, err := b.SubmitBatch(t.Context(), owner, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b.rows(t, a.Value.Batch), a.Value.RefusedRows
}

// lines shows rows as "2 +44…", with their metadata in the order of keys.
func lines(rows []call.Row) []string {
	var shown []string
	for _, row := range rows {
		line := fmt.Sprintf("%d %s", row.Line, row.Number)
		for _, key := range slices.Sorted(maps.Keys(row.Metadata)) {
			line += fmt.Sprintf(" %s=%s", key, row.Metadata[key])
		}
		shown = append(shown, line)
	}
	return shown
}

func refusals(rows []call.RefusedRow) []string {
	var shown []string
	for _, row := range rows {
		shown = append(shown, fmt.Sprintf("%d %s", row.Line, row.Code))
	}
	return shown
}

const (
	ada   = "+442079460958"
	grace = "+12025550143"
	juri  = "+4915228817386"
)

func TestFilesAsPeopleHaveThem(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, file string
		column     string // number_column
		want       []string
		refused    []string
	}{
		{"plain", "phone\n" + ada + "\n" + grace + "\n", "", []string{"2 " + ada, "3 " + grace}, nil},
		{"from a spreadsheet: byte-order mark, semicolons, CRLF", "\ufeffName;Phone\r\nAda;" + ada + "\r\n", "", []string{"2 " + ada + " Name=Ada"}, nil},
		{"tabs", "phone\tname\n" + ada + "\tAda, Countess; London\n", "", []string{"2 " + ada + " name=Ada, Countess; London"}, nil},
		{"with the separator in a line of its own", "sep=;\nphone;name, first\n" + ada + ";Ada\n", "", []string{"3 " + ada + " name, first=Ada"}, nil},
		{"with the separator in quotes", "\"sep=|\"\r\nphone|name\r\n" + ada + "|Ada\r\n", "", []string{"3 " + ada + " name=Ada"}, nil},
		{"with a line that names no separator", "sep=x,phone\n1," + ada + "\n", "", []string{"2 " + ada + " sep=x=1"}, nil},
		{"with a comma in quotes among the names", "\"a,b,c\";phone\n1;" + ada + "\n", "", []string{"2 " + ada + " a,b,c=1"}, nil},
		{"lines ended by CR alone", "phone,name\r" + ada + ",Ada\r" + grace + ",Grace", "", []string{"2 " + ada + " name=Ada", "3 " + grace + " name=Grace"}, nil},
		{"without a last line break", "phone\n" + ada, "", []string{"2 " + ada}, nil},
		{"without a last line break behind quotes", "name,phone\n\"Ada\"," + ada, "", []string{"2 " + ada + " name=Ada"}, nil},
		{"everything in quotes", "\"phone\",\"name\"\n\"" + ada + "\",\"Ada\"\n", "", []string{"2 " + ada + " name=Ada"}, nil},
		{"quotes and commas in quotes", "phone,says\n" + ada + ",\"\"\"Hello\"\", she said, \"\"you\"\"\"\n", "", []string{"2 " + ada + ` says="Hello", she said, "you"`}, nil},
		{"line breaks in quotes count as lines", "note,phone\n\"a\r\nb\r\nc\"," + ada + "\nd," + grace + "\n", "", []string{"2 " + ada + " note=a\nb\nc", "5 " + grace + " note=d"}, nil},
		{"blanks around quotes", "phone, name\n" + ada + ", \"Lovelace, Ada\" \n", "", []string{"2 " + ada + " name=Lovelace, Ada"}, nil},
		{"formulas that keep digits text", "phone,code\n=\"" + ada + "\",=\"007\"\n", "", []string{"2 " + ada + " code=007"}, nil},
		{"empty lines and lines of empty cells", "\n\nphone,name\n\n" + ada + ",Ada\n,\n \t, \u00a0\n\n" + grace + ",\n\n", "", []string{"5 " + ada + " name=Ada", "9 " + grace}, nil},
		{"rows with fewer cells", "phone,name,city\n" + ada + "\n" + grace + ",Grace\n", "", []string{"2 " + ada, "3 " + grace + " name=Grace"}, nil},
		{"trailing separators in rows", "phone,name\n" + ada + ",Ada,,,\n", "", []string{"2 " + ada + " name=Ada"}, nil},
		{"trailing separators everywhere", "phone;name;;;\n" + ada + ";Ada;;;\n", "", []string{"2 " + ada + " name=Ada"}, nil},
		{"a cell under no name", "phone,,name\n" + ada + ",x,Ada\n", "", []string{"2 " + ada + " column 2=x name=Ada"}, nil},
		{"a name that stands twice", "phone,note,note 2,note,note\n" + ada + ",a,b,c,d\n", "", []string{"2 " + ada + " note=a note 2=b note 3=c note 4=d"}, nil},
		{"the number column in the middle", "name,Phone Number,city\nAda," + ada + ",London\n", "", []string{"2 " + ada + " city=London name=Ada"}, nil},
		{"the number column named", "phone,Second phone\nn/a," + ada + "\n", "second_phone", []string{"2 " + ada + " phone=n/a"}, nil},
		{"the number column named exactly among likes", "Kontakt,kontakt\nx," + ada + "\n", "kontakt", []string{"2 " + ada + " Kontakt=x"}, nil},
		{"the number column named as another is known", "region\n(202) 555-0143\n", "region", []string{"2 " + grace}, nil},
		{"a region for each row", "phone,region\n020 7946 0958,GB\n0152 28817386, de \n202-555-0143,\n", "", []string{"2 " + ada, "3 " + juri, "4 " + grace}, nil},
		{"a country code for each row", "phone,Country\n020 7946 0958,UK\n0152 28817386,DE\n(202) 555-0143,United States\n", "", []string{"2 " + ada + " Country=UK", "3 " + juri + " Country=DE", "4 " + grace + " Country=United States"}, nil},
		{"a region of no country, for an international number", "phone,region\n" + ada + ",EMEA\n", "", []string{"2 " + ada}, nil},
		{"a region of no country, for a national number", "phone,region\n" + grace + ",\n020 7946 0958,EMEA\n", "", []string{"2 " + grace}, []string{"3 phone_number_invalid"}},
		{"a quote in the middle of a cell", "phone,size\n" + ada + ",5\" pipe\n" + grace + ",7\n", "", []string{"3 " + grace + " size=7"}, []string{"2 csv_malformed"}},
		{"text behind a closing quote", "phone,name\n" + ada + ",\"Ada\" L\n" + grace + ",Grace\n", "", []string{"3 " + grace + " name=Grace"}, []string{"2 csv_malformed"}},
		{"a broken row under a good one with line breaks", "phone,name\n" + ada + ",\"A\nda\"\n" + juri + ",\"J\"x,\n" + grace + ",Grace\n", "", []string{"2 " + ada + " name=A\nda", "5 " + grace + " name=Grace"}, []string{"4 csv_malformed"}},
		{"a cell too many", "phone,name\n" + ada + ",Lovelace, Ada\n" + grace + ",Grace\n", "", []string{"3 " + grace + " name=Grace"}, []string{"2 csv_malformed"}},
		{"a NUL character", "phone,name\n" + ada + ",A\x00da\n" + grace + ",Grace\n", "", []string{"3 " + grace + " name=Grace"}, []string{"2 csv_malformed"}},
		{"a row without a number", "phone,name\n,Ada\n" + grace + ",Grace\n", "", []string{"3 " + grace + " name=Grace"}, []string{"2 phone_number_missing"}},
		{"a number twice, however written", "phone\n" + grace + "\n(202) 555-0143\n" + ada + "\n011 1 202 555 0143\n", "", []string{"2 " + grace, "4 " + ada}, []string{"3 duplicate_number", "5 duplicate_number"}},
		{"a number again whose first row was refused", "phone,name\n" + grace + "," + strings.Repeat("x", 501) + "\n" + grace + ",Grace\n", "", []string{"3 " + grace + " name=Grace"}, []string{"2 metadata_invalid"}},
		{"a name too long for a key", "phone," + strings.Repeat("k", 65) + "\n" + ada + ",\n" + grace + ",x\n", "", []string{"2 " + ada}, []string{"3 metadata_invalid"}},
		{"more columns than keys are allowed", "phone" + strings.Repeat(",x", 51) + "\n" + ada + strings.Repeat(",", 51) + "\n" + grace + strings.Repeat(",y", 51) + "\n", "", []string{"2 " + ada}, []string{"3 metadata_invalid"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			accepted, refused := accept(t, intake.BatchRequest{CSV: []byte(tt.file), NumberColumn: tt.column, Region: "US"})
			if got := lines(accepted); !slices.Equal(got, tt.want) {
				t.Errorf("accepted %q, want %q", got, tt.want)
			}
			if got := refusals(refused); !slices.Equal(got, tt.refused) {
				t.Errorf("refused %q, want %q", got, tt.refused)
			}
		})
	}
}

func TestFilesThatCantBeReadSayWhereAndWhatToDo(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, file, column string
		code               string
		row                int
		mentions           []string
	}{
		{"empty", "", "", intake.CodeEmpty, 0, []string{"phone_number"}},
		{"nothing but blanks", " \r\n;;\r\n", "", intake.CodeEmpty, 0, []string{"phone_number"}},
		{"nothing under the names", "phone;name\r\n;\r\n", "", intake.CodeEmpty, 0, []string{"no row"}},
		{"no number column", "name,city\nAda,London\n", "", intake.CodeNoNumberColumn, 1, []string{"name, city", "phone_number", "number_column"}},
		{"no number column, below empty lines", "\n\nname,city\nAda,London\n", "", intake.CodeNoNumberColumn, 3, nil},
		{"no number column among very many", strings.Repeat("c,", 30) + "\nx\n", "", intake.CodeNoNumberColumn, 1, []string{"c, c, c, c, c, c, c, c, c, c, …."}},
		{"no number column of that name", "phone,name\n" + ada + ",Ada\n", "Kontakt", intake.CodeNoNumberColumn, 1, []string{`"Kontakt"`, "phone, name"}},
		{"numbers where the names must be", ada + ",Ada\n" + grace + ",Grace\n", "", intake.CodeNoNumberColumn, 1, []string{"phone_number,name"}},
		{"national numbers where the names must be", "Ada;020 7946 0958\n", "", intake.CodeNoNumberColumn, 1, []string{"phone_number,name"}},
		{"two number columns", "phone,name,Mobile\n" + ada + ",Ada," + grace + "\n", "", intake.CodeTwoNumberColumns, 1, []string{"phone, Mobile", "number_column"}},
		{"the named column twice", "Kontakt,Kontakt\n1,2\n", "Kontakt", intake.CodeTwoNumberColumns, 1, nil},
		{"Windows-1252", "phone,name\n" + ada + ",Ada\n" + juri + ",J\xfcrgen\n", "", intake.CodeNotUTF8, 3, []string{"Windows-1252", `"CSV UTF-8"`}},
		{"Windows-1252 with lines ended by CR alone", "phone,name\r" + ada + ",Ada\r\r" + juri + ",J\xfcrgen\r", "", intake.CodeNotUTF8, 4, nil},
		{"an Excel workbook", "PK\x03\x04\x14\x00", "", intake.CodeNotUTF8, 1, []string{"workbook", `"CSV UTF-8"`}},
		{"a workbook of old", "\xd0\xcf\x11\xe0\xa1\xb1", "", intake.CodeNotUTF8, 1, []string{"workbook"}},
		{"UTF-16, little-endian", "\xff\xfep\x00h\x00o\x00n\x00e\x00", "", intake.CodeNotUTF8, 1, []string{"UTF-16", `"CSV UTF-8"`}},
		{"UTF-16, big-endian", "\xfe\xff\x00p\x00h\x00o\x00n\x00e", "", intake.CodeNotUTF8, 1, []string{"UTF-16"}},
		{"UTF-16 without a byte-order mark", "p\x00h\x00o\x00n\x00e\x00\n\x00", "", intake.CodeNotUTF8, 1, []string{"UTF-16"}},
		{"a quote that is never closed", "phone,name\n" + ada + ",Ada\n" + grace + ",\"Grace\n" + juri + ",Jürgen\n", "", intake.CodeMalformed, 3, []string{"opens in line 3", "never closed"}},
		{"a quote that is never closed, behind line breaks in quotes", "phone,name,note\n" + ada + ",\"A\nda\",\"x\n" + juri + ",Jürgen\n", "", intake.CodeMalformed, 3, []string{"opens in line 3"}},
		{"a quote that swallows rows", "phone,name\n" + ada + ",\"Ada\n" + juri + ",Jürgen\n" + grace + ",\"Grace\"\n", "", intake.CodeMalformed, 2, []string{"opens in line 2", "line 4"}},
		{"a quote among the names that is never closed", "\"phone,name\n" + ada + ",Ada\n", "", intake.CodeMalformed, 1, []string{"opens in line 1"}},
		{"a quote among the names", "phone,na\"me\n" + ada + ",Ada\n", "", intake.CodeMalformed, 1, []string{"line 1"}},
		{"a row too many", "phone\n\n" + ada + "\nn/a\n\n" + grace + "\n" + juri + "\n" + ada + "\n", "", intake.CodeTooManyRows, 7, []string{"more than 3 rows", "line 7", "Split"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			b.Limits.MaxRows = 3
			r := intake.BatchRequest{CSV: []byte(tt.file), NumberColumn: tt.column}
			_, err := b.SubmitBatch(t.Context(), owner, r, nil)
			got := problems(t, err)[0]
			if got.Code != tt.code || got.Row != tt.row || got.Field != "/csv" {
				t.Errorf("got %s in row %d of %s (%s), want %s in row %d of /csv", got.Code, got.Row, got.Field, got.Detail, tt.code, tt.row)
			}
			for _, words := range tt.mentions {
				if !strings.Contains(got.Detail, words) {
					t.Errorf("%q doesn't mention %q", got.Detail, words)
				}
			}
			if len(b.ports.writes) > 0 {
				t.Errorf("wrote %v", b.ports.writes)
			}
		})
	}
}

func TestNumberColumnIsKnownByItsName(t *testing.T) {
	t.Parallel()
	known := []string{
		"phone_number", "phone", "number", "telephone", "tel", "mobile", "cell", "msisdn",
		"Phone Number", "PHONE-NUMBER", " phone  no. ", "Tel.", "Tel.-Nr.", "Mobile #", "MSISDN",
		"Telefon", "Telefonnummer", "Rufnummer", "Handynummer", "Mobil", "Téléphone", "TELEPHONE", "Te\u0301le\u0301phone", "N° de téléphone", "Portable",
		"Teléfono", "Móvil", "Movil", "Numero de telefono", "Celular", "Telefono", "Cellulare", "Telefone", "Telemóvel", "Telefoonnummer", "Numer telefonu", "Cep Telefonu", "電話番号", "Телефон",
	}
	for _, name := range known {
		accepted, _ := accept(t, intake.BatchRequest{CSV: []byte("name;" + name + "\nAda;" + ada + "\n")})
		if got := lines(accepted); !slices.Equal(got, []string{"2 " + ada + " name=Ada"}) {
			t.Errorf("%q: accepted %q", name, got)
		}
	}
	for _, name := range []string{"Kontakt", "customer number", "Kundennummer", "phone type", "fax", "1", "°"} {
		_, err := preview(t, intake.BatchRequest{CSV: []byte("name;" + name + "\nAda;" + ada + "\n")})
		if got := problems(t, err)[0]; got.Code != intake.CodeNoNumberColumn {
			t.Errorf("%q: got %s", name, got.Code)
		}
	}
}

func TestRefusedRowsOfAFileShowTheirNumberMasked(t *testing.T) {
	t.Parallel()
	_, refused := accept(t, intake.BatchRequest{Region: "US", CSV: []byte("name,phone\n" +
		"a," + grace + "\n" + // 2
		"b,+1 202-555-0143\n" + // 3
		"c,+1 202-555-0144,too,many\n" + // 4
		"d,+1 202-555-0145,\"x\"y\n" + // 5
		"\"e\"f,+1 202-555-0146\n" + // 6
		"g,\n")})
	want := []call.RefusedRow{
		{Line: 3, Value: "+1 …43", Code: intake.CodeDuplicateNumber, Message: "The same number stands in row 2 already."},
		{Line: 4, Value: "+1 …44", Code: intake.CodeMalformed, Message: "The row has 4 cells, but there are 2 column names. If a cell holds a comma, put it in quotes."},
		{Line: 5, Value: "+1 …45", Code: intake.CodeMalformed, Message: "A quote stands where none may. Put the whole cell in quotes, and write a quote that belongs to the text twice."},
		{Line: 6, Value: "", Code: intake.CodeMalformed, Message: "A quote stands where none may. Put the whole cell in quotes, and write a quote that belongs to the text twice."},
		{Line: 7, Value: "", Code: intake.CodePhoneNumberMissing, Message: "The row has no phone number."},
	}
	if !slices.Equal(refused, want) {
		t.Errorf("got\n%v, want\n%v", refused, want)
	}
}

func TestDuplicatesAreCalledWhenAllowed(t *testing.T) {
	t.Parallel()
	accepted, refused := accept(t, intake.BatchRequest{AllowDuplicates: true, CSV: []byte("phone\n" + ada + "\n" + ada + "\n")})
	if got := lines(accepted); !slices.Equal(got, []string{"2 " + ada, "3 " + ada}) || len(refused) > 0 {
		t.Errorf("accepted %q, refused %v", got, refused)
	}
}
