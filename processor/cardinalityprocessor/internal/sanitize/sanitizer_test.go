package sanitize

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/processor/cardinalityprocessor/internal/detect"
	"weir.example/processor/cardinalityprocessor/internal/template"
)

func TestTheEightExamplesOfTheRequirement(t *testing.T) {
	s := newSanitizer()
	for _, c := range []struct{ key, value, action, result string }{
		{"user_id", "550e8400-e29b-41d4-a716-446655440000", "drop", ""},
		{"order_id", "a3f5d12c-0b2a-4dc7-83e5-9f72c3a421df", "drop", ""},
		{"pid", "48291", "drop", ""},
		{"file_path", "/tmp/upload/session_1691831294000/file.txt", "template", "/tmp/upload/session_{ts}/file.txt"},
		{"timestamp", "2025-08-12T10:03:42.123456Z", "drop", ""},
		{"email", "joao.silva@example.com", "redact", "{email}"},
		{"path", "/users/abc123/orders/456", "template", "/users/{id}/orders/{id}"},
		{"query", "SELECT * FROM orders WHERE id = 12345", "template", "SELECT * FROM orders WHERE id = ?"},
		{"env", "prod", "keep", "prod"},
		{"region", "us-east", "keep", "us-east"},
	} {
		for range 2 { // decided, then remembered
			d := s.Decide(c.key, c.value)
			assert.Equal(t, c.action, d.Action.String(), "%s=%q", c.key, c.value)
			assert.Equal(t, c.result, d.Value, "%s=%q", c.key, c.value)
		}
	}
}

func TestThePolicyDecides(t *testing.T) {
	value := "/users/ana@corp.io/42"
	for _, c := range []struct {
		policy Policy
		result string
	}{
		{Policy{}, value},
		{Policy{Redact: detect.Sensitive}, "/users/{email}/42"},
		{Policy{Templates: true}, "/users/ana@corp.io/{id}"},
		{Policy{Redact: detect.Sensitive, Templates: true}, "/users/{email}/{id}"},
	} {
		s := New(c.policy, detect.New(), nil, 16)
		assert.Equal(t, c.result, s.Decide("path", value).Value)
	}
	d := New(Policy{Redact: detect.Sensitive}, detect.New(), nil, 16).Decide("user_id", "550e8400-e29b-41d4-a716-446655440000")
	assert.Equal(t, Keep, d.Action)
}

func TestReasons(t *testing.T) {
	s := newSanitizer()
	assert.Equal(t, detect.UUID, s.Decide("id", "550e8400-e29b-41d4-a716-446655440000").Kind)
	assert.Equal(t, BySQL, s.Decide("query", "SELECT 1 FROM t").Reason)
	assert.Equal(t, ByPlace, s.Decide("path", "/users/42").Reason)
	assert.Equal(t, Nothing, s.Decide("path", "/users").Reason)
	for i := range 40 {
		s.Decide("path", fmt.Sprintf("/repos/%cq%cx", 'a'+i%20, 'a'+i/20))
	}
	assert.Equal(t, ByMining, s.Decide("path", "/repos/zoe").Reason)
	assert.Equal(t, "/repos/{*}", s.Decide("path", "/repos/aqax").Value, "what was remembered before the position opened is decided anew")
}

func TestTheCacheIsBoundedAndNeverWrong(t *testing.T) {
	s := New(Default, detect.New(), nil, 64)
	require.Len(t, s.cache.sets, 16)
	var wait sync.WaitGroup
	for worker := range 4 {
		wait.Go(func() {
			for i := range 3000 {
				n := (i*7 + worker) % 500
				key, value := fmt.Sprint("key", n%3), fmt.Sprint("value-", n)
				if d := s.Decide(key, value); d.Value != value || d.Action != Keep {
					t.Errorf("%s=%s became %v", key, value, d)
				}
				if d := s.Decide("email", fmt.Sprintf("u%d@x.io", n)); d.Value != "{email}" {
					t.Errorf("an e-mail became %v", d)
				}
			}
		})
	}
	wait.Wait()
	long := strings.Repeat("x ", longest)
	s.Decide("k", long)
	for i := range s.cache.sets {
		for j := range s.cache.sets[i].slots {
			if e := s.cache.sets[i].slots[j].Load(); e != nil {
				assert.LessOrEqual(t, len(e.value), longest)
			}
		}
	}
}

// Whatever comes: what is redacted under the default policy holds nothing sensitive, and a decision is the same when it is
// remembered.
func FuzzDecide(f *testing.F) {
	for _, g := range readGold(f, "testdata/hard.csv") {
		f.Add(g.key, g.value)
	}
	d := detect.New()
	s := New(Default, d, template.NewMiner(template.DefaultLimits), 1024)
	f.Fuzz(func(t *testing.T, key, value string) {
		first := s.Decide(key, value)
		if first.Action == Keep {
			require.Equal(t, value, first.Value)
		}
		if s.miner.Generation() == 0 {
			require.Equal(t, first, s.Decide(key, value))
		}
		if first.Action == Redact {
			require.NotEqual(t, value, first.Value)
		}
	})
}
