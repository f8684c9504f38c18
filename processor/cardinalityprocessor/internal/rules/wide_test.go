package rules

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// An interface of forty routes, four values each, where no position has many words: the names of things are known by the many
// resources they follow.
func TestQualityOfAWideInterface(t *testing.T) {
	routes := strings.Fields(`
		/v2/*/manifests/* /v2/*/tags/list /containers/*/json /containers/*/logs /images/*/history /networks/*
		/volumes/* /projects/*/repository/branches /projects/*/repository/branches/* /groups/*/members
		/groups/*/members/* /projects/*/pipelines/# /projects/*/issues/#/notes /users/*/keys /customers/*/sources/#
		/apps/*/dynos /apps/*/config-vars /orgs/*/apps/* /spaces/*/pages/* /boards/*/lists /api/v1/namespaces/*/pods
		/api/v1/namespaces/*/pods/*/log /api/v1/namespaces/*/services/* /apis/apps/v1/namespaces/*/deployments/*
		/wiki/*/edit /t/*/posts /tags/* /categories/*/articles /stores/*/products/# /artists/*/albums
		/playlists/*/tracks /repositories/*/*/commits /repositories/*/*/pullrequests/# /teams/*/projects
		/workspaces/*/projects/* /dashboards/*/panels /datasources/*/query /search/* /topics/*/partitions/#
		/connectors/*/status /subjects/*/versions/latest`)
	static := strings.Fields(`
		/version /info /_ping /events /containers/json /images/json /system/df /projects /groups /users /user
		/api/v1/pods /apis/apps/v1/deployments /healthz /readyz /metrics /login /logout /search /account
		/settings/profile /settings/tokens /explore /topics /connectors /subjects /schemas/types /admin/users
		/admin/stats /feeds /status /contexts /swagger.json /favicon.ico /robots.txt /assets/app.css /api/v2/users/me
		/oauth/token /static/logo.png /docs/getting-started`)
	words := strings.Fields(`
		acme web billing frontend blog redis nginx demo staging main zephyr hello-kitty mercury apollo alpha-team jdoe
		maria backend etl`)
	r := rand.New(rand.NewPCG(3, 4))
	keys := []string{"path", "http.target", "url_path"}
	var rows []gold
	for _, route := range routes {
		for range 4 {
			v, tpl := "", ""
			for _, s := range strings.Split(route[1:], "/") {
				switch s {
				case "*":
					v += "/" + words[r.IntN(len(words))]
					tpl += "/<*>"
				case "#":
					v += fmt.Sprint("/", r.IntN(90000)+10)
					tpl += "/<*>"
				default:
					v += "/" + s
					tpl += "/" + s
				}
			}
			rows = append(rows, gold{key: keys[r.IntN(3)], value: v, class: "word", action: Template, template: tpl})
		}
	}
	for _, s := range static {
		rows = append(rows, gold{key: keys[r.IntN(3)], value: s, class: "static", action: Keep})
	}
	r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	got := judge(rows, decideAll(t, rows))
	t.Logf("%d values: %v", len(rows), got)
	assert.GreaterOrEqual(t, got.exact.value(), 0.9)
	assert.GreaterOrEqual(t, got.grouping.value(), 0.9)
	assert.LessOrEqual(t, got.falseOnKeep.value(), 0.05)
}
