package orderedremotewriteexporter

import (
	"context"
	"strings"

	clientinfo "go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/series"
)

// tenants finds out whose samples a call brings. exporter.mu guards it.
type tenants struct {
	cfg    TenantConfig
	on     bool
	known  map[string]*tenant
	caller string // whom the metadata of the current call names
	now    series.Generation
}

// tenant is one that is known, by one string that all its sets share.
type tenant struct {
	name string
	key  []byte // the name, as a Memo takes it
	seen series.Generation
}

// nobody is the tenant of samples that have none.
var nobody = &tenant{}

func newTenants(cfg TenantConfig) *tenants {
	return &tenants{cfg: cfg, on: cfg.configured(), known: map[string]*tenant{}}
}

// callerOf returns the tenant that the client of a call named, or "". A header that
// came several times names several, which no store takes as one.
func (c *TenantConfig) callerOf(ctx context.Context) string {
	if c.FromMetadata == "" {
		return ""
	}
	return strings.Join(clientinfo.FromContext(ctx).Metadata.Get(c.FromMetadata), "|")
}

// of returns the name of the tenant of a resource, or "". What the client of the call
// said comes first, since the resource may say what its sender likes.
func (t *tenants) of(resource pcommon.Map) string {
	if t.caller != "" {
		return t.caller
	}
	if t.cfg.FromAttribute != "" {
		if v, ok := resource.Get(t.cfg.FromAttribute); ok && v.AsString() != "" {
			return v.AsString()
		}
	}
	return t.cfg.Default
}

// find returns the tenant of a name, or why there can be none.
func (t *tenants) find(name string) (*tenant, reason) {
	if name == "" {
		return nobody, none
	}
	who := t.known[name]
	switch {
	case who != nil:
		who.seen = t.now
		return who, none
	case !validTenant(name):
		return nil, invalidTenant
	case len(t.known) >= t.cfg.MaxTenants:
		return nil, tooManyTenants
	}
	return t.add(name), none
}

// add makes a tenant known. Those whose samples an earlier life left are added
// whatever the limit.
func (t *tenants) add(name string) *tenant {
	who := t.known[name]
	if who == nil {
		name = strings.Clone(name) // pdata may be reused after the call
		who = &tenant{name: name, key: []byte(name)}
		t.known[name] = who
	}
	who.seen = t.now
	return who
}

// sweep forgets tenants that were not seen for more than idle generations.
func (t *tenants) sweep(now, idle series.Generation) {
	t.now = now
	for name, who := range t.known {
		if now-who.seen > idle {
			delete(t.known, name)
		}
	}
}

// whose returns the tenant of a resource, nil if its samples were dropped.
func (in *intake) whose(rm pmetric.ResourceMetrics) *tenant {
	if !in.tenants.on {
		return nobody
	}
	name := in.tenants.of(rm.Resource().Attributes())
	who, why := in.tenants.find(name)
	if why == none {
		return who
	}
	for _, sm := range rm.ScopeMetrics().All() {
		for _, m := range sm.Metrics().All() {
			in.drop(why, samplesOf(m))
		}
	}
	in.onRefused(why, name)
	return nil
}
