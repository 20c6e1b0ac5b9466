package slacktest

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

func (s *Server) conversationsOpen(w *workspace, a args) (reply, error) {
	if id := a.str("channel"); id != "" {
		c, err := s.visible(w, id)
		if err != nil {
			return nil, err
		}
		return reply{"channel": reply{"id": c.ID}}, nil
	}
	users := strings.Split(a.str("users"), ",")
	for _, id := range users {
		if u := s.users[id]; u == nil || u.Team != w.id {
			return nil, refuse("user_not_found")
		}
	}
	if len(users) == 1 {
		return reply{"channel": reply{"id": s.dm(s.users[users[0]]).ID}}, nil
	}
	slices.Sort(users)
	id := "G" + strings.Join(users, "")
	if s.channels[id] == nil {
		s.channels[id] = &Channel{ID: id, Team: w.id, Kind: Group, Members: append(users, w.botUser)}
	}
	return reply{"channel": reply{"id": id}}, nil
}

func (s *Server) conversationsInfo(w *workspace, a args) (reply, error) {
	c, err := s.visible(w, a.str("channel"))
	if err != nil {
		return nil, err
	}
	out := reply{"id": c.ID, "name": c.Name, "is_channel": c.Kind == Public, "is_group": c.Kind == Private, "is_im": c.Kind == Direct,
		"is_mpim": c.Kind == Group, "is_private": c.Kind != Public, "is_member": s.isMember(w, c), "context_team_id": w.id}
	if c.Kind == Direct {
		out["user"] = c.Members[0]
	}
	if a.yes("include_num_members") {
		out["num_members"] = len(c.Members)
	}
	return reply{"channel": out}, nil
}

// conversationsHistory has the messages that begin threads or stand alone, newest first.
func (s *Server) conversationsHistory(w *workspace, a args) (reply, error) {
	out, err := s.readable(w, a, func(m *Message) bool { return m.Thread == "" || m.Thread == m.TS })
	if err != nil {
		return nil, err
	}
	slices.Reverse(out)
	return page(out, a)
}

// conversationsReplies has the root of a thread and its replies, oldest first.
func (s *Server) conversationsReplies(w *workspace, a args) (reply, error) {
	root := a.str("ts")
	out, err := s.readable(w, a, func(m *Message) bool { return m.TS == root || m.Thread == root })
	if err != nil {
		return nil, err
	}
	if s.find(a.str("channel"), root) == nil {
		return nil, refuse("thread_not_found")
	}
	return page(out, a)
}

// readable are the messages that a call asks for, oldest first.
func (s *Server) readable(w *workspace, a args, keep func(*Message) bool) ([]reply, error) {
	c, err := s.visible(w, a.str("channel"))
	if err != nil {
		return nil, err
	}
	if !s.isMember(w, c) {
		return nil, refuse("not_in_channel")
	}
	oldest, latest, inclusive := a.str("oldest"), a.str("latest"), a.yes("inclusive")
	var out []reply
	for _, m := range s.messages {
		if m.Channel != c.ID || m.To != "" || !keep(m) {
			continue
		}
		if edge := m.TS == oldest || m.TS == latest; edge && !inclusive ||
			oldest != "" && earlier(m.TS, oldest) || latest != "" && earlier(latest, m.TS) {
			continue
		}
		j := m.json()
		if m.Metadata != nil && a.yes("include_all_metadata") {
			j["metadata"] = m.Metadata
		}
		if m.Thread == m.TS {
			j["reply_count"] = s.replies(m)
		}
		out = append(out, j)
	}
	return out, nil
}

func (s *Server) replies(root *Message) int {
	n := 0
	for _, m := range s.messages {
		if m.Channel == root.Channel && m.To == "" && m.Thread == root.TS && m != root {
			n++
		}
	}
	return n
}

// earlier compares timestamps, of which some clients send fewer digits than others.
func earlier(a, b string) bool {
	x, _ := strconv.ParseFloat(a, 64)
	y, _ := strconv.ParseFloat(b, 64)
	return x < y
}

// page is the part of a list that a cursor points at.
func page(all []reply, a args) (reply, error) {
	limit := 100
	if n, err := strconv.Atoi(a.str("limit")); err == nil && n > 0 {
		limit = min(n, 999)
	}
	from := 0
	if cursor := a.str("cursor"); cursor != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(cursor, "next:"))
		if err != nil || n > len(all) {
			return nil, refuse("invalid_cursor")
		}
		from = n
	}
	to := min(from+limit, len(all))
	next := ""
	if to < len(all) {
		next = "next:" + strconv.Itoa(to)
	}
	messages := all[from:to]
	if messages == nil {
		messages = []reply{}
	}
	return reply{"messages": messages, "has_more": next != "", "response_metadata": reply{"next_cursor": next}}, nil
}

func (s *Server) usersInfo(w *workspace, a args) (reply, error) {
	u := s.users[a.str("user")]
	if u == nil || u.Team != w.id {
		return nil, refuse("user_not_found")
	}
	zone, err := time.LoadLocation(u.TZ)
	if err != nil {
		zone = time.UTC
	}
	_, offset := s.clock.now().In(zone).Zone()
	out := reply{"id": u.ID, "team_id": u.Team, "name": u.Name, "real_name": u.Name, "deleted": false, "is_bot": false,
		"tz": zone.String(), "tz_offset": offset, "profile": reply{"real_name": u.Name, "display_name": u.Name}}
	if a.yes("include_locale") {
		out["locale"] = u.locale()
	}
	return reply{"user": out}, nil
}

func (u *User) locale() string {
	if u.Locale == "" {
		return "en-US"
	}
	return u.Locale
}

func (s *Server) reactionsAdd(w *workspace, a args) (reply, error) {
	c, err := s.writable(w, a)
	if err != nil {
		return nil, err
	}
	m := s.find(c.ID, a.str("timestamp"))
	switch name := a.str("name"); {
	case m == nil:
		return nil, refuse("message_not_found")
	case name == "":
		return nil, refuse("invalid_name")
	case slices.Contains(m.Reactions, name):
		return nil, refuse("already_reacted")
	default:
		m.Reactions = append(m.Reactions, name)
	}
	return reply{}, nil
}
