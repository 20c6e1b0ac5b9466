package slacktest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Slash is a command that a person gives in a channel, in which the bot need not be.
func (s *Server) Slash(user, channel, command, text string) (*Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, w, c, err := s.inside(user, channel)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(command, "/") {
		return nil, fmt.Errorf("%q is no command; it begins with a slash", command)
	}
	name := c.Name
	if c.Kind == Direct {
		name = "directmessage"
	}
	to := responseURL{team: w, user: user, channel: c}
	trigger, address := s.newTrigger(u, ""), s.newResponseURL(to)
	d := &Delivery{Type: SlashCommands, Name: command, ID: trigger, Payload: encode(map[string]string{
		"token": "verification", "team_id": w.id, "team_domain": domain(w), "channel_id": c.ID, "channel_name": name,
		"user_id": u.ID, "user_name": u.Name, "command": command, "text": text, "api_app_id": App, "is_enterprise_install": "false",
		"response_url": address, "trigger_id": trigger})}
	d.then = func(response json.RawMessage) error {
		a := args{}
		if json.Unmarshal(response, &a) != nil || a.str("text") == "" && a.raw("blocks") == nil {
			return nil // acknowledged without a word
		}
		once := to
		once.expires, once.left = s.clock.now().Add(responseLife), 1
		return s.respond(&once, a)
	}
	return s.launch(d), nil
}

// interaction is a payload of that type, of what a person does.
func (s *Server) interaction(u *User, w *workspace, kind, name, view string, more reply) *Delivery {
	trigger := s.newTrigger(u, view)
	body := reply{"type": kind, "user": reply{"id": u.ID, "username": u.Name, "name": u.Name, "team_id": w.id}, "api_app_id": App, "token": "verification",
		"team": reply{"id": w.id, "domain": domain(w)}, "enterprise": nil, "is_enterprise_install": false, "trigger_id": trigger}
	maps.Copy(body, more)
	return &Delivery{Type: Interactive, Name: name, ID: trigger, Payload: encode(body)}
}

// Shortcut is a person's use of a shortcut on a message.
func (s *Server) Shortcut(user string, m Message, callbackID string) (*Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, w, c, err := s.inside(user, m.Channel)
	if err != nil {
		return nil, err
	}
	live := s.find(m.Channel, m.TS)
	if live == nil {
		return nil, fmt.Errorf("there is no message %s in %s", m.TS, m.Channel)
	}
	return s.launch(s.interaction(u, w, "message_action", callbackID, "", reply{
		"callback_id": callbackID, "message_ts": live.TS, "action_ts": s.newTS(), "message": live.json(), "channel": reply{"id": c.ID, "name": c.Name},
		"response_url": s.newResponseURL(responseURL{team: w, user: user, channel: c})})), nil
}

// Click is a person's use of a button, menu or feedback button of a message. value
// chooses among those that share the action id, and may be empty for a button.
func (s *Server) Click(user string, m Message, actionID, value string) (*Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, w, c, err := s.inside(user, m.Channel)
	if err != nil {
		return nil, err
	}
	live := s.byTS[m.Channel+" "+m.TS]
	if live == nil || live.To != "" && live.To != user {
		return nil, fmt.Errorf("%s sees no message %s in %s", user, m.TS, m.Channel)
	}
	action, ok := s.action(live.blocks(), actionID, value)
	if !ok {
		return nil, fmt.Errorf("message %s has nothing to use with action id %q and value %q", m.TS, actionID, value)
	}
	container := reply{"type": "message", "message_ts": live.TS, "channel_id": c.ID, "is_ephemeral": live.To != ""}
	if live.Thread != "" {
		container["thread_ts"] = live.Thread
	}
	return s.launch(s.interaction(u, w, "block_actions", "block_actions", "", reply{
		"container": container, "channel": reply{"id": c.ID, "name": c.Name}, "message": live.json(), "actions": []reply{action}, "state": reply{"values": reply{}},
		"response_url": s.newResponseURL(responseURL{team: w, user: user, channel: c, thread: live.Thread, source: live})})), nil
}

// ClickView is Click in a modal or a home.
func (s *Server) ClickView(user string, v View, actionID, value string) (*Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, w, live, err := s.shown(user, v)
	if err != nil {
		return nil, err
	}
	action, ok := s.action(live.blocks(), actionID, value)
	if !ok {
		return nil, fmt.Errorf("view %s has nothing to use with action id %q and value %q", v.ID, actionID, value)
	}
	return s.launch(s.interaction(u, w, "block_actions", "block_actions", live.ID, reply{
		"container": reply{"type": "view", "view_id": live.ID}, "view": live.json(), "actions": []reply{action}})), nil
}

// shown is a view as it stands, if the person sees it.
func (s *Server) shown(user string, v View) (*User, *workspace, *View, error) {
	u, w, err := s.person(user)
	if err != nil {
		return nil, nil, nil, err
	}
	live := s.views[v.ID]
	if live == nil || live.User != user || s.homes[user] != v.ID && !slices.Contains(s.stacks[user], v.ID) {
		return nil, nil, nil, fmt.Errorf("%s sees no view %q", user, v.ID)
	}
	return u, w, live, nil
}

// blocks are all that a message shows, those in the chunks of a stream among them.
func (m *Message) blocks() []node {
	var out []node
	for _, c := range m.Chunks {
		var chunk struct{ Blocks []node }
		if json.Unmarshal(c, &chunk) == nil {
			out = append(out, chunk.Blocks...)
		}
	}
	var last []node
	if json.Unmarshal(m.Blocks, &last) == nil {
		out = append(out, last...)
	}
	return out
}

func (v *View) blocks() []node {
	list, _ := v.body["blocks"].([]any)
	var out []node
	for _, b := range list {
		if n, ok := b.(node); ok {
			out = append(out, n)
		}
	}
	return out
}

// action is what a payload says of the element that was used.
func (s *Server) action(blocks []node, id, value string) (reply, bool) {
	for _, b := range blocks {
		for _, e := range elements(b) {
			if e["action_id"] != id {
				continue
			}
			used, ok := use(e, value)
			if !ok {
				continue
			}
			used["type"], used["action_id"], used["block_id"], used["action_ts"] = e["type"], id, b["block_id"], s.newTS()
			if used["block_id"] == nil {
				used["block_id"] = "b" + id
			}
			return used, true
		}
	}
	return nil, false
}

func elements(b node) []node {
	var out []node
	for _, key := range []string{"accessory", "element"} {
		if e, ok := b[key].(node); ok {
			out = append(out, e)
		}
	}
	list, _ := b["elements"].([]any)
	for _, v := range list {
		if e, ok := v.(node); ok {
			out = append(out, e)
		}
	}
	return out
}

// use is what an element yields when it is used with a value.
func use(e node, value string) (reply, bool) {
	switch kind, _ := e["type"].(string); {
	case kind == "button" || kind == "icon_button":
		own, _ := e["value"].(string)
		return reply{"text": e["text"], "value": own}, value == "" || value == own
	case kind == "feedback_buttons":
		for _, k := range []string{"positive_button", "negative_button"} {
			if b, ok := e[k].(node); ok && b["value"] == value {
				return reply{"text": b["text"], "value": value}, true
			}
		}
	case interactive[kind].options:
		options, _ := e["options"].([]any)
		for _, v := range options {
			if o, ok := v.(node); ok && o["value"] == value {
				if kind == "checkboxes" || kind == "multi_static_select" {
					return reply{"selected_options": []any{o}}, true
				}
				return reply{"selected_option": o}, true
			}
		}
	case kind == "users_select":
		return reply{"selected_user": value}, true
	case kind == "conversations_select":
		return reply{"selected_conversation": value}, true
	case kind == "channels_select":
		return reply{"selected_channel": value}, true
	case kind == "datepicker":
		return reply{"selected_date": value}, true
	case kind == "timepicker":
		return reply{"selected_time": value}, true
	case strings.HasSuffix(kind, "_input"):
		return reply{"value": value}, true
	}
	return nil, false
}

// Submit sends a modal, with the values of its inputs by action id. Slack's own client
// would not send one that lacks an input it must have.
func (s *Server) Submit(user string, v View, values map[string]string) (*Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, w, live, err := s.shown(user, v)
	if err != nil {
		return nil, err
	}
	if live.Type != string(modal) {
		return nil, fmt.Errorf("view %s is no modal", v.ID)
	}
	state, err := fill(live.blocks(), values)
	if err != nil {
		return nil, fmt.Errorf("view %s: %w", v.ID, err)
	}
	live.body["state"] = reply{"values": state}
	live.Errors = nil
	d := s.interaction(u, w, "view_submission", "view_submission", live.ID, reply{"view": live.json(), "response_urls": []any{}})
	d.then = func(response json.RawMessage) error { return s.submitted(u, live, response) }
	return s.launch(d), nil
}

// fill is the state of a modal whose inputs have these values.
func fill(blocks []node, values map[string]string) (map[string]map[string]any, error) {
	state := map[string]map[string]any{}
	used := map[string]bool{}
	for _, b := range blocks {
		if b["type"] != "input" {
			continue
		}
		e, _ := b["element"].(node)
		id, _ := e["action_id"].(string)
		block, _ := b["block_id"].(string)
		value, given := values[id]
		if optional, _ := b["optional"].(bool); (!given || value == "") && !optional {
			return nil, fmt.Errorf("input %q must be filled in", id)
		}
		used[id] = true
		entered := reply{"value": nil}
		if given {
			var ok bool
			if entered, ok = use(e, value); !ok {
				return nil, fmt.Errorf("input %q has no value %q", id, value)
			}
		}
		entered["type"] = e["type"]
		state[block] = map[string]any{id: entered}
	}
	for id := range values {
		if !used[id] {
			return nil, fmt.Errorf("there is no input %q", id)
		}
	}
	return state, nil
}

// submitted does what the answer to a submission says.
func (s *Server) submitted(u *User, v *View, response json.RawMessage) error {
	var said struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
		View   json.RawMessage   `json:"view"`
	}
	_ = json.Unmarshal(response, &said) // nothing said closes the view
	switch said.Action {
	case "":
		s.closeModals(u.ID, v.ID)
	case "clear":
		s.stacks[u.ID] = nil
	case "errors":
		for block := range said.Errors {
			if !slices.ContainsFunc(v.blocks(), func(b node) bool { return b["block_id"] == block && b["type"] == "input" }) {
				return fmt.Errorf("errors name the block %q, which is no input of the view", block)
			}
		}
		v.Errors = said.Errors
	case "update", "push":
		next, err := readView(said.View, modal)
		if err != nil {
			return err
		}
		if said.Action == "update" {
			s.replace(v, next)
			return nil
		}
		if len(s.stacks[u.ID]) >= maxStack {
			return refuse("push_limit_reached")
		}
		_, err = s.show(next, &trigger{user: u}, s.stacks[u.ID])
		return err
	default:
		return fmt.Errorf("there is no response_action %q", said.Action)
	}
	s.touch()
	return nil
}

// CloseModal closes a modal without sending it, of which the bot hears if the view asked
// for it.
func (s *Server) CloseModal(user string, v View) (*Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, w, live, err := s.shown(user, v)
	if err != nil {
		return nil, err
	}
	s.closeModals(user, live.ID)
	if !live.notify {
		return nil, nil
	}
	return s.launch(s.interaction(u, w, "view_closed", "view_closed", "", reply{"view": live.json(), "is_cleared": false})), nil
}
