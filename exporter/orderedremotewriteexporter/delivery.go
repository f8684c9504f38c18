package orderedremotewriteexporter

import (
	"context"
	"time"
)

// deliver sends the request until the store took or refused it, or a limit is
// reached. It is false if ctx ended first: the request is still there.
func (s *slot) deliver(ctx context.Context) bool {
	s.raw = s.encoder.encode(s.raw[:0], s.request)
	s.body = s.body.compress(s.raw)
	retries, began := 0, s.x.clock()
	for {
		a := s.attempt(ctx)
		if ctx.Err() != nil && !a.delivered() {
			return false
		}
		s.hold(a)
		var wait time.Duration
		switch {
		case a.delivered():
			s.delivered()
			return true
		case a.held():
			wait, retries, began = holdInterval, 0, s.x.clock()
		case a.retryable():
			if wait = retryAfter(a.retryAfter, time.Now()); wait == 0 {
				wait = s.x.cfg.Retry.pause(retries)
			}
			if retries++; s.exceeded(retries, began, wait) {
				s.giveUp(retriesExceeded, a)
				return true
			}
			s.x.notes.retrying(a)
		default:
			s.giveUp(nonRetryable, a)
			return true
		}
		if !s.sleep(ctx, wait) {
			return false
		}
		s.x.telemetry.retried()
	}
}

func (s *slot) attempt(ctx context.Context) answer {
	began := time.Now()
	a := s.x.client.post(ctx, s.encoder, s.body)
	s.x.telemetry.attempted(time.Since(began))
	return a
}

// exceeded tells whether retry number n, after wait, is one too many.
func (s *slot) exceeded(n int, began int64, wait time.Duration) bool {
	limit := s.x.cfg.Retry
	return (limit.MaxRetries > 0 && n > limit.MaxRetries) ||
		(limit.MaxElapsedTime > 0 && time.Duration(s.x.clock()-began)+wait > limit.MaxElapsedTime)
}

func (s *slot) delivered() {
	newest := s.request[0].ts
	for i := range s.request {
		newest = max(newest, s.request[i].ts)
	}
	s.x.telemetry.delivered(len(s.request), len(s.body.bytes), newest)
	s.x.notes.delivered()
}

func (s *slot) giveUp(why reason, a answer) {
	s.x.telemetry.gaveUp(why, len(s.request))
	s.x.notes.gaveUp(why, a, len(s.request))
}

// hold notes when the slot begins or ends to hold its data. Once the exporter
// stops its status is no longer its own to report.
func (s *slot) hold(a answer) {
	if s.held != a.held() && !isClosed(s.x.drain) {
		s.held = a.held()
		s.x.notes.hold(a)
	}
}

// sleep waits before the next attempt. The begin of a shutdown cuts it short,
// for one last attempt. It is false when ctx ended.
func (s *slot) sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	drain := s.x.drain
	if isClosed(drain) {
		drain = nil
	}
	select {
	case <-timer.C:
	case <-drain:
	case <-ctx.Done():
		return false
	}
	return true
}
