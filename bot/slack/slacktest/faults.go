package slacktest

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Fault is how a call of the Web API goes wrong.
type Fault string

// The faults there are.
const (
	RateLimited   Fault = "ratelimited"      // 429 with Retry-After: 1
	ServerError   Fault = "500"              // nothing was done
	BadGateway    Fault = "502"              // the work was done, and the answer lost on its way
	Hangs         Fault = "hangs"            // nothing is done and nothing said until the client goes
	HangsAfter    Fault = "hangs after work" // the same after the work was done
	DroppedBefore Fault = "dropped"          // the connection ends and nothing was done
	DroppedAfter  Fault = "dropped after work"
)

// Weather is how often things go wrong by themselves, as shares of 1. The same seed and
// the same calls of a method give the same faults.
type Weather struct {
	Seed      uint64
	Faults    map[Fault]float64 // of the calls
	Methods   []string          // that the faults are for; all if empty
	Duplicate float64           // of the events: sent twice, with the same event_id
	Late      float64           // of the events: overtaken by the next
	Cut       float64           // of what is sent on a socket: the socket is cut after it
}

type faults struct {
	set     map[string][]Fault
	weather Weather
	drawn   map[string]uint64
	used    map[string][]time.Time
}

// Fail makes the next n calls of a method go wrong.
func (s *Server) Fail(method string, f Fault, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set[method] = append(s.set[method], slices.Repeat([]Fault{f}, n)...)
}

// Disturb sets the weather; a zero one clears it.
func (s *Server) Disturb(w Weather) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.weather = w
}

// fault is that of this call, if any.
func (s *Server) fault(method string) Fault {
	if f := s.set[method]; len(f) > 0 {
		s.set[method] = f[1:]
		return f[0]
	}
	w := s.weather
	if len(w.Faults) == 0 || len(w.Methods) > 0 && !slices.Contains(w.Methods, method) {
		return ""
	}
	at := s.draw("call " + method)
	for _, f := range []Fault{RateLimited, ServerError, BadGateway, Hangs, HangsAfter, DroppedBefore, DroppedAfter} {
		if at -= w.Faults[f]; at < 0 {
			return f
		}
	}
	return ""
}

// draw is a number from 0 to 1 that the seed, what it is drawn for and how often it was
// before decide.
func (s *Server) draw(what string) float64 {
	h := fnv.New64a()
	h.Write([]byte(what))
	s.drawn[what]++
	return rand.New(rand.NewPCG(s.weather.Seed^h.Sum64(), s.drawn[what])).Float64()
}

// perMinute is what a tier allows.
var perMinute = map[int]int{1: 1, 2: 20, 3: 50, 4: 100}

// limited is how many seconds a call must wait; 0 if it may pass, which counts.
func (s *Server) limited(team, method string, tier int, channel string) int {
	if s.options.PerChannel && method == "chat.postMessage" {
		if wait := s.spend(team+" "+channel, 1, time.Second); wait > 0 {
			return wait
		}
	}
	if s.options.Tiers && tier > 0 {
		return s.spend(team+" "+method, perMinute[tier], time.Minute)
	}
	return 0
}

func (s *Server) spend(what string, most int, window time.Duration) int {
	now := s.clock.now()
	used := slices.DeleteFunc(s.used[what], func(t time.Time) bool { return now.Sub(t) >= window })
	if len(used) >= most {
		s.used[what] = used
		return max(1, int(math.Ceil((window - now.Sub(used[0])).Seconds())))
	}
	s.used[what] = append(used, now)
	return 0
}
