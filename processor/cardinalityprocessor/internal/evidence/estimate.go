package evidence

import "math"

// ranks is how many registers of a staircase stand at each rank, in each span.
type ranks struct {
	*staircase
	at [classes][topRank + 1]float64
}

func (s *staircase) ranks() *ranks {
	r := &ranks{staircase: s}
	for register := range registers {
		for class, rank := range unpack(s.cell(register)) {
			r.at[class][rank]++
		}
	}
	return r
}

// distinct estimates how many values were seen in the window that ends at sec.
// The oldest pane reaches back before the window: the part of it outside is taken
// off in proportion to time.
func (s *ranks) distinct(sec, window int64) float64 {
	from := sec + 1 - window // the second at sec counts
	for c, since := range s.since {
		if since > from {
			continue
		}
		whole := s.estimate(c)
		if c == 0 || since == from {
			return whole
		}
		outside := float64(from-since) / float64(s.since[c-1]-since)
		return whole - outside*(whole-s.estimate(c-1))
	}
	return s.estimate(classes - 1)
}

// estimate is the most likely number of values in one span, given how many
// registers stand at each rank. Values fall as a Poisson process, so a register
// is at most k with probability exp(-x/4^k), x being values per register.
func (s *ranks) estimate(class int) float64 {
	histogram := &s.at[class]
	if histogram[0] == registers {
		return 0
	}
	low, high := math.Log(1e-6), math.Log(math.Pow(4, topRank+2))
	for range 50 {
		middle := (low + high) / 2
		if slope(histogram, math.Exp(middle)) > 0 {
			low = middle
		} else {
			high = middle
		}
	}
	return math.Exp((low+high)/2) * registers
}

// slope is the derivative of the log likelihood at x; it falls as x grows.
func slope(histogram *[topRank + 1]float64, x float64) float64 {
	total := -histogram[0]
	scale := 1.0
	for rank := 1; rank <= topRank; rank++ {
		lower := scale / 4
		if rank == topRank {
			lower = 0
		}
		gap := scale - lower
		total += histogram[rank] * (gap/math.Expm1(x*gap) - lower)
		scale /= 4
	}
	return total
}
