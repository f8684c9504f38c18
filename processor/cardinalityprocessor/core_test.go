package cardinalityprocessor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/processor/processortest"

	"weir.example/internal/disktest"
	"weir.example/internal/seglog"
	"weir.example/processor/cardinalityprocessor/internal/keeper"
	"weir.example/processor/cardinalityprocessor/internal/metadata"
	"weir.example/processor/cardinalityprocessor/internal/rules"
)

var errGate = errors.New("the next consumer is not in the mood")

func refuse(context.Context) error { return errGate }

func block(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestTicksComeAtMultiplesOfTheIntervalAndCarryTheSum(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := start(t, mergingConfig(dir), dir)
		time.Sleep(3 * time.Second)
		s.give(t, "a", 5)
		s.give(t, "b", 7)
		time.Sleep(12*time.Second + time.Millisecond)
		want := sent{name: "requests", at: pcommon.NewTimestampFromTime(floor(time.Now(), 15*time.Second)), start: 1, value: 12}
		require.Equal(t, want, s.sink.last(t))
		s.give(t, "a", 6)
		time.Sleep(15 * time.Second)
		want.at += pcommon.Timestamp(15 * time.Second)
		want.value = 13
		require.Equal(t, want, s.sink.last(t))
		s.end(t)
	})
}

func TestARefusedTickIsRepeatedVerbatimWhilePointsAreAbsorbed(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := start(t, mergingConfig(dir), dir)
		s.give(t, "a", 5)
		s.sink.answers(refuse)
		time.Sleep(15*time.Second + time.Millisecond)
		for i := range 80 {
			s.give(t, "a", float64(6+i))
			time.Sleep(time.Second)
		}
		offered, taken := s.sink.all()
		require.Empty(t, taken)
		require.Greater(t, len(offered), 10, "about every ten seconds")
		for _, point := range offered {
			require.Equal(t, offered[0], point)
			require.Equal(t, 5.0, point.value)
		}
		require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, s.host.reported())
		require.Equal(t, 1, s.logs.FilterMessage(faultTexts[sendFault].begins).Len())

		s.sink.answers(nil)
		for range 25 {
			time.Sleep(time.Second)
			s.give(t, "a", 86)
		}
		_, taken = s.sink.all()
		require.Equal(t, offered[0], taken[0])
		require.Equal(t, 86.0, s.sink.last(t).value)
		require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, s.host.reported())
		s.end(t)
	})
}

func TestABlockedConsumerBlocksNeitherMergingNorShutdown(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := start(t, mergingConfig(dir), dir)
		s.sink.answers(block)
		s.give(t, "a", 5)
		time.Sleep(16 * time.Second)
		synctest.Wait()
		offered, _ := s.sink.all()
		require.Len(t, offered, 1, "it blocks now")
		s.give(t, "a", 8)
		began := time.Now()
		s.end(t)
		require.Less(t, time.Since(began), 5*time.Second)

		next := start(t, mergingConfig(dir), dir)
		synctest.Wait()
		require.Equal(t, offered[0], next.sink.last(t), "the tick that was not accepted comes first")
		time.Sleep(15 * time.Second)
		require.Equal(t, 8.0, next.sink.last(t).value)
		require.Equal(t, offered[0].start, next.sink.last(t).start)
		next.end(t)
	})
}

func TestAConsumerThatHeedsNoContextDelaysShutdownByLessThanFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, mergingConfig(""), "")
		released := make(chan struct{})
		s.sink.answers(func(context.Context) error { <-released; return nil })
		s.give(t, "a", 5)
		time.Sleep(16 * time.Second)
		began := time.Now()
		require.ErrorContains(t, s.Shutdown(t.Context()), "does not return")
		require.Less(t, time.Since(began), 5*time.Second)
		close(released)
		s.running.Wait()
		require.NoError(t, s.telemetry.Shutdown(t.Context()))
	})
}

func TestPermanentErrorsGiveATickUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, mergingConfig(""), "")
		s.sink.answers(func(context.Context) error { return consumererror.NewPermanent(errGate) })
		s.give(t, "a", 5)
		time.Sleep(31 * time.Second)
		offered, _ := s.sink.all()
		require.Len(t, offered, 2)
		require.NotEqual(t, offered[0].at, offered[1].at)
		require.Equal(t, int64(2), counters(t, s.telemetry)["dropped_points{reason=refused}"])
		s.end(t)
	})
}

func TestNoTickAfterABackwardStepUntilTimePasses(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, mergingConfig(dir), dir)
		var mu sync.Mutex
		var step time.Duration
		s.now = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return time.Now().Add(step)
		}
		require.NoError(t, s.Start(t.Context(), s.host))
		s.give(t, "a", 5)
		time.Sleep(16 * time.Second)
		_, taken := s.sink.all()
		require.Len(t, taken, 1)
		mu.Lock()
		step = -time.Minute
		mu.Unlock()
		time.Sleep(time.Minute - time.Second)
		_, taken = s.sink.all()
		require.Len(t, taken, 1)
		time.Sleep(16 * time.Second)
		_, taken = s.sink.all()
		require.Len(t, taken, 2)
		require.Greater(t, taken[1].at, taken[0].at)
		s.end(t)
	})
}

func TestConcurrentSendersAddUp(t *testing.T) {
	dir := t.TempDir()
	for _, fsync := range []seglog.Sync{seglog.SyncInterval, seglog.SyncAlways} {
		cfg := mergingConfig(dir)
		cfg.Aggregate.Fsync = fsync
		dir := filepath.Join(dir, string(fsync))
		s := start(t, cfg, dir)
		var senders sync.WaitGroup
		for sender := range 8 {
			senders.Go(func() {
				for i := range 50 {
					name := "requests"
					if i%2 == 0 {
						name = fmt.Sprint("requests-", i%6)
					}
					err := s.ConsumeMetrics(context.Background(), pointOf(name, fmt.Sprint(sender), float64(i+1), int64(1000+i), 1))
					assert.NoError(t, err)
				}
			})
		}
		senders.Wait()
		s.core.tick(s.now())
		require.Eventually(t, func() bool { return !s.pending() || s.core.sendTick(context.Background()) == nil }, 30*time.Second, time.Millisecond)
		totals := map[string]float64{}
		_, taken := s.sink.all()
		for _, point := range taken {
			totals[point.name] = point.value
		}
		require.Equal(t, map[string]float64{"requests": 8 * 50, "requests-0": 8 * 49, "requests-2": 8 * 45, "requests-4": 8 * 47}, totals)
		s.end(t)
	}
}

func TestPassThroughPointsGoOnAndAreNotTaken(t *testing.T) {
	cfg := mergingConfig("")
	cfg.Rules[0].Metrics = []string{"merged"}
	s := start(t, cfg, "")
	defer s.end(t)
	md := pointOf("merged", "a", 1, 10, 1)
	pointOf("passes", "a", 2, 10, 1).ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
	require.NoError(t, s.ConsumeMetrics(t.Context(), md))
	require.Equal(t, []sent{{name: "passes", at: 10, start: 1, value: 2}}, s.sink.taken)

	s.sink.answers(refuse)
	md = pointOf("merged", "b", 100, 10, 1)
	pointOf("passes", "a", 3, 11, 1).ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
	require.ErrorIs(t, s.ConsumeMetrics(t.Context(), md), errGate)
	s.core.mu.Lock()
	require.Equal(t, 1, s.aggregate.Stats().LiveInputs, "what was refused had no effect")
	s.core.mu.Unlock()
}

func TestAFullDiskRefusesMergedPointsAndLosesNothing(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, mergingConfig(dir), dir)
		disk := disktest.New()
		s.keeping.Disk = disk
		require.NoError(t, s.Start(t.Context(), s.host))
		s.give(t, "a", 5)
		disk.Set(func(f *disktest.Faults) { f.Full = true })
		for range 3 {
			err := s.ConsumeMetrics(t.Context(), pointOf("requests", "a", 9, s.now().UnixNano(), 1))
			require.ErrorIs(t, err, disktest.Err)
			require.False(t, consumererror.IsPermanent(err))
		}
		time.Sleep(31 * time.Second)
		require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, s.host.reported())
		require.Equal(t, 1, s.logs.FilterMessage(faultTexts[logFault].begins).Len())
		disk.Set(func(f *disktest.Faults) { f.Full = false })
		s.give(t, "a", 9)
		time.Sleep(15 * time.Second)
		require.Equal(t, 9.0, s.sink.last(t).value)
		require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, s.host.reported())
		s.end(t)
	})
}

func TestACallTooLargeForTheLogIsRefusedForGood(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := start(t, mergingConfig(dir), dir)
		s.mu.Lock()
		_, err := s.commit(aggregateKind, make([]byte, keeper.MaxRecord+1))
		s.mu.Unlock()
		require.True(t, consumererror.IsPermanent(err), "it never fits")
		require.ErrorContains(t, err, "send smaller calls")
		s.give(t, "a", 5)
		s.end(t)
	})
}

func TestAFailedForceIsARetryableErrorWhoseRetryIsRecognised(t *testing.T) {
	dir := t.TempDir()
	cfg := mergingConfig(dir)
	cfg.Aggregate.Fsync = seglog.SyncAlways
	s := newSite(t, cfg, dir)
	disk := disktest.New()
	s.keeping.Disk = disk
	require.NoError(t, s.Start(t.Context(), s.host))
	defer s.end(t)
	disk.Set(func(f *disktest.Faults) { f.Unforced = true })
	for range 3 {
		require.ErrorIs(t, s.ConsumeMetrics(t.Context(), pointOf("requests", "a", 9, 100, 1)), disktest.Err)
	}
	require.Equal(t, 1, s.logs.FilterMessage(faultTexts[forceFault].begins).Len(), "told once")
	disk.Set(func(f *disktest.Faults) { f.Unforced = false })
	require.NoError(t, s.keeper.Snapshot())
	require.NoError(t, s.ConsumeMetrics(t.Context(), pointOf("requests", "a", 9, 100, 1)))
	require.Equal(t, int64(3), counters(t, s.telemetry)["dropped_points{reason=duplicate}"])
	require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, s.host.reported())
}

func TestALostStateBeginsAnewWithAnotherStartTime(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := start(t, mergingConfig(dir), dir)
		s.give(t, "a", 1000)
		time.Sleep(16 * time.Second)
		require.Equal(t, 1000.0, s.sink.last(t).value)
		s.end(t)

		segments, err := filepath.Glob(filepath.Join(dir, "*.seg"))
		require.NoError(t, err)
		content, err := os.ReadFile(segments[0])
		require.NoError(t, err)
		content[100] ^= 1
		require.NoError(t, os.WriteFile(segments[0], content, 0o600))
		for life := range 2 {
			s = start(t, mergingConfig(dir), dir)
			require.Equal(t, 1-life, s.logs.FilterLevelExact(1).Len(), "warnings of life %d", life)
			s.give(t, "a", float64(1001+10*life))
			time.Sleep(16 * time.Second)
			s.give(t, "a", float64(1004+10*life))
			time.Sleep(15 * time.Second)
			require.Equal(t, float64(3+10*life), s.sink.last(t).value, "from zero on")
			require.Greater(t, s.sink.last(t).start, pcommon.Timestamp(1))
			s.end(t)
		}
	})
}

func TestWithoutStorageInputsOfUnknownPastAreBaselines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, mergingConfig(""), "")
		s.give(t, "a", 1000)
		time.Sleep(16 * time.Second)
		s.give(t, "a", 1004)
		time.Sleep(15 * time.Second)
		require.Equal(t, 4.0, s.sink.last(t).value)
		s.end(t)
	})
}

func TestASecondMergingPipelineIsRefused(t *testing.T) {
	cfg := mergingConfig("")
	factory := NewFactory()
	set := processortest.NewNopSettings(metadata.Type)
	set.ID = component.MustNewIDWithName("cardinality", "a")
	first, err := factory.CreateMetrics(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	_, err = factory.CreateMetrics(t.Context(), set, cfg, consumertest.NewNop())
	require.ErrorContains(t, err, "cardinality/a merges series and stands in another metrics pipeline already")

	cfg.Rules[0].Action = rules.Supersede
	second, err := factory.CreateMetrics(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	require.Same(t, first.(*pipeline).core, second.(*pipeline).core)
	for range 2 {
		require.NoError(t, first.Start(t.Context(), componenttest.NewNopHost()))
	}
	require.NoError(t, first.Shutdown(t.Context()))
	require.NoError(t, second.ConsumeMetrics(t.Context(), pointOf("requests", "a", 1, 10, 1)), "the core lives on")
	require.NoError(t, second.Shutdown(t.Context()))
	require.NoError(t, second.Shutdown(t.Context()))

	third, err := factory.CreateMetrics(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	require.NotSame(t, first.(*pipeline).core, third.(*pipeline).core)
	require.NoError(t, third.Shutdown(t.Context()))
}

func TestStorageThatCannotBeUsed(t *testing.T) {
	errNo := errors.New("no")
	held := t.TempDir()
	holder := start(t, mergingConfig(held), held)
	defer holder.end(t)
	tests := map[string]struct {
		extensions map[component.ID]component.Component
		want       string
	}{
		"no extensions": {
			nil, `storage: "logs" is not in service.extensions (there: none)`,
		},
		"others": {
			map[component.ID]component.Component{component.MustNewID("b"): nil, component.MustNewID("a"): nil},
			`storage: "logs" is not in service.extensions (there: a, b)`,
		},
		"one without logs": {
			map[component.ID]component.Component{logsID: struct{ component.Component }{}},
			`storage: "logs" keeps no logs (allowed: an extension that does, such as pebblestorage)`,
		},
		"one that refuses": {
			map[component.ID]component.Component{logsID: logStorage{err: errNo}},
			`storage: "logs" gives no directory: no`,
		},
		"a directory in use": {
			map[component.ID]component.Component{logsID: logStorage{dir: held}},
			fmt.Sprintf("storage: the state in %q cannot be opened: %s is in use by another process: resource temporarily unavailable", held, held),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, mergingConfig("x"), "")
			require.EqualError(t, s.Start(t.Context(), &storageHost{extensions: test.extensions}), test.want)
			s.end(t)
		})
	}
}
