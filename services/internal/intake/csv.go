package intake

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// readCSV checks the rows of a file as people have it: with or without a
// byte-order mark, separated by comma, semicolon or tab, lines ended in any of
// the three ways, the columns in any order under names in the first line.
func (l *list) readCSV(file []byte, numberColumn string) *listError {
	text, err := decode(file)
	if err != nil {
		return err
	}
	s := newScanner(text)
	header, ok, err := s.nextFilled()
	switch {
	case err != nil:
		return err
	case !ok:
		return listErrorf(0, CodeEmpty, "The file is empty. Its first line must have the names of the columns, such as phone_number, and each line below one call.")
	case header.malformed:
		return listErrorf(header.line, CodeMalformed, "In line %d, which has the names of the columns, a quote stands where none may. Put the whole name in quotes, or none of it.", header.line)
	}
	c, err := findColumns(header, numberColumn)
	if err != nil {
		return err
	}
	return l.readRecords(s, c)
}

func (l *list) readRecords(s *scanner, c columns) *listError {
	for {
		r, ok, err := s.nextFilled()
		switch {
		case err != nil:
			return err
		case !ok && len(l.accepted)+len(l.refused) == 0:
			return listErrorf(0, CodeEmpty, "There is no row under the names of the columns. Add one for each call.")
		case !ok:
			return nil
		case l.full():
			return listErrorf(r.line, CodeTooManyRows, "The list has more than %s rows; the first one too many is in line %d. Split the list.", thousands(l.most), r.line)
		}
		if bad := c.malformed(r, s.comma); bad.code != "" {
			l.refuse(r.line, c.number.of(r), bad)
		} else {
			l.add(entry{line: r.line, number: c.number.of(r), region: c.regionOf(r), metadata: c.metadataOf(r)})
		}
	}
}

var byteOrderMark = []byte("\uFEFF")

// decode gives the file's text, its lines ended by "\n".
func decode(file []byte) (string, *listError) {
	if bytes.HasPrefix(file, []byte{0xFF, 0xFE}) || bytes.HasPrefix(file, []byte{0xFE, 0xFF}) {
		return "", notUTF8(1, "The file is UTF-16, which spreadsheets call Unicode text.")
	}
	if isWorkbook(file) {
		return "", notUTF8(1, "The file is a spreadsheet's workbook, such as .xlsx, and not a CSV file.")
	}
	file = bytes.TrimPrefix(file, byteOrderMark)
	text := string(file)
	if strings.IndexByte(text, '\r') >= 0 {
		text = strings.ReplaceAll(text, "\r\n", "\n")
		text = strings.ReplaceAll(text, "\r", "\n") // of old Macintosh programs
	}
	if first, _, _ := strings.Cut(text, "\n"); strings.IndexByte(first, 0) >= 0 {
		return "", notUTF8(1, "The file seems to be UTF-16, which spreadsheets call Unicode text.")
	}
	if i := firstInvalid(text); i >= 0 {
		line := 1 + strings.Count(text[:i], "\n")
		return "", notUTF8(line, "A byte in line "+thousands(line)+" is not UTF-8; the file seems to be in an older encoding, such as Windows-1252 or Latin-1.")
	}
	return text, nil
}

// isWorkbook tells a file that is a ZIP archive, as .xlsx and .ods are, or an
// OLE one, as .xls is.
func isWorkbook(file []byte) bool {
	return bytes.HasPrefix(file, []byte("PK\x03\x04")) || bytes.HasPrefix(file, []byte("\xD0\xCF\x11\xE0"))
}

func notUTF8(line int, what string) *listError {
	return listErrorf(line, CodeNotUTF8, `%s Save it again as "CSV UTF-8".`, what)
}

// firstInvalid is where the text stops being UTF-8; -1 when it doesn't.
func firstInvalid(text string) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// newScanner finds out what separates the cells: what the line "sep=;" says,
// which spreadsheets write and read, else what the line of the column names has most of.
func newScanner(text string) *scanner {
	s := &scanner{text: text, line: 1}
	if first, rest, _ := strings.Cut(text, "\n"); separatorLine(first) != 0 {
		s.text, s.line, s.comma = rest, 2, separatorLine(first)
		return s
	}
	first := firstFilled(text)
	if first == "" {
		s.text = "" // whatever separates nothing
	}
	s.comma = separator(first)
	return s
}

// separatorLine is the separator that a line such as "sep=;" names; 0 for other lines.
func separatorLine(line string) byte {
	line = strings.Trim(line, `" `)
	if len(line) < 5 || !strings.EqualFold(line[:4], "sep=") {
		return 0
	}
	switch c := line[4]; c {
	case ',', ';', '\t', '|':
		return c
	}
	return 0
}

// firstFilled is the first line that has more than separators.
func firstFilled(text string) string {
	for line := range strings.SplitSeq(text, "\n") {
		if strings.Trim(line, " ,;\t") != "" {
			return line
		}
	}
	return ""
}

// separator is the one of comma, semicolon and tab that stands most often
// outside of quotes; the first of them when there is none.
func separator(line string) byte {
	var count [256]int
	inQuotes := false
	for i := range len(line) {
		if line[i] == '"' {
			inQuotes = !inQuotes
		} else if !inQuotes {
			count[line[i]]++
		}
	}
	most := byte(',')
	for _, c := range []byte{';', '\t'} {
		if count[c] > count[most] {
			most = c
		}
	}
	return most
}

// nextFilled gives the next record that has a cell with something in it. Empty
// lines, and lines of empty cells, are nobody's rows.
func (s *scanner) nextFilled() (r record, ok bool, err *listError) {
	for {
		r, ok, err = s.next()
		if !ok || err != nil || r.malformed || r.filled() {
			return r, ok, err
		}
	}
}

func (r record) filled() bool {
	for _, cell := range r.cells {
		if !isEmpty(cell) {
			return true
		}
	}
	return false
}

// isEmpty tells whether nobody sees anything in a cell.
func isEmpty(cell string) bool { return strings.TrimFunc(cell, isBlank) == "" }
