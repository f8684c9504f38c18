package cluster

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// DefaultFlinkVersion is the Flink that test/flink/pom.xml names.
const DefaultFlinkVersion = "2.3.0"

const minJava = 17

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
	stamp, err := hashTree(source)
	if err != nil {
		return nil, err
	}
	stampFile, pathFile := filepath.Join(cache, "stamp"), filepath.Join(cache, "classpath")
	if old, err := os.ReadFile(stampFile); err == nil && string(old) == stamp {
		if err := j.readClassPath(pathFile); err == nil {
			return j, nil
		}
	}
	if err := os.RemoveAll(cache); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, err
	}
	progress("Maven resolves Flink " + version)
	if err := run(ctx, source, "mvn", "-B", "-q", "dependency:build-classpath", "-Dflink.version="+version, "-Dmdep.outputFile="+pathFile); err != nil {
		return nil, err
	}
	if err := j.readClassPath(pathFile); err != nil {
		return nil, err
	}
	progress("compiling the jobs")
	if err := j.compile(ctx, source, filepath.Join(cache, "classes")); err != nil {
		return nil, err
	}
	return j, os.WriteFile(stampFile, []byte(stamp), 0o644)
}

// readClassPath fails when a jar is missing: the local Maven repository may have been cleaned meanwhile.
func (j *Jobs) readClassPath(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	j.ClassPath = strings.TrimSpace(string(data))
	for _, jar := range filepath.SplitList(j.ClassPath) {
		if _, err := os.Stat(jar); err != nil {
			return err
		}
	}
	return nil
}

func (j *Jobs) compile(ctx context.Context, source, classes string) error {
	files, err := filepath.Glob(filepath.Join(source, "src/main/java/example/weir/flink/*.java"))
	if err != nil {
		return err
	}
	args := append([]string{"--release", strconv.Itoa(minJava), "-nowarn", "-cp", j.ClassPath, "-d", classes}, files...)
	if err := run(ctx, source, "javac", args...); err != nil {
		return err
	}
	return run(ctx, source, "jar", "--create", "--file", j.Jar, "-C", classes, ".")
}

func checkJava(ctx context.Context) error {
	const hint = "real Flink needs Java 17 or newer (a JDK: java, javac, jar) and Maven; `make demo SOURCE=recorded` runs without them"
	for _, tool := range []string{"java", "javac", "jar", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%w\n%s", err, hint)
		}
	}
	for _, tool := range []string{"java", "javac"} {
		out, err := exec.CommandContext(ctx, tool, "-version").CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s -version: %w: %s\n%s", tool, err, out, hint)
		}
		if major := javaMajor(string(out)); major < minJava {
			return fmt.Errorf("%s is version %d\n%s", tool, major, hint)
		}
	}
	return nil
}

var javaVersion = regexp.MustCompile(`(?:version "|javac )(\d+)(?:\.(\d+))?`)

// javaMajor reads the version that java or javac prints; Java 8 calls itself 1.8.
func javaMajor(out string) int {
	m := javaVersion.FindStringSubmatch(out)
	if m == nil {
		return 0
	}
	major, _ := strconv.Atoi(m[1])
	if major == 1 {
		major, _ = strconv.Atoi(m[2])
	}
	return major
}

// hashTree is a hash of all files' names and contents under dir.
func hashTree(dir string) (string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	sort.Strings(files)
	h := sha256.New()
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %d\n%s", f, len(data), data)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// run executes a build step and puts its output into the error.
func run(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(fmt.Errorf("%s: %w", name, err), errors.New(string(bytes.TrimSpace(out))))
}
