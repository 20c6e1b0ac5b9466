package slacktest

import (
	"fmt"
	"slices"
	"strings"
)

// person is a user who is known, and the workspace.
func (s *Server) person(id string) (*User, *workspace, error) {
	u, ok := s.users[id]
	if !ok {
		return nil, nil, fmt.Errorf("there is no user %s; AddUser first", id)
	}
	return u, s.teams[u.Team], nil
}

// inside is a channel that the person is in.
func (s *Server) inside(user, channel string) (*User, *workspace, *Channel, error) {
	u, w, err := s.person(user)
	if err != nil {
		return nil, nil, nil, err
	}
	c, ok := s.channels[channel]
	if !ok || c.Team != u.Team || !slices.Contains(c.Members, user) {
		return nil, nil, nil, fmt.Errorf("%s is in no channel %s; AddChannel with the person among its Members, or DM", user, channel)
	}
	return u, w, c, nil
}

// Say is a message that a person writes, in a thread if one is given. text is as Slack
// has it: people as <@U…>, and & < > escaped. The bot hears of it where it is a member:
// in a channel a mention comes as app_mention and as message.channels both.
func (s *Server) Say(user, channel, thread, text string) (Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _, c, err := s.inside(user, channel)
	if err != nil {
		return Message{}, err
	}
	if thread != "" && s.find(channel, thread) == nil {
		return Message{}, fmt.Errorf("there is no message %s in %s to answer", thread, channel)
	}
	m := s.add(&Message{Team: c.Team, Channel: c.ID, User: user, Thread: thread, Text: text})
	s.said(c, m)
	return *m, nil
}

// manifestNames are what subscriptions call the messages of each kind of channel.
var manifestNames = map[Kind]string{Public: "message.channels", Private: "message.groups", Direct: "message.im", Group: "message.mpim"}

// said tells the bot of a message, its own among them, as Slack does.
func (s *Server) said(c *Channel, m *Message) {
	w := s.teams[c.Team]
	if !s.isMember(w, c) {
		return
	}
	body := m.json()
	delete(body, "app_id")
	body["channel"], body["event_ts"] = c.ID, m.TS
	if m.Thread == m.TS {
		delete(body, "thread_ts")
	}
	if root := s.find(c.ID, m.Thread); root != nil && root != m {
		body["parent_user_id"] = root.User
	}
	if m.Bot == "" {
		body["client_msg_id"] = fmt.Sprintf("00000000-0000-4000-8000-%012d", m.Seq)
		body["blocks"] = []reply{{"type": "rich_text", "block_id": "said", "elements": []reply{
			{"type": "rich_text_section", "elements": []reply{{"type": "text", "text": m.Text}}}}}}
		if c.Kind != Direct && strings.Contains(m.Text, "<@"+w.botUser+">") {
			mention := reply{}
			for k, v := range body {
				mention[k] = v
			}
			mention["type"] = "app_mention"
			delete(mention, "parent_user_id")
			s.event(w, "app_mention", mention)
		}
	}
	body["channel_type"] = c.Kind
	s.event(w, manifestNames[c.Kind], body)
}

// Edit changes a person's own message.
func (s *Server) Edit(m Message, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	live := s.find(m.Channel, m.TS)
	if live == nil || live.Bot != "" {
		return fmt.Errorf("there is no message %s of a person in %s", m.TS, m.Channel)
	}
	before := live.json()
	live.Text = text
	s.edited(s.channels[m.Channel], live, before)
	return nil
}

func (s *Server) edited(c *Channel, m *Message, before reply) {
	m.Edited = s.newTS()
	s.touch()
	s.changedMessage(c, reply{"subtype": "message_changed", "hidden": true, "message": m.json(), "previous_message": before, "ts": m.Edited})
}

// Delete takes away a message.
func (s *Server) Delete(m Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	live := s.find(m.Channel, m.TS)
	if live == nil {
		return fmt.Errorf("there is no message %s in %s", m.TS, m.Channel)
	}
	s.remove(live)
	s.deleted(s.channels[m.Channel], live)
	return nil
}

func (s *Server) deleted(c *Channel, m *Message) {
	s.changedMessage(c, reply{"subtype": "message_deleted", "hidden": true, "deleted_ts": m.TS, "previous_message": m.json(), "ts": s.newTS()})
}

func (s *Server) changedMessage(c *Channel, body reply) {
	w := s.teams[c.Team]
	if !s.isMember(w, c) {
		return
	}
	body["type"], body["channel"], body["channel_type"], body["event_ts"] = "message", c.ID, c.Kind, body["ts"]
	s.event(w, manifestNames[c.Kind], body)
}

// OpenHome is a person's look at the bot's page: its tab home, or messages.
func (s *Server) OpenHome(user, tab string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, w, err := s.person(user)
	if err != nil {
		return err
	}
	body := reply{"type": "app_home_opened", "user": u.ID, "channel": s.dm(u).ID, "tab": tab}
	if v := s.views[s.homes[u.ID]]; v != nil && tab == "home" {
		body["view"] = v.json()
	}
	s.event(w, "app_home_opened", body)
	return nil
}

// StopAgent is the Stop button of a thread: it ends the streams there and tells the bot.
// Slack shows it while the session is processing or a stream is open.
func (s *Server) StopAgent(user, channel, thread string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, w, c, err := s.inside(user, channel)
	if err != nil {
		return err
	}
	streams := []string{}
	for _, m := range s.messages {
		s.expire(m)
		if m.Channel == c.ID && m.Thread == thread && m.Stream == Streaming {
			m.Stream = Cancelled
			streams = append(streams, m.TS)
		}
	}
	if len(streams) == 0 && s.sessions[statusKey(channel, thread)].Status != "processing" {
		return fmt.Errorf("nothing is under way in %s %s that could be stopped", channel, thread)
	}
	s.event(w, "agent_session_stopped", reply{"type": "agent_session_stopped", "channel": c.ID, "thread_ts": thread, "user": user, "streaming_message_ts": streams})
	return nil
}

// Emit sends any event to the bot: one that the fake does not know of by itself, or that
// no one knows.
func (s *Server) Emit(team, name string, event map[string]any) *Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.event(s.team(team), name, event)
}
