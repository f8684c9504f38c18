package strictconfig_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"
	"gopkg.in/yaml.v3"

	"weir.example/internal/strictconfig"
)

type batch struct {
	MaxSize      int           `mapstructure:"max_size"`
	FlushTimeout time.Duration `mapstructure:"flush_timeout"`
}

type config struct {
	Interval time.Duration                  `mapstructure:"collection_interval"`
	Targets  []string                       `mapstructure:"targets"`
	Info     bool                           `mapstructure:"target_info"`
	Limit    uint64                         `mapstructure:"limit"`
	Labels   map[string]string              `mapstructure:"labels"`
	Batch    batch                          `mapstructure:"batch"`
	Batches  []batch                        `mapstructure:"batches"`
	HTTP     confighttp.ClientConfig        `mapstructure:"http"`
	Rename   configoptional.Optional[batch] `mapstructure:"rename"`

	_ struct{}
}

func (c *config) Unmarshal(conf *confmap.Conf) error { return strictconfig.Unmarshal(conf, c) }

func decode(t *testing.T, text string) (config, error) {
	t.Helper()
	var raw map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &raw))
	got := config{Interval: time.Minute, Batch: batch{MaxSize: 2000}, HTTP: confighttp.NewDefaultClientConfig()}
	err := confmap.NewFromStringMap(raw).Unmarshal(&got)
	return got, err
}

func TestValidConfigKeepsDefaultsOfKeysNotGiven(t *testing.T) {
	got, err := decode(t, `
collection_interval: 15s
targets: [a, b]
target_info: true
limit: 7
labels: {cluster: orders}
batch: {flush_timeout: 5s}
batches: [{max_size: 1}]
rename: {enabled: true, max_size: 3}
http: {timeout: 3s, headers: {X-Scope-OrgID: a}, tls: {insecure: true}}
`)
	require.NoError(t, err)
	require.Equal(t, 15*time.Second, got.Interval)
	require.Equal(t, []string{"a", "b"}, got.Targets)
	require.Equal(t, batch{MaxSize: 2000, FlushTimeout: 5 * time.Second}, got.Batch)
	require.Equal(t, 3*time.Second, got.HTTP.Timeout)
	require.Equal(t, uint64(7), got.Limit)
}

func TestMistakesNameThePathWhatWasGivenAndWhatIsAllowed(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		_, err := decode(t, text)
		require.ErrorContains(t, err, want)
	}
	f(`{batch: {max_sizes: 5}}`, `batch.max_sizes: unknown key, did you mean "max_size"? (allowed here: flush_timeout, max_size)`)
	f(`{shardz: 5}`, `shardz: unknown key (allowed here: batch, batches, collection_interval, http, labels, limit, rename, target_info, targets)`)
	f(`{collection_interval: soon}`, `collection_interval: must be a duration such as 500ms, 15s or 5m (got "soon")`)
	f(`{collection_interval: 15}`, `collection_interval: must be a duration such as 500ms, 15s or 5m (got "15")`)
	f(`{batch: {max_size: many}}`, `batch.max_size: must be a whole number (got "many")`)
	f(`{limit: -4}`, `limit: must be a whole number, 0 or more (got "-4")`)
	f(`{target_info: maybe}`, `target_info: must be true or false (got "maybe")`)
	f(`{targets: http://a}`, `targets: must be a list (got "http://a")`)
	f(`{batch: 2000}`, `batch: must be a mapping with the keys flush_timeout, max_size (got "2000")`)
	f(`{batches: [{}, {max_size: x}]}`, `batches[1].max_size: must be a whole number (got "x")`)
	f(`{rename: {max_sise: 1}}`, `rename.max_sise: unknown key, did you mean "max_size"? (allowed here: flush_timeout, max_size)`)
	f(`{rename: {enabled: perhaps}}`, `rename.enabled: must be true or false (got "perhaps")`)
	f(`{http: {timeout: never}}`, `http.timeout: must be a duration such as 500ms, 15s or 5m (got "never")`)
}

func TestAllMistakesAreReportedAtOnce(t *testing.T) {
	_, err := decode(t, `{limit: -4, shardz: 1, collection_interval: soon}`)
	require.ErrorContains(t, err, "limit: must be")
	require.ErrorContains(t, err, "shardz: unknown key")
	require.ErrorContains(t, err, "collection_interval: must be")
}
