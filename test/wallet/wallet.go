package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"sync"

	"github.com/privacybydesign/gabi/signed"
	irma "github.com/privacybydesign/irmago"
	"github.com/privacybydesign/irmago/eudi/credentials/sdjwtvc"
	"github.com/privacybydesign/irmago/irmaclient"
)

// Wallet is one person's IRMA client.
type Wallet struct {
	client       *irmaclient.IrmaClient
	running      sync.Mutex
	pairingCodes chan string
}

// OpenWallet opens the wallet whose credentials are kept in storage. It contacts nobody: schemes are read from the
// folder given, and the parts of the client that fetch trust lists are left out.
func OpenWallet(storage, schemes string) (*Wallet, error) {
	irma.Logger.SetOutput(io.Discard)
	if err := os.MkdirAll(storage, 0o700); err != nil {
		return nil, err
	}
	key, err := storageKey(filepath.Join(storage, "key"))
	if err != nil {
		return nil, err
	}
	// The client keeps timestamps' public keys in the user's cache folder, where two wallets would meet.
	if err := os.Setenv("XDG_CACHE_HOME", filepath.Join(storage, "cache")); err != nil {
		return nil, err
	}
	conf, err := irma.NewConfiguration(
		filepath.Join(storage, "irma_configuration"),
		irma.ConfigurationOptions{Assets: schemes, IgnorePrivateKeys: true},
	)
	if err != nil {
		return nil, err
	}
	database := irmaclient.NewIrmaStorage(storage, conf, key)
	if err := database.Open(); err != nil {
		return nil, fmt.Errorf("storage (does another wallet use it?): %w", err)
	}
	signingKey, err := signed.GenerateKey()
	if err != nil {
		return nil, err
	}
	otherFormat, err := irmaclient.NewInMemorySdJwtVcStorage()
	if err != nil {
		return nil, err
	}
	client, err := irmaclient.NewIrmaClient(
		conf, events{}, signer{signingKey}, database,
		sdjwtvc.SdJwtVcVerificationContext{}, otherFormat, sdjwtvc.NewDefaultKeyBinderWithInMemoryStorage(),
	)
	if err != nil {
		return nil, err
	}
	// Allows servers that are not in production and speak plain HTTP.
	client.SetPreferences(irmaclient.Preferences{DeveloperMode: true})
	return &Wallet{client: client, pairingCodes: make(chan string, 1)}, nil
}

// Close flushes the storage.
func (w *Wallet) Close() { _ = w.client.Close() }

// Run performs one session and reports how it ended, which the server knows by then. When ctx ends first, the session is
// dismissed.
func (w *Wallet) Run(ctx context.Context, pointer string, wish Wish) Outcome {
	w.running.Lock()
	defer w.running.Unlock()
	outcome := w.perform(ctx, pointer, wish)
	if outcome.Status != "done" {
		endAtServer(pointer)
	}
	return outcome
}

// endAtServer ends the session. The client does so too, but in the background: closed at once, it would not get to it.
func endAtServer(pointer string) {
	var session irma.Qr
	if json.Unmarshal([]byte(pointer), &session) == nil && session.URL != "" {
		_ = irma.NewHTTPTransport(session.URL, false).Delete()
	}
}

func (w *Wallet) perform(ctx context.Context, pointer string, wish Wish) Outcome {
	select {
	case <-w.pairingCodes: // left over from an earlier session
	default:
	}
	s := &session{ctx: ctx, client: w.client, wish: wish, pairingCodes: w.pairingCodes, ended: make(chan Outcome, 1)}
	dismisser := w.client.NewSession(pointer, s)
	select {
	case outcome := <-s.ended:
		return outcome
	case <-ctx.Done():
	}
	select {
	case outcome := <-s.ended: // both at once; a session that failed at its start has no dismisser
		return outcome
	default:
		dismisser.Dismiss()
		return <-s.ended
	}
}

func storageKey(file string) (key [32]byte, err error) {
	stored, err := os.ReadFile(file)
	if err == nil && len(stored) == len(key) {
		return [32]byte(stored), nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return key, err
	}
	_, _ = rand.Read(key[:])
	return key, os.WriteFile(file, key[:], 0o600)
}

// signer would prove this wallet's identity to a keyshare server; the demo scheme has none.
type signer struct{ key *ecdsa.PrivateKey }

func (s signer) PublicKey(string) ([]byte, error) { return signed.MarshalPublicKey(&s.key.PublicKey) }

func (s signer) Sign(_ string, message []byte) ([]byte, error) { return signed.Sign(s.key, message) }

// events takes what the client tells outside of a session. Nothing here is about a person.
type events struct{}

func (events) EnrollmentFailure(irma.SchemeManagerIdentifier, error) {}
func (events) EnrollmentSuccess(irma.SchemeManagerIdentifier)        {}
func (events) ChangePinFailure(irma.SchemeManagerIdentifier, error)  {}
func (events) ChangePinSuccess()                                     {}
func (events) ChangePinIncorrect(irma.SchemeManagerIdentifier, int)  {}
func (events) ChangePinBlocked(irma.SchemeManagerIdentifier, int)    {}
func (events) UpdateConfiguration(*irma.IrmaIdentifierSet)           {}
func (events) UpdateAttributes()                                     {}
func (events) Revoked(*irma.CredentialIdentifier)                    {}
func (events) ReportError(err error)                                 { log.Printf("wallet: %v", err) }
