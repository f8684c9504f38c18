// Package lease lets Metrics come back to the component that made them, so that it can fill them again instead of
// making new ones at each interval.
//
// Whoever calls ConsumeMetrics gives its data away, and the last consumer of a chain owns what no other one shares. Such
// an owner may hand it back: it calls Return where it would otherwise let go of it. The lender looks after its call:
//
//	ctx, l := lease.New(ctx, md)
//	if err := next.ConsumeMetrics(ctx, md); err == nil && l.Returned() {
//		// md is free
//	}
//
// Consumers need not know of this: data that one of them keeps, shares, copies or moves elsewhere is not returned, and
// then the lender makes new data, as it would without a lease. Strings read from lent data may be kept, objects may
// not. What comes back may have been changed in any way, so the lender writes every field again, and lends it as new
// Metrics, to which it moves the resources: whoever wrongly kept the former ones finds them empty.
package lease

import (
	"context"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/featuregate"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Lease is one loan, for one call of ConsumeMetrics.
type Lease struct {
	md      pmetric.Metrics
	returns atomic.Int32
}

type key struct{}

// New lends md to the consumers that are called with the context it returns.
func New(ctx context.Context, md pmetric.Metrics) (context.Context, *Lease) {
	l := &Lease{md: md}
	return context.WithValue(ctx, key{}, l), l
}

// Return tells whoever lent md, if anyone did, that it is no longer read. It is for the exclusive owner of md, at the
// end of a ConsumeMetrics that takes it.
func Return(ctx context.Context, md pmetric.Metrics) {
	// The fan-out marks as read-only what it gives to several consumers, and with the pools of pdata the service itself
	// recycles what a pipeline has done with.
	if l, lent := ctx.Value(key{}).(*Lease); lent && l.md == md && !md.IsReadOnly() && !pooled() {
		l.returns.Add(1)
	}
}

// Lent tells whether a Return of md can be of any use.
func Lent(ctx context.Context, md pmetric.Metrics) bool {
	l, lent := ctx.Value(key{}).(*Lease)
	return lent && l.md == md
}

// Returned tells whether the owner of the data gave it back. Two who did so were both wrong: neither owned it alone. It
// means something only after a ConsumeMetrics that returned nil, and only for its caller.
func (l *Lease) Returned() bool { return l.returns.Load() == 1 && !l.md.IsReadOnly() }

// pooled tells whether the feature gate pdata.useProtoPooling is on.
func pooled() bool {
	gate := poolGate()
	return gate == nil || gate.IsEnabled()
}

// poolGate finds the gate. All gates are registered before any component runs.
var poolGate = sync.OnceValue(func() (found *featuregate.Gate) {
	featuregate.GlobalRegistry().VisitAll(func(g *featuregate.Gate) {
		if g.ID() == "pdata.useProtoPooling" {
			found = g
		}
	})
	return found
})
