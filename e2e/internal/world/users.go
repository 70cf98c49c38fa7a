package world

import (
	"crypto/rand"
	"testing"

	"github.com/outdial/outdial/e2e/internal/cognito"
	"github.com/outdial/outdial/e2e/internal/stack"
)

// FirstUser is the person that identity.yaml invites, with its groups, once they
// have chosen a password.
func (w *World) FirstUser(t testing.TB) cognito.User {
	t.Helper()
	identity := w.deployed.identity
	names, err := identity.OfType("AWS::Cognito::UserPoolUser")
	if err != nil {
		t.Fatal(err)
	}
	invited, err := stack.Read[struct{ Username string }](identity, names[0])
	if err != nil {
		t.Fatal(err)
	}
	u := cognito.User{Sub: rand.Text(), Email: invited.Username, Password: rand.Text()}
	attachments, err := identity.OfType("AWS::Cognito::UserPoolUserToGroupAttachment")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range attachments {
		a, err := stack.Read[struct{ Username, GroupName string }](identity, name)
		if err != nil {
			t.Fatal(err)
		}
		if a.Username == u.Email {
			u.Groups = append(u.Groups, a.GroupName)
		}
	}
	w.Pool.AddUser(u)
	return u
}

// Invite invites somebody who is no administrator.
func (w *World) Invite(email string) cognito.User {
	u := cognito.User{Sub: rand.Text(), Email: email, Password: rand.Text()}
	w.Pool.AddUser(u)
	return u
}
