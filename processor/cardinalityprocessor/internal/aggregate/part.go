package aggregate

import "go.opentelemetry.io/collector/pdata/pmetric"

// maxParts bounds how many parts of a tick are kept for the next one.
const maxParts = 16

// parts are those of the last tick that came back.
type parts struct {
	kept []pmetric.Metrics
	at   int // of the part that is sent
}

// Reuse gives what Render sent back to it; only send may call it, with what it was given and is no longer read. The same
// part of the next tick is mostly the same but for its values.
func (a *Aggregator) Reuse(md pmetric.Metrics) { a.parts.put(md) }

func (p *parts) take() pmetric.Metrics {
	if p.at >= len(p.kept) || p.kept[p.at] == (pmetric.Metrics{}) {
		return pmetric.NewMetrics()
	}
	md := p.kept[p.at]
	p.kept[p.at] = pmetric.Metrics{}
	return md
}

// put keeps what is in md under another name: whoever wrongly kept md finds it empty.
func (p *parts) put(md pmetric.Metrics) {
	if p.at >= maxParts {
		return
	}
	for p.at >= len(p.kept) {
		p.kept = append(p.kept, pmetric.Metrics{})
	}
	p.kept[p.at] = pmetric.NewMetrics()
	md.MoveTo(p.kept[p.at])
}
