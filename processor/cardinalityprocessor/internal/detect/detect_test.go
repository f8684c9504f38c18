package detect

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range Names() {
		set, ok := Parse(name)
		require.True(t, ok, name)
		assert.Equal(t, 1, bits.OnesCount64(uint64(set)), name)
		assert.False(t, seen[name], name)
		seen[name] = true
	}
	for k := None + 1; k < kinds; k++ {
		assert.Regexp(t, `^\{[a-z_0-9]+\}$`, k.Placeholder())
		assert.NotEqual(t, NoClass, k.Class())
	}
	_, ok := Parse("nothing")
	assert.False(t, ok)
	secrets, _ := Parse("secrets")
	assert.True(t, secrets.Has(JWT))
	assert.Equal(t, Sensitive&secrets, secrets)
}

func TestRedactReplacesOnlyTheKindsAskedFor(t *testing.T) {
	value := "mail a@b.co from 10.1.2.3"
	spans := New().Scan("", value, nil)
	email, _ := Parse("email")
	assert.Equal(t, "mail {email} from 10.1.2.3", Redact(value, spans, email))
	assert.Equal(t, "mail {email} from {ip}", Redact(value, spans, Sensitive))
	assert.Equal(t, value, Redact(value, spans, 0))
}

func TestKeysAreReadWhateverTheyAreJoinedBy(t *testing.T) {
	for _, key := range []string{"client_ip", "client.ip", "clientIp", "http.client-ip"} {
		assert.Zero(t, readKey(key)&own, key)
	}
	for _, key := range []string{"instance", "k8s.node.name", "hostName"} {
		assert.NotZero(t, readKey(key)&own, key)
	}
	assert.NotZero(t, readKey("created_at")&moment)
	assert.NotZero(t, readKey("CreditCard_number")&card)
	assert.Zero(t, readKey("phone_type")&phone)
}

func TestTokenForms(t *testing.T) {
	for text, fault := range map[string]string{"a<": "a class is", "a<z4>": "a class is", "a<d4-2>": "in order", "a<d>": "in order"} {
		_, err := readTokens(text)
		require.ErrorContains(t, err, fault, text)
		require.ErrorContains(t, err, "tokens.txt:1")
	}
}

// What the standards' generators make is found whole, whatever is drawn.
func TestGeneratedIdentifiersAreFound(t *testing.T) {
	d := New()
	const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	text := func(t *rapid.T, alphabet string, n int) string {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		out := make([]byte, n)
		for i := range out {
			out[i] = alphabet[r.IntN(len(alphabet))]
		}
		return string(out)
	}
	hex := func(t *rapid.T, n int) string { return text(t, "0123456789abcdef", n) }
	generators := map[Kind]func(*rapid.T) string{
		UUID: func(t *rapid.T) string {
			version := rapid.IntRange(1, 8).Draw(t, "version")
			return fmt.Sprintf("%s-%s-%d%s-a%s-%s", hex(t, 8), hex(t, 4), version, hex(t, 3), hex(t, 3), hex(t, 12))
		},
		ULID:  func(t *rapid.T) string { return "01J" + text(t, "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 21) + "42" },
		KSUID: func(t *rapid.T) string { return "2" + text(t, base62, 24) + "a4" },
		IPv4: func(t *rapid.T) string {
			return fmt.Sprintf("%d.%d.%d.%d", rapid.IntRange(1, 126).Draw(t, "a"), rapid.IntRange(0, 255).Draw(t, "b"),
				rapid.IntRange(1, 255).Draw(t, "c"), rapid.IntRange(0, 255).Draw(t, "d"))
		},
		EpochMillis: func(t *rapid.T) string {
			return fmt.Sprintf("%d137", rapid.Int64Range(1_300_000_000, 2_000_000_000).Draw(t, "s"))
		},
		Email: func(t *rapid.T) string {
			return rapid.StringMatching(`[a-z][a-z0-9._+-]{0,20}[a-z0-9]@[a-z][a-z0-9-]{0,10}[a-z0-9]\.(com|org|co\.uk|io)`).Draw(t, "email")
		},
		Card: func(t *rapid.T) string {
			digits := rapid.SampledFrom([]string{"4", "51", "55", "2221", "6011"}).Draw(t, "prefix")
			digits += text(t, "0123456789", 15-len(digits))
			for check := range 10 {
				if _, ok := luhn(fmt.Sprint(digits, check)); ok {
					return fmt.Sprint(digits, check)
				}
			}
			return ""
		},
	}
	for kind, generate := range generators {
		t.Run(kind.String(), rapid.MakeCheck(func(t *rapid.T) {
			value := generate(t)
			for _, around := range [][2]string{{"", ""}, {"/a/", "/b"}, {"got ", " there"}} {
				spans := d.Scan("", around[0]+value+around[1], nil)
				require.Equal(t, []Span{{len(around[0]), len(around[0]) + len(value), kind}}, spans, value)
			}
		}))
	}
}

func TestDigestsOfEverySizeAreFound(t *testing.T) {
	d := New()
	found := 0
	for i := range 500 {
		sum := sha1.Sum([]byte(fmt.Sprint(i)))
		spans := d.Scan("", fmt.Sprintf("%x", sum), nil)
		require.Len(t, spans, 1)
		assert.Equal(t, GitSHA, spans[0].Kind)
		long := base64.StdEncoding.EncodeToString(append(sum[:], sum[:12]...))
		spans = d.Scan("", long, nil)
		if len(spans) == 1 && spans[0].Kind == Base64 && spans[0].Whole(len(long)) {
			found++
		}
	}
	assert.GreaterOrEqual(t, found, 495, "one digest in a hundred may read like words")
}

// The letters of natural words in the forms programs use are no identifiers.
func TestWordsAreNotRandom(t *testing.T) {
	d := New()
	words := strings.Fields(`synchronized transaction isolation snapshot controller reconcile horizontal autoscaler ephemeral storage
		volume attachment certificate signing request mutating webhook configuration validating admission priority level lease endpoint
		slice network policy runtime class custom resource definition replica stateful daemon cron namespace service account`)
	for i := range words {
		joined := ""
		for j := range 3 {
			w := words[(i*7+j*5)%len(words)]
			joined += strings.ToUpper(w[:1]) + w[1:]
		}
		assert.Empty(t, d.Scan("kind", joined, nil), joined)
		assert.Empty(t, d.Scan("kind", strings.ToLower(joined), nil), joined)
		assert.Empty(t, d.Scan("kind", strings.ToUpper(joined), nil), joined)
	}
}

func TestScanDoesNotAllocate(t *testing.T) {
	d := New()
	spans := make([]Span, 0, 32)
	for _, value := range examples {
		d.Scan("path", value, spans)
		allocs := testing.AllocsPerRun(100, func() { spans = d.Scan("path", value, spans[:0]) })
		assert.Zero(t, allocs, value)
	}
}

var examples = []string{
	"GET", "us-east-1", "checkout-service", "/api/v1/query_range", "org.apache.flink.streaming.api.operators.StreamMap",
	"Window(TumblingEventTimeWindows(60000), EventTimeTrigger)", "16777216", "10.12.4.77:8080",
	"550e8400-e29b-41d4-a716-446655440000", "/users/4421/orders/01ARZ3NDEKTSV4RRFFQ69G5FAV", "2025-08-12T10:03:42.123456Z",
	"ana.diaz@corp.io", "https://user:hunter22@git.example.com/api?token=abcd1234efgh", "checkout-vgcfm8rh5-lssl4",
	"timeout after 27572 ms calling order 3dda41f2-6d53-4393-ad65-415ac33f4759", "weClHkgHU8aPVYmV3DriKrq6BbqzvZMh",
	"GB82WEST12345698765432", "4111111111111111", "2001:db8::8a2e:370:7334", "AKIAIOSFODNN7EXAMPLE",
}

func BenchmarkScan(b *testing.B) {
	d := New()
	spans := make([]Span, 0, 32)
	for _, value := range examples {
		b.Run(value, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				spans = d.Scan("path", value, spans[:0])
			}
		})
	}
}
