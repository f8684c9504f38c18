//go:build !race

package rules

// raceEnabled: under the race detector times say nothing.
const raceEnabled = false
