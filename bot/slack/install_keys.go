package slack

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Keys encrypt what is kept of tokens, by AES-256-GCM (NIST SP 800-38D) with random
// nonces. The first key encrypts; the others still decrypt what was encrypted when they
// were first, so that a key can be replaced.
type Keys struct{ list []tokenKey }

type tokenKey struct {
	id   string // tells it from others, and nothing of it
	aead cipher.AEAD
}

const makeKey = "make one with: openssl rand -base64 32"

// ParseKeys reads KAKEHASHI_TOKEN_KEY: a key of 32 bytes in base64, then those from
// before, separated by commas.
func ParseKeys(list string) (Keys, error) {
	var keys Keys
	for i, text := range strings.Split(list, ",") {
		secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil || len(secret) != 32 {
			// err would show where in the key it fails.
			return Keys{}, &SetupError{Fault: fmt.Sprintf("key %d of KAKEHASHI_TOKEN_KEY is not 32 bytes in base64", i+1), Remedy: makeKey}
		}
		block, err := aes.NewCipher(secret)
		if err != nil {
			return Keys{}, fmt.Errorf("making a cipher of key %d: %w", i+1, err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return Keys{}, fmt.Errorf("making a cipher of key %d: %w", i+1, err)
		}
		sum := sha256.Sum256(append([]byte("kakehashi token key id\x00"), secret...))
		keys.list = append(keys.list, tokenKey{hex.EncodeToString(sum[:8]), aead})
	}
	return keys, nil
}

// current is the id of the key that encrypts.
func (k Keys) current() string { return k.list[0].id }

// seal encrypts a text for one place only, which must be named to open it.
func (k Keys) seal(text []byte, place string) []byte {
	return k.list[0].aead.Seal(nil, nil, text, []byte(place))
}

var (
	errNoKey  = errors.New("KAKEHASHI_TOKEN_KEY holds another key than the one it was encrypted with")
	errSealed = errors.New("it has been changed, cut short, or moved from another place")
)

// open decrypts what seal has encrypted for the place by the key of that id.
func (k Keys) open(id string, sealed []byte, place string) ([]byte, error) {
	for _, key := range k.list {
		if key.id != id {
			continue
		}
		text, err := key.aead.Open(nil, nil, sealed, []byte(place))
		if err != nil {
			return nil, errSealed
		}
		return text, nil
	}
	return nil, errNoKey
}
