package orderedremotewriteexporter

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configmiddleware"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"pgregory.net/rapid"

	"weir.example/internal/disktest"
	"weir.example/internal/promtest"
)

// withWAL keeps the queue in a directory.
func withWAL(dir string, more func(*Config, *WALConfig)) func(*Config) {
	return func(c *Config) {
		wal := defaultWAL()
		wal.Directory, wal.MaxSizeMiB = dir, 1
		c.TargetInfo = false
		if more != nil {
			more(c, &wal)
		}
		c.WAL = configoptional.Some(wal)
	}
}

// mortal is the disk of one life, and the sizes that make the log on it meet its ends often.
type mortal struct {
	*disktest.Disk
	segment int64 // of the log; 0: very small
	room    int   // of the log, in bytes; 0: as configured
}

func immortal() *mortal { return &mortal{Disk: disktest.New()} }

// live starts one life of an exporter that writes to a store others may share.
// version is what its requests call themselves.
func live(t require.TestingT, store *promtest.Receiver, disk *mortal, version string, extensions map[component.ID]component.Component, change func(*Config)) (*rig, error) {
	r := &rig{t: t, store: store, extensions: extensions, telemetry: componenttest.NewTelemetry(), statuses: make(chan componentstatus.Status, 1000)}
	cfg := createDefaultConfig().(*Config)
	cfg.HTTP.Endpoint = store.URL()
	cfg.Batch.FlushTimeout = 0
	cfg.Retry.InitialInterval = time.Millisecond
	cfg.Retry.MaxInterval = 5 * time.Millisecond
	change(cfg)
	require.NoError(t, cfg.Validate())
	var err error
	r.remoteWriter, err = newExporter(r.settings(), cfg)
	require.NoError(t, err)
	r.set.BuildInfo.Version = version
	r.disk = disk
	r.segment, r.reserve.block = cmp.Or(disk.segment, 500), 64
	if disk.room > 0 {
		r.room.capacity, r.room.perSlot = disk.room, disk.room/2
	}
	if err := r.Start(context.Background(), r); err != nil {
		require.NoError(t, r.Shutdown(context.Background()))
		require.NoError(t, r.telemetry.Shutdown(context.Background()))
		return nil, err
	}
	return r, nil
}

// end stops a life as SIGTERM does.
func (r *rig) end() {
	require.NoError(r.t, r.Shutdown(context.Background()))
	require.NoError(r.t, r.telemetry.Shutdown(context.Background()))
}

// kill stops a life as SIGKILL does: nothing more gets to the disk.
func (r *rig) kill(disk *mortal) {
	disk.Die()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = r.Shutdown(ctx) // it cannot write down where it stands
	require.NoError(r.t, r.telemetry.Shutdown(context.Background()))
}

// life is one life of an exporter, and how it ends.
type life struct {
	shards, maxSize int
	slotBy          string
	fsync           string
	operations      int // of the disk before it dies; below 0: it does not
	torn            int
	rounds          int
	patience        time.Duration // how long a life that does not die goes on after its last call
	drain           bool          // SIGTERM instead of SIGKILL
	tenant          string        // of all calls; the next life may have another, or none
	room            int           // of the log, in bytes, where on_full is drop_oldest; else 0
	busy            int           // requests that the store does not take first
	space           int           // bytes left on the disk when it starts, beyond two heads of each log; 0: enough
}

// drawSmallDisk draws a life whose log fills its disk while the store is away.
func drawSmallDisk(t *rapid.T) life {
	l := drawLife(t)
	l.operations = rapid.SampledFrom([]int{-1, 50, 100, 150, 200, 250, 300, 400, 600}).Draw(t, "operations, small disk")
	l.rounds = rapid.IntRange(20, 50).Draw(t, "rounds, small disk")
	l.space = rapid.IntRange(5000, 7000).Draw(t, "space")
	return l
}

// drawSmallLog draws a life whose log fills up and loses its oldest. A disk that dies
// within an operation may have lost them without a count, so this one does not.
func drawSmallLog(t *rapid.T) life {
	l := drawLife(t)
	l.operations = -1
	l.room = rapid.IntRange(2500, 5000).Draw(t, "room")
	l.busy = rapid.IntRange(0, 20).Draw(t, "busy")
	l.rounds = rapid.IntRange(10, 40).Draw(t, "rounds, small log")
	return l
}

func drawLife(t *rapid.T) life {
	return life{
		shards:     rapid.SampledFrom([]int{1, 2, 2, 3}).Draw(t, "shards"),
		maxSize:    rapid.IntRange(1, 12).Draw(t, "max_size"),
		slotBy:     rapid.SampledFrom([]string{slotByInstance, slotBySeries}).Draw(t, "slot_by"),
		fsync:      rapid.SampledFrom([]string{"always", "interval", "never"}).Draw(t, "fsync"),
		operations: rapid.SampledFrom([]int{-1, 5, 15, 20, 25, 30, 40, 60, 80, 100, 150}).Draw(t, "operations"),
		torn:       rapid.IntRange(0, 80).Draw(t, "torn"),
		rounds:     rapid.IntRange(1, 8).Draw(t, "rounds"),
		patience:   time.Duration(rapid.IntRange(0, 3).Draw(t, "patience")) * time.Millisecond,
		drain:      rapid.Bool().Draw(t, "SIGTERM"),
		tenant:     rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(t, "tenant"),
	}
}

// world is what does not end with a life: the store, the directory and who calls.
type world struct {
	t      *rapid.T
	dir    string
	store  *promtest.Receiver
	dialed atomic.Int64 // connections to the store

	mu       sync.Mutex
	lives    int
	round    []int               // of each producer
	acked    map[string]bool     // samples whose call returned nil
	offered  map[string]bool     // samples of all calls
	requests map[string]int      // by content: how often they arrived
	seen     map[string]struct{} // samples that arrived
	again    int                 // requests of this life that came before
	faults   []string
	away     bool // the store, until the disk is full
	busy     int  // requests that it does not take
	dropped  int  // samples that were counted for a full log
}

const producersOfWorld = 3

// call is what producer p brings in a round: some gauges and, now and then, a new series.
func (w *world) call(p, round int) *batch {
	b := newBatch().resource("service.name", "p", "service.instance.id", fmt.Sprint(p), "tm_id", fmt.Sprint(p))
	for m := range 4 {
		b.gauge(fmt.Sprint("m", m), int64(round+1)*1000, float64(round)/3)
	}
	if round%3 == 0 {
		b.gauge(fmt.Sprint("new", round), int64(round+1)*1000, 1)
	}
	if round%4 == 1 {
		b.gauge("m0", int64(round+1)*1000+500, 2) // twice in a call
	}
	return b
}

func keysOf(tenant string, p int, b *batch) []string {
	var keys []string
	for _, m := range b.last.ScopeMetrics().At(0).Metrics().All() {
		keys = append(keys, fmt.Sprintf("%s %d/%s@%d", tenant, p, m.Name(), int64(m.Gauge().DataPoints().At(0).Timestamp())/1e6))
	}
	return keys
}

// arrived is the store's script: what repeats must be a whole request of before.
func (w *world) arrived(q promtest.Request) promtest.Answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	if q.Header.Get("User-Agent") != "weir/"+w.version() {
		return promtest.Answer{Status: 400} // written by a process that died since
	}
	if w.busy--; w.away || w.busy >= 0 {
		return promtest.Answer{Status: 503}
	}
	var keys []string
	repeats := 0
	for _, s := range q.Series {
		for _, p := range s.Samples {
			key := fmt.Sprintf("%s %s/%s@%d", s.Tenant, s.Get("instance"), s.Name(), p.T)
			if _, ok := w.seen[key]; ok {
				repeats++
			}
			keys = append(keys, key)
		}
	}
	for _, key := range keys {
		w.seen[key] = struct{}{}
	}
	slices.Sort(keys)
	content := strings.Join(keys, " ")
	if repeats > 0 {
		if w.again++; w.requests[content] == 0 {
			w.faults = append(w.faults, fmt.Sprintf("life %d: %d of %d samples repeat, but not as a request of before: %s", w.lives, repeats, len(keys), content))
		}
	}
	w.requests[content]++
	return promtest.Answer{}
}

func (w *world) setAway(away bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.away = away
}

// repeats returns how many requests of this life had come before.
func (w *world) repeats() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.again
}

func (w *world) version() string { return fmt.Sprint(w.lives) }

// begin starts another life.
func (w *world) begin(disk *mortal, change func(*Config, *WALConfig)) (*rig, error) {
	// A connection of the dead may hold a request that the store has yet to read.
	require.True(w.t, w.store.Wait(patience, func() bool { return w.store.Ended() >= int(w.dialed.Load()) }), "the store reads what the dead wrote")
	w.mu.Lock()
	w.lives++
	w.again = 0
	version := w.version()
	w.mu.Unlock()
	count := component.MustNewID("dials")
	extensions := map[component.ID]component.Component{count: &dialCounter{dialed: &w.dialed}}
	return live(w.t, w.store, disk, version, extensions, withWAL(w.dir, func(c *Config, wal *WALConfig) {
		c.HTTP.Middlewares = []configmiddleware.Config{{ID: count}}
		if change != nil {
			change(c, wal)
		}
	}))
}

// dialCounter counts the connections of a client, as a middleware of it.
type dialCounter struct {
	component.StartFunc
	component.ShutdownFunc
	dialed *atomic.Int64
}

func (d *dialCounter) GetHTTPRoundTripper(context.Context) (extensionmiddleware.WrapHTTPRoundTripperFunc, error) {
	return func(_ context.Context, inner http.RoundTripper) (http.RoundTripper, error) {
		transport := inner.(*http.Transport)
		dial := transport.DialContext
		transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dial(ctx, network, address)
			if err == nil {
				d.dialed.Add(1)
			}
			return c, err
		}
		return transport, nil
	}, nil
}

// live spends one life: producers call round by round, and repeat a call until it was
// acknowledged, in this life or the next.
func (w *world) live(l life) {
	disk := immortal()
	disk.Set(func(f *disktest.Faults) { f.Left, f.Torn = l.operations, l.torn })
	if l.space > 0 {
		disk.segment = 1 << 20 // each log is one segment
	}
	disk.room = l.room
	w.mu.Lock()
	w.busy = l.busy
	w.mu.Unlock()
	r, err := w.begin(disk, func(c *Config, wal *WALConfig) {
		c.Shards, c.Batch.MaxSize, c.SlotBy, wal.Fsync = l.shards, l.maxSize, l.slotBy, l.fsync
		if l.room > 0 {
			wal.OnFull = onFullDrop
		}
		if l.tenant != "" {
			c.Tenant.FromMetadata = "x-scope-orgid"
		}
	})
	if err != nil {
		require.True(w.t, disk.Dead(), "start: %v", err)
		return
	}
	if l.space > 0 {
		r.mu.Lock()
		disk.Limit(w.dir, 2*r.roomOfHeads()+l.space)
		r.mu.Unlock()
		w.setAway(true)
	}
	var producers sync.WaitGroup
	for p := range producersOfWorld {
		producers.Go(func() { w.produce(r, disk, p, l) })
	}
	producers.Wait()
	w.setAway(false)
	if l.patience > 0 {
		time.Sleep(l.patience) // any moment will do
	}
	w.end(r, disk, l)
}

// end ends a life by SIGTERM or SIGKILL, whatever is left of it.
func (w *world) end(r *rig, disk *mortal, l life) {
	term := l.drain && !disk.Dead()
	if !term {
		disk.Die()
	}
	// A disk that dies meanwhile would make it wait for all of its time.
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if !term {
		cancel()
	}
	if err := r.Shutdown(ctx); err != nil {
		require.True(w.t, disk.Dead(), "shutdown: %v", err)
	}
	w.dropped += r.droppedFor(walFull)
	require.NoError(w.t, r.telemetry.Shutdown(context.Background()))
}

func (w *world) produce(r *rig, disk *mortal, p int, l life) {
	for range l.rounds {
		b := w.call(p, w.round[p])
		w.mu.Lock()
		for _, key := range keysOf(l.tenant, p, b) {
			w.offered[key] = true
		}
		w.mu.Unlock()
		began := time.Now()
		for {
			err := r.ConsumeMetrics(asClient(l.tenant), b.md)
			if err == nil {
				break
			}
			if disk.Dead() {
				return
			}
			if !disk.Limited() || time.Since(began) > patience {
				panic(fmt.Sprintf("a call that nobody takes: %v, %d bytes in %s", err, disktest.SizeOf(w.dir), w.dir))
			}
			w.setAway(false)
			time.Sleep(100 * time.Microsecond) // as callers do
		}
		w.mu.Lock()
		for _, key := range keysOf(l.tenant, p, b) {
			w.acked[key] = true
		}
		w.mu.Unlock()
		w.round[p]++
	}
}

// settle gives the world a last life in which everything is delivered.
func (w *world) settle() {
	r, err := w.begin(immortal(), nil)
	require.NoError(w.t, err)
	r.settle()
	require.Zero(w.t, r.metric("num_samples_dropped"))
	r.requireAddsUp()
	require.Zero(w.t, r.metric("wal_bytes_pending"))
	r.end()
}

func (w *world) check() {
	// A request that is being written when the process dies is cut off.
	cutOff := func(s string) bool { return strings.Contains(s, "unexpected EOF") }
	if broken := slices.DeleteFunc(w.store.Violations(), cutOff); len(broken) > 0 {
		w.t.Fatalf("violations: %q", broken)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.faults) > 0 {
		w.t.Fatalf("faults: %q", w.faults)
	}
	delivered := map[string]bool{}
	for _, s := range w.store.Series() {
		for _, p := range s.Samples {
			delivered[fmt.Sprintf("%s %s/%s@%d", s.Tenant, s.Get("instance"), s.Name(), p.T)] = true
		}
	}
	var missing []string
	for _, key := range slices.Sorted(maps.Keys(w.acked)) {
		if !delivered[key] {
			missing = append(missing, key)
		}
	}
	require.Len(w.t, missing, w.dropped, "acknowledged, not there and not counted: %q", missing)
	for key := range delivered {
		require.True(w.t, w.offered[key], "%s came from nowhere", key)
	}
}

// The law "durable": whatever moment the process dies at, between or within any two
// operations of its disk, and with however many shards it comes back: what was
// acknowledged arrives, in order, and what arrives twice is a request that was in
// flight, at most one per slot and death.
func TestWhatWasAcknowledgedArrives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkDurable(t, drawLife) })
}

// The same where the log fills the disk. Calls are taken again as soon as the store has
// what is logged, without anybody making room.
func TestALogThatFillsTheDiskLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkDurable(t, drawSmallDisk) })
}

// The same where the log has too little room and loses its oldest: what is not there
// was counted, once.
func TestAFullLogLosesNothingButWhatItCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkDurable(t, drawSmallLog) })
}

func checkDurable(t *rapid.T, draw func(*rapid.T) life) {
	dir, err := os.MkdirTemp("", "wal")
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	w := &world{
		t: t, dir: dir, round: make([]int, producersOfWorld),
		acked: map[string]bool{}, offered: map[string]bool{}, requests: map[string]int{}, seen: map[string]struct{}{},
	}
	w.store = promtest.New(promtest.AllowRepeat(), promtest.WithScript(w.arrived))
	defer w.store.Close()
	inFlight := 0
	for range rapid.IntRange(1, 6).Draw(t, "lives") {
		l := draw(t)
		w.live(l)
		inFlight += l.shards
		require.LessOrEqual(t, w.repeats(), inFlight, "requests that came twice")
	}
	w.settle()
	w.check()
}
