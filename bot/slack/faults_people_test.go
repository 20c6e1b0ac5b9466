package slack

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"kakehashi/bot/slack/slacktest"
)

// number takes note of what a person is about to say, and gives it its number.
func (c *crowd) number(s remark) *remark {
	c.mutex.Lock()
	s.marker = fmt.Sprintf("Q%06d", len(c.said))
	c.said = append(c.said, &s)
	kill := len(c.points) > 0 && len(c.said) >= c.points[0]
	if kill {
		c.points = c.points[1:]
	}
	c.mutex.Unlock()
	if kill {
		c.kill()
	}
	return &s
}

// writes has a person write a message, its number in the place of the %s, that is to get
// so many replies.
func (c *crowd) writes(kind, person, channel, thread, text string, replies int) (*remark, slacktest.Message) {
	s := c.number(remark{kind: kind, person: person, channel: channel, thread: thread, least: replies, most: replies, long: strings.Contains(text, atLength)})
	m, err := c.Say(person, channel, thread, fmt.Sprintf(text, s.marker))
	if err != nil {
		c.t.Error(err)
	}
	if thread == "" {
		s.thread = m.TS
	}
	return s, m
}

const toBot = "<@" + slacktest.BotUser + "> "

// converse is one of the talks that people have.
func (c *crowd) converse(rng *rand.Rand) {
	ann, ben := c.two(rng)
	channel := c.channels[rng.IntN(4)]
	switch rng.IntN(10) {
	case 0, 1, 2:
		c.inAThread(rng, ann, ben, channel)
	case 3, 4:
		c.directly(rng, ann)
	case 5, 6:
		c.byCommand(rng, ann, channel)
	case 7:
		c.byShortcut(ann, ben, channel)
	case 8:
		c.hastily(ann, channel)
	default:
		c.amongThemselves(ann, ben, channel)
	}
	if rng.IntN(4) == 0 {
		all := c.Deliveries()
		c.repeat(all[rng.IntN(len(all))])
	}
}

func (c *crowd) two(rng *rand.Rand) (ann, ben string) {
	i := rng.IntN(len(c.users))
	return c.users[i], c.users[(i+1+rng.IntN(len(c.users)-1))%len(c.users)]
}

// repeat has Slack send something again that the bot knows.
func (c *crowd) repeat(d *slacktest.Delivery) {
	c.Repeat(d)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.repeated++
}

// heard reports whether a command or a press has reached the bot; else Slack tells its
// author so, and does not try again.
func (c *crowd) heard(d *slacktest.Delivery, err error) bool {
	if err != nil {
		c.t.Error(err)
		return false
	}
	if a, err := d.Wait(c.t.Context()); err == nil && a.Acked {
		return true
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.unheard++
	return false
}

// inAThread asks, follows up without naming the bot, and stops doing so when a colleague
// has come.
func (c *crowd) inAThread(rng *rand.Rand, ann, ben, channel string) {
	text := toBot + "may I share %s?"
	if rng.IntN(8) == 0 {
		text = toBot + "explain %s " + atLength + "."
	}
	q, root := c.writes("mention", ann, channel, "", text, 1)
	reply, ok := c.await("thread", q.marker)
	if !ok {
		return
	}
	if rng.IntN(3) == 0 {
		c.presses(ann, q, reply)
	}
	if rng.IntN(2) == 0 {
		q, _ = c.writes("follow-up", ann, channel, root.TS, "and what about %s?", 1)
		if reply, ok = c.await("thread", q.marker); !ok {
			return
		}
	}
	if rng.IntN(4) == 0 {
		if err := c.Edit(root, toBot+"I have thought better of it."); err != nil {
			c.t.Error(err)
		}
	}
	if rng.IntN(2) == 0 {
		c.asksExpert(ann, ben, q, reply)
		return
	}
	bens, _ := c.writes("colleague", ben, channel, root.TS, "I have heard of %s before.", 0)
	if !c.arrived(bens.marker) {
		return
	}
	c.writes("to a colleague", ann, channel, root.TS, "and does %s apply to us?", 0)
	q, _ = c.writes("mention in a thread", ann, channel, root.TS, toBot+"we mean %s.", 1)
	c.await("thread", q.marker)
}

// arrived waits until the bot has acknowledged an event of a message.
func (c *crowd) arrived(marker string) bool {
	for _, d := range c.Deliveries() {
		if d.Type == slacktest.EventsAPI && strings.Contains(string(d.Payload), marker) {
			a, err := d.Wait(c.t.Context())
			return err == nil && a.Acked
		}
	}
	return false
}

// presses has a person use the buttons of an answer: a vote, and what it proposes to ask
// next.
func (c *crowd) presses(ann string, q *remark, reply slacktest.Message) {
	if q.long {
		return // the buttons are in another message
	}
	c.heard(c.Click(ann, reply, actionFeedback, feedbackUp))
	next := remark{kind: "button", marker: q.marker + "F", person: ann, channel: q.channel, thread: q.thread, most: 1}
	d, err := c.Click(ann, reply, actionFollowUp+"1", "")
	if c.heard(d, err) {
		next.least = 1
		c.repeat(d)
	}
	c.mutex.Lock()
	c.pressed = append(c.pressed, &next)
	c.mutex.Unlock()
	if next.least == 1 {
		c.await("thread", next.marker)
	}
}

// asksExpert has a question put before the experts, one of whom answers.
func (c *crowd) asksExpert(ann, expert string, q *remark, reply slacktest.Message) {
	if q.long {
		return
	}
	q.asked[1] = 1
	if !c.heard(c.Click(ann, reply, actionExpert, "")) {
		return
	}
	q.asked[0] = 1
	c.mutex.Lock()
	c.told[ann]++
	c.mutex.Unlock()
	request, ok := c.await("experts", q.marker)
	if !ok {
		return
	}
	s := c.number(remark{kind: "expert", person: expert, channel: q.channel, thread: q.thread, least: 1, most: 1})
	if _, err := c.Say(expert, experts, request.TS, "You had better ask for a licence, as in "+s.marker+"."); err != nil {
		c.t.Error(err)
	}
	c.await("thread", s.marker)
}

// directly asks the bot where the two are alone: the answers are streamed.
func (c *crowd) directly(rng *rand.Rand, ann string) {
	dm, err := c.DM(ann)
	if err != nil {
		c.t.Error(err)
		return
	}
	text := "may I share %s?"
	if rng.IntN(8) == 0 {
		text = "explain %s " + atLength + "."
	}
	q, root := c.writes("direct", ann, dm, "", text, 1)
	if _, ok := c.await("thread", q.marker); ok && rng.IntN(2) == 0 {
		q, _ = c.writes("direct follow-up", ann, dm, root.TS, "and %s?", 1)
		c.await("thread", q.marker)
	}
}

// byCommand asks for an answer to oneself, and may share it.
func (c *crowd) byCommand(rng *rand.Rand, ann, channel string) {
	q := c.number(remark{kind: "command", person: ann, channel: channel})
	d, err := c.Slash(ann, channel, commandName, "may I share "+q.marker+"?")
	if !c.heard(d, err) {
		return
	}
	q.private = 1
	if rng.IntN(4) == 0 {
		c.repeat(d)
	}
	reply, ok := c.await("private", q.marker)
	if !ok || rng.IntN(2) == 0 {
		return
	}
	q.shared[1] = 1
	if c.heard(c.Click(ann, reply, actionShare, "")) {
		q.shared[0] = 1
		c.await("shared", q.marker)
	}
}

// byShortcut has the bot look at what a colleague has written to another.
func (c *crowd) byShortcut(ann, ben, channel string) {
	q, m := c.writes("shortcut", ben, channel, "", "can we send %s to them?", 0)
	q.person = ann
	if c.heard(c.Shortcut(ann, m, shortcutCheck)) {
		q.private = 1
		c.await("private", q.marker)
	}
}

// hastily asks on before there is an answer.
func (c *crowd) hastily(ann, channel string) {
	first, root := c.writes("mention", ann, channel, "", toBot+"may I share %s?", 1)
	second, _ := c.writes("hasty mention", ann, channel, root.TS, toBot+"and %s?", 1)
	// What does not name the bot may overtake the question that opens the thread, and is
	// then taken for a word among people.
	third, _ := c.writes("hasty follow-up", ann, channel, root.TS, "or rather %s?", 1)
	third.least = 0
	c.await("thread", first.marker)
	c.await("thread", second.marker)
}

// amongThemselves is nothing for the bot.
func (c *crowd) amongThemselves(ann, ben, channel string) {
	_, root := c.writes("overheard", ann, channel, "", "<@"+ben+"> what do you think of %s?", 0)
	c.writes("overheard", ben, channel, root.TS, "I never think of %s.", 0)
	c.writes("overheard", ann, channel, "", "is %s on the list, does anyone know?", 0)
	marked := c.number(remark{kind: "marked", person: ann, channel: channel})
	if _, err := c.Say(ann, channel, "", toBot+"SECRET//NOFORN "+marked.marker+" has a range of 4 km."); err != nil {
		c.t.Error(err)
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.warned[ann]++
}
