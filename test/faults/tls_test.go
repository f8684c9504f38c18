//go:build faults

package faults

import (
	"crypto/tls"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tlsOptions are the exporter's options for a store whose name is store.test.
func tlsOptions(url, settings string) options {
	return fast.with(options{
		"http":             fmt.Sprintf("{endpoint: %q, timeout: 2s, tls: {server_name_override: store.test, %s}}", url, settings),
		"retry_on_failure": "{initial_interval: 100ms, max_interval: 500ms}",
	})
}

func TestACertificateThatIsWrongIsTriedAgainUntilItIsRight(t *testing.T) {
	soon := time.Now().Add(time.Hour)
	good, other := newAuthority(t), newAuthority(t)
	for name, wrong := range map[string]tls.Certificate{
		"from an unknown authority": other.issue(t, "store.test", soon),
		"expired":                   good.issue(t, "store.test", time.Now().Add(-time.Minute)),
		"for another name":          good.issue(t, "elsewhere.test", soon),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newStrict(t, false)
			server := secure(t, store, nil)
			server.certificate.Store(&wrong)
			w := start(t, tlsOptions(server.url, fmt.Sprintf("ca_file: %q", good.file(t, t.TempDir()))))
			l := w.load(8, 10)
			began := time.Now()
			require.NoError(t, l.Run(t.Context(), 5))
			w.until("some attempts", func() bool { return server.connections.Load() >= 8 })
			assert.Zero(t, store.Counts().Requests)
			assert.Less(t, server.connections.Load(), 20+4*10*int64(time.Since(began).Seconds()+1), "attempts are paced")
			right := good.issue(t, "store.test", soon)
			server.certificate.Store(&right)
			store.complete(w, l)
		})
	}
}

func TestAClientCertificateIsNeededAndIsReadAgainWhenItsFileChanges(t *testing.T) {
	t.Parallel()
	soon := time.Now().Add(time.Hour)
	good, other := newAuthority(t), newAuthority(t)
	store := newStrict(t, false)
	server := secure(t, store, good.pool())
	right := good.issue(t, "store.test", soon)
	server.certificate.Store(&right)
	dir := t.TempDir()
	certificate, key := writeTo(t, dir, other.issue(t, "weir.test", soon))
	w := start(t, tlsOptions(server.url, fmt.Sprintf("ca_file: %q, cert_file: %q, key_file: %q, reload_interval: 1s", good.file(t, dir), certificate, key)))
	l := w.load(8, 10)
	require.NoError(t, l.Run(t.Context(), 5))
	w.until("some attempts", func() bool { return server.connections.Load() >= 8 })
	assert.Zero(t, store.Counts().Requests)
	writeTo(t, dir, good.issue(t, "weir.test", soon))
	store.complete(w, l)
	require.NoError(t, l.Run(t.Context(), 5))
	store.complete(w, l)
}

func TestAMissingClientCertificateLosesNothing(t *testing.T) {
	t.Parallel()
	soon := time.Now().Add(time.Hour)
	good := newAuthority(t)
	store := newStrict(t, false)
	server := secure(t, store, good.pool())
	right := good.issue(t, "store.test", soon)
	server.certificate.Store(&right)
	dir := t.TempDir()
	ca := good.file(t, dir)
	wal := t.TempDir()
	w := start(t, tlsOptions(server.url, fmt.Sprintf("ca_file: %q", ca)).wal(wal))
	l := w.load(8, 10)
	require.NoError(t, l.Run(t.Context(), 5))
	w.until("some attempts", func() bool { return server.connections.Load() >= 8 })
	assert.Zero(t, store.Counts().Requests)
	w.stop()
	certificate, key := writeTo(t, dir, good.issue(t, "weir.test", soon))
	w.run(tlsOptions(server.url, fmt.Sprintf("ca_file: %q, cert_file: %q, key_file: %q", ca, certificate, key)).wal(wal))
	store.complete(w, l)
}

func TestABadCAFileIsRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	file := writePEM(t, t.TempDir()+"/ca.pem", "NOTHING", []byte("no certificate"))
	w := prepare(t)
	err := w.fails(tlsOptions("https://127.0.0.1:1/api/v1/write", fmt.Sprintf("ca_file: %q", file)))
	assert.ErrorContains(t, err, "orderedremotewrite")
	assert.ErrorContains(t, err, "CA")
}
