package sanitize

import "weir.example/processor/cardinalityprocessor/internal/detect"

// Action is what happens to a value.
type Action uint8

// The actions, from least to most.
const (
	Keep     Action = iota
	Template        // the value becomes the template it was made from
	Redact          // what is sensitive in it is replaced, and the rest may be a template
	Drop            // the whole value identifies one thing: the label goes
)

func (a Action) String() string { return [...]string{"keep", "template", "redact", "drop"}[a] }

// Reason is what a decision rests on.
type Reason uint8

// The reasons. ByKind is explained by Decision.Kind.
const (
	Nothing  Reason = iota
	ByKind          // of the first span that was acted on
	ByPlace         // a number or a mixture of letters and digits where a path has its identifiers
	BySQL           // literals of a statement
	ByMining        // the label's values hold ever new words at this place
)

func (r Reason) String() string {
	return [...]string{"nothing found", "kind", "place in the path", "sql literals", "ever new words at this place"}[r]
}

// Decision is what becomes of a value, and why.
type Decision struct {
	Action Action
	Reason Reason
	Kind   detect.Kind // None unless Reason is ByKind
	Value  string      // what stands there from now on; the value itself for Keep, empty for Drop
}

// Policy says which findings have which consequence.
type Policy struct {
	Redact    detect.Set // spans of these kinds are replaced, whatever the label
	Drop      detect.Set // labels whose whole value is one span of these kinds go
	Templates bool       // identifiers inside of values become placeholders, SQL loses its literals
}

// Default is what `preset: sanitize` means: sensitive kinds are redacted, identifiers and times dropped, the rest made templates. A whole
// value that is a date stays, for dates are few.
var Default = func() Policy {
	p := Policy{Redact: detect.Sensitive, Templates: true}
	for _, class := range []string{"identifier", "time"} {
		kinds, _ := detect.Parse(class)
		p.Drop |= kinds
	}
	date, _ := detect.Parse("date")
	p.Drop &^= date
	return p
}()
