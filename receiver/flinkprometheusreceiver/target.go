package flinkprometheusreceiver

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// maxRange bounds the ports of one range.
const maxRange = 1024

// target is one endpoint to scrape.
type target struct {
	scheme string
	host   string // with brackets, if it is an IPv6 address
	port   int
	path   string
	// ranged means that the port comes from a range. Flink takes the first free port of a range, so that nothing is
	// wrong with one that nobody uses.
	ranged bool
}

// instance is the target's service.instance.id.
func (t target) instance() string { return t.host + ":" + strconv.Itoa(t.port) }

// url is what to GET, asking only for the metrics in names unless there are none.
func (t target) url(names []string) string {
	u := t.scheme + "://" + t.instance() + t.path
	if len(names) > 0 {
		u += "?" + url.Values{"name[]": names}.Encode()
	}
	return u
}

// parseTargets expands all targets. It refuses two of one instance, whose series would be the same.
func parseTargets(given []string) ([]target, error) {
	if len(given) == 0 {
		return nil, errors.New("targets: must have at least one entry such as http://taskmanager:9249-9260/metrics (got none)")
	}
	var all []target
	var errs []error
	owner := map[string]int{}
	for i, s := range given {
		targets, err := parseTarget(s)
		if err != nil {
			errs = append(errs, fmt.Errorf("targets[%d]: %w", i, err))
			continue
		}
		for _, t := range targets {
			if first, twice := owner[t.instance()]; twice {
				errs = append(errs, fmt.Errorf("targets[%d]: must not repeat %s of targets[%d] (got %q)", i, t.instance(), first, s))
				break
			}
			owner[t.instance()] = i
			all = append(all, t)
		}
	}
	return all, errors.Join(errs...)
}

// parseTarget expands [scheme://]host:port[-port][/path].
func parseTarget(s string) ([]target, error) {
	t := target{scheme: "http", path: "/metrics"}
	rest := s
	if scheme, after, found := strings.Cut(s, "://"); found {
		t.scheme, rest = strings.ToLower(scheme), after
	}
	if t.scheme != "http" && t.scheme != "https" {
		return nil, fmt.Errorf("scheme must be http or https (got %q)", s)
	}
	if slash := strings.IndexByte(rest, '/'); slash >= 0 {
		rest, t.path = rest[:slash], rest[slash:]
	}
	if strings.ContainsAny(s, "?#@ ") {
		return nil, fmt.Errorf("must be [http[s]://]host:port[-port][/path], without user, query or fragment (got %q)", s)
	}
	colon := strings.LastIndexByte(rest, ':')
	if colon < 0 || strings.HasSuffix(rest, "]") {
		return nil, fmt.Errorf("must have a port: [http[s]://]host:port[-port][/path] (got %q)", s)
	}
	t.host = strings.ToLower(rest[:colon])
	if !isHost(t.host) {
		return nil, fmt.Errorf("host must be a name, an IPv4 or a bracketed IPv6 address (got %q)", s)
	}
	first, last, err := parsePorts(rest[colon+1:])
	if err != nil {
		return nil, err
	}
	t.ranged = first != last
	targets := make([]target, 0, last-first+1)
	for t.port = first; t.port <= last; t.port++ {
		targets = append(targets, t)
	}
	return targets, nil
}

func isHost(host string) bool {
	if inner, found := strings.CutPrefix(host, "["); found {
		inner, closed := strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		return closed && err == nil && addr.Is6()
	}
	u, err := url.Parse("//" + host)
	return err == nil && host != "" && u.Host == host && u.Port() == "" && !strings.Contains(host, ":")
}

func parsePorts(s string) (first, last int, err error) {
	from, to, isRange := strings.Cut(s, "-")
	if !isRange {
		to = from
	}
	first, err1 := strconv.Atoi(from)
	last, err2 := strconv.Atoi(to)
	switch {
	case err1 != nil || err2 != nil || min(first, last) < 1 || max(first, last) > 65535:
		return 0, 0, fmt.Errorf("port must be 1 to 65535, or a range such as 9249-9260 (got %q)", s)
	case first > last:
		return 0, 0, fmt.Errorf("port range %q is reversed", s)
	case last-first >= maxRange:
		return 0, 0, fmt.Errorf("port range must have at most %d ports (got %q)", maxRange, s)
	}
	return first, last, nil
}
