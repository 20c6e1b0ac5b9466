package slack

import (
	"context"
	"sync"
	"time"

	"golang.org/x/text/language"
)

// people are what is known of the language and the time zone of users.
type people struct {
	mutex sync.Mutex
	known map[string]profile // by workspace and user
}

type profile struct {
	language language.Tag
	zone     string
	until    time.Time
}

// profileKept is how long a profile is believed; mostProfiles how many are remembered.
const (
	profileKept  = time.Hour
	mostProfiles = 50_000
)

// known is what was learned of a user, and whether it is believed still. The caller has
// the lock.
func (a *Adapter) known(workspace, user string) (p profile, fresh bool) {
	p, ok := a.people.known[workspace+" "+user]
	return p, ok && a.options.Now().Before(p.until)
}

// profile is what is known of a user. What is not known is asked for beside, as an event
// is acknowledged before Slack could answer.
func (a *Adapter) profile(ctx context.Context, workspace, user string) profile {
	a.people.mutex.Lock()
	p, fresh := a.known(workspace, user)
	if !fresh { // many events of one person ask once
		a.people.known[workspace+" "+user] = profile{language: p.language, zone: p.zone, until: a.options.Now().Add(patience)}
	}
	a.people.mutex.Unlock()
	if fresh {
		return p
	}
	a.beside(ctx, "asking for a user's language", func(ctx context.Context) error {
		_, err := a.learn(ctx, workspace, user)
		return err
	})
	return p
}

// learn asks Slack for the profile of a user.
func (a *Adapter) learn(ctx context.Context, workspace, user string) (profile, error) {
	client, _, err := a.client(ctx, workspace)
	if err != nil {
		return profile{}, err
	}
	u, err := client.GetUserInfoContext(ctx, user)
	if err != nil {
		return profile{}, err
	}
	p := profile{zone: u.TZ, until: a.options.Now().Add(profileKept)}
	p.language, _ = language.Parse(u.Locale) // Und where it is not known
	a.people.mutex.Lock()
	defer a.people.mutex.Unlock()
	if len(a.people.known) >= mostProfiles {
		clear(a.people.known)
	}
	a.people.known[workspace+" "+user] = p
	return p, nil
}

// learned is the profile of a user, asked for if need be.
func (a *Adapter) learned(ctx context.Context, workspace, user string) profile {
	a.people.mutex.Lock()
	p, fresh := a.known(workspace, user)
	a.people.mutex.Unlock()
	if fresh {
		return p
	}
	p, _ = a.learn(ctx, workspace, user) // else the text tells the language
	return p
}
