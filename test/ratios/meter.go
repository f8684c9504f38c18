package main

import (
	"context"
	"errors"
	"fmt"
)

const (
	rounds = 5  // that all stations are measured in
	again  = 20 // more, at most, for those that seem too slow
)

// result is the best that the rounds have shown of a station and of its yardstick.
type result struct {
	station, yardstick figure
	most               int64 // allocations of the station in any round
}

func (r result) ratio() float64 { return r.station.nanos / r.yardstick.nanos }

// meter measures stations by turns.
type meter struct {
	measure func(context.Context, benchmark) (figure, error)
	results map[string]result // by the station's name
}

func newMeter(measure func(context.Context, benchmark) (figure, error)) *meter {
	return &meter{measure, map[string]result{}}
}

// round measures each of the stations and its yardstick once.
func (m *meter) round(ctx context.Context, all []station) error {
	for _, s := range all {
		of, err := m.measure(ctx, s.of)
		if err != nil {
			return err
		}
		yardstick, err := m.measure(ctx, s.yardstick)
		if err != nil {
			return err
		}
		r, known := m.results[s.name]
		if !known {
			r = result{of, yardstick, 0}
		}
		m.results[s.name] = result{r.station.best(of), r.yardstick.best(yardstick), max(r.most, of.allocations)}
	}
	return nil
}

// judge measures all stations, and those again that are above their limits, since another process may have run beside
// them each time. The error names those that stay there.
func (m *meter) judge(ctx context.Context, all []station, on record) error {
	for _, s := range all {
		if _, known := on[s.name]; !known {
			return fmt.Errorf("%s is not on record: make ratios RECORD=1", s.name)
		}
	}
	for range rounds {
		if err := m.round(ctx, all); err != nil {
			return err
		}
	}
	failing, faults := m.above(all, on)
	for n := 0; n < again && len(failing) > 0; n++ {
		if err := m.round(ctx, failing); err != nil {
			return err
		}
		failing, faults = m.above(failing, on)
	}
	return errors.Join(faults...)
}

// renew measures all stations and takes the results into the record. Promises hold there, too. Some allocate as the seed
// of a hash has it: the most they did is recorded, the least is judged.
func (m *meter) renew(ctx context.Context, all []station, on record) error {
	for range 2 * rounds {
		if err := m.round(ctx, all); err != nil {
			return err
		}
	}
	for _, s := range all {
		r := m.results[s.name]
		on[s.name] = entry{ratio: r.ratio(), allocations: r.most}
	}
	_, faults := m.above(all, on)
	return errors.Join(faults...)
}

// above returns the stations above their limits, and why they are.
func (m *meter) above(all []station, on record) (failing []station, faults []error) {
	for _, s := range all {
		if err := s.fault(m.results[s.name], on); err != nil {
			failing, faults = append(failing, s), append(faults, fmt.Errorf("%s: %w", s.name, err))
		}
	}
	return failing, faults
}

// fault tells what is wrong with a result.
func (s station) fault(r result, on record) error {
	e := on[s.name]
	switch {
	case r.ratio() > s.limit(e):
		return fmt.Errorf("%.3g times its yardstick (%s), %.3g on record, at most %.3g", r.ratio(), s.than, e.ratio, s.limit(e))
	case r.station.allocations > e.mostAllocations():
		return fmt.Errorf("%d allocations per operation, %d on record", r.station.allocations, e.allocations)
	}
	return nil
}

// limit is the highest ratio that is not a fault.
func (s station) limit(e entry) float64 {
	if s.promise > 0 {
		return min(2*e.ratio, s.promise)
	}
	return 2 * e.ratio
}
