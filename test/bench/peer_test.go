package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/prompb"

	"weir.example/test/cluster"
)

// A peer is this test binary: it scrapes targets and writes what it found, honestly or not.
const (
	honest     = "honest"
	lossy      = "lossy"      // loses one sample in a hundred
	disordered = "disordered" // sends every third scrape after the next one
	repeating  = "repeating"  // sends everything twice
	inventive  = "inventive"  // adds a series per target that nobody served
	dying      = "dying"      // ends after its first scrapes
)

func TestMain(m *testing.M) {
	manner := flag.String("peer", "", "be a peer of this manner")
	write := flag.String("write", "", "URL to write to")
	targets := flag.String("scrape", "", "URLs to scrape")
	flag.Parse()
	if *manner != "" {
		bePeer(*manner, *write, strings.Split(*targets, ","))
		return
	}
	os.Exit(m.Run())
}

// peerCommand starts a peer in the manner of the contender's name.
func peerCommand(s setup) (cluster.Command, error) {
	binary, err := os.Executable()
	var urls []string
	for _, t := range s.Targets {
		urls = append(urls, "http://"+t+"/"+s.Name+"/metrics")
	}
	return cluster.Command{Path: binary, Args: []string{"-peer", s.Name, "-write", s.Write, "-scrape", strings.Join(urls, ",")}}, err
}

func bePeer(manner, write string, targets []string) {
	late := map[string][]byte{}
	for n := 0; ; n++ {
		for _, url := range targets {
			body := encode(scrape(url), time.Now().UnixMilli(), manner)
			if manner == disordered && n%3 == 2 {
				late[url] = body
				continue
			}
			post(write, body)
			if manner == repeating {
				post(write, body)
			}
			if late[url] != nil {
				post(write, late[url])
				delete(late, url)
			}
		}
		if manner == dying {
			fmt.Println("the peer has no wish to go on")
			os.Exit(3)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// scrape returns series as name and labels, and their values.
func scrape(url string) (lines [][2]string) {
	resp, err := http.Get(url) // asks for gzip and undoes it
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil
	}
	for s := bufio.NewScanner(resp.Body); s.Scan(); {
		key, value, ok := strings.Cut(s.Text(), "} ")
		if ok && key[0] != '#' {
			lines = append(lines, [2]string{key, value})
		}
	}
	return lines
}

func encode(lines [][2]string, now int64, manner string) []byte {
	var req prompb.WriteRequest
	add := func(name, labels string, v float64) {
		req.Timeseries = append(req.Timeseries, prompb.TimeSeries{
			Labels:  []prompb.Label{{Name: "__name__", Value: name}, {Name: "labels", Value: labels}},
			Samples: []prompb.Sample{{Value: v, Timestamp: now}},
		})
	}
	for i, line := range lines {
		if manner == lossy && i%100 == 99 {
			continue
		}
		name, labels, _ := strings.Cut(line[0], "{")
		v, _ := strconv.ParseFloat(line[1], 64)
		add(name, labels, v)
	}
	if manner == inventive && len(lines) > 0 {
		add("flink_of_my_own", lines[0][0], 1) // once per target
	}
	raw, _ := req.Marshal()
	return snappy.Encode(nil, raw)
}

func post(url string, body []byte) {
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return
	}
	req.Header.Set("Content-Encoding", "snappy")
	req.Header.Set("Content-Type", "application/x-protobuf")
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
	}
}
