package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/outdial/outdial/contracts/api"
)

// checkJSON tells where a JSON body is not of the shape that it must have.
//
// The generated server would forgive what nobody should guess at: unknown names,
// names in another case, a name that stands twice, null, text behind the value,
// and bytes that are not UTF-8. And it names no place within lists and maps.
func checkJSON(body []byte, shape reflect.Type) error {
	if at, ok := notUTF8(body); ok {
		return problemError(api.ProblemCodeInvalidJSON, "%s: a byte is not UTF-8.", position(body, at))
	}
	var whole json.RawMessage
	if err := json.Unmarshal(body, &whole); err != nil {
		return syntaxError(err, body)
	}
	s := shapes{decoder: json.NewDecoder(bytes.NewReader(body)), names: map[reflect.Type]map[string]reflect.Type{}}
	s.decoder.UseNumber()
	return s.value(shape)
}

// notUTF8 gives the offset of the first byte that is not UTF-8.
func notUTF8(body []byte) (at int64, ok bool) {
	if utf8.Valid(body) {
		return 0, false
	}
	for {
		r, size := utf8.DecodeRune(body[at:])
		if r == utf8.RuneError && size <= 1 {
			return at, true
		}
		at += int64(size)
	}
}

func syntaxError(err error, body []byte) error {
	var syntax *json.SyntaxError
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return problemError(api.ProblemCodeInvalidJSON, "The body is empty; it must be a JSON object.")
	case errors.As(err, &syntax):
		return problemError(api.ProblemCodeInvalidJSON, "%s: %s.", position(body, syntax.Offset-1), syntax.Error())
	}
	return problemError(api.ProblemCodeInvalidJSON, "The body can't be read as JSON.")
}

// position says where in the body an offset is, as an editor counts.
func position(body []byte, offset int64) string {
	before := body[:min(max(offset, 0), int64(len(body)))]
	line := 1 + bytes.Count(before, []byte{'\n'})
	column := 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return fmt.Sprintf("Line %d, column %d", line, column)
}

// shapes compares JSON, whose syntax is right, with a Go type.
type shapes struct {
	decoder *json.Decoder
	names   map[reflect.Type]map[string]reflect.Type // of structs, as JSON names them
	path    []step                                   // to the value that is compared
}

// step is one step of a path: into an object by name, or into a list by index.
type step struct {
	name   string
	index  int
	inList bool
}

// value compares the next value.
func (s *shapes) value(t reflect.Type) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	token, err := s.decoder.Token()
	if err != nil {
		return fmt.Errorf("read JSON whose syntax is right: %w", err)
	}
	switch {
	case token == json.Delim('{') && (t.Kind() == reflect.Struct || t.Kind() == reflect.Map):
		return s.object(t)
	case token == json.Delim('[') && t.Kind() == reflect.Slice:
		return s.list(t.Elem())
	case !scalarFits(token, t):
		return s.wrong(api.FieldErrorCodeWrongType, "%s is "+jsonKind(token)+"; it must be "+goKind(t)+".")
	}
	return nil
}

func (s *shapes) list(element reflect.Type) error {
	for i := 0; s.decoder.More(); i++ {
		if err := s.into(step{index: i, inList: true}, element); err != nil {
			return err
		}
	}
	return s.end()
}

func (s *shapes) object(t reflect.Type) error {
	seen := map[string]bool{}
	for s.decoder.More() {
		token, err := s.decoder.Token()
		if err != nil {
			return fmt.Errorf("read JSON whose syntax is right: %w", err)
		}
		name, _ := token.(string)
		member, ok := s.member(t, name)
		at := step{name: name}
		switch {
		case !ok:
			return s.wrongAt(at, api.FieldErrorCodeUnknown, "There is no field %s in this request.")
		case seen[name]:
			return s.wrongAt(at, api.FieldErrorCodeTooMany, "%s stands more than once; give it once.")
		}
		seen[name] = true
		if err := s.into(at, member); err != nil {
			return err
		}
	}
	return s.end()
}

// into compares the value that is one step further.
func (s *shapes) into(at step, t reflect.Type) error {
	s.path = append(s.path, at)
	err := s.value(t)
	s.path = s.path[:len(s.path)-1]
	return err
}

// end takes the bracket that closes a list or an object.
func (s *shapes) end() error {
	_, err := s.decoder.Token()
	return err
}

// wrong is a mistake in the value that is compared; the format takes its place.
func (s *shapes) wrong(code api.FieldErrorCode, format string) error {
	var pointer strings.Builder
	for _, at := range s.path {
		pointer.WriteByte('/')
		if at.inList {
			pointer.WriteString(strconv.Itoa(at.index))
		} else {
			pointer.WriteString(pointerToken(at.name))
		}
	}
	place := pointer.String()
	if place == "" {
		place = "The body"
	}
	return fieldError(pointer.String(), code, format, place)
}

func (s *shapes) wrongAt(at step, code api.FieldErrorCode, format string) error {
	s.path = append(s.path, at)
	return s.wrong(code, format)
}

// member is the type of an object's member.
func (s *shapes) member(t reflect.Type, name string) (reflect.Type, bool) {
	if t.Kind() == reflect.Map {
		return t.Elem(), true
	}
	members := s.names[t]
	if members == nil {
		members = map[string]reflect.Type{}
		for field := range t.Fields() {
			tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			members[tag] = field.Type
		}
		s.names[t] = members
	}
	member, ok := members[name]
	return member, ok
}

func scalarFits(token json.Token, t reflect.Type) bool {
	switch token := token.(type) {
	case string:
		return t.Kind() == reflect.String
	case bool:
		return t.Kind() == reflect.Bool
	case json.Number:
		return numberFits(token.String(), t)
	}
	return false // null, or the beginning of a list or an object
}

func numberFits(number string, t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Int:
		_, err := strconv.ParseInt(number, 10, t.Bits())
		return err == nil
	case reflect.Float64:
		_, err := strconv.ParseFloat(number, t.Bits())
		return err == nil
	}
	return false
}

// jsonKind says what stands there, and not its value, which may be a phone number.
func jsonKind(token json.Token) string {
	switch token := token.(type) {
	case string:
		return "a string"
	case bool:
		return "true or false"
	case json.Number:
		return "a number"
	case json.Delim:
		if token == '[' {
			return "a list"
		}
		return "an object"
	}
	return "null"
}

func goKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number, without point or exponent"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	}
	return "an object"
}

// pointerToken writes a name as part of a JSON pointer (RFC 6901, 3).
func pointerToken(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(shortened(name))
}

// maxEchoed is how much of what somebody sent is shown to them again.
const maxEchoed = 200

// shortened is the beginning of a text of which nobody knows how long it is.
func shortened(s string) string {
	if len(s) <= maxEchoed {
		return s
	}
	return strings.ToValidUTF8(s[:maxEchoed], "") + "…"
}
