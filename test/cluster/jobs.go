package cluster

import (
	"context"
	"path/filepath"
	"strconv"
)

// DefaultFlinkVersion is the Flink that test/flink/pom.xml names.
const DefaultFlinkVersion = "2.3.0"

// Jobs is the compiled test/flink for one Flink version.
type Jobs struct {
	Version   string
	ClassPath string // Flink's own jars, for the cluster's processes
	Jar       string // our jobs, to be submitted
	Log4j     string // logging configuration of the processes
}

// BuildJobs asks Maven for Flink's jars (about 140 MB the first time) and compiles test/flink against them. The result is kept
// under .cache/flink/<version> and reused until a source or the pom changes.
func BuildJobs(ctx context.Context, root, version string, progress func(string)) (*Jobs, error) {
	if err := checkJava(ctx); err != nil {
		return nil, err
	}
	source, cache := filepath.Join(root, "test", "flink"), filepath.Join(root, ".cache", "flink", version)
	j := &Jobs{Version: version, Jar: filepath.Join(cache, "jobs.jar"), Log4j: filepath.Join(source, "log4j2.properties")}
	var err error
	j.ClassPath, err = fromMaven(ctx, source, cache, func(classPath string) error {
		progress("compiling the jobs")
		return j.compile(ctx, source, classPath, filepath.Join(cache, "classes"))
	}, progress, "-Dflink.version="+version)
	return j, err
}

func (j *Jobs) compile(ctx context.Context, source, classPath, classes string) error {
	files, err := filepath.Glob(filepath.Join(source, "src/main/java/example/weir/flink/*.java"))
	if err != nil {
		return err
	}
	args := append([]string{"--release", strconv.Itoa(minJava), "-nowarn", "-cp", classPath, "-d", classes}, files...)
	if err := run(ctx, source, "javac", args...); err != nil {
		return err
	}
	return run(ctx, source, "jar", "--create", "--file", j.Jar, "-C", classes, ".")
}
