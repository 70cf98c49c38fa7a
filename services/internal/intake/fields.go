package intake

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/outdial/outdial/services/internal/call"
)

// Limits of fields, in characters where not said otherwise.
const (
	MaxInstructions = 4_000
	MaxFirstWords   = 500
	MaxVoice        = 100
	MaxLanguage     = 35
	MaxName         = 200
	MaxWritten      = 100 // a phone number as it was written
	maxColumnName   = 200

	MaxMetadata      = 50 // keys
	MaxMetadataKey   = 64
	MaxMetadataValue = 500
	MaxBatchMetadata = 2_000 // all keys and values of a batch's own: every call gets a copy

	MinTimeLimit     = 10 // seconds
	MaxTimeLimit     = 3_600
	DefaultTimeLimit = 600
)

// AgentSettings tell the agent how to hold the conversation. What is empty is
// the agent's own default.
type AgentSettings struct {
	Instructions string // at most 4,000 characters
	Voice        string // at most 100
	FirstWords   string // at most 500
	Language     string // BCP 47
	TimeLimit    *int   // seconds of talk, 10 to 3,600; nil: 600
}

// languageTag is the form of a BCP 47 tag. Whether a voice speaks the language is the agent's matter.
var languageTag = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)

// fields checks the fields of a request, and collects all mistakes.
type fields struct {
	inQuery  bool // the settings came as query parameters, the list as the body
	problems []Problem
}

// err is nil when there is no mistake.
func (f *fields) err() error {
	if len(f.problems) == 0 {
		return nil
	}
	return &InvalidError{Problems: f.problems}
}

// add notes a mistake in the field with this JSON pointer.
func (f *fields) add(pointer, code, format string, args ...any) {
	f.problems = append(f.problems, Problem{Field: f.name(pointer), Code: code, Detail: fmt.Sprintf(format, args...)})
}

// name is the field's name where it was sent: the pointer itself, or the query
// parameter, which is called like the field.
func (f *fields) name(pointer string) string {
	switch {
	case !f.inQuery:
		return pointer
	case pointer == "/csv":
		return "body"
	}
	return pointer[strings.LastIndexByte(pointer, '/')+1:]
}

// text checks a text of at most so many characters.
func (f *fields) text(pointer, what, value string, most int) {
	if !utf8.ValidString(value) {
		f.add(pointer, CodeInvalid, "The %s is not UTF-8.", what)
		return
	}
	if n := utf8.RuneCountInString(value); n > most {
		f.add(pointer, CodeTooLong, "The %s has %s characters; at most %s are allowed.", what, thousands(n), thousands(most))
	}
}

// region checks a region, which may be empty.
func (f *fields) region(region string) (known string, ok bool) {
	if region == "" {
		return "", true
	}
	known, ok = knownRegion(region)
	if !ok || len(region) != 2 || region != strings.ToUpper(region) {
		f.add("/region", CodeInvalid, "The region is %s; it must be a country's two capital letters (ISO 3166-1 alpha-2), such as GB.", quoted(region))
		return "", false
	}
	return known, true
}

// agent checks the agent's settings, and gives them with the time limit in seconds.
func (f *fields) agent(a AgentSettings) (call.Settings, int) {
	f.text("/agent/instructions", "instructions", a.Instructions, MaxInstructions)
	f.text("/agent/voice", "voice", a.Voice, MaxVoice)
	f.text("/agent/first_words", "first words", a.FirstWords, MaxFirstWords)
	if a.Language != "" && (len(a.Language) > MaxLanguage || !languageTag.MatchString(a.Language)) {
		f.add("/agent/language", CodeInvalid, "The language is %s; it must be a BCP 47 tag, such as en-GB.", quoted(a.Language))
	}
	timeLimit := DefaultTimeLimit
	if a.TimeLimit != nil {
		timeLimit = *a.TimeLimit
	}
	if timeLimit < MinTimeLimit || timeLimit > MaxTimeLimit {
		f.add("/agent/time_limit", CodeOutOfRange, "The time limit is %d; it must be %d to %s seconds.", timeLimit, MinTimeLimit, thousands(MaxTimeLimit))
	}
	return call.Settings{
		Instructions: a.Instructions, Voice: a.Voice, FirstWords: a.FirstWords, Language: a.Language,
	}, timeLimit
}

// metadata checks the request's own metadata.
func (f *fields) metadata(metadata map[string]string) {
	if key, code, why := metadataMistake(metadata); code == CodeTooMany {
		f.add("/metadata", code, "%s", why)
	} else if code != "" {
		f.add("/metadata/"+pointerToken(key), code, "%s", why)
	}
}

// batchMetadata checks the metadata that every call of a batch gets.
func (f *fields) batchMetadata(metadata map[string]string) {
	size := 0
	for key, value := range metadata {
		size += utf8.RuneCountInString(key) + utf8.RuneCountInString(value)
	}
	if size > MaxBatchMetadata {
		f.add("/metadata", CodeTooLong, "The batch's metadata has %d characters, and %d are the most, because every call gets a copy.", size, MaxBatchMetadata)
		return
	}
	f.metadata(metadata)
}

// number checks the number of a single call, and gives it as E.164.
func (f *fields) number(written, region string, numbers numberChecker) string {
	switch {
	case strings.TrimSpace(written) == "":
		f.add("/phone_number", CodeRequired, "The phone number is missing.")
		return ""
	case utf8.RuneCountInString(written) > MaxWritten:
		f.text("/phone_number", "phone number", written, MaxWritten)
		return ""
	}
	number, bad := numbers.check(written, region)
	if bad.code != "" {
		f.add("/phone_number", bad.code, "%s", bad.message)
	}
	return number
}

// metadataMistake gives the first mistake in the order of keys, with what it is
// and a sentence; an empty code when there is none.
func metadataMistake(metadata map[string]string) (key, code, why string) {
	if n := len(metadata); n > MaxMetadata {
		return "", CodeTooMany, fmt.Sprintf("The metadata has %s keys; at most %d are allowed. Leave columns or keys out that the calls don't need.", thousands(n), MaxMetadata)
	}
	for k, v := range metadata {
		if c, w := entryMistake(k, v); c != "" && (code == "" || k < key) {
			key, code, why = k, c, w
		}
	}
	return key, code, why
}

func entryMistake(key, value string) (code, why string) {
	switch {
	case key == "":
		return CodeInvalid, "A key of the metadata is empty; it must have 1 to 64 characters."
	case longer(key, MaxMetadataKey):
		return CodeTooLong, fmt.Sprintf("The metadata's key %s has %s characters; at most %d are allowed.", quoted(key), thousands(utf8.RuneCountInString(key)), MaxMetadataKey)
	case longer(value, MaxMetadataValue):
		return CodeTooLong, fmt.Sprintf("The metadata's %s has %s characters; at most %d are allowed. Shorten it, or leave it out.", quoted(key), thousands(utf8.RuneCountInString(value)), MaxMetadataValue)
	}
	return "", ""
}

// longer tells whether s has more than n characters. It counts only what may have.
func longer(s string, n int) bool { return len(s) > n && utf8.RuneCountInString(s) > n }

// pointerToken writes a key as part of a JSON pointer (RFC 6901, 3).
func pointerToken(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(shortened(key, maxColumnName))
}

// quoted shows somebody's text within a sentence.
func quoted(s string) string { return strconv.Quote(shortened(s, 40)) }

// shortened is the text's first n characters.
func shortened(s string, n int) string {
	if !longer(s, n) {
		return s
	}
	return string([]rune(s)[:n]) + "…"
}

// thousands writes a count as the documents do: 100,000.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
