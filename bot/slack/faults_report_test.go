package slack

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"kakehashi/bot/slack/slacktest"
)

// report compares what the bot has said with what it was to say, and logs both.
func (c *crowd) report(took time.Duration) {
	c.t.Helper()
	out := counts{}
	c.checkTraffic(out)
	c.checkOutbox(out)
	got := map[string][]slacktest.Message{} // by keyOf, the first messages of replies
	ends := map[string]int{}                // by number, the last sentences of long ones
	private := map[string]map[string]int{}  // by person and what is said
	for _, m := range c.fromBot() {
		text := m.Text + string(m.Blocks)
		if m.Stream == slacktest.Streaming || m.Stream != "" && len(m.Blocks) == 0 {
			out.miss(c, "cards without an answer left behind", m.Channel, m.TS)
			continue
		}
		if at := strings.Index(text, "The end of Q"); at >= 0 {
			ends[numberOf.FindString(text[at:])]++
		}
		switch key := keyOf(m); {
		case m.To != "" && key == "":
			if private[m.To] == nil {
				private[m.To] = map[string]int{}
			}
			private[m.To][noteOf(text)]++
		case strings.Contains(string(m.Metadata), `"part":0`), m.Metadata == nil && m.To != "":
			got[key] = append(got[key], m)
		case !strings.Contains(string(m.Metadata), `"part":`):
			out.miss(c, "messages that bear no mark", m.Channel, m.TS)
		}
	}
	for _, s := range append(c.said, c.pressed...) {
		out["said: "+s.kind]++
		c.compare(out, "public replies", s, got["thread "+s.marker], s.least, s.most)
		c.compare(out, "shared answers", s, got["shared "+s.marker], s.shared[0], s.shared[1])
		c.compare(out, "requests to experts", s, got["experts "+s.marker], s.asked[0], s.asked[1])
		if n := len(got["private "+s.marker]); n < s.private {
			out.miss(c, "private replies: lost", s.kind, s.marker)
		} else if n > 0 {
			out[fmt.Sprintf("private replies: %d times", n)]++
		}
		if s.long && ends[s.marker] != s.most {
			out.miss(c, "long replies without one end", s.kind, s.marker, ends[s.marker])
		}
		if s.kind == "hasty follow-up" {
			out[fmt.Sprintf("hasty follow-ups answered: %t", len(got["thread "+s.marker]) > 0)]++
		}
		for _, where := range []string{"thread ", "shared ", "experts ", "private "} {
			delete(got, where+s.marker)
		}
	}
	for key := range got {
		out.miss(c, "replies to nothing", key)
	}
	for note, wanted := range map[string]map[string]int{"experts": c.told, "marking": c.warned} {
		for person, n := range wanted {
			if private[person][note] < n {
				out.miss(c, "private notes: lost", note, person, private[person][note], n)
			} else {
				out["private notes: told"] += n
				out["private notes: told again"] += private[person][note] - n
			}
		}
	}
	c.t.Logf("%d replicas of a time, over %s, seed %d, in %v:\n%s", c.replicas, map[bool]string{true: "HTTP", false: "Socket Mode"}[c.http], c.seed, took.Round(time.Millisecond), out)
}

const selectFailed = `SELECT key, attempts, reason FROM deliveries WHERE state = 'failed'`

// checkOutbox tells what the bot has given up.
func (c *crowd) checkOutbox(out counts) {
	rows, err := c.db.SQL.QueryContext(c.t.Context(), selectFailed)
	if err != nil {
		c.t.Error(err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		var key, reason string
		var attempts int
		if err := rows.Scan(&key, &attempts, &reason); err != nil {
			c.t.Error(err)
		}
		out.miss(c, "deliveries given up", key, attempts, reason)
	}
	if err := rows.Err(); err != nil {
		c.t.Error(err)
	}
}

// compare looks at the public messages that a remark has brought about.
func (c *crowd) compare(out counts, what string, s *remark, got []slacktest.Message, least, most int) {
	c.t.Helper()
	switch n := len(got); {
	case n < least:
		out.miss(c, what+": lost", s.kind, s.marker)
	case n > most && most == 0:
		out.miss(c, what+": uninvited", s.kind, s.marker)
	case n > most:
		out.miss(c, what+": doubled", s.kind, s.marker, n)
	case n > 0:
		out[what+": once"]++
		if what == "public replies" && (got[0].Channel != s.channel || got[0].Thread != s.thread) {
			out.miss(c, what+": elsewhere", s.kind, s.marker)
		}
	}
}

// noteOf tells the private notes apart.
func noteOf(text string) string {
	for _, word := range []string{"experts", "marking"} {
		if strings.Contains(text, word) {
			return word
		}
	}
	return "other"
}

// checkTraffic counts what has gone wrong on the way.
func (c *crowd) checkTraffic(out counts) {
	ids := map[string]int{}
	for _, d := range c.Deliveries() {
		attempts := d.Attempts()
		out["sent to the bot: "+d.Type]++
		ids[d.ID]++
		if len(attempts) == 0 {
			continue
		}
		last := attempts[len(attempts)-1]
		for _, a := range attempts {
			switch {
			case !a.Acked && a.Socket == 0 && !c.http:
				out["sent to the bot: attempts that found no socket"]++
			case !a.Acked:
				out["sent to the bot: attempts that failed: "+a.Failure]++
			}
		}
		if !last.Acked && d.Type == slacktest.EventsAPI {
			out.miss(c, "events given up by Slack", d.Name, d.ID, last.Failure)
		}
	}
	for _, n := range ids {
		out["sent to the bot: duplicates"] += n - 1
	}
	out["sent to the bot: of them by hand"] = c.repeated
	out["sent to the bot: commands and presses that failed"] = c.unheard
	for _, call := range c.Calls("") {
		out["calls: all"]++
		if call.Error != "" {
			out["calls: "+call.Error+" of "+call.Method]++
		}
	}
	for how, n := range c.killed {
		out["killed: "+how] = n
	}
	kills := 0
	for _, n := range c.killed {
		kills += n
	}
	if kills < c.kills/2 {
		c.t.Errorf("only %d of %d kills were made", kills, c.kills)
	}
}

// counts are how often things were.
type counts map[string]int

// miss counts what must not be.
func (n counts) miss(c *crowd, what string, which ...any) {
	c.t.Helper()
	if n["MISSED "+what]++; n["MISSED "+what] <= 5 {
		c.t.Errorf("%s: %v", what, which)
	}
}

func (n counts) String() string {
	var b strings.Builder
	for _, what := range slices.Sorted(maps.Keys(n)) {
		fmt.Fprintf(&b, "%7d  %s\n", n[what], what)
	}
	return b.String()
}
