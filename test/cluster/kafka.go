package cluster

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// kafkaVersion is the Kafka that test/kafka/pom.xml names.
const kafkaVersion = "4.1.0"

// KafkaOptions describes a broker.
type KafkaOptions struct {
	Root           string // the repository's
	Port           int    // for clients
	ControllerPort int
	Partitions     int // of topics that clients make by using them
}

// Kafka is a running broker in KRaft mode that is its own controller.
type Kafka struct {
	Address string
	Process *Process
}

// StartKafka asks Maven for the broker's jars (43 MB the first time), formats an empty log directory, starts the broker and
// waits until it takes clients.
func StartKafka(ctx context.Context, g *Group, o KafkaOptions, progress func(string)) (*Kafka, error) {
	if err := checkJava(ctx); err != nil {
		return nil, err
	}
	source := filepath.Join(o.Root, "test", "kafka")
	nothing := func(string) error { return nil }
	classPath, err := fromMaven(ctx, source, filepath.Join(o.Root, ".cache", "kafka", kafkaVersion), nothing, progress)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(g.Dir, "kafka")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "server.properties")
	if err := os.WriteFile(config, []byte(kafkaConfig(o, dir)), 0o644); err != nil {
		return nil, err
	}
	java := []string{
		"-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Dlog4j2.configurationFile=" + filepath.Join(source, "log4j2.properties"), "-cp", classPath,
	}
	if err := run(ctx, dir, "java", append(java, "kafka.tools.StorageTool", "format", "-t", clusterID(), "-c", config)...); err != nil {
		return nil, err
	}
	p, err := g.Start(Command{Name: "kafka", Path: "java", Args: append(java, "kafka.Kafka", config), Dir: dir})
	if err != nil {
		return nil, err
	}
	k := &Kafka{Address: fmt.Sprintf("127.0.0.1:%d", o.Port), Process: p}
	return k, g.Wait(ctx, "Kafka at "+k.Address, startLimit, func(context.Context) error { return k.started() })
}

// started looks into the log: the port is open before the broker takes clients.
func (k *Kafka) started() error {
	log, err := os.ReadFile(k.Process.LogPath)
	if err == nil && !strings.Contains(string(log), "Kafka Server started") {
		err = errors.New("its log does not say that it has started")
	}
	return err
}

// clusterID is a random id in the form that Kafka asks for: 16 bytes in 22 characters, not beginning with a dash.
func clusterID() string {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	id[0] &= 0x7f
	return base64.RawURLEncoding.EncodeToString(id)
}

// kafkaConfig is server.properties. One broker holds everything, so every replication factor is 1.
func kafkaConfig(o KafkaOptions, dir string) string {
	return fmt.Sprintf(`process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:%[2]d
listeners=PLAINTEXT://127.0.0.1:%[1]d,CONTROLLER://127.0.0.1:%[2]d
advertised.listeners=PLAINTEXT://127.0.0.1:%[1]d
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=%[3]s
num.partitions=%[4]d
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
`, o.Port, o.ControllerPort, filepath.Join(dir, "data"), o.Partitions)
}
