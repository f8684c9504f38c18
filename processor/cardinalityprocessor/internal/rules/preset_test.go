package rules

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

func TestThePageSpellsOutThePreset(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/cardinality.md")
	require.NoError(t, err)
	_, after, found := strings.Cut(string(page), "### The preset")
	require.True(t, found)
	_, after, found = strings.Cut(after, "```yaml\n")
	require.True(t, found)
	text, _, found := strings.Cut(after, "```")
	require.True(t, found)
	var written []Rule
	require.NoError(t, yaml.Unmarshal([]byte(text), &written))
	metrics, _, err := presetOf(Sanitize)
	require.NoError(t, err)
	assert.Equal(t, metrics, written)
}
