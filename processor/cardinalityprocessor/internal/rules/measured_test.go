package rules

import (
	"compress/gzip"
	"encoding/csv"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"weir.example/processor/cardinalityprocessor/internal/detect"
	"weir.example/processor/cardinalityprocessor/internal/sanitize"
	"weir.example/processor/cardinalityprocessor/internal/template"
)

// `make quality` measures sanitize.Sanitizer; what people run is the preset. On all values that are measured both decide the
// same, but under keys of Flink's own labels, which the preset keeps.
func TestThePresetDecidesAsWhatIsMeasured(t *testing.T) {
	flinks := map[string]bool{"host": true, "job_name": true}
	for _, corpus := range []string{"labels", "systems"} {
		file, err := os.Open("../sanitize/testdata/" + corpus + ".csv.gz")
		require.NoError(t, err)
		defer file.Close()
		unzipped, err := gzip.NewReader(file)
		require.NoError(t, err)
		rows, err := csv.NewReader(unzipped).ReadAll()
		require.NoError(t, err)
		require.Greater(t, len(rows), 3000)

		miner := func() *template.Miner { return template.NewMiner(template.DefaultLimits) }
		measured := sanitize.New(sanitize.Default, detect.New(), miner(), 1<<14)
		set, err := Compile(Source{Preset: "sanitize", Reader: sanitize.NewReader(detect.New(), miner())})
		require.NoError(t, err)
		decide := func(key, value string) (string, string) {
			point := pcommon.NewMap()
			point.PutStr(key, value)
			return measured.Decide(key, value).Value, set.Explain("requests", key, value, pcommon.NewMap(), point).Value
		}
		for _, row := range rows[1:] {
			decide(row[0], row[1]) // what is mined settles
		}
		for _, row := range rows[1:] {
			if want, got := decide(row[0], row[1]); !flinks[row[0]] {
				assert.Equal(t, want, got, "%s=%q", row[0], row[1])
			}
		}
	}
}
