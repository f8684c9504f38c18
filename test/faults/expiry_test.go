//go:build faults

package faults

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	first  = credentials{"AKIDFIRST", "the secret of the first session", "the token of the first session"}
	second = credentials{"AKIDSECOND", "the secret of the second session", "the token of the second session"}
)

// firstLife is how long Weir believes in the first credentials. The store stops to take them earlier.
const firstLife = 15 * time.Second

// guard lets requests through to a store that one of the credentials signed, the valid one.
type guard struct {
	to http.Handler

	mu    sync.Mutex
	valid credentials
	wrong []error
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	who, _, err := verify(r, first, second)
	g.mu.Lock()
	valid := who == g.valid
	if err != nil {
		g.wrong = append(g.wrong, err)
	}
	g.mu.Unlock()
	if err != nil || !valid {
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprint(w, `{"message": "ExpiredTokenException: the security token included in the request is expired"}`)
		return
	}
	g.to.ServeHTTP(w, r)
}

func (g *guard) accept(c credentials) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.valid = c
}

// source is where sigv4auth takes credentials from: what Weir is started with, how they are renewed, and whether it
// sees that by itself.
type source struct {
	env   []string
	role  string // assume_role, as YAML
	renew func(c credentials, life time.Duration)
	sees  bool
}

func replaceFile(t *testing.T, path, content string) {
	require.NoError(t, os.WriteFile(path+".new", []byte(content), 0o600))
	require.NoError(t, os.Rename(path+".new", path))
}

// credentialProcess is a program that prints credentials and until when they are valid.
func credentialProcess(t *testing.T) source {
	dir := t.TempDir()
	config, printed := filepath.Join(dir, "config"), filepath.Join(dir, "printed")
	replaceFile(t, config, "[default]\ncredential_process = cat "+printed+"\n")
	return source{sees: true, env: []string{"AWS_CONFIG_FILE=" + config}, renew: func(c credentials, life time.Duration) {
		replaceFile(t, printed, fmt.Sprintf(`{"Version": 1, "AccessKeyId": %q, "SecretAccessKey": %q, "SessionToken": %q, "Expiration": %q}`,
			c.key, c.secret, c.token, time.Now().Add(life).UTC().Format(time.RFC3339)))
	}}
}

// webIdentity is a token in a file that AWS's token service takes for credentials.
func webIdentity(t *testing.T) source {
	token := filepath.Join(t.TempDir(), "token")
	var mu sync.Mutex
	var given credentials
	var until time.Time
	service := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.FormValue("Action") != "AssumeRoleWithWebIdentity" || r.FormValue("WebIdentityToken") != given.key {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
			<AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>%s</Expiration>
			</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
			given.key, given.secret, given.token, until.UTC().Format(time.RFC3339))
	}))
	return source{
		sees: true,
		env:  []string{"AWS_ENDPOINT_URL_STS=" + service.URL, "AWS_CONFIG_FILE=" + os.DevNull},
		role: fmt.Sprintf(", assume_role: {arn: 'arn:aws:iam::123456789012:role/weir', web_identity_token_file: %q}", token),
		renew: func(c credentials, life time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			given, until = c, time.Now().Add(life)
			replaceFile(t, token, c.key)
		},
	}
}

// sharedFile is the file that somebody else keeps up to date, without a word on how long.
func sharedFile(t *testing.T) source {
	path := filepath.Join(t.TempDir(), "credentials")
	return source{env: []string{"AWS_SHARED_CREDENTIALS_FILE=" + path, "AWS_CONFIG_FILE=" + os.DevNull}, renew: func(c credentials, _ time.Duration) {
		replaceFile(t, path, fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n", c.key, c.secret, c.token))
	}}
}

// Credentials that expire hold the slots, and what is held goes on with the new ones: by itself where they come with an
// end, after a reload where they are read once.
func TestExpiredCredentialsHoldTheSlotsUntilTheyAreRenewed(t *testing.T) {
	for name, from := range map[string]func(*testing.T) source{
		"credential process": credentialProcess, "web identity": webIdentity, "shared credentials file": sharedFile,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newStrict(t, false)
			guard := &guard{to: store, valid: first}
			front := serve(t, guard)
			source := from(t)
			source.renew(first, firstLife)
			w := prepare(t)
			w.env = append(source.env, "AWS_EC2_METADATA_DISABLED=true")
			w.extra = fmt.Sprintf("  sigv4auth: {region: eu-central-1, service: aps%s}", source.role)
			w.pipeline = ", sigv4auth"
			o := fast.wal(t.TempDir()).with(options{
				"slot_by": "series",
				"http":    fmt.Sprintf("{endpoint: %q, timeout: 2s, auth: {authenticator: sigv4auth}}", front.URL+"/api/v1/write"),
			})
			w.run(o)
			l := w.load(8, 20)
			require.NoError(t, l.Run(t.Context(), 3))
			require.True(t, store.WaitSamples(patience, l.Samples()), "the first credentials are good")
			guard.accept(second)
			require.NoError(t, l.Run(t.Context(), 10))
			w.until("all slots to hold", func() bool { return w.metric("slots_held") == 4 })
			w.until("health_check to show it", func() bool { return !w.healthy() })
			assert.Empty(t, w.drops())

			source.renew(second, time.Hour)
			w.goOn(source, o)
			require.True(t, store.WaitSamples(2*patience, l.Samples()), "what was held is delivered")
			require.NoError(t, l.Run(t.Context(), 3))
			store.complete(w, l)
			w.until("health_check to be content", w.healthy)
			guard.mu.Lock()
			defer guard.mu.Unlock()
			assert.Empty(t, guard.wrong)
		})
	}
}

// goOn waits for nothing where the held request is tried again within a minute; the short form starts Weir again instead.
func (w *weir) goOn(from source, o options) {
	w.t.Helper()
	switch {
	case !from.sees:
		w.signal(syscall.SIGHUP)
	case testing.Short():
		w.stop()
		w.run(o)
	}
}
