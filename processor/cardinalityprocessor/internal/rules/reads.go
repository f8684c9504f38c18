package rules

// Reads tells whether what the rules do to a metric of a resource depends on the value of this attribute of the
// resource, and not only on its presence.
func (s *Set) Reads(key string) bool {
	for _, rule := range s.rules {
		switch rule.action {
		case Keep, Drop, DropSeries, Supersede:
		default:
			if rule.labels.matchKey(key) {
				return true
			}
		}
		for i := range rule.resource {
			if name := rule.resource[i].key; name == key || name == aliasOf(key) {
				return true
			}
		}
	}
	return false
}
