// Renders a Helm chart with what Helm renders with: Go's text/template and Sprig, and Helm's own functions as
// engine/engine.go and engine/funcs.go of Helm 3 define them. It stands in for `helm template` where no Helm is to be had.
//
//	render-chart CHART-DIRECTORY VALUES.yaml... > manifests.yaml
//
// Values files are merged over the chart's own, the last one first. Not done: subcharts, values.schema.json (the test
// does), lookup, .Files, .Capabilities.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

type values = map[string]interface{}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: render-chart CHART-DIRECTORY VALUES.yaml...")
		os.Exit(2)
	}
	if err := render(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func render(chart string, valuesFiles []string) error {
	merged := values{}
	for _, file := range append([]string{filepath.Join(chart, "values.yaml")}, valuesFiles...) {
		read, err := readYaml(file)
		if err != nil {
			return err
		}
		merge(merged, read)
	}
	about, err := readYaml(filepath.Join(chart, "Chart.yaml"))
	if err != nil {
		return err
	}
	top := values{
		"Values":  merged,
		"Chart":   values{"Name": about["name"], "Version": about["version"], "AppVersion": about["appVersion"]},
		"Release": values{"Name": "understudy", "Namespace": "ai", "Service": "Helm", "IsInstall": true, "IsUpgrade": false, "Revision": 1},
	}
	return print(chart, top)
}

func print(chart string, top values) error {
	files, err := filepath.Glob(filepath.Join(chart, "templates", "*"))
	if err != nil {
		return err
	}
	sort.Strings(files)
	all := template.New("gotpl").Option("missingkey=zero")
	all.Funcs(functions(all))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if _, err := all.New(file).Parse(string(text)); err != nil {
			return err
		}
	}
	for _, file := range files {
		if strings.HasPrefix(filepath.Base(file), "_") {
			continue
		}
		var out bytes.Buffer
		top["Template"] = values{"Name": file, "BasePath": filepath.Dir(file)}
		if err := all.ExecuteTemplate(&out, file, top); err != nil {
			return err
		}
		text := strings.ReplaceAll(out.String(), "<no value>", "")
		if filepath.Base(file) == "NOTES.txt" {
			fmt.Fprint(os.Stderr, text)
		} else if strings.TrimSpace(text) != "" {
			fmt.Printf("---\n# Source: %s\n%s\n", filepath.Base(file), text)
		}
	}
	return nil
}

func functions(all *template.Template) template.FuncMap {
	funcs := sprig.TxtFuncMap()
	delete(funcs, "env")
	delete(funcs, "expandenv")
	funcs["include"] = func(name string, data interface{}) (string, error) {
		var out strings.Builder
		err := all.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	funcs["toYaml"] = func(v interface{}) string {
		data, err := yaml.Marshal(v)
		if err != nil {
			return ""
		}
		return strings.TrimSuffix(string(data), "\n")
	}
	funcs["toJson"] = func(v interface{}) string {
		data, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(data)
	}
	funcs["fail"] = func(message string) (string, error) { return "", errors.New(message) }
	funcs["required"] = func(message string, v interface{}) (interface{}, error) {
		if v == nil || v == "" {
			return v, errors.New(message)
		}
		return v, nil
	}
	return funcs
}

func readYaml(file string) (values, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	read := values{}
	return read, yaml.Unmarshal(text, &read)
}

// As Helm does: maps are merged, everything else is replaced.
func merge(into, from values) {
	for key, value := range from {
		if mine, ok := into[key].(values); ok {
			if theirs, ok := value.(values); ok {
				merge(mine, theirs)
				continue
			}
		}
		into[key] = value
	}
}
