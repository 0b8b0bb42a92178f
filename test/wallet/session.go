package main

import (
	"context"
	"slices"
	"time"

	irma "github.com/privacybydesign/irmago"
	"github.com/privacybydesign/irmago/irmaclient"
)

// Wish is what the person holding the wallet does when asked for permission.
type Wish struct {
	Decline bool
	// Delay passes before the answer.
	Delay time.Duration
	// UseExpired discloses expired credentials too, which an honest app refuses to do.
	UseExpired bool
}

// Outcome is how a session ended, seen from the wallet.
type Outcome struct {
	// Status is done, cancelled or failed.
	Status string `json:"status"`
	// ClientReturnURL is where the app sends its user afterwards; only when done, as the app does.
	ClientReturnURL string `json:"clientReturnUrl,omitempty"`
	// Requestor is whom the app shows as asking.
	Requestor string      `json:"requestor,omitempty"`
	Disclosed []Attribute `json:"disclosed,omitempty"`
	// Error says why it failed, or that the wallet lacks what was asked (then it is cancelled).
	Error string `json:"error,omitempty"`
}

// Attribute is one disclosed attribute.
type Attribute struct {
	ID    string `json:"id"`
	Value string `json:"value"`
}

// session is the handler of one IRMA session. Its callbacks come on goroutines of the client, one after another.
type session struct {
	ctx          context.Context
	client       *irmaclient.IrmaClient
	wish         Wish
	pairingCodes chan<- string
	outcome      Outcome
	returnURL    string
	ended        chan Outcome
}

func (s *session) end(status, reason string) {
	s.outcome.Status, s.outcome.Error = status, reason
	if status != "done" {
		s.outcome.Disclosed = nil
	}
	select {
	case s.ended <- s.outcome:
	default: // the first ending counts
	}
}

func (s *session) Success(string) {
	s.outcome.ClientReturnURL = s.returnURL
	s.end("done", "")
}

func (s *session) Cancelled() { s.end("cancelled", s.outcome.Error) }

func (s *session) Failure(err *irma.SessionError) {
	reason := string(err.ErrorType)
	if err.RemoteError != nil {
		reason += ": " + err.RemoteError.ErrorName
	} else if err.ErrorType == irma.ErrorRejected {
		reason += ": " + err.Info // the proof status
	}
	s.end("failed", reason)
}

func (s *session) StatusUpdate(irma.Action, irma.ClientStatus) {}

func (s *session) ClientReturnURLSet(url string) { s.returnURL = url }

func (s *session) PairingRequired(code string) { s.pairingCodes <- code }

func (s *session) RequestIssuancePermission(_ *irma.IssuanceRequest, satisfiable bool,
	candidates [][]irmaclient.DisclosureCandidates, requestor *irma.RequestorInfo, permit irmaclient.PermissionHandler) {
	s.decide(satisfiable, candidates, requestor, permit)
}

func (s *session) RequestVerificationPermission(_ *irma.DisclosureRequest, satisfiable bool,
	candidates [][]irmaclient.DisclosureCandidates, requestor *irma.RequestorInfo, permit irmaclient.PermissionHandler) {
	s.decide(satisfiable, candidates, requestor, permit)
}

func (s *session) RequestSignaturePermission(_ *irma.SignatureRequest, satisfiable bool,
	candidates [][]irmaclient.DisclosureCandidates, requestor *irma.RequestorInfo, permit irmaclient.PermissionHandler) {
	s.decide(satisfiable, candidates, requestor, permit)
}

func (s *session) decide(satisfiable bool, candidates [][]irmaclient.DisclosureCandidates,
	requestor *irma.RequestorInfo, permit irmaclient.PermissionHandler) {
	if requestor != nil {
		s.outcome.Requestor = requestor.Name["en"]
	}
	choice := s.choose(candidates)
	s.outcome.Disclosed = s.values(choice)
	satisfiable = satisfiable || s.wish.UseExpired
	if !satisfiable {
		s.outcome.Error = "attributes-missing"
	}
	go func() {
		select {
		case <-time.After(s.wish.Delay):
			permit(satisfiable && !s.wish.Decline, choice)
		case <-s.ctx.Done(): // the session is being dismissed
		}
	}()
}

// choose takes, of every disjunction, the first option that the wallet has; an empty option always is.
func (s *session) choose(candidates [][]irmaclient.DisclosureCandidates) *irma.DisclosureChoice {
	choice := &irma.DisclosureChoice{}
	for _, disjunction := range candidates {
		var ids []*irma.AttributeIdentifier
		for _, option := range disjunction {
			chosen, err := option.Choose()
			expired := slices.ContainsFunc(option, func(c *irmaclient.DisclosureCandidate) bool { return c.Expired })
			if err != nil || expired && !s.wish.UseExpired {
				continue
			}
			ids = chosen
			break
		}
		choice.Attributes = append(choice.Attributes, ids)
	}
	return choice
}

// values looks up what is about to be disclosed.
func (s *session) values(choice *irma.DisclosureChoice) (disclosed []Attribute) {
	held := map[string]map[irma.AttributeTypeIdentifier]irma.TranslatedString{}
	for _, credential := range s.client.CredentialInfoList() {
		held[credential.Hash] = credential.Attributes
	}
	for _, ids := range choice.Attributes {
		for _, id := range ids {
			disclosed = append(disclosed, Attribute{id.Type.String(), held[id.CredentialHash][id.Type]["en"]})
		}
	}
	return disclosed
}

// The demo scheme has no keyshare server, so none of these is asked for.

func (s *session) KeyshareBlocked(irma.SchemeManagerIdentifier, int) { s.end("failed", "keyshare") }
func (s *session) KeyshareEnrollmentIncomplete(irma.SchemeManagerIdentifier) {
	s.end("failed", "keyshare")
}
func (s *session) KeyshareEnrollmentMissing(irma.SchemeManagerIdentifier) {
	s.end("failed", "keyshare")
}
func (s *session) KeyshareEnrollmentDeleted(irma.SchemeManagerIdentifier) {
	s.end("failed", "keyshare")
}
func (s *session) RequestPin(_ int, enter irmaclient.PinHandler) { enter(false, "") }
