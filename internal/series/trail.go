package series

// Trail remembers the order in which the series of one entity were asked for, since
// they mostly come in the same order again: to find one is then a comparison of
// three addresses. The zero value is empty.
type Trail[S any] struct {
	series []*Series[S]
	at     int    // of the series expected next
	sweeps uint32 // of the table, when the trail began
}

// Rewind expects the order to begin anew.
func (tr *Trail[S]) Rewind() { tr.at = 0 }

// Follow does what Get does, and looks along the trail first.
func (t *Table[S]) Follow(tr *Trail[S], entity, name, extras *Set) (*Series[S], bool) {
	if tr.sweeps != t.sweeps {
		*tr = Trail[S]{sweeps: t.sweeps} // it may hold series that are gone
	}
	// One that is missing now, as some are at times, is stepped over.
	for i, s := range tr.series[tr.at:min(tr.at+2, len(tr.series))] {
		if s.Entity == entity && s.Name == name && s.Extras == extras {
			tr.at += i + 1
			return s, false
		}
	}
	s, fresh := t.Get(entity, name, extras)
	tr.set(s)
	return s, fresh
}

// set puts a series where another was expected. A trail has nearly no spare room: there
// are many, and they are made once.
func (tr *Trail[S]) set(s *Series[S]) {
	if n := len(tr.series); tr.at == n {
		if n == cap(tr.series) {
			tr.series = append(make([]*Series[S], 0, n+n/8+1), tr.series...)
		}
		tr.series = append(tr.series, nil)
	}
	tr.series[tr.at] = s
	tr.at++
}
