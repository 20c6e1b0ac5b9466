package postgres

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
)

// confine has a program run in the root, as the server's account, and end with us.
func (i installation) confine(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if i.root != "" {
		cmd.SysProcAttr.Chroot = i.root
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: account, Gid: account}
	}
}

// process is a server that runs.
type process struct {
	cmd     *exec.Cmd
	reading sync.WaitGroup // of what it writes
	ended   chan struct{}
}

// startProcess keeps the thread that starts the server until that has ended: Linux
// sends the signal of our death when the thread ends, not the program.
func startProcess(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_, _ = cmd.Process.Wait() // not cmd.Wait, which would cut short the reading
			close(p.ended)
		}
	}()
	return p, <-started
}

func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		return err
	}
	p.wait()
	return nil
}

func (p *process) wait() {
	<-p.ended
	p.reading.Wait()
}

// kill ends the server and what it has started. The server is held first, so that it
// starts nothing meanwhile, and so that none of its processes sees another die.
func (p *process) kill() error {
	server := p.cmd.Process.Pid
	if err := syscall.Kill(server, syscall.SIGSTOP); err != nil {
		return err
	}
	children, err := childrenOf(server)
	for _, pid := range append(children, server) {
		if fault := syscall.Kill(pid, syscall.SIGKILL); fault != nil && !errors.Is(fault, syscall.ESRCH) {
			err = errors.Join(err, fmt.Errorf("process %d: %w", pid, fault))
		}
	}
	p.wait() // the last of them to end closes what all of them write to
	return err
}

// childrenOf reads the fourth field of /proc/PID/stat, which stands behind the name in
// parentheses and the state.
func childrenOf(parent int) ([]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var children []int
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		fields := bytes.Fields(content[bytes.LastIndexByte(content, ')')+1:])
		if len(fields) > 1 && string(fields[1]) == strconv.Itoa(parent) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			if err != nil {
				return nil, err
			}
			children = append(children, pid)
		}
	}
	return children, nil
}
