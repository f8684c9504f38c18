package evidence

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var tiny = Config{MaxLabels: 4, MaxRemembered: 256}

func tinySnapshot() []byte {
	e := New(tiny)
	for i := range 2000 {
		see(e, "m", "many", fmt.Sprint(i%700), start+int64(i))
		see(e, "m", "few", fmt.Sprint(i%7), start+int64(i))
	}
	return e.Save()
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{version})
	f.Add(New(tiny).Save())
	f.Add(tinySnapshot())
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := Load(tiny, data)
		if err != nil {
			return
		}
		again, err := Load(tiny, e.Save())
		require.NoError(t, err)
		require.Equal(t, e.Save(), again.Save())
		sec := e.aged * halfLife
		for i := range 300 {
			see(e, "m", "many", fmt.Sprint(i), sec+int64(i))
		}
		labels(e, sec+300)
		labels(e, sec+2*day)
	})
}

func TestADamagedSnapshotIsRefused(t *testing.T) {
	whole := tinySnapshot()
	_, err := Load(tiny, nil)
	assert.EqualError(t, err, "evidence snapshot: empty")
	_, err = Load(tiny, append([]byte{version + 1}, whole[1:]...))
	assert.EqualError(t, err, "evidence snapshot: version 3, known is 2")
	for n := 1; n < len(whole); n += 97 {
		_, err = Load(tiny, whole[:n])
		assert.ErrorContains(t, err, "damaged", n)
	}
	_, err = Load(tiny, append(whole, 0))
	assert.ErrorContains(t, err, "damaged")
}

func TestANarrowerConfigurationTakesWhatItMay(t *testing.T) {
	e, err := Load(Config{MaxLabels: 1, MaxRemembered: 256}, tinySnapshot())
	require.NoError(t, err)
	assert.Len(t, e.labels, 1)
	e, err = Load(Config{MaxLabels: 4, MaxRemembered: 64}, tinySnapshot())
	require.NoError(t, err)
	assert.Len(t, e.labels, 2)
	assert.Zero(t, e.memory.used)
}
