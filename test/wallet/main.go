// Command wallet is a Yivi app without a screen, for tests and the demonstration: an IRMA client that is told over
// HTTP on the loopback interface which session to run, and answers with how it ended.
//
//	POST /issue        {"sessionPtr": {"u": "…", "irmaqr": "issuing"}} → Outcome
//	POST /disclose     {"sessionPtr" | "link", "decline"?, "delayMs"?, "useExpired"?} → Outcome
//	GET  /pairing-code waits for the code that the running session shows → {"code": "1234"}
//
// A link is what the QR code holds: https://open.yivi.app/-/session#{…}. A signature request goes to /disclose too.
// Dropping the HTTP request closes the app in the middle of its session. Sessions of one wallet run one after another;
// several at once need several wallets, each with a storage of its own. It ends when its standard input is closed.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

func main() {
	storage := flag.String("storage", "", "folder of this wallet's credentials; made when missing")
	schemes := flag.String("schemes", "", "folder with the IRMA schemes")
	flag.Parse()
	if *storage == "" || *schemes == "" {
		flag.Usage()
		os.Exit(2)
	}
	wallet, err := OpenWallet(*storage, *schemes)
	if err != nil {
		log.Fatalf("wallet: %v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatalf("wallet: %v", err)
	}
	go func() { log.Fatalf("wallet: %v", http.Serve(listener, control(wallet))) }()
	fmt.Printf("{\"port\":%d}\n", listener.Addr().(*net.TCPAddr).Port)

	_, _ = io.Copy(io.Discard, os.Stdin)
	wallet.Close()
}

// instruction is the body of /issue and /disclose.
type instruction struct {
	SessionPtr json.RawMessage `json:"sessionPtr"`
	Link       string          `json:"link"`
	Decline    bool            `json:"decline"`
	DelayMs    int             `json:"delayMs"`
	UseExpired bool            `json:"useExpired"`
}

func control(wallet *Wallet) http.Handler {
	routes := http.NewServeMux()
	run := func(w http.ResponseWriter, r *http.Request) {
		var told instruction
		if err := json.NewDecoder(r.Body).Decode(&told); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		pointer, err := told.pointer()
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		wish := Wish{told.Decline, time.Duration(told.DelayMs) * time.Millisecond, told.UseExpired}
		answer(w, wallet.Run(r.Context(), pointer, wish))
	}
	routes.HandleFunc("POST /issue", run)
	routes.HandleFunc("POST /disclose", run)
	routes.HandleFunc("GET /pairing-code", func(w http.ResponseWriter, r *http.Request) {
		select {
		case code := <-wallet.pairingCodes:
			answer(w, map[string]string{"code": code})
		case <-r.Context().Done():
		}
	})
	return routes
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

// pointer gives the session pointer as JSON text, whichever way it was handed over.
func (told instruction) pointer() (string, error) {
	if len(told.SessionPtr) > 0 {
		return string(told.SessionPtr), nil
	}
	_, fragment, found := strings.Cut(told.Link, "#")
	if !found {
		return "", errors.New("give a sessionPtr, or a link with a session pointer behind its #")
	}
	return url.PathUnescape(fragment)
}
