package aggregate

// detail is what an input keeps beyond a number. One of the three is set, unless its place is vacant.
type detail struct {
	window      *window
	histogram   *histogram
	exponential *exponential
}

// newDetail gives an input a place for its detail.
func (a *Aggregator) newDetail(in *input) *detail {
	if n := len(a.freeDetails); n > 0 {
		in.last = uint64(a.freeDetails[n-1])
		a.freeDetails = a.freeDetails[:n-1]
	} else {
		in.last = uint64(len(a.details))
		a.details = append(a.details, detail{})
	}
	return &a.details[in.last]
}

func (a *Aggregator) freeDetail(in *input) {
	if in.kind == kindDelta || in.kind == kindHistogram || in.kind == kindExponential {
		a.details[in.last] = detail{}
		a.freeDetails = append(a.freeDetails, uint32(in.last))
	}
}
