//go:build faults

package faults

import (
	"flag"
	"testing"
)

var (
	kills = flag.Int("kills", 0, "how often to kill Weir under load; 0: 50, or 4 with -short")
	soak  = flag.Duration("soak", 0, "how long series come and go; 0: two minutes, or ten seconds with -short")
)

// scaled is a size or time of the full run, or its smaller form in the short one.
func scaled[T any](full, short T) T {
	if testing.Short() {
		return short
	}
	return full
}
