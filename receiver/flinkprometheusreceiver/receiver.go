package flinkprometheusreceiver

import (
	"context"
	"errors"
	"net/http"
	"os"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"

	"weir.example/receiver/flinkprometheusreceiver/internal/metadata"
)

// shutdownTimeout bounds Shutdown, should a later component not heed its context.
const shutdownTimeout = 4 * time.Second

var errStillDelivering = errors.New("a scrape is still being delivered, the pipeline does not heed its context")

// flinkReceiver runs one loop per target.
type flinkReceiver struct {
	cfg  *Config
	set  receiver.Settings
	next consumer.Metrics

	client    *http.Client
	archive   *archive // nil: nothing is stored
	turns     turns
	reclaimer *reclaimer
	telemetry *metadata.TelemetryBuilder
	cancel    context.CancelFunc
	loops     sync.WaitGroup
}

var _ receiver.Metrics = (*flinkReceiver)(nil)

// Start begins to scrape. It does not wait for any target.
func (r *flinkReceiver) Start(ctx context.Context, host component.Host) error {
	targets, err := parseTargets(r.cfg.Targets)
	if err != nil {
		return err
	}
	if r.client, err = r.newClient(ctx, host); err != nil {
		return err
	}
	if r.telemetry, err = metadata.NewTelemetryBuilder(r.set.TelemetrySettings); err != nil {
		return err
	}
	obs, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: r.set.ID, Transport: "http", ReceiverCreateSettings: r.set,
	})
	if err != nil {
		return err
	}
	if err := r.openArchive(ctx, host, targets); err != nil {
		return err
	}
	r.turns, r.reclaimer = newTurns(), newReclaimer(r.cfg.CollectionInterval)
	// The context given to Start ends when Start returns.
	ctx, r.cancel = context.WithCancel(context.Background())
	hostname, _ := os.Hostname()
	waves := newWaves(r.cfg.CollectionInterval, len(targets), r.set.ID.String()+"@"+hostname)
	for _, t := range targets {
		s := r.newScraper(t, obs)
		r.loops.Go(func() {
			loop(ctx, r.cfg.CollectionInterval, waves.offset(t), s.scrape, s.watch.skipped)
		})
	}
	return nil
}

func (r *flinkReceiver) openArchive(ctx context.Context, host component.Host, targets []target) (err error) {
	if r.cfg.Storage == nil {
		return nil
	}
	if r.archive, err = openArchive(ctx, host, *r.cfg.Storage, r.set.ID, r.set.Logger); err != nil {
		return err
	}
	r.archive.enrol(ctx, targets)
	return nil
}

func (r *flinkReceiver) newClient(ctx context.Context, host component.Host) (*http.Client, error) {
	client, err := r.cfg.HTTP.ToClient(ctx, host.GetExtensions(), r.set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	client.Timeout = 0 // fetcher has its own
	// A reporter never redirects: what does is something else.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client, nil
}

func (r *flinkReceiver) newScraper(t target, obs *receiverhelper.ObsReport) *scraper {
	f := newFetcher(r.client, r.cfg, t)
	c := newCatalog(newNaming(r.cfg), r.cfg.EntityAttributes == attributesPoint)
	s := &scraper{
		get:      f.get,
		proxied:  f.proxied,
		limits:   r.cfg.Limits,
		now:      time.Now,
		interval: r.cfg.CollectionInterval,
		catalog:  c,
		history:  newHistory(r.cfg, c.table),
		builder:  newBuilder(r.cfg.ServiceName, t.instance(), c.table),
		turns:    r.turns,
		reclaim:  r.reclaimer,
		next:     r.next,
		obs:      obs,
		watch:    newWatch(r.set.Logger, r.telemetry, t),
		probing:  t.ranged,
	}
	if r.archive != nil {
		s.recall(r.archive.memory(t, fingerprint(r.cfg)))
	}
	return s
}

// Shutdown ends all scrapes. No stale markers are sent: the targets go on, and so will the next Weir.
func (r *flinkReceiver) Shutdown(ctx context.Context) (err error) {
	if r.cancel == nil {
		return nil
	}
	r.cancel()
	ended := make(chan struct{})
	go func() {
		r.loops.Wait()
		r.reclaimer.stop()
		close(ended)
	}()
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	defer r.telemetry.Shutdown()
	defer r.client.CloseIdleConnections()
	if r.archive != nil {
		defer func() { err = errors.Join(err, r.archive.client.Close(ctx)) }()
	}
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return errStillDelivering
	}
}
