package cardinalityprocessor

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
)

// memo is what the core itself remembers from life to life: under which rules the series got their identities.
// A record and the saved state are the same 32 bytes.
type memo struct {
	identity [sha256.Size]byte // rules.Set.Identity
}

var errMemo = errors.New("malformed identity of rules")

// Apply implements keeper.Machine.
func (m *memo) Apply(record []byte) error {
	if len(record) != len(m.identity) {
		return errMemo
	}
	copy(m.identity[:], record)
	return nil
}

// Save implements keeper.Machine.
func (m *memo) Save(w io.Writer) error {
	_, err := w.Write(m.identity[:])
	return err
}

// Load implements keeper.Machine.
func (m *memo) Load(r io.Reader) error {
	var record bytes.Buffer
	if _, err := record.ReadFrom(io.LimitReader(r, sha256.Size+1)); err != nil {
		return err
	}
	return m.Apply(record.Bytes())
}
