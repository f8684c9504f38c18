package cardinalityprocessor

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"weir.example/internal/seglog"
)

// TestTheLawHoldsForRulesThatLookAtValues: the same lives, where what merges is decided by values: of labels of points, and by
// what the miner learned, which is forgotten with each life. Series that no rule touches pass beside those that merge.
func TestTheLawHoldsForRulesThatLookAtValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, remove := newLaw(t, seglog.SyncNever)
		defer remove()
		l.rules, l.count, l.input, l.learn = valueRules, 14, inputWithValues, learnRoutes
		for range rapid.IntRange(1, 4).Draw(t, "lives") {
			l.live(rapid.IntRange(1, 40).Draw(t, "dies after"), rapid.SampledFrom([]int{0, 9, 1 << 20}).Draw(t, "torn"))
		}
		l.live(-1, 0)
		l.finish()
	})
}

var valueRules = [2]string{
	`rules: [{labels: ["*"], values: [email, "/pin [0-9]+/"], action: redact}, {labels: [path], action: template},
		{labels: [who], values: [identifier], action: drop}]`,
	`rules: [{labels: ["*"], action: redact}, {labels: ["*"], values: [identifier], action: drop},
		{labels: [note], values: ["/pin [0-9]+/"], action: bucket, buckets: 2}, {labels: [path], action: template}, {labels: [zone], values: ["/0/"], action: drop}]`,
}

// inputWithValues makes inputs two or three of which become one series.
func inputWithValues(i int) lawInput {
	in := lawInput{metric: []string{"requests", "requests", "delta", "latency", "queue_length"}[i%5], zone: fmt.Sprint(i % 2)}
	in.delta = in.metric == "delta"
	if i >= 12 {
		return lawInput{metric: "requests", zone: "9", labels: map[string]string{"region": fmt.Sprint("eu-", i)}, passes: true}
	}
	switch i % 4 {
	case 0:
		in.labels = map[string]string{"who": fmt.Sprintf("ana.%d@corp.io", i)}
	case 1:
		in.labels = map[string]string{"who": fmt.Sprintf("550e8400-e29b-41d4-a716-4466554400%02d", i)}
	case 2:
		in.labels = map[string]string{"path": fmt.Sprintf("/repos/%cqxz%cx/issues", 'a'+i, 'b'+i)}
	default:
		in.labels = map[string]string{"note": fmt.Sprintf("pin %d", i)}
	}
	return in
}

// learnRoutes shows the miner so many words that their place in the route opens.
func learnRoutes(c *core) {
	path := c.reader.Key("path")
	for i := range 40 {
		s := c.reader.Open(path, fmt.Sprintf("/repos/%cq%cx/issues", 'a'+i%20, 'a'+i/20))
		s.Template(true)
		s.Close()
	}
}
