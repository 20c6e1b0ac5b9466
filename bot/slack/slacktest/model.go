package slacktest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// User is a person of a workspace.
type User struct {
	ID, Team, Name string // Team is the home workspace if empty
	TZ             string // an IANA name; UTC if empty
	Locale         string // en-US if empty
}

// Kind is what a channel is, as events name it.
type Kind string

// The kinds there are.
const (
	Public  Kind = "channel"
	Private Kind = "group"
	Direct  Kind = "im"
	Group   Kind = "mpim"
)

// Channel is a place where people write. The bot sees it if it is one of the members,
// and in a Direct one always.
type Channel struct {
	ID, Team, Name string // Team is the home workspace if empty
	Kind           Kind   // Public if empty
	Members        []string
}

// Message is one as it stands now.
type Message struct {
	Seq               int
	Team, Channel, TS string
	Thread            string // of its root; the root's own once it has replies
	User, Bot         string // Bot is empty for a person's
	Text              string
	Blocks, Metadata  json.RawMessage
	To                string // whom alone it is shown to; "" for all of the channel
	Edited            string // when, as a timestamp
	Stream            StreamState
	Chunks            []json.RawMessage // of the stream, in order
	Reactions         []string

	chunked bool      // the stream was begun with chunks, so it takes nothing else
	touched time.Time // when the stream was added to
}

// StreamState is how far a streamed message has come.
type StreamState string

// The states there are; a message that is not streamed has none.
const (
	Streaming StreamState = "streaming"
	Stopped   StreamState = "stopped"   // by the bot
	Cancelled StreamState = "cancelled" // by a person
	Expired   StreamState = "expired"
)

// workspace is one that knows the app.
type workspace struct {
	id, botUser, bot string
	installed        bool
}

// grant is what a token is good for.
type grant struct {
	team    *workspace // nil for the app's own token
	expires time.Time  // zero for never
	error   string     // why it is good for nothing any more
}

type model struct {
	teams    map[string]*workspace
	users    map[string]*User
	channels map[string]*Channel
	messages []*Message // all, in order
	byTS     map[string]*Message
	views    map[string]*View
	stacks   map[string][]string // by user: the open modals, the top one last
	homes    map[string]string   // by team and user: the view
	triggers map[string]*trigger
	answers  map[string]*responseURL
	tokens   map[string]*grant
	refresh  map[string]*workspace
	codes    map[string]string // by code: the team
	statuses map[string]Status
	sessions map[string]Session
	prompts  map[string][]string
}

func newModel() model {
	home := &workspace{id: Team, botUser: BotUser, bot: Bot, installed: true}
	return model{
		teams: map[string]*workspace{Team: home},
		users: map[string]*User{}, channels: map[string]*Channel{}, byTS: map[string]*Message{},
		views: map[string]*View{}, stacks: map[string][]string{}, homes: map[string]string{},
		triggers: map[string]*trigger{}, answers: map[string]*responseURL{},
		tokens:  map[string]*grant{BotToken: {team: home}, AppToken: {}},
		refresh: map[string]*workspace{}, codes: map[string]string{},
		statuses: map[string]Status{}, sessions: map[string]Session{}, prompts: map[string][]string{},
	}
}

// AddUser makes a person known, or puts new facts in the place of the old.
func (s *Server) AddUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u.Team = s.team(u.Team).id
	s.users[u.ID] = &u
}

// AddChannel makes a channel, or puts new facts in the place of the old.
func (s *Server) AddChannel(c Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Team = s.team(c.Team).id
	if c.Kind == "" {
		c.Kind = Public
	}
	c.Members = slices.Clone(c.Members)
	s.channels[c.ID] = &c
}

// DM is the channel between a person and the bot, which it opens if need be.
func (s *Server) DM(user string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.users[user]
	if !ok {
		return "", fmt.Errorf("there is no user %s; AddUser first", user)
	}
	return s.dm(u).ID, nil
}

func (s *Server) dm(u *User) *Channel {
	id := "D" + strings.TrimPrefix(u.ID, "U")
	c, ok := s.channels[id]
	if !ok {
		c = &Channel{ID: id, Team: u.Team, Kind: Direct, Members: []string{u.ID, s.teams[u.Team].botUser}}
		s.channels[id] = c
	}
	return c
}

// team is the workspace of that id, the home one for "". One that is not known yet is
// made; it has not installed the app.
func (s *Server) team(id string) *workspace {
	if id == "" {
		id = Team
	}
	w, ok := s.teams[id]
	if !ok {
		w = &workspace{id: id, botUser: "U0BOT" + id, bot: "B0BOT" + id}
		s.teams[id] = w
	}
	return w
}

func (s *Server) isMember(w *workspace, c *Channel) bool {
	return slices.Contains(c.Members, w.botUser)
}

// find is a message that all of the channel see, and that is not gone.
func (s *Server) find(channel, ts string) *Message {
	if m := s.byTS[channel+" "+ts]; m != nil && m.To == "" {
		return m
	}
	return nil
}

// add puts a new message in its place.
func (s *Server) add(m *Message) *Message {
	m.Seq, m.TS = s.next(), s.newTS()
	s.messages = append(s.messages, m)
	s.byTS[m.Channel+" "+m.TS] = m
	if root := s.find(m.Channel, m.Thread); root != nil {
		root.Thread = root.TS
	}
	s.touch()
	return m
}

func (s *Server) remove(m *Message) {
	delete(s.byTS, m.Channel+" "+m.TS)
	s.messages = slices.DeleteFunc(s.messages, func(o *Message) bool { return o == m })
	s.touch()
}

// json is the message as Slack shows it in events, payloads and histories.
func (m *Message) json() map[string]any {
	out := map[string]any{"type": "message", "user": m.User, "text": m.Text, "ts": m.TS, "team": m.Team}
	if m.Blocks != nil {
		out["blocks"] = m.Blocks
	}
	if m.Thread != "" {
		out["thread_ts"] = m.Thread
	}
	if m.Bot != "" {
		out["bot_id"], out["app_id"] = m.Bot, App
	}
	if m.Edited != "" {
		out["edited"] = map[string]any{"user": m.User, "ts": m.Edited}
	}
	return out
}
