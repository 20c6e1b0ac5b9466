package conversation

import (
	"encoding/json"
	"fmt"

	"kakehashi/bot/state"
)

// Posting is what a delivery of the outbox carries.
type Posting struct {
	Reply  Reply         `json:"reply"`
	Back   string        `json:"back,omitempty"`   // see Message.Back
	For    string        `json:"for,omitempty"`    // whom alone it is for, where that is not Reply.Person
	Origin *state.Thread `json:"origin,omitempty"` // of KindRequest: where the experts' words belong
}

// ReadPosting reads the payload of a delivery.
func ReadPosting(payload json.RawMessage) (Posting, error) {
	var p Posting
	if err := json.Unmarshal(payload, &p); err != nil {
		return Posting{}, fmt.Errorf("a delivery in the database cannot be read: %w", err)
	}
	return p, nil
}
