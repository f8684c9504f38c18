package cluster

import (
	"context"
	"fmt"
	"time"
)

// ComponentStatus is the feature gate without which the health_check extension knows no component's status. Every start of Weir
// passes it.
const ComponentStatus = "--feature-gates=+extension.healthcheck.useComponentStatus"

const weirLimit = time.Minute

// StartWeir starts Weir with a configuration file and returns when its health_check extension answers on the port.
func StartWeir(ctx context.Context, g *Group, binary, config string, healthPort int, env ...string) (*Process, error) {
	p, err := g.Start(Command{Name: "weir", Path: binary, Args: []string{"--config", config, ComponentStatus}, Env: env})
	if err != nil {
		return nil, err
	}
	url := fmt.Sprintf("http://localhost:%d/", healthPort)
	return p, g.Wait(ctx, "Weir at "+url, weirLimit, func(ctx context.Context) error {
		return answers(ctx, url)
	})
}
