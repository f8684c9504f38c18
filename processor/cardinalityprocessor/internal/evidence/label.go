package evidence

import "github.com/cespare/xxhash/v2"

// label is the state of one (metric, label): exact below 256 values, else dense.
type label struct {
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
}

func newLabel(k key, sec int64) *label {
	return &label{salt: k.salt(), first: sec, last: sec, news: rate{began: sec}}
}

func (k key) salt() uint64 {
	return xxhash.Sum64String(k.metric)*31 + xxhash.Sum64String(k.label)
}

// note counts an observation of which the memory knew that much.
func (l *label) note(known int, sec int64) {
	l.seen++
	l.weight++
	l.last = max(l.last, sec)
	switch known {
	case unseen:
		l.fresh++
		l.news.add(sec)
	case seenOnce:
		l.again++
	}
}

// count adds a value to the windows and returns how often it was seen, if that
// is known exactly, else 1.
func (l *label) count(hash uint64, sec int64) uint32 {
	if l.dense == nil {
		count, full := l.exact.add(hash, sec)
		if !full {
			return count
		}
		l.dense = l.exact.dense(l.first, l.last)
		l.exact = exact{}
	}
	l.dense.advance(sec)
	l.dense.add(hash, sec)
	return 1
}

func (l *label) distinct(sec, window int64) float64 {
	if l.dense == nil {
		return l.exact.distinct(sec, window)
	}
	l.dense.advance(sec)
	return l.dense.distinct(sec, window)
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

func (r *rate) add(sec int64) {
	r.advance(sec)
	r.current++
}

// perMinute is how many came in the 60 s that end at sec, the minute before
// taken as even.
func (r *rate) perMinute(sec int64) float64 {
	r.advance(sec)
	outside := float64(max(sec-r.began, 0)) / float64(minute)
	return float64(r.current) + float64(r.previous)*(1-min(outside, 1))
}
