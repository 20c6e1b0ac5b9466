package slack

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/slack-go/slack"
	"golang.org/x/text/language"

	"kakehashi/bot/answer"
	"kakehashi/bot/conversation"
	"kakehashi/bot/state"
	"kakehashi/corpus"
)

// home is the bot's own page.
func (r renderer) home(h conversation.Home) slack.HomeTabViewRequest {
	w := wording(h.Language)
	var prompts []*slack.ButtonBlockElement
	for i, q := range suggestedPrompts(h.Language) {
		prompts = append(prompts, button(actionPrompt+strconv.Itoa(i+1), q, q))
	}
	parts := rich(paragraph, say(w.choose(
		"I answer questions on US and Japanese research-security rules, and show the provision behind every sentence.",
		"米国と日本の研究セキュリティに関する規則についての質問に、根拠となる規定を一文ごとに示してお答えします。"), nil))
	parts = append(parts, w.section(w.choose("Questions to begin with", "質問の例"))...)
	parts = append(parts, actions("", prompts...)...)
	parts = append(parts, w.section(w.choose("How to use", "使い方"))...)
	parts = append(parts, rich(bullets, w.usage()...)...)
	parts = append(parts, w.section(w.choose("What I know", "収録している資料"))...)
	parts = append(parts, rich(bullets, w.holdings(h.Documents)...)...)
	if !h.Updated.IsZero() {
		parts = append(parts, aside(w.choose("Newest check of a source: ", "資料の最終確認日：")+h.Updated.In(h.Language))...)
	}
	parts = append(parts, w.section(w.choose("Your subscriptions", "配信の設定"))...)
	parts = append(parts, w.listed(w.subscriptions(h.Subscriptions), w.choose("None yet. Write “digest help” to me to begin.", "設定はありません。「digest help」と送信すると設定できます。"))...)
	parts = append(parts, w.section(w.choose("Your recent questions", "最近の質問"))...)
	parts = append(parts, w.listed(recent(h.Recent), w.choose("None yet.", "まだありません。"))...)
	view := slack.HomeTabViewRequest{Type: slack.VTHomeTab}
	for _, p := range parts[:min(len(parts), maxHomeBlocks)] {
		view.Blocks.BlockSet = append(view.Blocks.BlockSet, p.block)
	}
	return view
}

func (w wording) section(title string) []part {
	return []part{{slack.NewHeaderBlock(plain(title)), title}}
}

// listed shows the first entries of a list and counts the others, or what to say of none.
func (w wording) listed(lines []line, none string) []part {
	if len(lines) == 0 {
		return aside(none)
	}
	out := rich(bullets, lines[:min(len(lines), homeListed)]...)
	if more := len(lines) - homeListed; more > 0 {
		out = append(out, aside(fmt.Sprintf(w.choose("and %d more", "ほか%d件"), more))...)
	}
	return out
}

func (w wording) usage() []line {
	return []line{
		say(w.choose("In a channel, mention me with your question; here, just write it.", "チャンネルでは私をメンションして質問してください。ここではそのまま書いてください。"), nil),
		say(w.choose("“/kakehashi” and a question answers you alone; you may share the answer afterwards.", "「/kakehashi」に続けて質問すると、自分だけに回答が表示され、後から共有できます。"), nil),
		say(w.choose("Go on in the thread: “and in Japan?” is understood.", "スレッドで続けて質問できます。「では、日本では？」でも通じます。"), nil),
		say(w.choose("Never paste text that is marked as controlled or classified: it is refused.", "管理対象又は秘密の表示のある文章は貼り付けないでください。受け付けません。"), nil),
		say(w.choose("This is no legal advice. The official text, which every source links, prevails.", "法的助言ではありません。各出典からたどれる公式の本文が優先します。"), nil),
	}
}

// holdings are the documents, a line a country.
func (w wording) holdings(documents []conversation.Holding) []line {
	var order []corpus.Jurisdiction
	of := map[corpus.Jurisdiction][]string{}
	for _, d := range documents {
		if of[d.Jurisdiction] == nil {
			order = append(order, d.Jurisdiction)
		}
		status := answer.StatusWord(d.Status, language.Tag(w))
		of[d.Jurisdiction] = append(of[d.Jurisdiction], w.choose(fmt.Sprintf("%d %s", d.Documents, status), fmt.Sprintf("%s%d件", status, d.Documents)))
	}
	var lines []line
	for _, j := range order {
		country := w.country(j)
		lines = append(lines, append(say(w.label(country, country), bold), say(strings.Join(of[j], w.choose(", ", "、")), nil)...))
	}
	return lines
}

var channelID = regexp.MustCompile(`^[CG][A-Z0-9]{2,30}$`)

func (w wording) subscriptions(subscriptions []state.Subscription) []line {
	var lines []line
	for _, s := range subscriptions {
		target := say(w.choose("Direct message", "ダイレクトメッセージ"), nil)
		if s.Target.Kind == state.ToChannel {
			target = say(s.Target.ID, nil)
			if channelID.MatchString(s.Target.ID) {
				target = line{slack.NewRichTextSectionChannelElement(s.Target.ID, nil)}
			}
		}
		lines = append(lines, append(target, say(w.choose(": ", "：")+w.when(s), nil)...))
	}
	return lines
}

func recent(questions []string) []line {
	var lines []line
	for _, q := range questions {
		lines = append(lines, say(shorten(q, maxShown), nil))
	}
	return lines
}
