// Package disktest is a seglog.Disk with faults, for tests: it dies after any operation or in the middle of one, fills up, loses its power,
// or cannot force what was written.
//
//	disk.go    the disk and its faults
//	space.go   how much room is left on it
//	file.go    its files
package disktest
