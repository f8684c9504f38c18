package orderedremotewriteexporter

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// TenantConfig says whose data a sample is, for stores that keep several tenants
// apart by a header. The first of FromMetadata, FromAttribute and Default that yields
// a value names the tenant.
type TenantConfig struct {
	// Header of a request that names its tenant.
	Header string `mapstructure:"header"`
	// FromMetadata is a key of the client metadata that a receiver with
	// include_metadata passes on.
	FromMetadata string `mapstructure:"from_metadata"`
	// FromAttribute is a resource attribute.
	FromAttribute string `mapstructure:"from_attribute"`
	// Default is the tenant of what names none; if empty, no header is sent.
	Default string `mapstructure:"default"`
	// MaxTenants bounds the tenants that are known at a time.
	MaxTenants int `mapstructure:"max_tenants"`

	_ struct{}
}

func defaultTenant() TenantConfig { return TenantConfig{Header: "X-Scope-OrgID", MaxTenants: 1000} }

// configured tells whether samples have tenants.
func (c *TenantConfig) configured() bool {
	return c.FromMetadata != "" || c.FromAttribute != "" || c.Default != ""
}

var headerName = regexp.MustCompile("^[!#$%&'*+\\-.^_`|~0-9A-Za-z]+$")

func (c *Config) validateTenant() []error {
	var faults []error
	t := &c.Tenant
	switch {
	case !headerName.MatchString(t.Header):
		faults = append(faults, fmt.Errorf("tenant.header: must be the name of an HTTP header (got %q)", t.Header))
	case slices.ContainsFunc(reservedHeaders, func(r string) bool { return strings.EqualFold(r, t.Header) }):
		faults = append(faults, fmt.Errorf("tenant.header: %q is set by remote write itself", t.Header))
	case t.configured():
		for name := range c.HTTP.Headers.Iter {
			if strings.EqualFold(name, t.Header) {
				faults = append(faults, fmt.Errorf("http.headers: %q is set by tenant; for all that names no tenant, set tenant.default", name))
			}
		}
	}
	if t.Default != "" && !validTenant(t.Default) {
		faults = append(faults, fmt.Errorf("tenant.default: must be %s (got %q)", tenantRule, t.Default))
	}
	if t.MaxTenants < 1 {
		faults = append(faults, fmt.Errorf("tenant.max_tenants: must be at least 1 (got %d)", t.MaxTenants))
	}
	return faults
}

const (
	maxTenantBytes = 150
	tenantRule     = "at most 150 letters, digits and !-_.*'() and none of ., .., __mimir_cluster, __markers__, user-index.json.gz"
)

// reservedTenants are names that Mimir and Cortex use themselves.
var reservedTenants = []string{".", "..", "__mimir_cluster", "__markers__", "user-index.json.gz"}

// validTenant tells whether Mimir, Cortex and Loki take a name as one tenant. They
// split it at a "|", so that one request would be for several.
func validTenant(name string) bool {
	if name == "" || len(name) > maxTenantBytes || slices.Contains(reservedTenants, name) {
		return false
	}
	for _, c := range []byte(name) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("!-_.*'()", c) >= 0:
		default:
			return false
		}
	}
	return true
}
