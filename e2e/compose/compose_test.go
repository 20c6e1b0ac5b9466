// Package compose checks the form of compose.yaml by the reader that Docker Compose
// itself uses. It is a module of its own, so that the program does not depend on it.
package compose

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

const file = "../../compose.yaml"

var passwords = []string{"SUPERUSER_PASSWORD=geheim1", "OWNER_PASSWORD=geheim2", "APP_PASSWORD=geheim3"}

func load(t *testing.T, environment ...string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{file}, cli.WithEnv(environment))
	if err != nil {
		t.Fatal(err)
	}
	return options.LoadProject(t.Context())
}

func project(t *testing.T) *types.Project {
	t.Helper()
	p, err := load(t, passwords...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWithoutAPasswordNothingStarts(t *testing.T) {
	t.Parallel()
	for i, missing := range passwords {
		name, _, _ := strings.Cut(missing, "=")
		_, err := load(t, slices.Delete(slices.Clone(passwords), i, i+1)...)
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "compose.yaml") {
			t.Errorf("without %s: %v", name, err)
		}
		if _, err := load(t, append(slices.Delete(slices.Clone(passwords), i, i+1), name+"=")...); err == nil {
			t.Errorf("an empty %s is taken", name)
		}
	}
}

func TestTheFileHoldsNoPassword(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`(?m)^ *\w*PASSWORD: *(.*)$|://\w+:([^@]*)@`).FindAllStringSubmatch(string(content), -1) {
		if !strings.HasPrefix(found[1]+found[2], "${") {
			t.Errorf("a password stands in the file: %s", found[0])
		}
	}
}

func TestEachServiceWaitsForWhatItNeeds(t *testing.T) {
	t.Parallel()
	p := project(t)
	for name, want := range map[string]struct {
		command types.ShellCommand
		after   string
		as      string
	}{
		"migrate":   {types.ShellCommand{"migrate", "up"}, "postgres service_healthy", "kakehashi_owner:geheim2"},
		"push":      {types.ShellCommand{"corpus", "push"}, "migrate service_completed_successfully", "kakehashi_owner:geheim2"},
		"kakehashi": {types.ShellCommand{"doctor"}, "push service_completed_successfully", "kakehashi_app:geheim3"},
	} {
		s, err := p.GetService(name)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(s.Command, want.command) {
			t.Errorf("%s runs %q, want %q", name, s.Command, want.command)
		}
		var after []string
		for other, d := range s.DependsOn {
			after = append(after, other+" "+d.Condition)
		}
		if !slices.Equal(after, []string{want.after}) {
			t.Errorf("%s waits for %q, want %q", name, after, want.after)
		}
		address := s.Environment["DATABASE_URL"]
		if address == nil || *address != "postgres://"+want.as+"@postgres:5432/kakehashi?sslmode=disable" {
			t.Errorf("%s has another address than as %s", name, want.as)
		}
		if s.Build == nil || s.Build.Context != p.WorkingDir {
			t.Errorf("%s is not built from the Dockerfile here", name)
		}
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s may do more than it needs", name)
		}
		for _, password := range []string{"geheim1", "geheim2", "geheim3"} {
			for variable, value := range s.Environment {
				if value != nil && strings.Contains(*value, password) && !strings.HasSuffix(want.as, password) {
					t.Errorf("%s has in %s the password of another role", name, variable)
				}
			}
		}
	}
}

func TestTheDatabaseIsPinnedKeptAndOnlyReachedFromInside(t *testing.T) {
	t.Parallel()
	p := project(t)
	s, err := p.GetService("postgres")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^pgvector/pgvector:0\.8\.\d+-pg17$`).MatchString(s.Image) {
		t.Errorf("the image is %s", s.Image)
	}
	if len(s.Ports) > 0 {
		t.Errorf("ports are published: %v", s.Ports)
	}
	if len(s.Volumes) != 1 || s.Volumes[0].Type != types.VolumeTypeVolume || s.Volumes[0].Source != "data" || s.Volumes[0].Target != "/var/lib/postgresql/data" {
		t.Errorf("what is kept: %v", s.Volumes)
	}
	if _, named := p.Volumes["data"]; !named {
		t.Error("there is no volume data")
	}
	if s.HealthCheck == nil || !slices.Contains(s.HealthCheck.Test, "pg_isready") || !slices.Contains(s.HealthCheck.Test, "127.0.0.1") {
		t.Errorf("health is checked by %v", s.HealthCheck)
	}
	if s.Restart != types.RestartPolicyUnlessStopped {
		t.Errorf("restart: %s", s.Restart)
	}
}

func TestTheRolesAreMadeWhenTheVolumeIsNew(t *testing.T) {
	t.Parallel()
	p := project(t)
	s, err := p.GetService("postgres")
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, c := range s.Configs {
		targets = append(targets, c.Source+" "+c.Target)
	}
	if want := []string{"roles /docker-entrypoint-initdb.d/1-roles.sql", "passwords /docker-entrypoint-initdb.d/2-passwords.sql"}; !slices.Equal(targets, want) {
		t.Errorf("the scripts are %q, want %q", targets, want)
	}
	if _, err := os.Stat(p.Configs["roles"].File); err != nil {
		t.Error(err)
	}
	set := p.Configs["passwords"].Content
	if strings.Contains(set, "geheim") {
		t.Error("the passwords are written into the script")
	}
	for _, role := range []string{"owner", "app"} {
		if !strings.Contains(set, `\getenv `+role+" "+strings.ToUpper(role)+"_PASSWORD") || !strings.Contains(set, "ALTER ROLE kakehashi_"+role+" PASSWORD :'"+role+"';") {
			t.Errorf("the role of %s gets no password: %s", role, set)
		}
	}
}
