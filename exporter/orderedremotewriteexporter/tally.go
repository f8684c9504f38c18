package orderedremotewriteexporter

// tally is what a request holds.
type tally struct {
	floats, histograms, exemplars int
	described                     int   // samples with metadata
	newest                        int64 // ms since the epoch
}

func count(samples []sample) tally {
	var t tally
	for i := range samples {
		s := &samples[i]
		t.newest = max(t.newest, s.ts)
		if s.series.Form().About != nil {
			t.described++
		}
		switch {
		case s.more == nil:
			t.floats++
			continue
		case s.more.histogram == nil:
			t.floats++
		default:
			t.histograms++
		}
		t.exemplars += len(s.more.exemplars)
	}
	return t
}

func (t tally) size() int { return t.floats + t.histograms }

// split returns what was written of t, kind by kind, and the rest.
func (t tally) split(w written) (got, rest tally) {
	got = tally{floats: min(t.floats, w.samples), histograms: min(t.histograms, w.histograms), exemplars: min(t.exemplars, w.exemplars)}
	return got, tally{floats: t.floats - got.floats, histograms: t.histograms - got.histograms, exemplars: t.exemplars - got.exemplars}
}
