package slacktest

import (
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

const (
	maxMarkdown = 12000
	maxBlocks   = 13200 // characters of all blocks, as JSON: Slack counts what holds the texts too
)

// surface is where blocks are shown.
type surface string

const (
	message surface = "message"
	modal   surface = "modal"
	home    surface = "home"
)

// checkBlocks checks blocks against Slack's limits and gives them back without white
// space; nil if there are none.
func checkBlocks(raw json.RawMessage, on surface) (json.RawMessage, error) {
	if raw == nil {
		return nil, nil
	}
	var blocks []node
	if err := json.Unmarshal(raw, &blocks); err != nil {
		return nil, refuse("invalid_blocks_format")
	}
	if len(blocks) == 0 {
		return nil, nil
	}
	c := &checker{on: on, ids: map[string]bool{}}
	most := 50
	if on != message {
		most = 100
	}
	if len(blocks) > most {
		c.fail("", "no more than %d items allowed", most)
	}
	for i, b := range blocks {
		c.block(fmt.Sprintf("/blocks/%d", i), b)
	}
	if c.markdown > maxMarkdown {
		return nil, refuse("msg_blocks_too_long")
	}
	if c.faults != nil {
		return nil, refuse("invalid_blocks", c.faults...)
	}
	out := compact(raw)
	if on == message && utf8.RuneCount(out) > maxBlocks {
		return nil, refuse("msg_blocks_too_long")
	}
	return out, nil
}

type node = map[string]any

type checker struct {
	on       surface
	ids      map[string]bool
	actions  map[string]bool // of the block at hand
	tables   int
	markdown int
	faults   []string
}

func (c *checker) fail(at, format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf("[ERROR] "+format+" [json-pointer:%s]", append(args, at)...))
}

func (c *checker) block(at string, b node) {
	if id, _ := b["block_id"].(string); id != "" {
		if c.ids[id] {
			c.fail(at, "block_id %s already exists", id)
		}
		c.ids[id] = true
	}
	c.length(at, b, "block_id", 0, 255)
	c.actions = map[string]bool{}
	switch kind, _ := b["type"].(string); kind {
	case "section":
		c.section(at, b)
	case "header":
		c.text(at, b, "text", 150, "plain_text")
	case "markdown":
		c.length(at, b, "text", 1, maxMarkdown)
		s, _ := b["text"].(string)
		c.markdown += utf8.RuneCountInString(s)
	case "context":
		for i, e := range c.list(at, b, "elements", 1, 10) {
			if e["type"] == "image" {
				c.image(fmt.Sprintf("%s/elements/%d", at, i), e)
			} else {
				c.textObject(fmt.Sprintf("%s/elements/%d", at, i), e, 3000, "plain_text", "mrkdwn")
			}
		}
	case "actions":
		for i, e := range c.list(at, b, "elements", 1, 25) {
			c.element(fmt.Sprintf("%s/elements/%d", at, i), e)
		}
	case "context_actions":
		for i, e := range c.list(at, b, "elements", 1, 5) {
			at := fmt.Sprintf("%s/elements/%d", at, i)
			if e["type"] != "feedback_buttons" && e["type"] != "icon_button" {
				c.fail(at, "unsupported type: %v", e["type"])
				continue
			}
			c.element(at, e)
		}
	case "input":
		if c.on == message {
			c.fail(at, "unsupported type: input")
		}
		c.text(at, b, "label", 2000, "plain_text")
		if _, ok := b["hint"]; ok {
			c.text(at, b, "hint", 2000, "plain_text")
		}
		if e, ok := b["element"].(node); ok {
			c.element(at+"/element", e)
		} else {
			c.fail(at, "missing required field: element")
		}
	case "image":
		c.image(at, b)
	case "table":
		c.table(at, b)
	case "rich_text":
		c.list(at, b, "elements", 1, 1000)
	case "task_card":
		c.length(at, b, "task_id", 1, 255)
		c.length(at, b, "title", 1, 3000)
	case "plan":
		c.length(at, b, "title", 1, 3000)
	case "divider":
	case "alert", "card", "carousel", "container", "data_table", "file", "video":
		// Real, and nothing of ours: taken as they are.
	default:
		c.fail(at+"/type", "unsupported type: %s", kind)
	}
}

func (c *checker) section(at string, b node) {
	fields, hasFields := b["fields"]
	_, hasText := b["text"]
	if !hasText && !hasFields {
		c.fail(at, "missing required field: text or fields")
	}
	if hasText {
		c.text(at, b, "text", 3000, "plain_text", "mrkdwn")
	}
	if hasFields && fields != nil {
		for i, f := range c.list(at, b, "fields", 1, 10) {
			c.textObject(fmt.Sprintf("%s/fields/%d", at, i), f, 2000, "plain_text", "mrkdwn")
		}
	}
	if e, ok := b["accessory"].(node); ok {
		c.element(at+"/accessory", e)
	}
}

func (c *checker) image(at string, b node) {
	c.length(at, b, "alt_text", 1, 2000)
	if _, file := b["slack_file"]; !file {
		c.length(at, b, "image_url", 1, 3000)
	}
}

func (c *checker) table(at string, b node) {
	if c.tables++; c.tables > 1 {
		c.fail(at, "only_one_table_allowed")
	}
	rows, _ := b["rows"].([]any)
	if len(rows) == 0 || len(rows) > 100 {
		c.fail(at+"/rows", "must have 1 to 100 items")
	}
	for i, r := range rows {
		at := fmt.Sprintf("%s/rows/%d", at, i)
		cells, _ := r.([]any)
		if len(cells) == 0 || len(cells) > 20 {
			c.fail(at, "must have 1 to 20 items")
		}
		for j, cell := range cells {
			e, _ := cell.(node)
			if e["type"] != "raw_text" && e["type"] != "rich_text" && e["type"] != "raw_number" {
				c.fail(fmt.Sprintf("%s/%d", at, j), "unsupported type: %v", e["type"])
			} else if e["type"] == "raw_text" {
				c.length(fmt.Sprintf("%s/%d", at, j), e, "text", 1, 3000)
			}
		}
	}
}

// interactive are the elements there are, and whether they hold a list of options.
var interactive = map[string]struct{ options, inMessages bool }{
	"button": {false, true}, "overflow": {true, true}, "static_select": {true, true}, "multi_static_select": {true, true},
	"radio_buttons": {true, true}, "checkboxes": {true, true}, "datepicker": {false, true}, "timepicker": {false, true},
	"users_select": {false, true}, "conversations_select": {false, true}, "channels_select": {false, true},
	"feedback_buttons": {false, true}, "icon_button": {false, true}, "image": {false, true},
	"plain_text_input": {false, true}, "email_text_input": {false, false}, "url_text_input": {false, false}, "number_input": {false, false},
}

func (c *checker) element(at string, e node) {
	kind, _ := e["type"].(string)
	about, ok := interactive[kind]
	if !ok || c.on == message && !about.inMessages {
		c.fail(at+"/type", "unsupported type: %s", kind)
		return
	}
	c.length(at, e, "action_id", 0, 255)
	if id, _ := e["action_id"].(string); id != "" {
		if c.actions[id] {
			c.fail(at, "action_id %s already exists", id)
		}
		c.actions[id] = true
	}
	switch kind {
	case "image":
		c.image(at, e)
	case "button":
		c.button(at, e)
	case "icon_button":
		c.length(at, e, "icon", 1, 255)
		c.text(at, e, "text", 75, "plain_text")
	case "feedback_buttons":
		for _, k := range []string{"positive_button", "negative_button"} {
			b, _ := e[k].(node)
			if b == nil {
				c.fail(at, "missing required field: %s", k)
				continue
			}
			c.text(at+"/"+k, b, "text", 75, "plain_text")
			c.length(at+"/"+k, b, "value", 1, 2000)
		}
	}
	if _, ok := e["placeholder"]; ok {
		c.text(at, e, "placeholder", 150, "plain_text")
	}
	if about.options {
		c.options(at, kind, e)
	}
}

func (c *checker) button(at string, e node) {
	c.text(at, e, "text", 75, "plain_text")
	c.length(at, e, "value", 0, 2000)
	c.length(at, e, "url", 0, 3000)
	c.length(at, e, "accessibility_label", 0, 75)
	if style, ok := e["style"].(string); ok && style != "primary" && style != "danger" {
		c.fail(at+"/style", "must be primary or danger")
	}
}

func (c *checker) options(at, kind string, e node) {
	most := map[string]int{"overflow": 5, "radio_buttons": 10, "checkboxes": 10}[kind]
	if most == 0 {
		most = 100
	}
	if _, groups := e["option_groups"]; groups {
		return
	}
	for i, o := range c.list(at, e, "options", 1, most) {
		at := fmt.Sprintf("%s/options/%d", at, i)
		c.text(at, o, "text", 75, "plain_text", "mrkdwn")
		c.length(at, o, "value", 1, 150)
	}
}

// list is a field that must hold so many objects.
func (c *checker) list(at string, b node, key string, least, most int) []node {
	all, _ := b[key].([]any)
	if len(all) < least || len(all) > most {
		c.fail(at+"/"+key, "must have %d to %d items", least, most)
	}
	var out []node
	for i, v := range all {
		if n, ok := v.(node); ok {
			out = append(out, n)
		} else {
			c.fail(fmt.Sprintf("%s/%s/%d", at, key, i), "must be an object")
		}
	}
	return out
}

// length checks a string; one of least 0 need not be there.
func (c *checker) length(at string, b node, key string, least, most int) {
	v, there := b[key]
	s, ok := v.(string)
	if !there && least == 0 {
		return
	}
	if n := utf8.RuneCountInString(s); !ok || n < least {
		c.fail(at+"/"+key, "missing required field: %s", key)
	} else if n > most {
		c.fail(at+"/"+key, "must be less than %d characters", most+1)
	}
}

func (c *checker) text(at string, b node, key string, most int, kinds ...string) {
	t, ok := b[key].(node)
	if !ok {
		c.fail(at, "missing required field: %s", key)
		return
	}
	c.textObject(at+"/"+key, t, most, kinds...)
}

func (c *checker) textObject(at string, t node, most int, kinds ...string) {
	kind, _ := t["type"].(string)
	if !slices.Contains(kinds, kind) {
		c.fail(at+"/type", "unsupported type: %s", kind)
	}
	c.length(at, t, "text", 1, most)
}
