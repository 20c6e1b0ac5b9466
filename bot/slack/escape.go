package slack

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// wordJoiner shows nothing, and ends what Slack would take for an address or a name.
const wordJoiner = "\u2060"

// Slack's clients make an address a link wherever they find one; ours are link elements.
var noAddresses = strings.NewReplacer("://", ":"+wordJoiner+"//")

// clean is text that is not ours, fit for elements that Slack shows as they are
// (plain_text, raw_text, the text of rich_text): whole characters, nothing that turns the
// direction of what stands after it, and no address.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\u2028' || r == '\u2029':
			return '\n'
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return noAddresses.Replace(s)
}

var mrkdwn = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "@"+wordJoiner)

// escape is clean text for a field in which Slack reads mrkdwn. With < and > goes every
// <!channel>, <@U…> and <https://…|…>; an @ is kept from the words after it, as
// @channel calls people where an installation has names linked.
func escape(s string) string { return mrkdwn.Replace(clean(s)) }

// blank tells text that shows nothing, which Slack refuses.
func blank(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsSpace(r) && !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
	})
}

// maxAddress is far under Slack's limit of 3,000 characters, for it counts in a
// message's total as well.
const maxAddress = 1000

// address is a link's target as Slack may have it, or "" for what is not of http or
// https, carries a user's name, or is too long.
func address(s string) string {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || u.User != nil {
		return ""
	}
	var b strings.Builder
	for _, c := range []byte(u.String()) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	if b.Len() > maxAddress {
		return ""
	}
	return b.String()
}
