package slack

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	api "github.com/slack-go/slack"

	"kakehashi/bot/state"
	"kakehashi/database"
)

// OAuth is what Slack has given the app so that several workspaces can install it.
type OAuth struct {
	ClientID, ClientSecret string
	Address                string           // where browsers reach this program: https://host
	API                    string           // for tests; "" for Slack's
	HTTP                   *http.Client     // for tests; nil for one that waits ten seconds
	Now                    func() time.Time // for tests; nil for time.Now
}

// LogValue leaves the secret out.
func (o OAuth) LogValue() slog.Value { return slog.StringValue("client " + o.ClientID) }

// Kept keeps installs in the database, their tokens encrypted. It renews tokens that
// expire, any number of replicas together once. Its Handler installs.
type Kept struct {
	db     *database.DB
	leases *state.Store
	keys   Keys
	oauth  OAuth
}

var _ Installs = (*Kept)(nil)

// Keep is a Kept on a database with its tables. The state says who renews a token; what
// needs none, such as All and Handler, works where it is nil.
func Keep(db *database.DB, leases *state.Store, keys Keys, o OAuth) (*Kept, error) {
	address, err := publicAddress(o.Address)
	if err != nil {
		return nil, err
	}
	o.Address = address
	o.API = cmp.Or(o.API, api.APIURL)
	o.HTTP = cmp.Or(o.HTTP, &http.Client{Timeout: 10 * time.Second})
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Kept{db, leases, keys, o}, nil
}

// keptInstall is a row.
type keptInstall struct {
	Install
	refresh string    // renews the token once; "" where it does not expire
	expires time.Time // zero for never
	key     string
	sealed  []byte // as it stands in the database: no two writes leave the same
}

// secrets is what is sealed.
type secrets struct {
	Token   string `json:"token"`
	Refresh string `json:"refresh,omitempty"`
}

// place binds what is sealed to its row.
func (i Install) place() string {
	return fmt.Sprintf("slack_installs\x00%s\x00%s\x00%t", i.Enterprise, i.Team, i.Team == "")
}

// lasts reports whether the token holds for a while yet.
func (i keptInstall) lasts(now time.Time, d time.Duration) bool {
	return i.expires.IsZero() || i.expires.Sub(now) > d
}

// Token implements Installs.
func (k *Kept) Token(ctx context.Context, enterprise, team string) (Install, error) {
	i, err := k.find(ctx, enterprise, team)
	if err != nil {
		return Install{}, err
	}
	if !i.lasts(k.oauth.Now(), renewAhead) {
		return k.renewed(ctx, i)
	}
	if i.key != k.keys.current() {
		// So that a key from before is no longer needed one day. If it fails, the next
		// look does it.
		if _, err := k.replace(ctx, i); err != nil {
			slog.WarnContext(ctx, "encrypting an install by the new key", "install", i.Install, "error", err)
		}
	}
	return i.Install, nil
}

const selectInstall = `
SELECT enterprise, team, bot_user, key, sealed, expires FROM slack_installs
WHERE team = $2 AND NOT is_enterprise OR is_enterprise AND enterprise = $1 AND enterprise <> ''
ORDER BY is_enterprise, expires DESC LIMIT 1`

// find is a workspace's own install before that of its enterprise.
func (k *Kept) find(ctx context.Context, enterprise, team string) (keptInstall, error) {
	i, err := k.scan(k.db.SQL.QueryRowContext(ctx, selectInstall, enterprise, team))
	if errors.Is(err, sql.ErrNoRows) {
		return i, ErrNotInstalled
	}
	return i, err
}

// scan reads a row and opens what is sealed in it.
func (k *Kept) scan(row interface{ Scan(...any) error }) (i keptInstall, err error) {
	var expires int64
	if err := row.Scan(&i.Enterprise, &i.Team, &i.BotUser, &i.key, &i.sealed, &expires); err != nil {
		return i, k.db.Explain(err)
	}
	if expires != 0 {
		i.expires = time.UnixMicro(expires)
	}
	text, err := k.keys.open(i.key, i.sealed, i.place())
	var s secrets
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		return i, &SetupError{
			Fault:  "the token of " + i.Install.String() + " cannot be decrypted: " + err.Error(),
			Remedy: "set KAKEHASHI_TOKEN_KEY to the key of then, after the new one and a comma; or install again at " + k.oauth.Address + pathInstall,
			cause:  err,
		}
	}
	i.Token, i.refresh = s.Token, s.Refresh
	return i, nil
}

const selectInstalls = `SELECT enterprise, team, bot_user, key, sealed, expires FROM slack_installs ORDER BY enterprise, team`

// All calls f for every install, or with why it cannot be read. Tokens are as they
// stand, expired ones among them.
func (k *Kept) All(ctx context.Context, f func(Install, error)) error {
	rows, err := k.db.SQL.QueryContext(ctx, selectInstalls)
	if err != nil {
		return k.db.Explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		i, err := k.scan(rows)
		f(i.Install, err)
	}
	return k.db.Explain(rows.Err())
}

const deleteInstall = `
DELETE FROM slack_installs
WHERE team = $2 AND NOT is_enterprise OR is_enterprise AND enterprise = $1 AND enterprise <> '' AND $2 = ''`

// Remove implements Installs.
func (k *Kept) Remove(ctx context.Context, enterprise, team string) error {
	_, err := k.db.SQL.ExecContext(ctx, deleteInstall, enterprise, team)
	return k.db.Explain(err)
}

const insertInstall = `
INSERT INTO slack_installs (enterprise, team, is_enterprise, bot_user, key, sealed, expires) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (enterprise, team, is_enterprise) DO UPDATE SET
	bot_user = excluded.bot_user, key = excluded.key, sealed = excluded.sealed, expires = excluded.expires`

// put keeps an install in the place of one from before.
func (k *Kept) put(ctx context.Context, i keptInstall) error {
	sealed, err := k.seal(i)
	if err == nil {
		_, err = k.db.SQL.ExecContext(ctx, insertInstall, i.Enterprise, i.Team, i.Team == "", i.BotUser, k.keys.current(), sealed, i.micros())
	}
	return k.db.Explain(err)
}

const updateInstall = `
UPDATE slack_installs SET key = $1, sealed = $2, expires = $3
WHERE enterprise = $4 AND team = $5 AND is_enterprise = $6 AND sealed = $7`

// replace writes an install over the row that it was read from; false where that is no
// longer as it was read.
func (k *Kept) replace(ctx context.Context, i keptInstall) (bool, error) {
	sealed, err := k.seal(i)
	if err != nil {
		return false, err
	}
	result, err := k.db.SQL.ExecContext(ctx, updateInstall, k.keys.current(), sealed, i.micros(), i.Enterprise, i.Team, i.Team == "", i.sealed)
	if err != nil {
		return false, k.db.Explain(err)
	}
	n, err := result.RowsAffected()
	return n > 0, k.db.Explain(err)
}

func (k *Kept) seal(i keptInstall) ([]byte, error) {
	text, err := json.Marshal(secrets{i.Token, i.refresh})
	if err != nil {
		return nil, err
	}
	return k.keys.seal(text, i.place()), nil
}

func (i keptInstall) micros() int64 {
	if i.expires.IsZero() {
		return 0
	}
	return i.expires.UnixMicro()
}
