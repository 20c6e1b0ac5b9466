package slacktest

import (
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// expire ends a stream that nothing was added to for too long, as Slack does in silence.
func (s *Server) expire(m *Message) {
	if m.Stream == Streaming && s.clock.now().Sub(m.touched) > s.options.StreamIdle {
		m.Stream = Expired
	}
}

func (s *Server) startStream(w *workspace, a args) (reply, error) {
	c, err := s.writable(w, a)
	if err != nil {
		return nil, err
	}
	if c.Kind != Direct {
		if u := s.users[a.str("recipient_user_id")]; u == nil {
			return nil, refuse("missing_recipient_user_id")
		}
		if a.str("recipient_team_id") == "" {
			return nil, refuse("missing_recipient_team_id")
		}
	}
	m := &Message{Team: w.id, Channel: c.ID, User: w.botUser, Bot: w.bot, Stream: Streaming, touched: s.clock.now()}
	if m.Thread, err = s.thread(c, a); err != nil {
		return nil, err
	}
	if m.Thread == "" {
		return nil, refuse("invalid_thread_ts")
	}
	if mode := a.str("task_display_mode"); !slices.Contains([]string{"", "timeline", "plan", "dense"}, mode) {
		return nil, refuse("invalid_arguments", "[ERROR] task_display_mode is "+mode)
	}
	m.chunked = a.str("markdown_text") == ""
	if err := grow(m, a); err != nil {
		return nil, err
	}
	s.add(m)
	delete(s.statuses, statusKey(c.ID, m.Thread))
	return reply{"channel": c.ID, "ts": m.TS}, nil
}

// streaming is the bot's message that a call adds to.
func (s *Server) streaming(w *workspace, a args) (*Channel, *Message, error) {
	c, m, err := s.own(w, a)
	switch {
	case err != nil:
		return nil, nil, err
	case m.Bot != w.bot:
		return nil, nil, refuse("message_not_owned_by_app")
	case m.Stream == Cancelled:
		return nil, nil, refuse("stopped_by_user")
	case m.Stream != Streaming:
		return nil, nil, refuse("message_not_in_streaming_state")
	}
	return c, m, nil
}

func (s *Server) appendStream(w *workspace, a args) (reply, error) {
	c, m, err := s.streaming(w, a)
	if err != nil {
		return nil, err
	}
	if a.str("markdown_text") == "" && a.raw("chunks") == nil {
		return nil, refuse("no_text")
	}
	if err := grow(m, a); err != nil {
		return nil, err
	}
	m.touched = s.clock.now()
	return reply{"channel": c.ID, "ts": m.TS}, nil
}

func (s *Server) stopStream(w *workspace, a args) (reply, error) {
	c, m, err := s.streaming(w, a)
	if err != nil {
		return nil, err
	}
	blocks, err := checkBlocks(a.raw("blocks"), message)
	if err != nil {
		return nil, err
	}
	next := *m
	next.Chunks = slices.Clone(m.Chunks)
	if err := grow(&next, a); err != nil {
		return nil, err
	}
	if err := metadata(&next, a); err != nil {
		return nil, err
	}
	*m = next
	m.Blocks, m.Stream = blocks, Stopped
	if status := a.str("session_status"); status != "" {
		if err := s.session(c, m.Thread, status); err != nil {
			return nil, err
		}
	}
	s.said(c, m)
	return reply{"channel": c.ID, "ts": m.TS, "message": m.json()}, nil
}

// grow adds text or chunks to a stream. It keeps to the way it was begun in: that
// chunks and text do not mix is what Slack does, though its reference does not say it.
func grow(m *Message, a args) error {
	text, raw := a.str("markdown_text"), a.raw("chunks")
	switch {
	case text != "" && raw != nil && string(raw) != "[]":
		return refuse("invalid_arguments", "[ERROR] markdown_text and chunks exclude each other")
	case text != "" && m.chunked && m.Chunks != nil || raw != nil && string(raw) != "[]" && !m.chunked:
		return refuse("streaming_mode_mismatch")
	case utf8.RuneCountInString(text) > maxMarkdown:
		return refuse("msg_too_long")
	}
	m.Text += text
	if raw == nil {
		return nil
	}
	var chunks []json.RawMessage
	if err := json.Unmarshal(raw, &chunks); err != nil {
		return refuse("invalid_chunks", "[ERROR] chunks is no list")
	}
	added, written := "", 0
	for i, c := range chunks {
		said, err := checkChunk(c)
		if err != nil {
			return refuse("invalid_chunks", fmt.Sprintf("[ERROR] %v [json-pointer:/chunks/%d]", err, i))
		}
		added += said
		written += utf8.RuneCountInString(said)
	}
	if written > maxMarkdown {
		return refuse("msg_too_long")
	}
	m.Text += added
	for _, c := range chunks {
		m.Chunks = append(m.Chunks, compact(c))
	}
	return nil
}

// checkChunk checks one chunk and gives the text it adds.
func checkChunk(raw json.RawMessage) (string, error) {
	var c struct {
		Type, Text, ID, Title, Status string
		Details, Output               json.RawMessage
		Blocks                        json.RawMessage
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return "", fmt.Errorf("it is no object: %w", err)
	}
	switch c.Type {
	case "markdown_text":
		if c.Text == "" {
			return "", fmt.Errorf("missing required field: text")
		}
		return c.Text, nil
	case "task_update":
		switch {
		case c.ID == "" || c.Title == "":
			return "", fmt.Errorf("missing required field: id or title")
		case !slices.Contains([]string{"pending", "in_progress", "complete", "error"}, c.Status):
			return "", fmt.Errorf("status is %q", c.Status)
		}
		return "", nil
	case "plan_update":
		if c.Title == "" {
			return "", fmt.Errorf("missing required field: title")
		}
		return "", nil
	case "blocks":
		_, err := checkBlocks(c.Blocks, message)
		return "", err
	}
	return "", fmt.Errorf("unsupported type: %q", c.Type)
}
