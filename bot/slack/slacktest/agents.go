package slacktest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Status is the line under a thread that says what the bot is doing.
type Status struct {
	Text    string
	Loading []string // messages shown in turn in its place
	since   time.Time
}

// Session is that of an agent in a thread.
type Session struct{ Status, Title string }

const statusLife = 2 * time.Minute // without a message

func statusKey(channel, thread string) string { return channel + " " + thread }

// StatusOf is the status line of a thread, empty if there is none.
func (s *Server) StatusOf(channel, thread string) Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.statuses[statusKey(channel, thread)]
	if s.clock.now().Sub(st.since) > statusLife {
		return Status{}
	}
	return st
}

// SessionOf is the agent session of a thread, empty if there is none.
func (s *Server) SessionOf(channel, thread string) Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[statusKey(channel, thread)]
}

// PromptsOf are the titles of the prompts suggested in a DM.
func (s *Server) PromptsOf(channel string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.prompts[channel])
}

// place is the channel and thread that a call of the assistant's or agents' methods names.
func (s *Server) place(w *workspace, a args) (*Channel, string, error) {
	c, err := s.visible(w, a.str("channel_id"))
	if err != nil {
		return nil, "", err
	}
	thread, err := s.thread(c, a)
	return c, thread, err
}

func (s *Server) setStatus(w *workspace, a args) (reply, error) {
	c, thread, err := s.place(w, a)
	if err != nil {
		return nil, err
	}
	if thread == "" {
		return nil, refuse("invalid_arguments", "[ERROR] missing required field: thread_ts")
	}
	st := Status{Text: a.str("status"), since: s.clock.now()}
	if raw := a.raw("loading_messages"); raw != nil && json.Unmarshal(raw, &st.Loading) != nil {
		st.Loading = strings.Split(string(raw), ",") // as a form has them: commas part them
	}
	if len(st.Loading) > 10 {
		return nil, refuse("invalid_arguments", "[ERROR] no more than 10 loading_messages")
	}
	if st.Text == "" {
		delete(s.statuses, statusKey(c.ID, thread))
	} else {
		s.statuses[statusKey(c.ID, thread)] = st
	}
	return reply{}, nil
}

func (s *Server) setTitle(w *workspace, a args) (reply, error) { return s.rename(w, a, reply{}) }

func (s *Server) renameSession(w *workspace, a args) (reply, error) {
	return s.rename(w, a, reply{"title": a.str("title")})
}

func (s *Server) rename(w *workspace, a args, out reply) (reply, error) {
	c, thread, err := s.place(w, a)
	if err != nil {
		return nil, err
	}
	key := statusKey(c.ID, thread)
	session := s.sessions[key]
	if session.Title = a.str("title"); session.Title == "" || utf8.RuneCountInString(session.Title) > 200 {
		return nil, refuse("invalid_arguments", "[ERROR] title must have 1 to 200 characters")
	}
	s.sessions[key] = session
	return out, nil
}

// setSuggestedPrompts does nothing, and says ok, if it is given a thread: so does Slack
// for apps with the agent view.
func (s *Server) setSuggestedPrompts(w *workspace, a args) (reply, error) {
	c, _, err := s.place(w, a)
	if err != nil {
		return nil, err
	}
	var prompts []struct{ Title, Message string }
	if json.Unmarshal(a.raw("prompts"), &prompts) != nil || len(prompts) == 0 || len(prompts) > 4 {
		return nil, refuse("invalid_arguments", "[ERROR] prompts must be a list of 1 to 4")
	}
	var titles []string
	for i, p := range prompts {
		if p.Title == "" || p.Message == "" {
			return nil, refuse("invalid_arguments", fmt.Sprintf("[ERROR] missing required field [json-pointer:/prompts/%d]", i))
		}
		titles = append(titles, p.Title)
	}
	if a.str("thread_ts") == "" {
		s.prompts[c.ID] = titles
	}
	return reply{}, nil
}

func (s *Server) setSessionStatus(w *workspace, a args) (reply, error) {
	c, thread, err := s.place(w, a)
	if err != nil {
		return nil, err
	}
	key := statusKey(c.ID, thread)
	if _, ok := s.sessions[key]; !ok {
		if utf8.RuneCountInString(a.str("title")) > 200 {
			return nil, refuse("invalid_arguments", "[ERROR] title must have 200 characters at most")
		}
		s.sessions[key] = Session{Title: a.str("title")}
	}
	if err := s.session(c, thread, a.str("status")); err != nil {
		return nil, err
	}
	session := s.sessions[key]
	return reply{"status": session.Status, "agent_status": session.Status, "title": session.Title}, nil
}

func (s *Server) session(c *Channel, thread, status string) error {
	if !slices.Contains([]string{"active", "processing", "suspended", "closed"}, status) {
		return refuse("invalid_arguments", "[ERROR] status is "+status)
	}
	key := statusKey(c.ID, thread)
	session := s.sessions[key]
	session.Status = status
	s.sessions[key] = session
	return nil
}
