package aggregate

// Outcome is what became of a point, or something to be known about it.
type Outcome uint8

// A point is either absorbed or dropped for one reason; the notes come on top.
const (
	Absorbed      Outcome = iota // it counts; baselines too
	Duplicate                    // dropped: same series, time and value (delta: same interval) again
	Late                         // dropped: not newer than the newest of its series, whose value includes it
	TooOld                       // dropped: a delta interval older than those remembered
	Future                       // dropped: more than an hour ahead of this machine's clock
	NotFinite                    // dropped: NaN or infinite
	Negative                     // dropped: below zero where values cannot fall
	Malformed                    // dropped: no time, or buckets that fit no bounds
	Mismatched                   // dropped: a point of another type than its output, or of a series that was forgotten
	StaleMarker                  // a stale marker, which ends its series' liveness
	UnknownStart                 // note: absorbed as a baseline, since its first value may have been counted before
	Reset                        // note: the start time rose
	InferredReset                // note: the value fell
	SecondWriter                 // note: a delta interval overlaps another of its series; added
	Quantiles                    // note: a summary's quantiles were left out
	Narrowed                     // note: an output lost bucket bounds that its inputs do not share
	SumLost                      // note: an output lost its sum since an input has none
	Born                         // tick: outputs that appeared
	Ended                        // tick: outputs whose last input ended: a stale marker goes out
	Evicted                      // tick: ended inputs forgotten early because of MaxTombstones
	Expired                      // tick: ended inputs forgotten after TombstoneTTL
	Outcomes                     // how many there are
)

var outcomeNames = [Outcomes]string{
	"absorbed", "duplicate", "late", "too_old", "future", "not_finite", "negative", "malformed", "mismatched",
	"stale_marker", "unknown_start", "reset", "inferred_reset", "second_writer", "quantiles", "narrowed", "sum_lost",
	"born", "ended", "evicted", "expired",
}

// String is the outcome as an attribute value of telemetry.
func (o Outcome) String() string { return outcomeNames[o] }

// Drops tells whether a point with this outcome was dropped.
func (o Outcome) Drops() bool { return o >= Duplicate && o <= Mismatched }

// Tally counts outcomes by Outcome.
type Tally [Outcomes]int64
