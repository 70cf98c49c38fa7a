package aws

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// Error is what a service answers instead of what was asked for.
type Error struct {
	Status  int
	Code    string // such as ThrottlingException
	Message string
	Members map[string]any // others that the shape has, such as resourceIds
}

func (e *Error) Error() string { return fmt.Sprintf("%s (%d): %s", e.Code, e.Status, e.Message) }

// Refuse is an error of the client, status 400.
func Refuse(code, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Write answers with the error as the JSON protocols have it. The type's prefix
// is the service's, which SDKs cut off.
func (e *Error) Write(w http.ResponseWriter) {
	body := map[string]any{}
	maps.Copy(body, e.Members)
	body["__type"] = "com.amazonaws.service#" + e.Code
	body["message"] = e.Message
	w.Header().Set("X-Amzn-Errortype", e.Code)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(e.Status)
	_ = json.NewEncoder(w).Encode(body)
}

// readError reads an error of the JSON protocols, or of the query protocol.
func readError(status int, body []byte) *Error {
	var j struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &j) == nil && j.Type != "" {
		_, code, found := strings.Cut(j.Type, "#")
		if !found {
			code = j.Type
		}
		return &Error{Status: status, Code: code, Message: j.Message}
	}
	var x struct {
		Code    string `xml:"Error>Code"`
		Message string `xml:"Error>Message"`
	}
	if xml.Unmarshal(body, &x) == nil && x.Code != "" {
		return &Error{Status: status, Code: x.Code, Message: x.Message}
	}
	return &Error{Status: status, Code: "Unreadable", Message: string(body)}
}
