package orderedremotewriteexporter

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clientinfo "go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/config/configopaque"

	"weir.example/internal/promtest"
	"weir.example/internal/seglog"
	"weir.example/internal/series"
)

// asClient is the context of a call whose client sent these tenants; "" sends none.
func asClient(tenants ...string) context.Context {
	if len(tenants) == 1 && tenants[0] == "" {
		return context.Background()
	}
	md := clientinfo.NewMetadata(map[string][]string{"X-Scope-OrgID": tenants})
	return clientinfo.NewContext(context.Background(), clientinfo.Info{Metadata: md})
}

// byTenant takes the tenant from where it can be.
func byTenant(c *Config) {
	c.Tenant.FromMetadata, c.Tenant.FromAttribute, c.Tenant.Default = "X-Scope-OrgID", "tenant", "anonymous"
}

func (r *rig) sendAs(tenant string, b *batch) {
	require.NoError(r.t, r.ConsumeMetrics(asClient(tenant), b.md))
}

// stored returns what the store has as "tenant name=value ...", sorted.
func (r *rig) stored() []string {
	r.settle()
	var got []string
	for _, s := range r.store.Series() {
		text := s.Tenant + " " + s.Name()
		for _, p := range s.Samples {
			text += fmt.Sprintf(" %v", p.V)
		}
		got = append(got, text)
	}
	slices.Sort(got)
	return got
}

func TestTheFirstOfMetadataAttributeAndDefaultNamesTheTenant(t *testing.T) {
	long := strings.Repeat("t", 150)
	for _, c := range []struct {
		name   string
		change func(*Config)
		client []string
		attrs  []string
		want   string // "": without header
		why    reason
	}{
		{name: "metadata first", change: byTenant, client: []string{"a"}, attrs: []string{"tenant", "b"}, want: "a"},
		{name: "then the attribute", change: byTenant, client: []string{""}, attrs: []string{"tenant", "b"}, want: "b"},
		{name: "an empty one names none", change: byTenant, client: []string{""}, attrs: []string{"tenant", ""}, want: "anonymous"},
		{name: "no default, no header", change: func(c *Config) { c.Tenant.FromAttribute = "tenant" }, want: ""},
		{name: "metadata not asked for", change: func(c *Config) { c.Tenant.FromAttribute = "tenant" }, client: []string{"a"}, want: ""},
		{name: "nothing configured", change: func(*Config) {}, client: []string{"a"}, attrs: []string{"tenant", "b"}, want: ""},
		{name: "a fixed one for all", change: func(c *Config) { c.Tenant.Default = "a" }, want: "a"},
		{name: "as long as may be", change: byTenant, client: []string{long}, want: long},
		{name: "all characters", change: byTenant, client: []string{"aZ09!-_.*'()"}, want: "aZ09!-_.*'()"},
		{name: "too long", change: byTenant, client: []string{long + "t"}, why: invalidTenant},
		{name: "two in one", change: byTenant, client: []string{"a|b"}, why: invalidTenant},
		{name: "the header twice", change: byTenant, client: []string{"a", "b"}, why: invalidTenant},
		{name: "another character", change: byTenant, attrs: []string{"tenant", "a/b"}, why: invalidTenant},
		{name: "a line end", change: byTenant, attrs: []string{"tenant", "a\r\nb"}, why: invalidTenant},
		{name: "the parent directory", change: byTenant, attrs: []string{"tenant", ".."}, why: invalidTenant},
		{name: "a name Mimir uses itself", change: byTenant, attrs: []string{"tenant", "__mimir_cluster"}, why: invalidTenant},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, c.change)
			b := newBatch().resource(append(slices.Clone(flink), c.attrs...)...).gauge("m", 1000, 1)
			ctx := context.Background()
			if c.client != nil {
				ctx = asClient(c.client...)
			}
			require.NoError(t, r.ConsumeMetrics(ctx, b.md))
			r.settle()
			if c.why != 0 {
				require.Equal(t, 1, r.droppedFor(c.why))
				require.Empty(t, r.store.Series())
			} else {
				require.Len(t, r.store.Series("__name__", "m"), 1)
				require.Equal(t, c.want, r.store.Series("__name__", "m")[0].Tenant)
			}
			require.Empty(t, r.store.Violations())
			r.requireAddsUp()
		})
	}
}

func TestTheSameLabelsOfTwoTenantsAreTwoSeries(t *testing.T) {
	r := newRig(t, func(c *Config) { byTenant(c); c.ResourceLabels = nil })
	for _, tenant := range []string{"a", "b"} {
		at := int64(5000)
		if tenant == "b" {
			at = 1000 // older than what a has
		}
		r.sendAs(tenant, newBatch().resource("service.name", "j", "service.instance.id", "i", "zone", "z").gauge("m", at, float64(at), "job", "own"))
	}
	require.Equal(t, []string{"a m 5000", "a target_info 1", "b m 1000", "b target_info 1"}, r.stored())
	require.Zero(t, r.metric("num_samples_dropped"))
	require.EqualValues(t, 2, r.metric("tenants_active"))
	for _, s := range r.store.Series("__name__", "m") {
		require.Equal(t, "own", s.Get("exported_job"), "a clash of labels is resolved for each tenant")
	}
}

func TestARequestEndsWhereTheTenantChanges(t *testing.T) {
	var tenants []string
	r := newRig(t, func(c *Config) {
		byTenant(c)
		c.Shards, c.Batch.FlushTimeout = 1, time.Hour
		c.ResourceLabels = []string{"tm_id"}
		c.TargetInfo = false
	}, promtest.WithScript(func(q promtest.Request) promtest.Answer {
		tenants = append(tenants, fmt.Sprint(q.Header.Get("X-Scope-OrgID"), len(q.Series)))
		return promtest.Answer{}
	}))
	for i, tenant := range []string{"a", "a", "b", "b", "b", "a", "", "a"} {
		r.sendAs(tenant, newBatch().resource("service.name", "j", "service.instance.id", "i", "tm_id", fmt.Sprint(i)).gauge("m", 1000, 1))
	}
	require.NoError(t, r.Shutdown(context.Background()))
	require.Equal(t, []string{"a2", "b3", "a1", "anonymous1", "a1"}, tenants)
}

func TestMoreTenantsThanAllowedAreDroppedAndNamedOnce(t *testing.T) {
	r := newRig(t, func(c *Config) { byTenant(c); c.Tenant.MaxTenants = 2 })
	for round := range 3 {
		for _, tenant := range []string{"a", "b", "c", "d", "x|y"} {
			r.sendAs(tenant, newBatch().resource(flink...).gauge("m", int64(round+1)*1000, 1).gauge("n", int64(round+1)*1000, 1))
		}
	}
	require.Equal(t, []string{"a m 1 1 1", "a n 1 1 1", "b m 1 1 1", "b n 1 1 1"}, r.stored())
	require.Equal(t, 12, r.droppedFor(tooManyTenants))
	require.Equal(t, 6, r.droppedFor(invalidTenant))
	r.requireAddsUp()
	lines := r.logs.FilterMessage("samples of a tenant are dropped").All()
	require.Len(t, lines, 2)
	assert.Equal(t, "c", lines[0].ContextMap()["first"])
	assert.Equal(t, "x|y", lines[1].ContextMap()["first"])
}

func TestTenantsThatAreGoneMakeRoom(t *testing.T) {
	ts := newTenants(TenantConfig{Default: "x", MaxTenants: 1})
	_, why := ts.find("a")
	require.Equal(t, none, why)
	_, why = ts.find("b")
	require.Equal(t, tooManyTenants, why)
	ts.sweep(idleGenerations, idleGenerations)
	require.Contains(t, ts.known, "a")
	ts.sweep(idleGenerations+1, idleGenerations)
	_, why = ts.find("b")
	require.Equal(t, none, why)
}

func TestAFixedHeaderIsTheTenantOfWhatNamesNone(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.HTTP.Headers = configopaque.MapList{{Name: "x-scope-orgid", Value: "fixed"}, {Name: "X-Other", Value: "kept"}}
	http, tenant := withoutTenant(cfg)
	require.Equal(t, "fixed", tenant)
	require.Equal(t, configopaque.MapList{{Name: "X-Other", Value: "kept"}}, http.Headers)
	require.Len(t, cfg.HTTP.Headers, 2, "the configuration stays as it is")
}

// What waits in the log was logged for a tenant, whatever the configuration says now.
func TestTheLogKeepsTheTenant(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*Config)
		unnamed string // the tenant of what was logged without one
	}{
		{"the same configuration", byTenant, "anonymous"},
		{"another default", func(c *Config) { byTenant(c); c.Tenant.Default = "other" }, "other"},
		{"no tenants any more", func(*Config) {}, ""},
		{"fewer tenants allowed", func(c *Config) { byTenant(c); c.Tenant.MaxTenants = 1 }, "anonymous"},
		{"one for all by http.headers", func(c *Config) {
			c.HTTP.Headers = configopaque.MapList{{Name: "x-scope-orgid", Value: "fixed"}, {Name: "X-Other", Value: "kept"}}
		}, "fixed"},
		{"another number of shards", func(c *Config) { byTenant(c); c.Shards = 3 }, "anonymous"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			store := promtest.New(promtest.AllowRepeat(), promtest.WithScript(func(promtest.Request) promtest.Answer { return promtest.Answer{Status: 503} }))
			defer store.Close()
			lives := func(version string, change func(*Config), spend func(*rig)) {
				r, err := live(t, store, immortal(), version, nil, func(cfg *Config) { change(cfg); withWAL(dir, nil)(cfg) })
				require.NoError(t, err)
				spend(r)
				r.kill(r.disk.(*mortal))
			}
			lives("1", func(*Config) {}, func(r *rig) { r.sendAs("", newBatch().resource(flink...).gauge("m", 1000, 1)) })
			lives("2", byTenant, func(r *rig) {
				r.sendAs("a", newBatch().resource(flink...).gauge("m", 1000, 2))
				r.sendAs("b", newBatch().resource(flink...).gauge("m", 1000, 3))
			})
			store.SetScript(func(q promtest.Request) promtest.Answer {
				if q.Header.Get("User-Agent") != "weir/3" {
					return promtest.Answer{Status: 400} // of a life before, still in the socket
				}
				return promtest.Answer{}
			})
			lives("3", c.change, func(r *rig) {
				require.ElementsMatch(t, []string{c.unnamed + " m 1", "a m 2", "b m 3"}, r.stored())
				cutOff := func(s string) bool { return strings.Contains(s, "unexpected EOF") } // by a kill
				require.Empty(t, slices.DeleteFunc(store.Violations(), cutOff))
			})
		})
	}
}

// Samples that format 1 logged, which had no tenants, are delivered.
func TestALogOfTheFormatBeforeIsRead(t *testing.T) {
	dir := t.TempDir()
	var d draft
	for i, l := range []series.Label{{Name: "job", Value: "j"}, {Name: series.NameLabel, Value: "m"}} {
		d.addSet(uint64(i+1), series.NewInterner().Intern([]series.Label{l}))
	}
	d.addSet(3, series.NewInterner().Intern(nil))
	d.addSeries(1, [3]uint64{1, 2, 3}, nil, nil)
	d.addSample(1, &sample{ts: 1000})
	log, err := seglog.Open(seglog.Options{Dir: dir + "/000001-1-instance/slot-000", Format: 1})
	require.NoError(t, err)
	_, err = log.Append(seglog.Record{Type: recordType, Payload: d.append(nil, mark{}, 1)})
	require.NoError(t, err)
	require.NoError(t, log.Close())

	r := newRig(t, withWAL(dir, func(c *Config, _ *WALConfig) { c.Shards = 1 }))
	require.Equal(t, []string{" m 0"}, r.stored())
	require.Empty(t, r.logs.FilterMessageSnippet("not ours").All())
}
