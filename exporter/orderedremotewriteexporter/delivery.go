package orderedremotewriteexporter

import (
	"context"
	"slices"
	"time"
)

// deliver sends the request until the store took or refused it, or on_error
// gives it up. It is false if ctx ended first: the request is still there.
func (s *slot) deliver(ctx context.Context) bool { return s.deliverPart(ctx, s.request) }

func (s *slot) deliverPart(ctx context.Context, samples []sample) (settled bool) {
	t := trial{slot: s, began: s.x.clock()}
	all := len(samples)
	defer func() {
		// What is not settled stays, with what became too old of it, for another life to
		// count or for the end of this one.
		if old := all - len(samples); settled && old > 0 {
			s.x.telemetry.dropped(tooOld, old)
		}
	}()
	for {
		if samples = s.young(samples); len(samples) == 0 {
			return true
		}
		f := s.x.formats.choose()
		last := isClosed(s.x.drain) // the exporter stops already
		a := t.attempt(ctx, f, samples)
		v := a.verdict(f)
		if ctx.Err() != nil && v != delivered {
			return false
		}
		if v == delivered {
			s.release()
			s.delivered(samples, f, a)
			return true
		}
		if s.fallBack(f, a) {
			continue
		}
		wait, why := t.next(v, a)
		switch {
		case why == none:
			s.release()
			s.x.notes.retrying(a)
		case why == nonRetryable && s.repeated:
			s.release()
			return s.refusedAgain(ctx, samples, f, a)
		case s.x.cfg.OnError.of(why) == discard:
			s.release()
			s.giveUp(samples, f, a, why)
			return true
		default:
			s.hold(why, a)
		}
		if !s.sleep(ctx, wait, last) {
			return false
		}
		s.x.telemetry.retried()
	}
}

// trial is the history of one request.
type trial struct {
	slot    *slot
	began   int64 // ns since the exporter was made
	retries int

	// What is packed:
	format format
	size   int
	body   *payload
}

// attempt sends samples, packed anew only if they or the format changed.
func (t *trial) attempt(ctx context.Context, f format, samples []sample) answer {
	if t.body == nil || t.format != f || t.size != len(samples) {
		t.body, t.format, t.size = t.slot.packer.pack(f, samples), f, len(samples)
	}
	began := time.Now()
	a := t.slot.x.client.post(ctx, f, samples[0].series.Entity.Tenant(), t.body)
	t.slot.x.telemetry.attempted(time.Since(began))
	return a
}

// next returns how long to wait before the same samples are sent again, or why
// that is only to be done if on_error says so.
func (t *trial) next(v verdict, a answer) (wait time.Duration, why reason) {
	switch v {
	case refused:
		return holdInterval, nonRetryable
	case misplaced:
		return holdInterval, authFailed
	case unreachable:
		why = ioFailure
	default:
		why = retriesExceeded
	}
	limit := t.slot.x.cfg.Retry
	if wait = retryAfter(a.retryAfter, time.Now()); wait == 0 {
		wait = limit.pause(t.retries)
	}
	t.retries++
	elapsed := time.Duration(t.slot.x.clock()-t.began) + wait
	if (limit.MaxRetries > 0 && t.retries > limit.MaxRetries) || (limit.MaxElapsedTime > 0 && elapsed > limit.MaxElapsedTime) {
		return max(wait, holdInterval), why
	}
	return wait, none
}

// young returns the samples that did not become too old to be sent.
func (s *slot) young(samples []sample) []sample {
	limit := s.x.cfg.SampleAgeLimit
	if limit == 0 {
		return samples
	}
	from := time.Now().Add(-limit).UnixMilli()
	old := func(p sample) bool { return p.ts < from }
	if !slices.ContainsFunc(samples, old) {
		return samples
	}
	return slices.DeleteFunc(slices.Clone(samples), old)
}

// fallBack tells whether the same samples can be sent in another format.
func (s *slot) fallBack(f format, a answer) bool {
	next, ok, changed := s.x.formats.leave(f, a)
	if changed {
		s.x.telemetry.fellBack()
		s.x.notes.fellBack(f, next, a)
	}
	return ok
}

// refusedAgain settles a refused request that the store may have in part, from
// before an unclean stop: halves find the samples it does not take.
func (s *slot) refusedAgain(ctx context.Context, samples []sample, f format, a answer) bool {
	if n := len(samples); n > 1 && !a.written.known {
		return s.deliverPart(ctx, samples[:n/2]) && s.deliverPart(ctx, samples[n/2:])
	}
	s.giveUp(samples, f, a, repeated)
	return true
}

func (s *slot) delivered(samples []sample, f format, a answer) {
	sent := count(samples)
	got, rest := sent, tally{}
	if f.protocol == protocol2 {
		if got, rest = sent.split(a.written); rest.size() > 0 {
			s.x.notes.incomplete(a, rest.size())
		}
	} else {
		s.x.telemetry.bare(sent.described)
	}
	s.x.telemetry.delivered(sent, len(s.packer.body.bytes))
	s.x.telemetry.wrote(got, rest, partial)
	if s.x.formats.take(f) {
		s.x.notes.tookBetter(f)
	}
	s.x.notes.delivered()
}

// giveUp drops samples. Of a request of 2.0 the store may have written a part.
func (s *slot) giveUp(samples []sample, f format, a answer, why reason) {
	sent := count(samples)
	got, rest := tally{}, sent
	if f.protocol == protocol2 && why != retriesExceeded {
		got, rest = sent.split(a.written)
	}
	s.x.telemetry.wrote(got, rest, why)
	s.x.telemetry.gaveUp(why, rest.size())
	s.x.notes.gaveUp(why, a, rest.size())
}

// hold notes that the slot begins to hold its data. Once the exporter stops
// its status is no longer its own to report.
func (s *slot) hold(why reason, a answer) {
	if !s.held.Load() && !isClosed(s.x.drain) {
		s.held.Store(true)
		s.pace.held()
		s.x.notes.hold(why, a)
	}
}

// release notes that the slot holds its data no longer.
func (s *slot) release() {
	if s.held.Load() && !isClosed(s.x.drain) {
		s.held.Store(false)
		s.x.notes.release()
	}
}

// sleep waits before the next attempt. The begin of a shutdown cuts it short, for
// one last attempt: one that began after it, so last tells whether that was made. It
// is false when ctx ended, or would before the wait.
func (s *slot) sleep(ctx context.Context, d time.Duration, last bool) bool {
	drain := s.x.drain
	if last {
		drain = nil
		if d > flushLimit {
			return false
		}
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-drain:
	case <-ctx.Done():
		return false
	}
	return true
}
