package statetest

import (
	"context"
	"fmt"
	"sync"

	"kakehashi/bot/state"
)

// Platform is a chat platform in memory. It knows a message by the key of its delivery.
type Platform struct {
	// Before is called when a message is on its way: with an error it does not arrive.
	Before func(context.Context, state.Delivery) error
	// After is called when it has arrived: an error is all that the bot hears of it.
	After func(context.Context, state.Delivery) error
	// Seek is called when a message is looked for; with an error that fails.
	Seek func(context.Context, state.Delivery) error

	mutex sync.Mutex
	posts []string
	looks []string
}

// Post is state.Poster's.
func (p *Platform) Post(ctx context.Context, d state.Delivery) (string, error) {
	if p.Before != nil {
		if err := p.Before(ctx, d); err != nil {
			return "", err
		}
	}
	p.mutex.Lock()
	p.posts = append(p.posts, d.Key)
	p.mutex.Unlock()
	if p.After != nil {
		if err := p.After(ctx, d); err != nil {
			return "", err
		}
	}
	return message(d.Key), nil
}

// Find is state.Poster's.
func (p *Platform) Find(ctx context.Context, d state.Delivery) (string, bool, error) {
	if p.Seek != nil {
		if err := p.Seek(ctx, d); err != nil {
			return "", false, err
		}
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.looks = append(p.looks, d.Key)
	if count(p.posts, d.Key) == 0 {
		return "", false, nil
	}
	return message(d.Key), true, nil
}

func message(key string) string { return fmt.Sprintf("message of %s", key) }

// Posts are the keys of what has arrived, in order, doubles among them.
func (p *Platform) Posts() []string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return append([]string(nil), p.posts...)
}

// Looks are the keys of what was looked for.
func (p *Platform) Looks() []string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return append([]string(nil), p.looks...)
}
