package keeper

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"weir.example/internal/seglog"
)

const lostPrefix = "lost-"

// findAside tells whether an earlier start found something that it could not use, and whether segments of the log are
// among it that still lie beside the rest.
func findAside(disk seglog.Disk, dir string) (found, segments bool, err error) {
	entries, err := disk.ReadDir(dir)
	for _, entry := range entries {
		aside := strings.HasSuffix(entry.Name(), ".aside")
		found = found || aside || strings.HasPrefix(entry.Name(), lostPrefix)
		segments = segments || aside && strings.Contains(entry.Name(), ".seg")
	}
	return found, segments, err
}

// setAside moves everything into a new folder and returns its path. The order of the moves is such that one that is
// cut short leaves a state that is found lost again: the folder first, snapshots before segments, the oldest segment
// first. What is left never looks like an earlier state, nor like none.
func setAside(disk seglog.Disk, dir string) (string, error) {
	entries, err := disk.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var folders int
	var snapshots, others []string
	for _, entry := range entries { // sorted by name
		name := entry.Name()
		switch {
		case strings.HasPrefix(name, lostPrefix):
			folders++
		case strings.Contains(name, ".snap"):
			snapshots = append(snapshots, name)
		case strings.Contains(name, ".seg"):
			others = append(others, name)
		}
	}
	slices.Reverse(snapshots)
	folder := filepath.Join(dir, fmt.Sprintf("%s%d", lostPrefix, folders+1))
	if err := errors.Join(disk.MkdirAll(folder), disk.SyncDir(dir)); err != nil {
		return "", err
	}
	for _, name := range append(snapshots, others...) {
		if err := disk.Rename(filepath.Join(dir, name), filepath.Join(folder, name)); err != nil {
			return "", err
		}
	}
	return folder, errors.Join(disk.SyncDir(folder), disk.SyncDir(dir))
}
