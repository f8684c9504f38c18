package orderedremotewriteexporter

import (
	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"weir.example/internal/series"
)

const (
	serviceNamespace = "service.namespace"
	serviceName      = "service.name"
	serviceInstance  = "service.instance.id"

	jobLabel      = "job"
	instanceLabel = "instance"
)

// entity is what a resource gives to all its points.
type entity struct {
	labels   *series.Set
	external []string    // names of the labels that only external_labels gave
	target   *target     // nil: nothing to say in target_info
	info     *series.Set // labels for target_info
	slot     int32       // -1: each series has its own
	first    uint32      // number in the table of the series that came first last time; 0: none
	seen     series.Generation
}

// entity returns the entity that a resource is for a tenant, nil if an attribute that
// is to be a label has no valid name.
func (t *translator) entity(who *tenant, resource pcommon.Map) *entity {
	of := ""
	if who != nobody {
		of = "tenant"
	}
	e := t.entities.Get(resource, of, who.key, func() *entity { return t.newEntity(who.name, resource) })
	if e == nil {
		return nil
	}
	if e.seen != t.now {
		t.touchEntity(e)
	}
	return e
}

func (t *translator) touchEntity(e *entity) {
	e.seen = t.now
	t.interner.Touch(e.labels)
	if e.target != nil {
		t.interner.Touch(e.info)
		e.target.seen = t.now
	}
}

func (t *translator) newEntity(tenant string, resource pcommon.Map) *entity {
	job, instance := identify(resource)
	l := labels{}
	if !l.translate(t.namer, resource, func(k string) bool { return !identifies(k) && t.promoted.MatchString(k) }) {
		return nil
	}
	l.reserve(series.NameLabel, "")
	e := &entity{slot: t.slotOf(tenant, job, instance)}
	if job != "" {
		l.reserve(jobLabel, job)
	}
	if instance != "" {
		l.reserve(instanceLabel, instance)
	}
	e.external = l.addMissing(t.external)
	e.labels = t.interner.InternFor(tenant, l.list())
	if t.withInfo && job != "" && instance != "" {
		t.addTarget(e, resource, targetKey{tenant, job, instance})
	}
	return e
}

// slotOf keeps an instance together: neighbours on the wire compress better.
func (t *translator) slotOf(tenant, job, instance string) int32 {
	if t.shards == 0 || instance == "" {
		return -1
	}
	key := job + "\xff" + instance
	if tenant != "" {
		key += "\xff" + tenant
	}
	return int32(xxhash.Sum64String(key) % uint64(t.shards))
}

// addMissing adds the labels that l lacks and returns their names.
func (l labels) addMissing(external map[string]string) []string {
	var added []string
	for name, value := range external {
		if _, taken := l[name]; !taken {
			l[name] = value
			added = append(added, name)
		}
	}
	return added
}

// identify returns what OpenTelemetry's service attributes say of job and
// instance, empty where they say nothing.
func identify(resource pcommon.Map) (job, instance string) {
	job = text(resource, serviceName)
	if ns, ok := resource.Get(serviceNamespace); ok && job != "" {
		job = validText(ns.AsString()) + "/" + job
	}
	return job, text(resource, serviceInstance)
}

func identifies(key string) bool {
	return key == serviceNamespace || key == serviceName || key == serviceInstance
}

// text returns an attribute as a string of its own: pdata may be reused.
func text(m pcommon.Map, key string) string {
	v, ok := m.Get(key)
	if !ok {
		return ""
	}
	return validText(string([]byte(v.AsString())))
}
