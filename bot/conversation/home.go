package conversation

import (
	"context"
	"errors"

	"golang.org/x/text/language"

	"kakehashi/bot/state"
)

// recentMost is how many questions of a person Home shows.
const recentMost = 5

// Home is what to show a person on the bot's own page.
func (d *Desk) Home(ctx context.Context, p state.Person, lang language.Tag) (Home, error) {
	h := Home{Language: Reads(lang)}
	h.Documents, h.Updated = holdings(d.library.Documents)
	err := d.store.View(ctx, func(r *state.Reader) (err error) {
		h.Subscriptions = nil
		s, err := r.Subscription(state.Target{Platform: p.Platform, Workspace: p.Workspace, Kind: state.ToPerson, ID: p.ID})
		switch {
		case err == nil:
			h.Subscriptions = []state.Subscription{s}
		case !errors.Is(err, state.ErrNotFound):
			return err
		}
		h.Recent, err = r.Questions(p, recentMost)
		return err
	})
	return h, err
}
