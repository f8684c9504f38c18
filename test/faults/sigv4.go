//go:build faults

package faults

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// credentials are an access key with its secret and, if it is temporary, the token of its session.
type credentials struct{ key, secret, token string }

// lasting are the credentials that most tests give to Weir.
var lasting = credentials{key: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}

// verify recomputes the signature of a request, as AWS Signature Version 4 describes, and returns which of the known
// credentials made it, and when. The tenant must be signed too.
func verify(r *http.Request, known ...credentials) (who credentials, date string, err error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return who, "", err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	fields := map[string]string{}
	text, found := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !found {
		return who, "", fmt.Errorf("authorization is %q", r.Header.Get("Authorization"))
	}
	for part := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[key] = value
	}
	key, scope, _ := strings.Cut(fields["Credential"], "/")
	at := slices.IndexFunc(known, func(c credentials) bool { return c.key == key })
	if at < 0 {
		return who, "", fmt.Errorf("access key %q", key)
	}
	who = known[at]
	if token := r.Header.Get("X-Amz-Security-Token"); token != who.token {
		return who, "", fmt.Errorf("token %q of access key %q", token, key)
	}
	if signed := strings.Split(fields["SignedHeaders"], ";"); r.Header.Get("X-Scope-OrgID") != "" && !slices.Contains(signed, "x-scope-orgid") {
		return who, "", fmt.Errorf("the tenant is not among the signed headers %v", signed)
	}
	date = r.Header.Get("X-Amz-Date")
	toSign := strings.Join([]string{"AWS4-HMAC-SHA256", date, scope, hash([]byte(canonical(r, fields["SignedHeaders"], body)))}, "\n")
	signing := []byte("AWS4" + who.secret)
	for part := range strings.SplitSeq(scope, "/") {
		signing = mac(signing, part)
	}
	if want := hex.EncodeToString(mac(signing, toSign)); want != fields["Signature"] {
		return who, "", fmt.Errorf("signature %s, want %s", fields["Signature"], want)
	}
	return who, date, nil
}

func canonical(r *http.Request, signed string, body []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n", r.Method, r.URL.EscapedPath(), r.URL.RawQuery)
	for name := range strings.SplitSeq(signed, ";") {
		value := r.Header.Get(name)
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = fmt.Sprint(r.ContentLength)
		}
		fmt.Fprintf(&b, "%s:%s\n", name, strings.TrimSpace(value))
	}
	fmt.Fprintf(&b, "\n%s\n%s", signed, hash(body))
	return b.String()
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	_, _ = h.Write([]byte(text))
	return h.Sum(nil)
}
