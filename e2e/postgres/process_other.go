//go:build !linux

package postgres

import (
	"errors"
	"os/exec"
	"sync"
)

var errLinux = errors.New("servers of a test's own are started on Linux only; unset " + envServer)

func (installation) confine(*exec.Cmd) {}

type process struct {
	reading sync.WaitGroup
	ended   chan struct{}
}

func startProcess(*exec.Cmd) (*process, error) { return nil, errLinux }

func (*process) stop() error { return errLinux }

func (*process) kill() error { return errLinux }
