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
	"strings"
)

// awsSecret belongs to the access key that the tests give to Weir.
const (
	awsKey    = "AKIDEXAMPLE"
	awsSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

// verify recomputes the signature of a request, as AWS Signature Version 4 describes, and returns its date.
func verify(r *http.Request) (string, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return "", err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	fields := map[string]string{}
	text, found := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !found {
		return "", fmt.Errorf("authorization is %q", r.Header.Get("Authorization"))
	}
	for part := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[key] = value
	}
	key, scope, _ := strings.Cut(fields["Credential"], "/")
	if key != awsKey {
		return "", fmt.Errorf("access key %q", key)
	}
	date := r.Header.Get("X-Amz-Date")
	toSign := strings.Join([]string{"AWS4-HMAC-SHA256", date, scope, hash([]byte(canonical(r, fields["SignedHeaders"], body)))}, "\n")
	signing := []byte("AWS4" + awsSecret)
	for part := range strings.SplitSeq(scope, "/") {
		signing = mac(signing, part)
	}
	if want := hex.EncodeToString(mac(signing, toSign)); want != fields["Signature"] {
		return "", fmt.Errorf("signature %s, want %s", fields["Signature"], want)
	}
	return date, nil
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
