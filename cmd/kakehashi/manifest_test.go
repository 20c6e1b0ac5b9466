package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	api "github.com/slack-go/slack"
	"go.yaml.in/yaml/v3"
)

func TestManifestIsTheSameInJSONAndYAML(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"--http", "https://k.example.org"}} {
		var fromJSON, fromYAML api.Manifest
		code, stdout, stderr := again(append([]string{"manifest", "slack"}, args...)...)
		if err := json.Unmarshal([]byte(stdout), &fromJSON); code != exitOK || stderr != "" || err != nil {
			t.Fatalf("%q: exit %d: %s: %v", args, code, stderr, err)
		}
		code, stdout, stderr = again(append([]string{"manifest", "slack", "--yaml"}, args...)...)
		if err := yaml.Unmarshal([]byte(stdout), &fromYAML); code != exitOK || stderr != "" || err != nil {
			t.Fatalf("%q: exit %d: %s: %v", args, code, stderr, err)
		}
		if !reflect.DeepEqual(fromJSON, fromYAML) || fromJSON.Display.Name != "Kakehashi" || fromJSON.Settings.SocketModeEnabled != (args == nil) {
			t.Errorf("%q: %+v in JSON, %+v in YAML", args, fromJSON, fromYAML)
		}
	}
}

func TestManifestRefusesAnAddressThatSlackWould(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := again("manifest", "slack", "--http", "http://k.example.org")
	if code != exitUsage || stdout != "" || !strings.Contains(stderr, "--http") || !strings.Contains(stderr, "https://host") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
}
