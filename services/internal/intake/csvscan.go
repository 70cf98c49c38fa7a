package intake

import "strings"

// scanner splits CSV text into records as RFC 4180 has them. It is not
// encoding/csv, because a list's rows are known by the lines of its file: a
// quote that swallows lines must be told from a record that is wrong in itself,
// and by the line where it opens.
type scanner struct {
	text  string // what is left; lines end in "\n"
	comma byte   // or semicolon, or tab
	line  int    // where text begins, from 1
	cells []string
}

// record is one record. Its cells are good until the next one is read.
type record struct {
	line      int // where it begins
	cells     []string
	malformed bool // a quote stands where none may; cells are those before it
}

// next gives the next record, and false at the end.
func (s *scanner) next() (r record, ok bool, err *listError) {
	if s.text == "" {
		return record{}, false, nil
	}
	r.line, s.cells = s.line, s.cells[:0]
	line, rest, _ := strings.Cut(s.text, "\n")
	if strings.IndexByte(line, '"') >= 0 {
		r.malformed, err = s.quotedRecord()
	} else {
		s.split(line)
		s.text, s.line = rest, s.line+1
	}
	r.cells = s.cells
	return r, true, err
}

// split takes the cells of a line without quotes.
func (s *scanner) split(line string) {
	for {
		i := strings.IndexByte(line, s.comma)
		if i < 0 {
			s.cells = append(s.cells, line)
			return
		}
		s.cells = append(s.cells, line[:i])
		line = line[i+1:]
	}
}

// quotedRecord takes the cells of a record with quotes, which may span lines. A
// malformed one ends with its line, so that the next rows are good; one whose
// quote spans lines would take good rows with it, and so ends the list.
func (s *scanner) quotedRecord() (malformed bool, err *listError) {
	for {
		opens := s.line
		cell, ok := s.cell()
		switch {
		case !ok && s.text == "":
			return false, listErrorf(opens, CodeMalformed, "The quote that opens in line %d is never closed. Close it, and write a quote that belongs to the text twice.", opens)
		case !ok && s.line > opens:
			return false, listErrorf(opens, CodeMalformed, "The quote that opens in line %d is closed in line %d, where text follows it. Close it where its cell ends, and write a quote that belongs to the text twice.", opens, s.line)
		case !ok:
			_, s.text, _ = strings.Cut(s.text, "\n")
			s.line++
			return true, nil
		}
		s.cells = append(s.cells, cell)
		if s.text == "" {
			return false, nil
		}
		end := s.text[0]
		s.text = s.text[1:]
		if end == '\n' {
			s.line++
			return false, nil
		}
	}
}

// cell takes one cell, and leaves what ends it: comma, line end, or nothing. It
// is false at a quote that stands where none may.
func (s *scanner) cell() (string, bool) {
	text := strings.TrimLeft(s.text, " ")
	text = strings.TrimPrefix(text, "=") // ="0152…" keeps a spreadsheet from calculating
	if inside, ok := strings.CutPrefix(text, `"`); ok {
		return s.quotedCell(inside)
	}
	end := strings.IndexAny(s.text, string([]byte{s.comma, '\n'}))
	if end < 0 {
		end = len(s.text)
	}
	cell := s.text[:end]
	if strings.Contains(cell, `"`) {
		return "", false
	}
	s.text = s.text[end:]
	return cell, true
}

// quotedCell takes a cell whose quote has just opened.
func (s *scanner) quotedCell(text string) (string, bool) {
	end := 0
	for {
		i := strings.IndexByte(text[end:], '"')
		if i < 0 {
			s.text = ""
			return "", false
		}
		end += i
		if !strings.HasPrefix(text[end+1:], `"`) {
			break
		}
		end += 2
	}
	cell, rest := text[:end], text[end+1:]
	s.line += strings.Count(cell, "\n")
	if after := strings.TrimLeft(rest, " "); after == "" || after[0] == s.comma || after[0] == '\n' {
		s.text = after
		return strings.ReplaceAll(cell, `""`, `"`), true
	}
	s.text = rest
	return "", false
}
