package aws

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// deployTime is how long a stack may take.
const deployTime = 2 * time.Minute

// Deploy makes a stack of a template and gives its outputs.
func (c Client) Deploy(ctx context.Context, stack, template string, parameters map[string]string) (map[string]string, error) {
	form := url.Values{"StackName": {stack}, "TemplateBody": {template}, "Capabilities.member.1": {"CAPABILITY_IAM"}}
	i := 0
	for name, value := range parameters {
		i++
		form.Set(fmt.Sprintf("Parameters.member.%d.ParameterKey", i), name)
		form.Set(fmt.Sprintf("Parameters.member.%d.ParameterValue", i), value)
	}
	if err := c.query(ctx, "CreateStack", form, nil); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, deployTime)
	defer cancel()
	for {
		s, err := c.describe(ctx, stack)
		switch {
		case err != nil:
			return nil, err
		case s.Status == "CREATE_COMPLETE":
			outputs := map[string]string{}
			for _, o := range s.Outputs {
				outputs[o.Key] = o.Value
			}
			return outputs, nil
		case s.Status != "CREATE_IN_PROGRESS":
			return nil, fmt.Errorf("stack %s: %s %s", stack, s.Status, s.Reason)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("stack %s: still %s: %w", stack, s.Status, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Delete deletes a stack, and doesn't wait for it.
func (c Client) Delete(ctx context.Context, stack string) error {
	return c.query(ctx, "DeleteStack", url.Values{"StackName": {stack}}, nil)
}

type stackState struct {
	Status  string `xml:"StackStatus"`
	Reason  string `xml:"StackStatusReason"`
	Outputs []struct {
		Key   string `xml:"OutputKey"`
		Value string `xml:"OutputValue"`
	} `xml:"Outputs>member"`
}

func (c Client) describe(ctx context.Context, stack string) (stackState, error) {
	var answer struct {
		Stacks []stackState `xml:"DescribeStacksResult>Stacks>member"`
	}
	if err := c.query(ctx, "DescribeStacks", url.Values{"StackName": {stack}}, &answer); err != nil {
		return stackState{}, err
	}
	if len(answer.Stacks) != 1 {
		return stackState{}, errors.New("DescribeStacks doesn't know " + stack)
	}
	return answer.Stacks[0], nil
}

func (c Client) query(ctx context.Context, action string, form url.Values, out any) error {
	form.Set("Action", action)
	form.Set("Version", "2010-05-15")
	headers := http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}
	data, err := c.post(ctx, "cloudformation", headers, []byte(form.Encode()))
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	if out == nil || strings.TrimSpace(string(data)) == "" {
		return nil
	}
	return xml.Unmarshal(data, out) //nolint:gosec // LocalStack's answer
}
