package orderedremotewriteexporter

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"

	"weir.example/internal/promtest"
)

// signer is an auth extension that, as SigV4 does, signs the body and the time.
type signer struct {
	component.StartFunc
	component.ShutdownFunc
	mu     sync.Mutex
	bodies []string
	dates  []string
}

func (s *signer) RoundTripper(base http.RoundTripper) (http.RoundTripper, error) {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		defer body.Close()
		content, err := io.ReadAll(body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Header.Set("X-Amz-Date", time.Now().Format(time.RFC3339Nano))
		s.mu.Lock()
		defer s.mu.Unlock()
		s.bodies, s.dates = append(s.bodies, string(content)), append(s.dates, r.Header.Get("X-Amz-Date"))
		return base.RoundTrip(r)
	}), nil
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type hostWith map[component.ID]component.Component

func (h hostWith) GetExtensions() map[component.ID]component.Component { return h }

// ship sends one sample with a configuration and an extension, without a rig.
func ship(t *testing.T, cfg *Config, host component.Host) *remoteWriter {
	cfg.Batch.FlushTimeout, cfg.Retry.InitialInterval, cfg.Retry.MaxInterval = 0, time.Millisecond, 10*time.Millisecond
	require.NoError(t, cfg.Validate())
	x, err := newExporter((&rig{telemetry: componenttest.NewTelemetry()}).settings(), cfg)
	require.NoError(t, err)
	require.NoError(t, x.Start(context.Background(), host))
	t.Cleanup(func() { require.NoError(t, x.Shutdown(context.Background())) })
	return x
}

func TestEveryAttemptIsSignedAnew(t *testing.T) {
	id := component.MustNewID("signer")
	auth := &signer{}
	store := promtest.New(promtest.WithScript(promtest.Sequence(promtest.Answer{Status: 500}, promtest.Answer{Status: 429}, promtest.Answer{Reset: promtest.ResetBefore})))
	t.Cleanup(store.Close)
	cfg := createDefaultConfig().(*Config)
	cfg.HTTP.Endpoint = store.URL()
	cfg.HTTP.Auth = configoptional.Some(configauth.Config{AuthenticatorID: id})
	x := ship(t, cfg, hostWith{id: auth})
	require.NoError(t, x.ConsumeMetrics(context.Background(), newBatch().resource(flink...).gauge("m", 1000, 1).md))
	require.True(t, store.WaitSamples(patience, 1))
	auth.mu.Lock()
	defer auth.mu.Unlock()
	require.GreaterOrEqual(t, len(auth.dates), 4)
	for i := range auth.dates[1:] {
		assert.NotEqual(t, auth.dates[i], auth.dates[i+1], "a fresh date")
		assert.Equal(t, auth.bodies[i], auth.bodies[i+1], "the same bytes")
	}
}

// authority issues certificates.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t}
	var err error
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ca"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	require.NoError(t, err)
	a.cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	return a
}

// issue returns a certificate and its key in PEM.
func (a *authority) issue(serial int64) (cert, key []byte) {
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &own.PublicKey, a.key)
	require.NoError(a.t, err)
	private, err := x509.MarshalECPrivateKey(own)
	require.NoError(a.t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private})
}

// A client certificate that is replaced on disk is used without a restart; until
// then the store's refusal is a network error, and nothing is lost.
func TestARotatedClientCertificateIsPickedUp(t *testing.T) {
	old, current := newAuthority(t), newAuthority(t)
	store := promtest.New()
	t.Cleanup(store.Close)
	front := httptest.NewUnstartedServer(store)
	serverCert, serverKey := current.issue(2)
	pair, err := tls.X509KeyPair(serverCert, serverKey)
	require.NoError(t, err)
	clients := x509.NewCertPool()
	clients.AddCert(current.cert)
	front.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12}
	front.Config.ErrorLog = nil
	front.StartTLS()
	t.Cleanup(front.Close)

	dir := t.TempDir()
	write := func(a *authority, serial int64) {
		cert, key := a.issue(serial)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "key"), key, 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "cert"), cert, 0o600))
	}
	write(old, 3)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ca"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: current.cert.Raw}), 0o600))
	cfg := createDefaultConfig().(*Config)
	cfg.HTTP.Endpoint = front.URL + "/api/v1/write"
	cfg.HTTP.TLS = configtls.ClientConfig{Config: configtls.Config{
		CAFile: filepath.Join(dir, "ca"), CertFile: filepath.Join(dir, "cert"), KeyFile: filepath.Join(dir, "key"), ReloadInterval: time.Millisecond,
	}}
	x := ship(t, cfg, componenttest.NewNopHost())
	require.NoError(t, x.ConsumeMetrics(context.Background(), newBatch().resource(flink...).gauge("m", 1000, 1).md))
	require.Eventually(t, func() bool { return x.notes.isKnown("retrynetwork") }, patience, time.Millisecond)
	assert.Zero(t, store.Counts().Samples)
	write(current, 4)
	require.True(t, store.WaitSamples(patience, 1))
	assert.Empty(t, store.Violations())
}

func (n *notes) isKnown(kind string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, known := n.troubles[kind]
	return known
}
