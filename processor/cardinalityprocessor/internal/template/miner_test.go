package template

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// things are names that no list of route words holds.
func things(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%c%cq%cx", 'a'+i%26, 'a'+i/26%26, 'a'+i%7)
	}
	return out
}

func feed(m *Miner, key string, form Form, values ...string) {
	for _, v := range values {
		m.Mine(key, form, v)
	}
}

func TestPositionsOfThingsOpenAndThoseOfRoutesDoNot(t *testing.T) {
	m := NewMiner(DefaultLimits)
	for _, a := range things(12) {
		for _, b := range []string{"issues", "pulls", "commits"} {
			feed(m, "path", Route, "/repos/"+a+"/"+a+"x/"+b)
		}
		feed(m, "path", Route, "/orgs/"+a)
	}
	feed(m, "path", Route, "/search/users", "/search/repositories", "/search/code", "/search/issues")
	assert.Equal(t, "/repos/{*}/{*}/issues", m.Mine("path", Route, "/repos/new-one/other/issues"))
	assert.Equal(t, "/orgs/{*}", m.Mine("path", Route, "/orgs/acme"))
	assert.Equal(t, "/search/code", m.Mine("path", Route, "/search/code"))
	assert.Equal(t, "/gists/public", m.Mine("path", Route, "/gists/public"))
	assert.Equal(t, "/orgs/me", m.Mine("path", Route, "/orgs/me"), "a word that names the caller")
	assert.Equal(t, "/repos/{*}/{*}/issues", m.Mine("uri", Route, "/repos/x/y/issues"), "routes are routes under any key")
	assert.Equal(t, "/repos/x/y/issues", m.Mine("file", File, "/repos/x/y/issues"), "other labels do not know each other")
}

func TestWordsThatOnlyIdentifiersFollowAreCollections(t *testing.T) {
	m := NewMiner(DefaultLimits)
	feed(m, "path", Route, "/v2/vouchers", "/v2/vouchers/{id}/redeem")
	for _, a := range things(20) {
		feed(m, "path", Route, "/v2/"+a+"/manifests/latest")
	}
	require.Equal(t, "/v2/{*}/manifests/latest", m.Mine("path", Route, "/v2/alpine/manifests/latest"))
	assert.Equal(t, "/v2/vouchers/{id}/redeem", m.Mine("path", Route, "/v2/vouchers/{id}/redeem"))
	before := m.Generation()
	assert.Equal(t, "/v2/vouchers/manifests/latest", m.Mine("path", Route, "/v2/vouchers/manifests/latest"), "the first of another kind")
	assert.Greater(t, m.Generation(), before, "what was mined becomes wider, and must be mined again")
	assert.Equal(t, "/v2/{*}/manifests/latest", m.Mine("path", Route, "/v2/vouchers/manifests/latest"))
	assert.Equal(t, "/v2/{*}/{id}/redeem", m.Mine("path", Route, "/v2/vouchers/{id}/redeem"))
}

func TestNothingIsMinedDuringWarmUp(t *testing.T) {
	m := NewMiner(DefaultLimits)
	for _, a := range things(DefaultLimits.Warmup - 1) {
		require.Equal(t, "/orgs/"+a, m.Mine("path", Route, "/orgs/"+a))
	}
	assert.Zero(t, m.Generation())
}

func TestWordsKnownAsThingsOpenOtherPositions(t *testing.T) {
	m := NewMiner(DefaultLimits)
	for _, a := range things(20) {
		feed(m, "path", Route, "/orgs/"+a)
	}
	a := things(2)
	assert.Equal(t, "/teams/{id}/members/{*}", m.Mine("path", Route, "/teams/{id}/members/"+a[0]))
}

// In a wide interface no position has many words, but the same names come after ever other resources.
func TestWordsThatFollowManyResourcesAreThings(t *testing.T) {
	m := NewMiner(DefaultLimits)
	feed(m, "path", Route, "/version", "/info", "/status", "/events", "/feeds", "/login", "/logout", "/search", "/account", "/explore",
		"/topics", "/users", "/groups", "/orgs", "/apps", "/projects")
	feed(m, "path", Route, "/users/acme/keys", "/orgs/acme", "/apps/zephyr", "/apps/zephyr/dynos")
	assert.Equal(t, "/users/acme/keys", m.Mine("path", Route, "/users/acme/keys"))
	assert.Equal(t, "/projects/{*}/issues", m.Mine("path", Route, "/projects/acme/issues"))
	assert.Equal(t, "/users/{*}/keys", m.Mine("path", Route, "/users/acme/keys"))
	assert.Equal(t, "/explore", m.Mine("path", Route, "/explore"))
	assert.Equal(t, "/users/count", m.Mine("path", Route, "/users/count"), "where no thing ends, a route word that does is a route")
	assert.Equal(t, "/users/{*}/keys", m.Mine("path", Route, "/users/count/keys"))
}

func TestWhatThingsHaveInCommonStays(t *testing.T) {
	m := NewMiner(DefaultLimits)
	for _, a := range things(20) {
		feed(m, "resource", Text, "arn:aws:s3:::bucket-"+a+"/{uuid}")
	}
	assert.Equal(t, "arn:aws:s3:::bucket-{*}/{uuid}", m.Mine("resource", Text, "arn:aws:s3:::bucket-other/{uuid}"))
	generation := m.Generation()
	assert.Equal(t, "arn:aws:s3:::{*}/{uuid}", m.Mine("resource", Text, "arn:aws:s3:::archive/{uuid}"))
	assert.Greater(t, m.Generation(), generation, "the template became wider")
}

func TestFreeText(t *testing.T) {
	m := NewMiner(DefaultLimits)
	for _, a := range things(40) {
		feed(m, "message", Message, "user "+a+" not found", "cannot open "+a+" again")
	}
	assert.Equal(t, "user {*} not found", m.Mine("message", Message, "user zoe not found"))
	assert.Equal(t, "cannot open {*} again", m.Mine("message", Message, "cannot open it again"))
}

func TestStateIsKeptWithinItsBounds(t *testing.T) {
	limits := Limits{Labels: 3, Nodes: 200, Warmup: 16}
	m := NewMiner(limits)
	r := rand.New(rand.NewPCG(1, 2))
	names := things(600)
	for i := range 20000 {
		feed(m, fmt.Sprint("label", i%5), File, fmt.Sprintf("/%s/%s/%s", names[r.IntN(26)], names[r.IntN(300)], names[r.IntN(600)]))
	}
	assert.Len(t, m.labels, limits.Labels)
	for _, l := range m.labels {
		assert.LessOrEqual(t, count(l.root), limits.Nodes+limits.Nodes/10)
		assert.LessOrEqual(t, len(l.vocabulary), limits.Nodes)
	}
}

func count(n *node) int {
	total := 1
	for _, c := range n.children {
		total += count(c)
	}
	if n.wild != nil {
		total += count(n.wild)
	}
	return total
}

func TestSaveAndLoad(t *testing.T) {
	m := NewMiner(DefaultLimits)
	values := things(60)
	for i, a := range values {
		feed(m, "path", Route, "/repos/"+a+"/"+values[(i*7)%60]+"/issues", "/orgs/"+a, "/search/users")
		feed(m, "resource", Text, "arn:aws:s3:::bucket-"+a+"/{uuid}")
	}
	saved, err := m.Save()
	require.NoError(t, err)
	loaded, err := Load(saved, DefaultLimits)
	require.NoError(t, err)
	again, err := loaded.Save()
	require.NoError(t, err)
	assert.JSONEq(t, string(saved), string(again))
	assert.Equal(t, saved, again, "equal knowledge, equal bytes")
	assert.Equal(t, m.Mine("path", Route, "/repos/a/b/issues"), loaded.Mine("path", Route, "/repos/a/b/issues"))

	_, err = Load([]byte(`{"version":2}`), DefaultLimits)
	require.EqualError(t, err, "templates: version 2 was written, 1 can be read")
	_, err = Load([]byte(`{`), DefaultLimits)
	require.Error(t, err)
}

func FuzzMine(f *testing.F) {
	f.Add("/a/b", "/a/{id}", "x y z", uint8(3))
	f.Add("{*}", "//", "::", uint8(0))
	f.Fuzz(func(t *testing.T, a, b, c string, n uint8) {
		m := NewMiner(Limits{Labels: 2, Nodes: 64, Warmup: 2})
		form := Form(n % uint8(SQL))
		for i := range 40 {
			for _, v := range []string{a, b, c} {
				v += strings.Repeat("/"+v, i%4) + fmt.Sprint(" ", i, "/", v)
				m.Mine("k", form, v)
			}
		}
		saved, err := m.Save()
		require.NoError(t, err)
		_, err = Load(saved, DefaultLimits)
		require.NoError(t, err)
	})
}

func FuzzLoad(f *testing.F) {
	m := NewMiner(DefaultLimits)
	for _, a := range things(30) {
		feed(m, "path", Route, "/orgs/"+a)
	}
	saved, err := m.Save()
	require.NoError(f, err)
	f.Add(saved)
	f.Fuzz(func(t *testing.T, data []byte) {
		loaded, err := Load(data, Limits{Labels: 2, Nodes: 50, Warmup: 1})
		if err != nil {
			return
		}
		loaded.Mine("path", Route, "/orgs/x")
	})
}

func BenchmarkMine(b *testing.B) {
	m := NewMiner(DefaultLimits)
	values := things(600)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		m.Mine("path", Route, "/repos/"+values[i%600]+"/"+values[i*7%600]+"/issues")
		i++
	}
}
