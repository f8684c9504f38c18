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

const minJava = 17

// fromMaven returns the class path of the pom in source, which build may add to. Both are kept in cache and reused until a file
// of source changes or a jar is gone.
func fromMaven(ctx context.Context, source, cache string, build func(classPath string) error, progress func(string), flags ...string) (string, error) {
	stamp, err := hashTree(source)
	if err != nil {
		return "", err
	}
	stampFile, pathFile := filepath.Join(cache, "stamp"), filepath.Join(cache, "classpath")
	if old, err := os.ReadFile(stampFile); err == nil && string(old) == stamp {
		if classPath, err := readClassPath(pathFile); err == nil {
			return classPath, nil
		}
	}
	if err := os.RemoveAll(cache); err != nil {
		return "", err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	progress("Maven resolves " + filepath.Base(source) + " " + filepath.Base(cache))
	args := append([]string{"-B", "-q", "dependency:build-classpath", "-Dmdep.outputFile=" + pathFile}, flags...)
	if err := run(ctx, source, "mvn", args...); err != nil {
		return "", err
	}
	classPath, err := readClassPath(pathFile)
	if err != nil {
		return "", err
	}
	if err := build(classPath); err != nil {
		return "", err
	}
	return classPath, os.WriteFile(stampFile, []byte(stamp), 0o644)
}

// readClassPath fails when a jar is missing: the local Maven repository may have been cleaned meanwhile.
func readClassPath(file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	classPath := strings.TrimSpace(string(data))
	for _, jar := range filepath.SplitList(classPath) {
		if _, err := os.Stat(jar); err != nil {
			return "", err
		}
	}
	return classPath, nil
}

func checkJava(ctx context.Context) error {
	const hint = "real Flink and Kafka need Java 17 or newer (a JDK: java, javac, jar) and Maven; `make demo SOURCE=recorded` runs without them"
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
