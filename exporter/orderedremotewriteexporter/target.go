package orderedremotewriteexporter

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"weir.example/internal/series"
)

type targetKey struct{ tenant, job, instance string }

// target is one job and instance of a tenant. It gets one target_info series that holds the
// resource attributes no series has as a label.
type target struct {
	entity *entity
	seen   series.Generation

	// What the current call brought:
	newest int64 // ms since the epoch
	infos  map[*series.Set]struct{}
}

// addTarget gives e a target if any attribute is left for target_info.
func (t *translator) addTarget(e *entity, resource pcommon.Map, key targetKey) {
	l := labels{}
	left := func(k string) bool { return !identifies(k) && !t.promoted.MatchString(k) }
	if !l.translate(t.namer, resource, left) {
		return
	}
	if l.reserve(series.NameLabel, ""); len(l) == 0 {
		return
	}
	if t.targets[key] == nil {
		own := labels{jobLabel: key.job, instanceLabel: key.instance}
		external := own.addMissing(t.external)
		t.targets[key] = &target{
			entity: &entity{labels: t.interner.InternFor(key.tenant, own.list()), external: external, slot: e.slot},
			infos:  map[*series.Set]struct{}{},
		}
	}
	e.target, e.info = t.targets[key], t.interner.Intern(l.list())
}

// union returns the labels of all the resources of the target in this call.
// Where two disagree the smaller value stays, so that order does not matter.
func (t *translator) union(tg *target) *series.Set {
	if len(tg.infos) == 1 {
		for only := range tg.infos {
			return only
		}
	}
	all := labels{}
	for info := range tg.infos {
		for name, value := range info.All() {
			if was, taken := all[name]; !taken || value < was {
				all[name] = value
			}
		}
	}
	return t.interner.Intern(all.list())
}
