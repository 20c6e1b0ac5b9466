package slacktest

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// View is a modal, or the home that a person sees.
type View struct {
	ID, Team, User, Hash             string
	Type                             string // modal or home
	CallbackID, ExternalID, Metadata string
	Root, Previous                   string // of a pushed one
	JSON                             json.RawMessage
	Errors                           map[string]string // by block: what a submission was refused for
	notify                           bool
	body                             map[string]any
}

// trigger is a trigger_id: good once, and for 3 seconds.
type trigger struct {
	user    *User
	expires time.Time
	used    bool
	view    string // the modal that it came from
}

const (
	triggerLife = 3 * time.Second
	maxStack    = 3
	maxView     = 250000 // bytes
)

func (s *Server) newTrigger(u *User, view string) string {
	id := s.id("1.2.")
	s.triggers[id] = &trigger{user: u, expires: s.clock.now().Add(triggerLife), view: view}
	return id
}

// Modals are the open modals of a person, the top one last.
func (s *Server) Modals(user string) []View {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []View
	for _, id := range s.stacks[user] {
		out = append(out, s.views[id].copy())
	}
	return out
}

// Home is what was last published for a person.
func (s *Server) Home(user string) (View, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.views[s.homes[user]]
	if !ok {
		return View{}, false
	}
	return v.copy(), true
}

func (v *View) copy() View {
	out := *v
	out.Errors, out.body = maps.Clone(v.Errors), nil
	return out
}

// json is the view as Slack shows it in answers and payloads.
func (v *View) json() reply {
	out := maps.Clone(v.body)
	maps.Copy(out, reply{"id": v.ID, "team_id": v.Team, "hash": v.Hash, "app_id": App, "bot_id": Bot, "root_view_id": v.Root, "previous_view_id": nil,
		"callback_id": v.CallbackID, "external_id": v.ExternalID, "private_metadata": v.Metadata})
	if v.Previous != "" {
		out["previous_view_id"] = v.Previous
	}
	if _, ok := out["state"]; !ok {
		out["state"] = reply{"values": reply{}}
	}
	return out
}

// readView checks a view that a call brings.
func readView(raw json.RawMessage, kind surface) (*View, error) {
	if raw == nil {
		return nil, refuse("invalid_arguments", "[ERROR] missing required field: view")
	}
	if len(raw) > maxView {
		return nil, refuse("view_too_large")
	}
	v := &View{JSON: compact(raw)}
	if err := json.Unmarshal(raw, &v.body); err != nil {
		return nil, refuse("invalid_arguments", "[ERROR] view is no object")
	}
	c := &checker{}
	if v.Type, _ = v.body["type"].(string); v.Type != string(kind) {
		c.fail("/view/type", "must be %s", kind)
	}
	c.length("/view", v.body, "private_metadata", 0, 3000)
	c.length("/view", v.body, "callback_id", 0, 255)
	c.length("/view", v.body, "external_id", 0, 255)
	if kind == modal {
		c.text("/view", v.body, "title", 24, "plain_text")
		for _, k := range []string{"submit", "close"} {
			if v.body[k] != nil {
				c.text("/view", v.body, k, 24, "plain_text")
			}
		}
	}
	blocks, _ := v.body["blocks"].([]any)
	if blocks == nil {
		c.fail("/view", "missing required field: blocks")
	}
	for i := range blocks { // inputs need a way to be sent
		if b, ok := blocks[i].(node); ok && b["type"] == "input" && kind == modal && v.body["submit"] == nil {
			c.fail("/view", "missing required field: submit")
			break
		}
	}
	raw, _ = json.Marshal(blocks) // it came from JSON
	if _, err := checkBlocks(raw, kind); err != nil {
		if why, ok := err.(refusal); ok {
			c.faults = append(c.faults, why.messages...)
		}
		if len(c.faults) == 0 {
			return nil, err
		}
	}
	if c.faults != nil {
		return nil, refuse("invalid_arguments", c.faults...)
	}
	v.CallbackID, _ = v.body["callback_id"].(string)
	v.ExternalID, _ = v.body["external_id"].(string)
	v.Metadata, _ = v.body["private_metadata"].(string)
	v.notify, _ = v.body["notify_on_close"].(bool)
	nameBlocks(v.body["blocks"])
	return v, nil
}

// nameBlocks gives a block_id to each block that has none.
func nameBlocks(blocks any) {
	list, _ := blocks.([]any)
	for i, v := range list {
		b, ok := v.(node)
		if !ok {
			continue
		}
		if id, _ := b["block_id"].(string); id == "" {
			b["block_id"] = "b" + string(rune('A'+i%26)) + string(rune('0'+i/26))
		}
	}
}

// pull takes a trigger_id.
func (s *Server) pull(a args) (*trigger, error) {
	t := s.triggers[a.str("trigger_id")]
	switch {
	case t == nil:
		return nil, refuse("invalid_trigger_id")
	case t.used:
		return nil, refuse("exchanged_trigger_id")
	case s.clock.now().Sub(t.expires) >= 0:
		return nil, refuse("expired_trigger_id")
	}
	t.used = true
	return t, nil
}

// show makes a view the top one of a person's modals.
func (s *Server) show(v *View, t *trigger, stack []string) (reply, error) {
	if v.ExternalID != "" {
		for _, o := range s.views {
			if o.ExternalID == v.ExternalID {
				return nil, refuse("duplicate_external_id")
			}
		}
	}
	v.ID, v.Team, v.User, v.Hash = s.id("V"), t.user.Team, t.user.ID, s.newTS()
	v.Root = v.ID
	if len(stack) > 0 {
		v.Root, v.Previous = stack[0], stack[len(stack)-1]
	}
	s.views[v.ID] = v
	s.stacks[t.user.ID] = append(slices.Clone(stack), v.ID)
	return reply{"view": v.json()}, nil
}

func (s *Server) viewsOpen(_ *workspace, a args) (reply, error) {
	v, err := readView(a.raw("view"), modal)
	if err != nil {
		return nil, err
	}
	t, err := s.pull(a)
	if err != nil {
		return nil, err
	}
	return s.show(v, t, nil)
}

func (s *Server) viewsPush(_ *workspace, a args) (reply, error) {
	v, err := readView(a.raw("view"), modal)
	if err != nil {
		return nil, err
	}
	t, err := s.pull(a)
	if err != nil {
		return nil, err
	}
	stack := s.stacks[t.user.ID]
	switch {
	case t.view == "" || !slices.Contains(stack, t.view):
		return nil, refuse("not_found")
	case len(stack) >= maxStack:
		return nil, refuse("push_limit_reached")
	}
	return s.show(v, t, stack)
}

// replace puts a new form of a view in its place.
func (s *Server) replace(old, v *View) {
	v.ID, v.Team, v.User, v.Root, v.Previous, v.Hash = old.ID, old.Team, old.User, old.Root, old.Previous, s.newTS()
	s.views[v.ID] = v
	s.touch()
}

func (s *Server) viewsUpdate(w *workspace, a args) (reply, error) {
	v, err := readView(a.raw("view"), modal)
	if err != nil {
		return nil, err
	}
	old := s.views[a.str("view_id")]
	if id := a.str("external_id"); id != "" {
		for _, o := range s.views {
			if o.ExternalID == id {
				old = o
			}
		}
	}
	switch hash := a.str("hash"); {
	case old == nil || old.Team != w.id || !slices.Contains(s.stacks[old.User], old.ID):
		return nil, refuse("not_found")
	case hash != "" && hash != old.Hash:
		return nil, refuse("hash_conflict")
	}
	s.replace(old, v)
	return reply{"view": v.json()}, nil
}

func (s *Server) viewsPublish(w *workspace, a args) (reply, error) {
	v, err := readView(a.raw("view"), home)
	if err != nil {
		return nil, err
	}
	u := s.users[a.str("user_id")]
	if u == nil || u.Team != w.id {
		return nil, refuse("user_not_found")
	}
	old := s.views[s.homes[u.ID]]
	if old == nil {
		old = &View{ID: s.id("V"), Team: w.id, User: u.ID}
		old.Root = old.ID
	} else if hash := a.str("hash"); hash != "" && hash != old.Hash {
		return nil, refuse("hash_conflict")
	}
	s.replace(old, v)
	s.homes[u.ID] = v.ID
	return reply{"view": v.json()}, nil
}

// closeModals closes a person's modals from a view upwards.
func (s *Server) closeModals(user, from string) {
	stack := s.stacks[user]
	if i := slices.Index(stack, from); i >= 0 {
		s.stacks[user] = stack[:i:i]
	}
	s.touch()
}
