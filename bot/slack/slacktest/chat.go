package slacktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxText   = 40000 // longer text is cut
	maxUpdate = 4000  // of chat.update's text, without blocks
)

// writable is the channel that a call names, if the bot may write there.
func (s *Server) writable(w *workspace, a args) (*Channel, error) {
	c, err := s.visible(w, a.str("channel"))
	if err != nil {
		return nil, err
	}
	if !s.isMember(w, c) && !(c.Kind == Public && slices.Contains(s.options.Scopes, "chat:write.public")) {
		return nil, refuse("not_in_channel")
	}
	return c, nil
}

// visible is a channel of the workspace that the bot may know of. A person's id stands
// for the DM with that person.
func (s *Server) visible(w *workspace, id string) (*Channel, error) {
	if u := s.users[id]; u != nil && u.Team == w.id {
		return s.dm(u), nil
	}
	c := s.channels[id]
	if c == nil || c.Team != w.id || c.Kind != Public && !s.isMember(w, c) {
		return nil, refuse("channel_not_found")
	}
	return c, nil
}

// content checks what a message shall say and puts it there.
func content(m *Message, a args) error {
	if raw := a.raw("attachments"); raw != nil && string(raw) != "[]" {
		return refuse("invalid_attachments", "[ERROR] the fake knows no attachments; use blocks")
	}
	text := a.str("text")
	if md := a.str("markdown_text"); md != "" {
		switch {
		case text != "" || a.raw("blocks") != nil:
			return refuse("markdown_text_conflict")
		case utf8.RuneCountInString(md) > maxMarkdown:
			return refuse("msg_too_long")
		}
		text = md
	}
	blocks, err := checkBlocks(a.raw("blocks"), message)
	if err != nil {
		return err
	}
	if strings.TrimSpace(text) == "" && blocks == nil {
		return refuse("no_text")
	}
	m.Text, m.Blocks = truncated(text), blocks
	return metadata(m, a)
}

func truncated(text string) string {
	if runes := []rune(text); len(runes) > maxText {
		return string(runes[:maxText])
	}
	return text
}

func metadata(m *Message, a args) error {
	raw := a.raw("metadata")
	if raw == nil {
		return nil
	}
	var form struct {
		Type    string         `json:"event_type"`
		Payload map[string]any `json:"event_payload"`
	}
	err := json.Unmarshal(raw, &form)
	switch {
	case err == nil && form.Type == "" && form.Payload == nil:
		return nil // as slack-go says that there is none
	case err != nil || form.Type == "" || form.Payload == nil:
		return refuse("invalid_metadata_format")
	}
	m.Metadata = compact(raw)
	return nil
}

// compact is the JSON without white space or escapes that need not be.
func compact(raw json.RawMessage) json.RawMessage {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return raw
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return raw
	}
	return bytes.TrimSpace(b.Bytes())
}

// thread is the root of the thread a call names; "" for none.
func (s *Server) thread(c *Channel, a args) (string, error) {
	ts := a.str("thread_ts")
	if ts == "" {
		return "", nil
	}
	m := s.find(c.ID, ts)
	if m == nil {
		return "", refuse("thread_not_found")
	}
	if m.Thread != "" { // a reply's thread is its root's
		return m.Thread, nil
	}
	return m.TS, nil
}

func (s *Server) postMessage(w *workspace, a args) (reply, error) {
	c, err := s.writable(w, a)
	if err != nil {
		return nil, err
	}
	m := &Message{Team: w.id, Channel: c.ID, User: w.botUser, Bot: w.bot}
	if err := content(m, a); err != nil {
		return nil, err
	}
	if m.Thread, err = s.thread(c, a); err != nil {
		return nil, err
	}
	s.add(m)
	delete(s.statuses, statusKey(c.ID, m.Thread)) // a message ends the status line
	s.said(c, m)
	return reply{"channel": c.ID, "ts": m.TS, "message": m.json()}, nil
}

func (s *Server) postEphemeral(w *workspace, a args) (reply, error) {
	c, err := s.writable(w, a)
	if err != nil {
		return nil, err
	}
	user := a.str("user")
	if u := s.users[user]; u == nil || u.Team != w.id {
		return nil, refuse("user_not_found")
	}
	if !slices.Contains(c.Members, user) {
		return nil, refuse("user_not_in_channel")
	}
	m := &Message{Team: w.id, Channel: c.ID, User: w.botUser, Bot: w.bot, To: user}
	if err := content(m, a); err != nil {
		return nil, err
	}
	if m.Thread, err = s.thread(c, a); err != nil {
		return nil, err
	}
	return reply{"message_ts": s.add(m).TS}, nil
}

// own is the bot's message that a call names.
func (s *Server) own(w *workspace, a args) (*Channel, *Message, error) {
	c, err := s.writable(w, a)
	if err != nil {
		return nil, nil, err
	}
	m := s.find(c.ID, a.str("ts"))
	if m == nil {
		return nil, nil, refuse("message_not_found")
	}
	s.expire(m)
	return c, m, nil
}

func (s *Server) updateMessage(w *workspace, a args) (reply, error) {
	c, m, err := s.own(w, a)
	switch {
	case err != nil:
		return nil, err
	case m.Bot != w.bot:
		return nil, refuse("cant_update_message")
	case m.Stream == Streaming:
		return nil, refuse("streaming_state_conflict")
	case a.raw("blocks") == nil && utf8.RuneCountInString(a.str("text")) > maxUpdate:
		return nil, refuse("msg_too_long")
	}
	before := m.json()
	next := *m
	if a.raw("blocks") == nil && a.str("text") == "" && a.str("markdown_text") == "" { // the metadata alone
		err = metadata(&next, a)
	} else {
		err = content(&next, a)
	}
	if err != nil {
		return nil, err
	}
	*m = next
	s.edited(c, m, before)
	return reply{"channel": c.ID, "ts": m.TS, "text": m.Text, "message": m.json()}, nil
}

func (s *Server) deleteMessage(w *workspace, a args) (reply, error) {
	c, m, err := s.own(w, a)
	if err != nil {
		return nil, err
	}
	if m.Bot != w.bot {
		return nil, refuse("cant_delete_message")
	}
	s.remove(m)
	s.deleted(c, m)
	return reply{"channel": c.ID, "ts": m.TS}, nil
}

func (s *Server) getPermalink(w *workspace, a args) (reply, error) {
	c, err := s.visible(w, a.str("channel"))
	if err != nil {
		return nil, err
	}
	m := s.find(c.ID, a.str("message_ts"))
	if m == nil {
		return nil, refuse("message_not_found")
	}
	link := fmt.Sprintf("https://%s.slack.com/archives/%s/p%s", domain(w), c.ID, strings.Replace(m.TS, ".", "", 1))
	if m.Thread != "" && m.Thread != m.TS {
		link += "?thread_ts=" + m.Thread + "&cid=" + c.ID
	}
	return reply{"channel": c.ID, "permalink": link}, nil
}

// responseURL is the address that a command or an action came with.
type responseURL struct {
	team    *workspace
	user    string
	channel *Channel
	thread  string
	source  *Message // that replace_original and delete_original are about
	expires time.Time
	left    int
}

const (
	responseUses = 5
	responseLife = 30 * time.Minute
)

func (s *Server) newResponseURL(r responseURL) string {
	id := s.id("r")
	r.expires, r.left = s.clock.now().Add(responseLife), responseUses
	s.answers[id] = &r
	return s.http.URL + "/respond/" + id
}

// serveResponse takes what is posted to a response_url.
func (s *Server) serveResponse(w http.ResponseWriter, r *http.Request) {
	a, err := readArgs(r)
	s.mu.Lock()
	fault := s.fault("response_url")
	call := Call{Seq: s.next(), Method: "response_url", At: s.clock.now(), Args: readable(a)}
	if fault == "" && err == nil {
		err = s.respond(s.answers[r.PathValue("token")], a)
		call.Done = err == nil
	}
	if err != nil {
		call.Error = err.Error()
	}
	if fault != "" {
		call.Error = string(fault)
	}
	s.record.calls = append(s.record.calls, call)
	s.touch()
	s.mu.Unlock()
	switch {
	case fault == RateLimited:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	case fault != "":
		w.WriteHeader(http.StatusInternalServerError)
	case err != nil:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, err)
	default:
		fmt.Fprint(w, "ok")
	}
}

func (s *Server) respond(u *responseURL, a args) error {
	switch {
	case u == nil || !s.clock.now().Before(u.expires):
		return refuse("expired_url")
	case u.left == 0:
		return refuse("used_url")
	}
	original := u.source
	if original != nil && a.yes("delete_original") {
		s.remove(original)
		u.left--
		return nil
	}
	m := &Message{Team: u.team.id, Channel: u.channel.ID, User: u.team.botUser, Bot: u.team.bot, Thread: a.str("thread_ts"), To: u.user}
	if err := content(m, a); err != nil {
		return err
	}
	u.left--
	if original != nil && a.yes("replace_original") {
		original.Text, original.Blocks, original.Metadata = m.Text, m.Blocks, m.Metadata
		original.Edited = s.newTS()
		return nil
	}
	if a.str("response_type") == "in_channel" {
		m.To = ""
	}
	s.add(m)
	if m.To == "" {
		s.said(u.channel, m)
	}
	return nil
}
