package slack

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"kakehashi/e2e/postgres"
)

// BenchmarkAcknowledge sends a bot that is a process of its own 200 events a second for
// ten seconds, and tells how long Slack waited to hear that they had arrived. A fifth
// are of messages that name the bot, and each of those comes as two events; the others
// are people's words among themselves, in threads and not.
func BenchmarkAcknowledge(b *testing.B) {
	const perSecond, events = 200, 2000
	for _, over := range []string{"Socket Mode", "HTTP"} {
		for _, on := range []string{"SQLite", "Postgres"} {
			b.Run(over+" on "+on, func(b *testing.B) {
				r := trial{address: filepath.Join(b.TempDir(), "state.sqlite"), http: over == "HTTP", replicas: 1}
				if on == "Postgres" {
					r.address = postgres.Database(b)
				}
				c := gather(b, r)
				cmd, end, said, err := c.replica(0, false)
				if err != nil {
					b.Fatal(err)
				}
				defer func() { _ = end.Close(); _ = cmd.Wait() }()
				// The first event is late by as long as the bot takes to start.
				_, root := c.writes("first", c.users[0], c.channels[0], "", toBot+"what of %s?", 1)
				c.WaitFor(b, func() bool { return len(c.Messages(c.channels[0])) > 1 && c.Settled() })
				before := len(c.Deliveries())
				for b.Loop() {
					tick := time.NewTicker(time.Millisecond)
					start, sent := time.Now(), len(c.Deliveries())
					for i := 0; len(c.Deliveries())-sent < events; i++ {
						for time.Since(start) < time.Duration(len(c.Deliveries())-sent)*time.Second/perSecond {
							<-tick.C
						}
						who, channel := c.users[i%len(c.users)], c.channels[i%4]
						switch i % 5 {
						case 0:
							c.writes("mention", who, channel, "", toBot+"may I share %s?", 1)
						case 1:
							c.writes("in a thread", who, c.channels[0], root.TS, "%s, by the way.", 0)
						default:
							c.writes("overheard", who, channel, "", "I have seen %s.", 0)
						}
					}
					tick.Stop()
					if err := c.Await(b.Context(), c.Settled); err != nil {
						b.Fatal(err)
					}
				}
				var took []time.Duration
				late := 0
				for _, d := range c.Deliveries()[before:] {
					a := d.Attempts()
					if len(a) != 1 || !a[0].Acked { // Slack has waited for three seconds
						late++
						took = append(took, 3*time.Second)
						continue
					}
					took = append(took, a[0].Took)
				}
				if late == len(took) {
					b.Fatalf("nothing is acknowledged: %s", said)
				}
				b.ReportMetric(float64(late), "repeated")
				slices.Sort(took)
				for _, p := range []int{50, 99} {
					b.ReportMetric(took[(len(took)-1)*p/100].Seconds()*1000, fmt.Sprintf("p%d-ms", p))
				}
				b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "events/s")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
