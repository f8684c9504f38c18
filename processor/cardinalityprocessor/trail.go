package cardinalityprocessor

import (
	"slices"

	"weir.example/internal/series"
)

// fewRoutes is up to where looking through all routes of an entity is no worse than a map of them.
const fewRoutes = 64

// trail holds the routes of the series of one resource. They mostly come in the same order again, so that a route is
// looked for where it came after the one before.
type trail struct {
	routes []route
	last   int32              // place of the route that was found last
	places map[routeKey]int32 // nil: not needed
	astray bool               // since the first route, one was not where it was expected
}

// find returns the route of a key, a new one at first sight. It is valid to the end of the call; what a later one
// changes may not show in it.
func (t *trail) find(key routeKey) (r *route, known bool) {
	if len(t.routes) == 0 {
		return t.add(key), false
	}
	if place := t.routes[t.last].after; t.routes[place].key == key {
		if place == 0 {
			t.settle()
		}
		t.last = place
		return &t.routes[place], true
	}
	t.astray = true
	place, known := t.look(key)
	if !known {
		return t.add(key), false
	}
	t.routes[t.last].after, t.last = place, place
	return &t.routes[place], true
}

func (t *trail) look(key routeKey) (place int32, known bool) {
	if len(t.routes) <= fewRoutes {
		i := slices.IndexFunc(t.routes, func(r route) bool { return r.key == key })
		return int32(i), i >= 0
	}
	if t.places == nil {
		t.places = make(map[routeKey]int32, len(t.routes))
		for i := range t.routes {
			t.places[t.routes[i].key] = int32(i)
		}
	}
	place, known = t.places[key]
	return place, known
}

// add leaves little spare room: there are many trails, and they are made once.
func (t *trail) add(key routeKey) *route {
	place := len(t.routes)
	if place == cap(t.routes) {
		t.routes = append(make([]route, 0, place+place/4+2), t.routes...)
	}
	t.routes = append(t.routes, route{key: key})
	if t.places != nil {
		t.places[key] = int32(place)
	}
	t.routes[t.last].after, t.last = int32(place), int32(place)
	return &t.routes[place]
}

// settle gives back what a trail does without that was in good order from its first route to its last.
func (t *trail) settle() {
	if !t.astray && t.places != nil {
		t.places, t.routes = nil, slices.Clone(t.routes)
	}
	t.astray = false
}

// sweep forgets what was used neither in this generation nor in the one before, and the map, which a trail in good order
// does without.
func (t *trail) sweep(now series.Generation) {
	t.places = nil
	idle := func(r route) bool { return now-r.used > 1 }
	if !slices.ContainsFunc(t.routes, idle) {
		return
	}
	t.routes = slices.Clone(slices.DeleteFunc(t.routes, idle))
	for i := range t.routes {
		t.routes[i].after = int32(i + 1)
	}
	if t.last = int32(len(t.routes)) - 1; t.last >= 0 {
		t.routes[t.last].after = 0
	}
	t.last = max(t.last, 0)
}
