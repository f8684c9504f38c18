package flinkprometheusreceiver

import (
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseValue(t *testing.T) {
	for given, want := range map[string]float64{
		" 1": 1, "\t1.0": 1, "  4.0857056E7 ": 40857056, " -9.223372036854776E18": math.MinInt64, " +Inf": math.Inf(1),
		" -Inf": math.Inf(-1), " 1 1700000000000": 1, " 1e-3\t-5 ": 0.001,
	} {
		v, err := parseValue([]byte(given))
		require.NoError(t, err, given)
		assert.Equal(t, want, v, given)
	}
	v, err := parseValue([]byte(" NaN"))
	require.NoError(t, err)
	assert.True(t, math.IsNaN(v))
	for _, given := range []string{"", " ", " one", " 0x1p-2", " 1_000", " 1 x", " 1 2 3", " 1e999"} {
		_, err := parseValue([]byte(given))
		assert.Error(t, err, given)
	}
}

// The law: what parsePlain understands it reads as strconv does, to the bit, and up to the line feed.
func FuzzParsePlain(f *testing.F) {
	for _, seed := range []string{
		"0.0", "-0.0", "12", "4.0857056E7", "1.0E-5", "15.799999999999983", "9007199254740993", "1.7976931348623157E308", "1E400", "1E-400",
		"9223372036854775807", "18446744073709551617", "0.1E23", "00012.5", ".5", "5.", ".", "-", "", "1E", "1E+5", "1e5", "NaN", "1 2", "1.2.3", "1E0022", "123456789E15",
	} {
		f.Add([]byte(seed + "\n"))
	}
	f.Fuzz(func(t *testing.T, given []byte) {
		v, n := parsePlain(given)
		if n == 0 {
			return
		}
		require.Equal(t, byte('\n'), given[n-1])
		want, err := strconv.ParseFloat(string(given[:n-1]), 64)
		require.NoError(t, err)
		require.Equal(t, math.Float64bits(want), math.Float64bits(v), "%q", given)
	})
}

func TestPlainNumbersAreThoseOfFlink(t *testing.T) {
	for _, given := range []string{"0.0", "-1.0", "4.0857056E7", "1.0E-5", "15.799999999999983", "-9.223372036854776E18"} {
		v, n := parsePlain([]byte(given + "\nnext"))
		assert.Equal(t, len(given)+1, n, given)
		want, err := strconv.ParseFloat(given, 64)
		require.NoError(t, err)
		assert.Equal(t, want, v)
	}
	for _, given := range []string{"", "1", "NaN\n", "+Inf\n", "1 17\n", "1\r\n", " 1\n", "1e5\n", "-\n", ".\n", "0x1\n", "1_0\n"} {
		_, n := parsePlain([]byte(given))
		assert.Zero(t, n, "%q is left to parseValue", given)
	}
}
