package sanitize

// Reason is what a decision about a value rests on.
type Reason uint8

// The reasons.
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
