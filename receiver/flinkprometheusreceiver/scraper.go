package flinkprometheusreceiver

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/receiver/receiverhelper"

	"weir.example/internal/lease"
)

// scraper scrapes one target. Its methods are called by one goroutine.
type scraper struct {
	get      func(ctx context.Context, take func(lines []byte) error) error // fetcher.get
	proxied  bool
	limits   LimitsConfig
	now      func() time.Time
	interval time.Duration // bounds the pipeline's part
	catalog  *catalog
	history  *history
	builder  *builder
	memory   *memory // nil: nothing is stored
	turns    turns
	reclaim  *reclaimer
	next     consumer.Metrics
	obs      *receiverhelper.ObsReport
	watch    *watch
	reading  reading

	// probing is true for a port of a range until it answers: it makes no series and no log lines.
	probing bool
}

// scrape does one scrape, which begins now. What it learns counts only if the pipeline took the result.
func (s *scraper) scrape(ctx context.Context) {
	began := s.now()
	t := pcommon.NewTimestampFromTime(began.Truncate(time.Millisecond))
	err := s.read(ctx)
	defer s.reading.release()
	duration := s.now().Sub(began)
	if ctx.Err() != nil {
		return // shutting down, which is not the target's fault
	}
	s.watch.scraped(ctx, duration)
	if err != nil && s.probing {
		s.watch.silent(ctx)
		s.save(ctx, t)
		s.commit(t)
		return
	}
	s.probing = false
	s.history.judge(&s.reading, t, s.catalog.scan)
	s.save(ctx, t)
	rep := s.report(err, duration)
	if refusal := s.deliver(ctx, t, rep); refusal != nil {
		s.watch.undelivered(ctx, refusal)
		return
	}
	s.watch.delivered(ctx, &s.reading, err)
	s.commit(t)
	s.reclaim.note(rep.added)
}

// read fills s.reading. After an error it is empty, and no series counts as seen.
func (s *scraper) read(ctx context.Context) error {
	s.reading.reset()
	s.catalog.begin()
	err := s.get(ctx, func(lines []byte) error { return s.catalog.read(lines, &s.reading, s.limits) })
	if err == nil {
		err = s.catalog.end(&s.reading, s.history.remembered())
	}
	if err != nil {
		s.reading.reset()
		s.reading.refused = reasonOf(err) == reasonRefused && !s.proxied
		s.catalog.abandon()
	}
	return err
}

func (s *scraper) report(err error, duration time.Duration) report {
	rep := report{up: err == nil, duration: duration, samples: s.reading.samples}
	for _, p := range s.reading.points {
		if p.form == value && !s.catalog.series[p.series].valued {
			rep.added++
		}
	}
	return rep
}

// deliver hands a scrape at time t to the pipeline, which has until the next scrape to take it. It is one call: what the
// pipeline decides, it decides over a whole scrape.
func (s *scraper) deliver(ctx context.Context, t pcommon.Timestamp, rep report) error {
	ctx, cancel := context.WithTimeout(ctx, s.interval)
	defer cancel()
	ctx = s.obs.StartMetricsOp(ctx)
	points, err := len(s.reading.points)+reportSize, s.turns.take(ctx)
	if err == nil {
		points, err = s.hand(ctx, t, rep)
		s.turns.end()
	}
	s.obs.EndMetricsOp(ctx, "prometheus", points, err)
	return err
}

// hand makes pdata of a scrape and hands it on.
func (s *scraper) hand(ctx context.Context, t pcommon.Timestamp, rep report) (points int, err error) {
	supply := stocks.Get().(*stock)
	defer stocks.Put(supply)
	md, points := s.builder.build(supply, &s.reading, rep, t, s.catalog.scan)
	lent, l := lease.New(ctx, md)
	err = s.next.ConsumeMetrics(lent, md)
	supply.put(md, err == nil && l.Returned())
	return points, err
}

// recall begins with what an earlier life knew of the target.
func (s *scraper) recall(m *memory) {
	s.memory = m
	if p := m.load(context.Background(), pcommon.NewTimestampFromTime(s.now())); p != nil {
		s.history.restore(p)
	}
}

func (s *scraper) save(ctx context.Context, t pcommon.Timestamp) {
	if s.memory != nil {
		s.memory.save(ctx, s.catalog, s.history, &s.reading, t)
	}
}

func (s *scraper) commit(t pcommon.Timestamp) {
	s.catalog.forget(s.history.commit(&s.reading, t, s.catalog.scan))
}
