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
	return s.value(shape, "")
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
}

// value compares the next value. The pointer is its place (RFC 6901).
func (s *shapes) value(t reflect.Type, pointer string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	token, err := s.decoder.Token()
	if err != nil {
		return fmt.Errorf("read JSON whose syntax is right: %w", err)
	}
	switch {
	case token == json.Delim('{') && (t.Kind() == reflect.Struct || t.Kind() == reflect.Map):
		return s.object(t, pointer)
	case token == json.Delim('[') && t.Kind() == reflect.Slice:
		return s.list(t.Elem(), pointer)
	case !scalarFits(token, t):
		return fieldError(pointer, api.FieldErrorCodeWrongType, "%s is %s; it must be %s.", placeName(pointer), jsonKind(token), goKind(t))
	}
	return nil
}

func (s *shapes) list(element reflect.Type, pointer string) error {
	for i := 0; s.decoder.More(); i++ {
		if err := s.value(element, pointer+"/"+strconv.Itoa(i)); err != nil {
			return err
		}
	}
	return s.end()
}

func (s *shapes) object(t reflect.Type, pointer string) error {
	seen := map[string]bool{}
	for s.decoder.More() {
		token, err := s.decoder.Token()
		if err != nil {
			return fmt.Errorf("read JSON whose syntax is right: %w", err)
		}
		name, _ := token.(string)
		at := pointer + "/" + pointerToken(name)
		if seen[name] {
			return fieldError(at, api.FieldErrorCodeTooMany, "%s stands more than once; give it once.", placeName(at))
		}
		seen[name] = true
		member, ok := s.member(t, name)
		if !ok {
			return fieldError(at, api.FieldErrorCodeUnknown, "There is no field %s in this request.", placeName(at))
		}
		if err := s.value(member, at); err != nil {
			return err
		}
	}
	return s.end()
}

// end takes the bracket that closes a list or an object.
func (s *shapes) end() error {
	_, err := s.decoder.Token()
	return err
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

// placeName is a place within a sentence.
func placeName(pointer string) string {
	if pointer == "" {
		return "The body"
	}
	return pointer
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
