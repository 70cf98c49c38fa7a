// Package cloudformation reads what a stack tells its users.
package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/smithy-go"
)

// Errors of Outputs. They come wrapped in a sentence: compare with errors.Is.
var (
	// ErrNoRegion: nobody said in which region the stack is.
	ErrNoRegion = errors.New("no AWS region is set")
	// ErrNotAllowed: there are no credentials for AWS, or AWS refuses them.
	ErrNotAllowed = errors.New("AWS doesn't let you read the stack")
	// ErrNoStack: there is no stack of this name in the region.
	ErrNoStack = errors.New("no such stack")
)

// Outputs gives the outputs of a stack by their keys. Region, credentials and
// endpoint are those of the AWS command line: environment, profile, role.
func Outputs(ctx context.Context, stack string) (map[string]string, error) {
	c, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the AWS configuration: %w", err)
	}
	if c.Region == "" {
		return nil, ErrNoRegion
	}
	if _, err := c.Credentials.Retrieve(ctx); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotAllowed, err)
	}
	got, err := cloudformation.NewFromConfig(c).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	if err != nil {
		return nil, translated(err, stack, c.Region)
	}
	outputs := map[string]string{}
	for _, s := range got.Stacks {
		for _, o := range s.Outputs {
			outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
		}
	}
	return outputs, nil
}

// translated puts the service's refusals into the words above.
func translated(err error, stack, region string) error {
	refusal, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return fmt.Errorf("ask CloudFormation in %s: %w", region, err)
	}
	switch code := refusal.ErrorCode(); {
	case code == "ValidationError" && strings.HasSuffix(refusal.ErrorMessage(), "does not exist"):
		return fmt.Errorf("%w as %s in %s", ErrNoStack, stack, region)
	case code == "ExpiredToken", code == "InvalidClientTokenId", code == "SignatureDoesNotMatch",
		code == "AccessDenied", code == "AccessDeniedException", code == "UnrecognizedClientException":
		return fmt.Errorf("%w: %s: %s", ErrNotAllowed, code, refusal.ErrorMessage())
	default:
		return fmt.Errorf("CloudFormation in %s refused: %s: %s", region, code, refusal.ErrorMessage())
	}
}
