package main

import (
	"fmt"
	"strings"
)

// table is Markdown: a row for each station that was measured, with the names of those above their limits in bold.
func table(all []station, results map[string]result, on record) string {
	var out strings.Builder
	fmt.Fprintln(&out, "| station | ns per sample | allocations | yardstick | ns | ratio | on record | at most |")
	fmt.Fprintln(&out, "|---|---|---|---|---|---|---|---|")
	for _, s := range all {
		r, measured := results[s.name]
		if !measured {
			continue
		}
		e := on[s.name]
		name := s.name
		if s.fault(r, on) != nil {
			name = "**" + name + "**"
		}
		fmt.Fprintf(&out, "| %s | %.1f | %d | %s | %.1f | %.3g | %.3g | %.3g |\n",
			name, r.station.nanos, r.station.allocations, s.than, r.yardstick.nanos, r.ratio(), e.ratio, s.limit(e))
	}
	return out.String()
}
