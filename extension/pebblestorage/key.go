package pebblestorage

import (
	"encoding/binary"

	"go.opentelemetry.io/collector/component"
)

// The first byte of a key says whose it is.
const (
	spaceOwn    = 0 // this package's
	spaceClient = 1 // a client's: three parts with their lengths before them, then the client's key
)

// prefixOf returns what all keys of a client begin with. Since each part follows its length, no prefix begins with
// another one, so that no key of one client can be a key of another, whatever bytes the parts hold.
func prefixOf(kind component.Kind, id component.ID, name string) []byte {
	prefix := []byte{spaceClient}
	for _, part := range []string{kind.String(), id.String(), name} {
		prefix = binary.AppendUvarint(prefix, uint64(len(part)))
		prefix = append(prefix, part...)
	}
	return prefix
}

// after returns the smallest key that is greater than all keys with a prefix, which begins with spaceClient.
func after(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; ; i-- {
		if end[i] < 0xff {
			end[i]++
			return end[:i+1]
		}
	}
}
