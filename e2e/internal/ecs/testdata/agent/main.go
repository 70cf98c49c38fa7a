// Command agent stands for the agent: it asks for its task and its credentials,
// tries to write where it mustn't, and runs until it is asked to stop.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	fmt.Println(get(os.Getenv("ECS_CONTAINER_METADATA_URI_V4")+"/task"), get(os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")), os.Getenv("OUTDIAL_CALL_ID"))
	if os.Getenv("OUTDIAL_CALL_ID") == "call_short" {
		return
	}
	<-stop
	if os.Getenv("OUTDIAL_CALL_ID") == "call_deaf" {
		select {}
	}
	os.Exit(7)
}

func get(url string) string {
	answer, err := http.Get(url) //nolint:gosec,noctx // the metadata endpoint
	if err != nil {
		return err.Error()
	}
	defer func() { _ = answer.Body.Close() }()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return err.Error()
	}
	return string(data)
}
