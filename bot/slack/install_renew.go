package slack

import (
	"context"
	"log/slog"
	"time"

	api "github.com/slack-go/slack"

	"kakehashi/bot/state"
)

// A token that expires lasts twelve hours (docs.slack.dev, "Token rotation"). What renews
// it works once, so that one replica at a time may use it.
const (
	renewAhead   = 2 * time.Hour
	renewLease   = time.Minute            // longer than a renewal takes
	renewWait    = 200 * time.Millisecond // between looks at what another replica does
	storeRenewed = 5                      // attempts
)

// renewed is an install with a token that lasts, renewed here or by another replica.
func (k *Kept) renewed(ctx context.Context, i keptInstall) (Install, error) {
	for {
		lease, mine, err := k.acquire(ctx, i.Install)
		if err != nil {
			return Install{}, err
		}
		if mine {
			return k.renewOnce(ctx, lease, i)
		}
		if i.lasts(k.oauth.Now(), 0) {
			return i.Install, nil // good enough until the other is done
		}
		select {
		case <-ctx.Done():
			return Install{}, ctx.Err()
		case <-time.After(renewWait):
		}
		if i, err = k.find(ctx, i.Enterprise, i.Team); err != nil || i.lasts(k.oauth.Now(), renewAhead) {
			return i.Install, err
		}
	}
}

func (k *Kept) acquire(ctx context.Context, i Install) (lease state.Lease, ok bool, err error) {
	err = k.leases.Update(ctx, func(tx *state.Tx) error {
		lease, ok, err = tx.Acquire("slack install "+i.Enterprise+"/"+i.Team, "renewal", renewLease)
		return err
	})
	return lease, ok, err
}

// renewOnce renews an install under its lease. Once begun it is not broken off: what
// renews a token is spent by asking. Where it fails and the token still lasts, the lease
// stays, so that it is not tried again before that has run out.
func (k *Kept) renewOnce(ctx context.Context, lease state.Lease, i keptInstall) (Install, error) {
	ctx = context.WithoutCancel(ctx)
	out, err := k.renew(ctx, i)
	if err != nil && i.lasts(k.oauth.Now(), 0) {
		slog.WarnContext(ctx, "renewing a token of Slack", "install", i.Install, "expires", i.expires, "error", err)
		return i.Install, nil
	}
	if failed := k.leases.Update(ctx, func(tx *state.Tx) error { return tx.Release(lease) }); failed != nil {
		slog.WarnContext(ctx, "releasing the renewal of a token of Slack", "install", i.Install, "error", failed)
	}
	return out, err
}

func (k *Kept) renew(ctx context.Context, i keptInstall) (Install, error) {
	i, err := k.find(ctx, i.Enterprise, i.Team)
	if err != nil || i.lasts(k.oauth.Now(), renewAhead) { // another has renewed it meanwhile
		return i.Install, err
	}
	r, err := api.RefreshOAuthV2TokenContext(ctx, k.oauth.HTTP, k.oauth.ClientID, k.oauth.ClientSecret, i.refresh, api.OAuthOptionAPIURL(k.oauth.API))
	if err != nil {
		return Install{}, Explain("the token of "+i.Install.String(), err)
	}
	i.Token, i.refresh = r.AccessToken, r.RefreshToken
	i.expires = k.oauth.Now().Add(time.Duration(r.ExpiresIn) * time.Second)
	for attempt := 1; ; attempt++ {
		replaced, err := k.replace(ctx, i)
		switch {
		case err == nil && replaced:
			return i.Install, nil
		case err == nil: // it has been installed anew, or removed
			now, err := k.find(ctx, i.Enterprise, i.Team)
			return now.Install, err
		case attempt == storeRenewed:
			return Install{}, &SetupError{
				Fault: "the renewed token of " + i.Install.String() + " could not be kept", Remedy: "mend the database, and install again at " + k.oauth.Address + pathInstall, cause: err,
			}
		}
		time.Sleep(time.Duration(attempt) * renewWait)
	}
}
