package evidence

import "github.com/cespare/xxhash/v2"

// label is the state of one (metric, label): exact below 256 values, else dense.
type label struct {
	name        string
	salt        uint64
	first, last int64  // seconds
	seen        uint64 // observations
	// weight, fresh and again count observations, values that were new and values
	// that came a second time; they age as the weights of the top do.
	weight, fresh, again float64
	news                 rate
	exact                exact
	dense                *staircase
	counts               *counts // of the metric, once asked for
	top                  top
	// busy is set for good when a dense label had more than busyRate observations in a
	// second. Then its new values are told from a sample of its values, its heavy ones
	// from a sample of its observations. Distinct values are counted from all.
	busy   bool
	second int64
	inIt   int // observations in that second
}

const (
	busyRate   = 1000
	sampleBits = 3 // one of eight
)

func newLabel(k Key, sec int64) *label {
	return &label{name: k.Label, salt: k.salt(), first: sec, last: sec, news: rate{began: sec}}
}

func (k Key) salt() uint64 {
	return xxhash.Sum64String(k.Metric)*31 + xxhash.Sum64String(k.Label)
}

// note counts a sighting of which the memory knew that much, and which stands for n.
func (l *label) note(known int, n uint32, sec int64) {
	switch known {
	case unseen:
		l.fresh += float64(n)
		l.news.add(sec, n)
	case seenOnce:
		l.again += float64(n)
	}
}

// hurry notes the pace of observations.
func (l *label) hurry(sec int64) {
	if sec != l.second {
		l.second, l.inIt = sec, 0
	}
	l.inIt++
	l.busy = l.busy || l.inIt > busyRate
}

// makeDense gives up counting exactly. From now on the memory tells which values are known.
func (l *label) makeDense(m *memory, sec int64) {
	l.dense = l.exact.dense(l.first, l.last)
	for _, s := range l.exact.slots {
		if s.count > 1 {
			m.mark(s.hash, sec) // a second time
		}
	}
	l.exact = exact{}
}

func (l *label) distinct(sec int64) Distinct {
	if l.dense == nil {
		return Distinct{l.exact.distinct(sec, minute), l.exact.distinct(sec, hour), l.exact.distinct(sec, day)}
	}
	l.dense.advance(sec)
	r := l.dense.ranks()
	return Distinct{r.distinct(sec, minute), r.distinct(sec, hour), r.distinct(sec, day)}
}

func (l *label) halve() {
	l.weight /= 2
	l.fresh /= 2
	l.again /= 2
	l.exact.halve()
	l.top.halve()
}

// rate counts events in the running minute and in the one before.
type rate struct {
	began             int64
	current, previous uint32
}

func (r *rate) advance(sec int64) {
	switch passed := (sec - r.began) / minute; {
	case passed <= 0:
		return
	case passed == 1:
		r.previous = r.current
	default:
		r.previous = 0
	}
	r.current = 0
	r.began += (sec - r.began) / minute * minute
}

func (r *rate) add(sec int64, n uint32) {
	r.advance(sec)
	r.current += n
}

// perMinute is how many came in the 60 s that end at sec, the minute before
// taken as even.
func (r *rate) perMinute(sec int64) float64 {
	r.advance(sec)
	outside := float64(max(sec-r.began, 0)) / float64(minute)
	return float64(r.current) + float64(r.previous)*(1-min(outside, 1))
}
