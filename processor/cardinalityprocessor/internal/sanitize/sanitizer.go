package sanitize

import (
	"hash/maphash"
	"math/bits"
	"sync"

	"weir.example/processor/cardinalityprocessor/internal/detect"
	"weir.example/processor/cardinalityprocessor/internal/template"
)

// rooms holds buffers of spans: they escape into the scanners, and a decision shall not pay for that.
var rooms = sync.Pool{New: func() any { return new([32]detect.Span) }}

// Sanitizer decides about label values under one policy. It is safe for concurrent use.
type Sanitizer struct {
	policy   Policy
	detector *detect.Detector
	miner    *template.Miner // nil: nothing is mined
	seed     maphash.Seed
	keys     *keys
	cache    *cache
}

// New returns a Sanitizer that remembers about this many decisions. The miner may be nil, and shared.
func New(policy Policy, detector *detect.Detector, miner *template.Miner, remember int) *Sanitizer {
	return &Sanitizer{policy: policy, detector: detector, miner: miner, seed: maphash.MakeSeed(), keys: &keys{}, cache: newCache(remember)}
}

// Decide returns what becomes of the value under the key. It allocates nothing when the decision is remembered.
func (s *Sanitizer) Decide(key, value string) Decision {
	generation := uint64(0)
	if s.miner != nil {
		generation = s.miner.Generation()
	}
	keyHash := maphash.String(s.seed, key)
	hash := maphash.String(s.seed, value) ^ bits.RotateLeft64(keyHash, 23)
	if d, ok := s.cache.get(hash, key, value, generation); ok {
		return d
	}
	k := s.keys.of(key, keyHash, s.detector)
	d := s.decide(k, value)
	s.cache.put(hash, k.name, value, d, generation)
	return d
}

// decide makes the decision. SQL comes first, for what is sensitive in its literals goes with them.
func (s *Sanitizer) decide(k *key, value string) Decision {
	form := template.Text
	if s.policy.Templates && !k.said.Bounded() {
		form = template.Describe(k.form, value)
		if form == template.SQL {
			if text := template.Make(form, value, nil); text != value {
				return Decision{Action: Template, Reason: BySQL, Value: text} // without literals and comments only names are left
			}
		}
	}
	room := rooms.Get().(*[32]detect.Span)
	defer rooms.Put(room)
	spans := s.detector.ScanFor(k.said, value, room[:0])
	if d, ok := s.redact(k, form, value, spans); ok {
		return d
	}
	kept := Decision{Value: value}
	if form == template.SQL {
		return kept
	}
	if len(spans) == 1 && spans[0].Whole(len(value)) {
		kind := spans[0].Kind
		if s.policy.Drop.Has(kind) {
			return Decision{Action: Drop, Reason: ByKind, Kind: kind}
		}
		if kind == detect.Date {
			return kept
		}
	}
	if !s.policy.Templates {
		return kept
	}
	return s.template(k, form, value, insensitive(spans))
}

// redact replaces what is sensitive, and makes a template of the rest.
func (s *Sanitizer) redact(k *key, form template.Form, value string, spans []detect.Span) (Decision, bool) {
	kind := detect.None
	for _, span := range spans {
		if s.policy.Redact.Has(span.Kind) {
			kind = span.Kind
			break
		}
	}
	if kind == detect.None {
		return Decision{}, false
	}
	text := detect.Redact(value, spans, s.policy.Redact)
	if form != template.Text && form != template.SQL {
		room := rooms.Get().(*[32]detect.Span)
		defer rooms.Put(room)
		text = template.Make(form, text, insensitive(s.detector.ScanFor(k.said, text, room[:0])))
	}
	return Decision{Action: Redact, Reason: ByKind, Kind: kind, Value: text}, true
}

// insensitive leaves out the spans of personal data and secrets: where the policy allows them, they stay.
func insensitive(spans []detect.Span) []detect.Span {
	kept := spans[:0]
	for _, span := range spans {
		if !span.Kind.Sensitive() {
			kept = append(kept, span)
		}
	}
	return kept
}

// template replaces identifiers in the value, and then what the miner knows of its label.
func (s *Sanitizer) template(k *key, form template.Form, value string, spans []detect.Span) Decision {
	text := template.Make(form, value, spans)
	d := Decision{Value: text}
	if text != value {
		d.Action, d.Reason = Template, ByPlace
		if len(spans) > 0 {
			d.Reason, d.Kind = ByKind, spans[0].Kind
		}
	}
	if s.miner == nil || k.said.Bounded() {
		return d
	}
	if mined := s.miner.Mine(k.name, form, text); mined != text {
		d.Value = mined
		if d.Action == Keep {
			d.Action, d.Reason = Template, ByMining
		}
	}
	return d
}
