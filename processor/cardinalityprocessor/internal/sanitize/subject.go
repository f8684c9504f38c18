package sanitize

import (
	"regexp"
	"slices"
	"sync"

	"weir.example/processor/cardinalityprocessor/internal/detect"
	"weir.example/processor/cardinalityprocessor/internal/template"
)

// Redacted stands in a value in place of what an expression found.
const Redacted = "{redacted}"

// Reader reads what label values are made of. It is safe for concurrent use.
type Reader struct {
	detector *detect.Detector
	miner    *template.Miner // nil: nothing is mined
}

// NewReader returns a Reader. The miner may be nil, and shared.
func NewReader(detector *detect.Detector, miner *template.Miner) *Reader {
	return &Reader{detector: detector, miner: miner}
}

// Generation grows when what was mined may have become wider. It is never 0.
func (r *Reader) Generation() uint64 {
	if r.miner == nil {
		return 1
	}
	return r.miner.Generation() + 1
}

// Save returns what was learned about values; nil when nothing is mined.
func (r *Reader) Save() ([]byte, error) {
	if r.miner == nil {
		return nil, nil
	}
	return r.miner.Save()
}

// Load makes what Save wrote known again. It is called before anyone reads a value.
func (r *Reader) Load(data []byte) error {
	miner, err := template.Load(data, template.DefaultLimits)
	if err == nil {
		r.miner = miner
	}
	return err
}

// Values are what a rule looks for in values: kinds, or what one of the expressions matches.
type Values struct {
	Kinds       detect.Set
	Expressions []*regexp.Regexp // with anchors where only whole values shall match
}

func (v *Values) match(value string) bool {
	return slices.ContainsFunc(v.Expressions, func(e *regexp.Regexp) bool { return e.MatchString(value) })
}

// Subject is a value while it is judged. It is scanned when someone asks what it is made of, and once.
type Subject struct {
	Value string // as it stands by now
	Open  bool   // the miner had a say, and may say otherwise when it knows more

	reader  *Reader
	key     Key
	room    [32]detect.Span
	spans   []detect.Span // of Value
	scanned bool
	make    template.Form // of Value, once formed
	formed  bool
	stated  bool // Value is a statement without literals
}

// subjects keeps them: they hold room for spans, and a decision shall not pay for that.
var subjects = sync.Pool{New: func() any { return new(Subject) }}

// Open begins to judge the value of a label.
func (r *Reader) Open(key Key, value string) *Subject {
	s := subjects.Get().(*Subject)
	s.Value, s.Open, s.reader, s.key, s.spans, s.scanned, s.formed, s.stated = value, false, r, key, nil, false, false, false
	return s
}

// Close ends it; what Value was remains valid.
func (s *Subject) Close() {
	s.Value, s.reader, s.key = "", nil, Key{}
	subjects.Put(s)
}

func (s *Subject) scan() []detect.Span {
	if !s.scanned {
		s.spans, s.scanned = s.reader.detector.ScanFor(s.key.said, s.Value, s.room[:0]), true
	}
	return s.spans
}

func (s *Subject) become(value string) {
	s.Value, s.scanned, s.formed, s.stated = value, false, false, false
}

// form is the form of the value; plain text where the key says that its values are few.
func (s *Subject) form() template.Form {
	if s.key.said.Bounded() {
		return template.Text
	}
	if !s.formed {
		s.make, s.formed = template.Describe(s.key.form, s.Value), true
	}
	return s.make
}

// Statement takes the literals out of a statement of SQL, and tells whether it was one that had some. What is sensitive in
// them goes with them.
func (s *Subject) Statement() bool {
	if s.stated || s.form() != template.SQL {
		return false
	}
	text := template.Make(template.SQL, s.Value, nil)
	had := text != s.Value
	if had {
		s.become(text)
	}
	s.make, s.formed, s.stated = template.SQL, true, true
	return had
}

// Redact replaces what is of these values, and returns the kind of the first span; ok tells whether there was anything.
func (s *Subject) Redact(v *Values) (kind detect.Kind, ok bool) {
	before := s.Value
	for _, span := range s.scan() {
		if v.Kinds.Has(span.Kind) {
			kind = span.Kind
			s.become(detect.Redact(s.Value, s.spans, v.Kinds))
			break
		}
	}
	for _, expression := range v.Expressions {
		if expression.MatchString(s.Value) {
			s.become(expression.ReplaceAllLiteralString(s.Value, Redacted))
		}
	}
	return kind, s.Value != before
}

// Is tells whether the whole value is one of these, and of which kind it is, None where an expression says so.
func (s *Subject) Is(v *Values) (detect.Kind, bool) {
	if v.Kinds != 0 {
		if spans := s.scan(); len(spans) == 1 && spans[0].Whole(len(s.Value)) && v.Kinds.Has(spans[0].Kind) {
			return spans[0].Kind, true
		}
	}
	return detect.None, v.match(s.Value)
}

// Has tells whether one of these is in the value, and of which kind it is.
func (s *Subject) Has(v *Values) (detect.Kind, bool) {
	if v.Kinds != 0 {
		for _, span := range s.scan() {
			if v.Kinds.Has(span.Kind) {
				return span.Kind, true
			}
		}
	}
	return detect.None, v.match(s.Value)
}

// Template makes a template of the value: identifiers in it become placeholders, statements lose their literals, and, with
// mine, the miner says which words are ever new ones. It tells what that rests on, Nothing where the value stays.
// Personal data and secrets stay: to redact them is another matter.
func (s *Subject) Template(mine bool) (reason Reason, kind detect.Kind) {
	form := s.form()
	if form == template.SQL {
		if s.Statement() {
			return BySQL, detect.None
		}
		return Nothing, detect.None
	}
	spans := s.scan()
	if len(spans) == 0 && form == template.Text { // as most values are
		s.Open = false
		return Nothing, detect.None
	}
	if len(spans) == 1 && spans[0].Whole(len(s.Value)) && spans[0].Kind == detect.Date {
		return Nothing, detect.None // dates are few
	}
	spans = insensitive(spans)
	text := template.Make(form, s.Value, spans)
	if text != s.Value {
		if reason = ByPlace; len(spans) > 0 {
			reason, kind = ByKind, spans[0].Kind
		}
	}
	if mine && s.mined(form, text) {
		mined := s.reader.miner.Mine(s.key.name, form, text)
		if mined != text && reason == Nothing {
			reason = ByMining
		}
		text = mined
	}
	if text != s.Value {
		s.become(text)
	}
	s.scanned = false // insensitive changed the spans
	return reason, kind
}

// mined tells whether the miner has a say. It has none on a plain name in which nothing was found, such as `prod/eu`: a
// series on which it has one must merge, since a template that becomes wider moves it.
func (s *Subject) mined(form template.Form, text string) bool {
	s.Open = s.reader.miner != nil && !s.key.said.Bounded() && (form != template.Text || text != s.Value) &&
		template.Mines(form, text)
	return s.Open
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
