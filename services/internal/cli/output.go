package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// tone is how a text looks in colour. Only the terminal's own sixteen colours
// are used, so that they suit whatever background it has.
type tone int

const (
	toneNone tone = iota
	toneStrong
	toneDim
	toneGood
	toneBad
	toneWarn
	toneLive
)

// printer writes results, or notes, for a person or a pipe. Its first error
// stays, so that output which got lost is never taken for done.
type printer struct {
	Stream
	location *time.Location
	styles   map[tone]lipgloss.Style // nil: no colour
	err      error
}

func newPrinter(s Stream, color bool, location *time.Location) *printer {
	p := &printer{Stream: s, location: location}
	if !color || !s.Terminal {
		return p
	}
	r := lipgloss.NewRenderer(s)
	r.SetColorProfile(termenv.ANSI)
	p.styles = map[tone]lipgloss.Style{
		toneStrong: r.NewStyle().Bold(true),
		toneDim:    r.NewStyle().Faint(true),
		toneGood:   r.NewStyle().Foreground(lipgloss.ANSIColor(termenv.ANSIGreen)),
		toneBad:    r.NewStyle().Foreground(lipgloss.ANSIColor(termenv.ANSIRed)),
		toneWarn:   r.NewStyle().Foreground(lipgloss.ANSIColor(termenv.ANSIYellow)),
		toneLive:   r.NewStyle().Foreground(lipgloss.ANSIColor(termenv.ANSICyan)),
	}
	return p
}

func (p *printer) colorless() { p.styles = nil }

func (p *printer) paint(t tone, s string) string {
	style, ok := p.styles[t]
	if !ok || s == "" {
		return s
	}
	return style.Render(s)
}

func (p *printer) write(s string) {
	if p.err == nil {
		if _, err := io.WriteString(p.Stream, s); err != nil {
			p.err = fmt.Errorf("can't write the output: %w", err)
		}
	}
}

// columns is the width of the terminal; 0 means as wide as need be.
func (p *printer) columns() int {
	if !p.Terminal || p.Width == nil {
		return 0
	}
	return p.Width()
}

// cell is a piece of text in a table or a line.
type cell struct {
	text  string
	tone  tone
	right bool // of numbers: aligned to the right
}

func text(s string) cell                 { return cell{text: plain(s)} }
func toned(t tone, s string) cell        { return cell{text: plain(s), tone: t} }
func (p *printer) number(n int) cell     { return cell{text: p.count(n), right: true} }
func (p *printer) when(t time.Time) cell { return text(p.time(t)) }

// list prints a table on a terminal, and otherwise a line for each row with
// tabs between the cells.
func (p *printer) list(header []string, rows [][]cell) {
	if p.Terminal {
		p.grid(header, rows)
		return
	}
	var b strings.Builder
	for _, row := range rows {
		for i, c := range row {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(c.text)
		}
		b.WriteByte('\n')
	}
	p.write(b.String())
}

// grid prints aligned columns. On a terminal that is too narrow the last column
// is wrapped.
func (p *printer) grid(header []string, rows [][]cell) {
	if len(header) > 0 {
		first := make([]cell, len(header))
		for i, name := range header {
			first[i] = toned(toneDim, name)
			first[i].right = len(rows) > 0 && rows[0][i].right
		}
		rows = append([][]cell{first}, rows...)
	}
	widths := columnWidths(rows, p.columns())
	var b strings.Builder
	for _, row := range rows {
		last := len(row) - 1
		indent := 0
		var line strings.Builder
		for i, c := range row[:last] {
			line.WriteString(p.aligned(c, widths[i]) + "  ")
			indent += widths[i] + 2
		}
		for i, part := range wrap(row[last].text, widths[last]) {
			if i > 0 {
				line.WriteString("\n" + strings.Repeat(" ", indent))
			}
			line.WriteString(p.aligned(cell{part, row[last].tone, row[last].right}, widths[last]))
		}
		for part := range strings.SplitSeq(line.String(), "\n") {
			b.WriteString(strings.TrimRight(part, " ") + "\n")
		}
	}
	p.write(b.String())
}

func (p *printer) aligned(c cell, width int) string {
	gap := strings.Repeat(" ", max(0, width-lipgloss.Width(c.text)))
	if c.right {
		return gap + p.paint(c.tone, c.text)
	}
	return p.paint(c.tone, c.text) + gap
}

// columnWidths makes each column as wide as its widest cell, and the last one
// narrow enough for the terminal.
func columnWidths(rows [][]cell, terminal int) []int {
	var widths []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], lipgloss.Width(c.text))
		}
	}
	if terminal == 0 || len(widths) == 0 {
		return widths
	}
	const least = 20
	room := terminal
	for _, w := range widths[:len(widths)-1] {
		room -= w + 2
	}
	last := len(widths) - 1
	widths[last] = min(widths[last], max(least, room))
	return widths
}

// pair is one line of a record.
type pair struct {
	name string
	cell
}

// record prints names and values, one a line.
func (p *printer) record(pairs []pair) {
	rows := make([][]cell, len(pairs))
	for i, pair := range pairs {
		value := pair.cell
		value.right = false
		rows[i] = []cell{toned(toneDim, pair.name), value}
	}
	p.grid(nil, rows)
}

// json prints a document as it came.
func (p *printer) json(document []byte) { p.write(p.readable(document) + "\n") }

// readable is a document as it came; on a terminal with line breaks, and with
// what would steer the terminal escaped.
func (p *printer) readable(document []byte) string {
	document = bytes.TrimSpace(document)
	if !p.Terminal {
		return string(document)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, document, "", "  "); err == nil {
		document = indented.Bytes()
	}
	return escapeControls(string(document))
}

// value prints a document of our own.
func (p *printer) value(v any) error {
	document, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	p.json(document)
	return nil
}

func (p *printer) line(format string, args ...any) { p.write(fmt.Sprintf(format, args...) + "\n") }

// count writes a number, for people with commas.
func (p *printer) count(n int) string {
	if p.Terminal {
		return withCommas(n)
	}
	return strconv.Itoa(n)
}

func withCommas(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// time writes a time, for people in their own zone.
func (p *printer) time(t time.Time) string {
	if p.Terminal {
		return t.In(p.location).Format(time.DateTime)
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// plain takes out of a text what others may have put in to steer the terminal,
// and what would break a line or a column.
func plain(s string) string { return strings.ReplaceAll(plainKeepingTabs(s), "\t", " ") }

func plainKeepingTabs(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return r
		case r == '\n' || r == '\r':
			return ' '
		case steers(r):
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
}

func steers(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }

// harmless is a text as it came; on a terminal without what would steer that.
func (p *printer) harmless(text []byte) string {
	if !p.Terminal {
		return string(text)
	}
	return strings.Map(func(r rune) rune {
		if steers(r) && !strings.ContainsRune("\t\r\n", r) {
			return unicode.ReplacementChar
		}
		return r
	}, string(text))
}

func escapeControls(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r != '\n' && steers(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// maxLines is how many lines a wrapped text may take.
const maxLines = 4

// wrap breaks a text between words into lines of a number of columns.
func wrap(s string, columns int) []string {
	if lipgloss.Width(s) <= columns {
		return []string{s}
	}
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		switch {
		case line == "":
			line = word
		case lipgloss.Width(line)+1+lipgloss.Width(word) <= columns:
			line += " " + word
		default:
			lines, line = append(lines, cut(line, columns)), word
		}
	}
	lines = append(lines, cut(line, columns))
	if len(lines) > maxLines {
		lines = lines[:maxLines]
		lines[maxLines-1] = cut(lines[maxLines-1], columns-1) + "…"
	}
	return lines
}

// cut shortens a text to a number of columns.
func cut(s string, columns int) string {
	if lipgloss.Width(s) <= columns {
		return s
	}
	width := 0
	for i, r := range s {
		width += lipgloss.Width(string(r))
		if width > columns-1 {
			return s[:i] + "…"
		}
	}
	return s
}
