package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the files of testdata/golden")

const captures = "../../../../internal/flinktest/testdata/1.20.3/"

// TestWhatTheToolSays runs the tool and compares exit code, report and messages with testdata/golden/<name>.txt.
func TestWhatTheToolSays(t *testing.T) {
	t.Setenv("WEIR_RULES_TEST_ENV", "prod")
	for name, test := range map[string]struct {
		args, stdin string
	}{
		"eight_examples":         {"-config testdata/sanitize.yaml testdata/eight-examples.prom", ""},
		"eight_examples_as_json": {"-config testdata/sanitize.yaml -format json testdata/eight-examples.prom", ""},
		"eight_examples_all":     {"-config testdata/sanitize.yaml -all testdata/eight-examples.prom", ""},
		"flink_restart": {"-config testdata/flink.yaml -processor cardinality/labels " +
			captures + "restart/taskmanager-1-01.txt.gz " + captures + "restart/taskmanager-1-06.txt.gz", ""},
		"flink_unmatched":       {"-config testdata/flink.yaml -processor cardinality/names " + captures + "steady/taskmanager-1-01.txt.gz", ""},
		"values":                {"-config testdata/rules.yaml -all testdata/values.tsv", ""},
		"values_csv_env":        {"-config testdata/environment.yaml -resource env=prod testdata/values.csv", ""},
		"values_stdin":          {"-config testdata/rules.yaml -metric requests -", "path\t/users/42\n"},
		"kinds":                 {"-config testdata/drop-users.yaml testdata/kinds.prom", ""},
		"bad_rules":             {"-config testdata/bad.yaml testdata/values.tsv", ""},
		"bad_key":               {"-config testdata/unknown-key.yaml testdata/values.tsv", ""},
		"bad_processor":         {"-config testdata/flink.yaml testdata/values.tsv", ""},
		"bad_processor_name":    {"-config testdata/flink.yaml -processor cardinality testdata/values.tsv", ""},
		"no_processor":          {"-config testdata/no-processor.yaml testdata/values.tsv", ""},
		"no_config":             {"testdata/values.tsv", ""},
		"no_such_config":        {"-config testdata/none.yaml testdata/values.tsv", ""},
		"no_input":              {"-config testdata/rules.yaml", ""},
		"no_such_input":         {"-config testdata/rules.yaml testdata/none.prom", ""},
		"broken_page":           {"-config testdata/rules.yaml testdata/broken.prom", ""},
		"broken_line":           {"-config testdata/rules.yaml -input tsv -", "path\t/a\nno tab here\n"},
		"broken_csv":            {"-config testdata/rules.yaml -input csv -", "path\n"},
		"help":                  {"-h", ""},
		"unknown_flag":          {"-rules x", ""},
		"unknown_format":        {"-config testdata/rules.yaml -format xml testdata/values.tsv", ""},
		"unknown_kind_of_input": {"-config testdata/rules.yaml -input xml testdata/values.tsv", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			exit := run(t.Context(), strings.Fields(test.args), strings.NewReader(test.stdin), &stdout, &stderr)
			got := fmt.Sprintf("exit code %d\n\nstdout:\n%s\nstderr:\n%s", exit, stdout.String(), stderr.String())
			compare(t, "testdata/golden/"+name+".txt", got)
		})
	}
}

func compare(t *testing.T, path, got string) {
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, path)
}

// TestNoExampleShowsASecret: whatever the rules do or leave, nothing of a secret is in the report, and of personal data
// not more than the first character.
func TestNoExampleShowsASecret(t *testing.T) {
	sensitive := []string{"ana@corp.io", "4111111111111111", "ghp_abcdefghijklmnopqrstuvwxyz0123456789", "acct-1234"}
	var input strings.Builder
	input.WriteString("password\thunter2hunter2\nnote\tpassword=hunter2hunter2\n")
	input.WriteString("path\t/acct-1234/42\nquery\tSELECT * FROM t WHERE a = 'acct-1234'\nb\tsaw acct-1234\n")
	for _, text := range sensitive {
		fmt.Fprintf(&input, "a\t%s\nnote\tsaw %s there\npassword\t%s\n", text, text, text)
	}
	for _, rule := range []string{
		"[]", `[{labels: ["*"], action: redact, values: [sensitive, '/acct-\d+/']}]`, `[{labels: ["*"], action: hash}]`,
		`[{labels: ["*"], action: redact, values: ['/acct-\d+/']}, {labels: ["*"], action: template}, {labels: [b], action: drop}]`,
		`[{labels: ["*"], action: truncate, length: 30}]`, `[{labels: [a], action: drop}]`,
	} {
		config := `yaml:{processors: {cardinality: {hash_key: 0123456789abcdef, allow_sensitive: [password], rules: ` + rule + `}}}`
		for _, format := range []string{"table", "json"} {
			var out, errs bytes.Buffer
			exit := run(t.Context(), []string{"-config", config, "-all", "-format", format, "-"}, strings.NewReader(input.String()), &out, &errs)
			require.Zero(t, exit, errs.String())
			for _, text := range append(sensitive[:3:3], "hunter2") {
				assert.NotContains(t, out.String(), text[1:], "%s %s", rule, format)
			}
			if strings.Contains(rule, "acct") {
				assert.NotContains(t, out.String(), "cct-1234")
			}
		}
	}
}

func TestJSONIsReadBack(t *testing.T) {
	var out bytes.Buffer
	require.Zero(t, run(t.Context(), strings.Fields("-config testdata/sanitize.yaml -format json testdata/eight-examples.prom"), nil, &out, &out))
	var got report
	require.NoError(t, json.Unmarshal(out.Bytes(), &got))
	assert.Equal(t, summary{Metrics: 8, Merging: 8, Changed: 8, Series: change{Before: 40, After: 8}}, got.Summary)
}

func TestMask(t *testing.T) {
	for _, test := range [][3]string{
		{"a", "ana@corp.io", "a***"},
		{"a", "to ana@corp.io now", "to a*** now"},
		{"password", "hunter2hunter2", "***"},
		{"url", "https://ana:s3cr3tpass@shop/x", "https://***@shop/x"},
		{"a", "\x1b[2Jred\n", " [2Jred "},
		{"a", strings.Repeat("x ", 50), strings.Repeat("x ", 30) + "x..."},
	} {
		assert.Equal(t, test[2], mask(test[0], test[1]))
	}
}
