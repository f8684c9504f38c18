package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"time"
)

// client has a timeout for every exchange; connections are not kept, since the servers come and go.
var client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// FlinkREST speaks to a JobManager's REST API at URL.
type FlinkREST struct{ URL string }

// Job is the part of GET /jobs/<id> that tests look at.
type Job struct {
	Name     string `json:"name"`
	State    string `json:"state"`
	Vertices []struct {
		Name   string `json:"name"`
		Status string `json:"status"`
	} `json:"vertices"`
}

// TaskManagers returns the ids of the registered TaskManagers.
func (r *FlinkREST) TaskManagers(ctx context.Context) ([]string, error) {
	var answer struct {
		TaskManagers []struct {
			ID string `json:"id"`
		} `json:"taskmanagers"`
	}
	if err := r.call(ctx, http.MethodGet, "/taskmanagers", "", nil, &answer); err != nil {
		return nil, err
	}
	var ids []string
	for _, tm := range answer.TaskManagers {
		ids = append(ids, tm.ID)
	}
	return ids, nil
}

// Job returns the state of a job and its tasks.
func (r *FlinkREST) Job(ctx context.Context, id string) (Job, error) {
	var j Job
	return j, r.call(ctx, http.MethodGet, "/jobs/"+id, "", nil, &j)
}

// RequestCancel asks to cancel a job and does not wait.
func (r *FlinkREST) RequestCancel(ctx context.Context, id string) error {
	return r.call(ctx, http.MethodPatch, "/jobs/"+id+"?mode=cancel", "", nil, nil)
}

// RunJar uploads a jar, runs one of its main classes in the JobManager and returns the id of the job that it submits.
func (r *FlinkREST) RunJar(ctx context.Context, jar, entryClass string, args ...string) (string, error) {
	body, contentType, err := multipartFile(jar)
	if err != nil {
		return "", err
	}
	var uploaded struct {
		Filename string `json:"filename"`
	}
	if err := r.call(ctx, http.MethodPost, "/jars/upload", contentType, body, &uploaded); err != nil {
		return "", err
	}
	request, err := json.Marshal(map[string]any{"entryClass": entryClass, "programArgsList": args})
	if err != nil {
		return "", err
	}
	var started struct {
		JobID string `json:"jobid"`
	}
	run := "/jars/" + path.Base(uploaded.Filename) + "/run"
	return started.JobID, r.call(ctx, http.MethodPost, run, "application/json", bytes.NewReader(request), &started)
}

func (r *FlinkREST) running(ctx context.Context, job string) error {
	j, err := r.Job(ctx, job)
	if err != nil {
		return err
	}
	if j.State != "RUNNING" {
		return fmt.Errorf("job %q is %s", j.Name, j.State)
	}
	for _, v := range j.Vertices {
		if v.Status != "RUNNING" {
			return fmt.Errorf("task %q of job %q is %s", v.Name, j.Name, v.Status)
		}
	}
	return nil
}

// call sends one request and decodes the answer into out, unless that is nil.
func (r *FlinkREST) call(ctx context.Context, method, path, contentType string, body io.Reader, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, r.URL+path, body)
	if err != nil {
		return err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, data)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(data, out)
}

func multipartFile(file string) (body io.Reader, contentType string, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, "", err
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("jarfile", filepath.Base(file))
	if err != nil {
		return nil, "", err
	}
	if _, err := part.Write(data); err != nil {
		return nil, "", err
	}
	return &b, w.FormDataContentType(), w.Close()
}
