package sanitize

import (
	"hash/maphash"

	"weir.example/processor/cardinalityprocessor/internal/detect"
	"weir.example/processor/cardinalityprocessor/internal/template"
)

// Sanitizer decides about label values under one policy. It is safe for concurrent use.
type Sanitizer struct {
	*Reader
	policy Policy
	cache  *Cache[Decision]
}

// New returns a Sanitizer that remembers about this many decisions. The miner may be nil, and shared.
func New(policy Policy, detector *detect.Detector, miner *template.Miner, remember int) *Sanitizer {
	return &Sanitizer{Reader: NewReader(detector, miner), policy: policy, cache: NewCache[Decision](remember)}
}

// Decide returns what becomes of the value under the key. It allocates nothing when the decision is remembered.
func (s *Sanitizer) Decide(key, value string) Decision {
	generation := s.Generation()
	hash := s.cache.Hash(0, key, value)
	if d, ok := s.cache.Get(hash, 0, key, value, generation); ok {
		if d.Action == Keep {
			d.Value = value
		}
		return d
	}
	k := s.keys.of(key, maphash.String(s.seed, key), s.detector)
	d := s.decide(k, value)
	at := At[Decision]{Key: k.name, Generation: generation, Decision: d}
	if d.Action == Keep {
		at.Decision.Value = "" // it is in the entry already
	}
	s.cache.Put(hash, value, at)
	return d
}

// decide makes the decision. SQL comes first, for what is sensitive in its literals goes with them.
func (s *Sanitizer) decide(k *key, value string) Decision {
	x := s.open(k, value)
	defer x.Close()
	if s.policy.Templates && x.Statement() {
		return Decision{Action: Template, Reason: BySQL, Value: x.Value}
	}
	if kind, ok := x.Redact(&Values{Kinds: s.policy.Redact}); ok {
		if s.policy.Templates {
			x.Template(true)
		}
		return Decision{Action: Redact, Reason: ByKind, Kind: kind, Value: x.Value}
	}
	if kind, ok := x.Is(&Values{Kinds: s.policy.Drop}); ok {
		return Decision{Action: Drop, Reason: ByKind, Kind: kind}
	}
	if !s.policy.Templates {
		return Decision{Value: value}
	}
	reason, kind := x.Template(true)
	d := Decision{Reason: reason, Kind: kind, Value: x.Value}
	if x.Value != value {
		d.Action = Template
	}
	return d
}
