// Command function is a Lambda function that does what its events say. It speaks
// the Runtime API by hand, so that both sides are not the same library.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	base := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/"
	if os.Getenv("FAIL_INIT") != "" {
		post(base+"init/error", `{"errorType":"BadConfiguration","errorMessage":"OUTDIAL_TABLE is not set"}`)
		os.Exit(1)
	}
	for n := 1; ; n++ {
		id, event, trace := next(base + "invocation/next")
		switch event {
		case `"fail"`:
			post(base+"invocation/"+id+"/error", `{"errorType":"Oops","errorMessage":"it went wrong"}`)
		case `"exit"`:
			os.Exit(3)
		case `"hang"`:
			select {}
		case `"count"`:
			post(base+"invocation/"+id+"/response", fmt.Sprint(n))
		case `"trace"`:
			post(base+"invocation/"+id+"/response", trace)
		default:
			post(base+"invocation/"+id+"/response", fmt.Sprintf("%q", os.Getenv("OUTDIAL_TABLE")+os.Getenv("HOME")))
		}
	}
}

func next(url string) (id, event, trace string) {
	answer, err := http.Get(url) //nolint:gosec,noctx // the Runtime API
	if err != nil {
		os.Exit(1)
	}
	defer func() { _ = answer.Body.Close() }()
	data, err := io.ReadAll(answer.Body)
	if err != nil || answer.Header.Get("Lambda-Runtime-Deadline-Ms") == "" {
		os.Exit(1)
	}
	return answer.Header.Get("Lambda-Runtime-Aws-Request-Id"), string(data), answer.Header.Get("Lambda-Runtime-Trace-Id")
}

func post(url, body string) {
	answer, err := http.Post(url, "application/json", bytes.NewBufferString(body)) //nolint:gosec,noctx // the Runtime API
	if err != nil {
		os.Exit(1)
	}
	_ = answer.Body.Close()
}
