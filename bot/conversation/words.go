package conversation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"kakehashi/bot/answer"
	"kakehashi/bot/state"
	"kakehashi/corpus"
)

// words are what the bot says beside answers, in one language. None of them states a
// rule.
type words struct {
	japanese bool
	zone     string // where readers of the language live, if nothing else is known

	marked, welcome, stopped, failed, forgotten, forgetWhere string
	digestHow, digestOff                                     string
	gone, noExperts, askedExperts                            string
}

func wordsFor(lang language.Tag) words {
	if lang == language.Japanese {
		return words{
			japanese:     true,
			zone:         "Asia/Tokyo",
			marked:       "この文章には、管理対象又は秘密の情報であることを示す表示（CUI、NOFORN、SECRET、特定秘密、極秘など）があるため、受け付けませんでした。内容は保存も送信もしていません。ここに投稿したことを所属機関の情報保全の担当者に伝え、投稿を削除し、表示も内容も含めずに質問し直してください。",
			welcome:      "どういたしまして。続けてお尋ねください。",
			stopped:      "中止しました。もう一度尋ねるときは、同じ質問を送ってください。",
			failed:       "ただいま回答できませんでした。質問は失われていませんが、回答は作成されていません。少し待ってから、もう一度お尋ねください。続くようであれば管理者にお知らせください。",
			forgotten:    "このスレッドの内容を削除しました。ここでの質問、回答、根拠の記録は残っていません。画面上の投稿はそのまま残るので、必要なら削除してください。",
			forgetWhere:  "削除するスレッドの中で「このスレッドを忘れて」と書いてください。",
			digestHow:    "使い方：「digest on 08:30」で平日のその時刻に改正の要約を届けます。「digest off」で止めます。チャンネルではチャンネル宛て、ダイレクトメッセージではあなた宛てになります。",
			digestOff:    "改正の要約の配信を止めました。",
			gone:         "この回答の記録は削除されています。もう一度質問してください。",
			noExperts:    "専門家に尋ねるためのチャンネルが設定されていません。所属機関の輸出管理・研究セキュリティ担当部署にお尋ねください。",
			askedExperts: "質問と回答の根拠を専門家のチャンネルに送りました。返信はここに届きます。非公開の質問への返信は、あなただけに届きます。",
		}
	}
	return words{
		zone:         "America/New_York",
		marked:       "This text carries a marking of controlled or classified information (such as CUI, NOFORN, SECRET or 特定秘密), so it was not taken: nothing of it was stored or sent on. Tell your security officer that it was posted here, delete the post, and ask again without the marked content.",
		welcome:      "You are welcome. Go on asking.",
		stopped:      "Stopped. To ask again, send the question once more.",
		failed:       "I could not answer just now. Nothing was lost, and nothing was answered: ask again in a moment. If it goes on, tell your administrator.",
		forgotten:    "I have deleted what I kept of this thread: its questions, answers and evidence. The messages that you see stay; delete them if they should go too.",
		forgetWhere:  "Write “forget this thread” in the thread that is to be forgotten.",
		digestHow:    "How: “digest on 08:30” brings a digest of policy changes on weekdays at that time; “digest off” ends it. In a channel it is for the channel, in a direct message for you.",
		digestOff:    "The digest has been ended.",
		gone:         "The record of this answer has been deleted. Ask the question once more.",
		noExperts:    "No channel of experts has been set up. Ask your institution's export-control or research-security office.",
		askedExperts: "The question and its evidence went to the experts' channel. Their reply will come here; if you asked in private, to you alone.",
	}
}

func (w words) choose(en, ja string) string {
	if w.japanese {
		return ja
	}
	return en
}

// help tells how to use the bot.
func (w words) help(contact string) string {
	who := cmp.Or(contact, w.choose("your institution's export-control or research-security office", "所属機関の輸出管理・研究セキュリティ担当部署"))
	if w.japanese {
		return strings.Join([]string{
			"米国と日本の研究セキュリティ・輸出管理の規則についてお答えします。すべての文に、日付のある出典からの引用が付きます。資料にないことは、ないとお伝えします。",
			"・チャンネルでは、私をメンションして質問してください。スレッドでお答えします。\n・二人だけのスレッドでは、メンションなしで続けて質問できます。同僚が加わったら、私をメンションしてください。\n・「2024-04-01時点で…」と書くと、その日についてお答えします。\n・「digest on 08:30」：平日の改正の要約を申し込む（この版では記録のみで、配信はまだ行いません）。\n・「status」：収録している資料。\n・「このスレッドを忘れて」：このスレッドの記録を削除する。",
			"管理対象又は秘密の情報は書き込まないでください。法的助言や許可の判断は行いません。問い合わせ先：" + who + "。",
		}, "\n\n")
	}
	return strings.Join([]string{
		"I answer questions on US and Japanese research-security and export-control rules. Every sentence quotes a dated source; what my sources do not hold, I say plainly.",
		"• In a channel, mention me with your question. I answer in a thread.\n• While only the two of us talk in a thread, go on without mentioning me. Once colleagues join, mention me when you want me.\n• “as of 2024-04-01 …” answers for that day.\n• “digest on 08:30” asks for a digest of changes on weekdays (kept, and not posted by this version yet).\n• “status” tells what I hold.\n• “forget this thread” deletes what I keep of it.",
		"Never paste controlled or classified text. I give no legal advice and decide no licence. Whom to ask: " + who + ".",
	}, "\n\n")
}

// fault names a date that cannot be read.
func (w words) fault(date string) string {
	return w.choose("I cannot read “"+date+"” as a date. Write it as 2024, 2024-04 or 2024-04-01: “as of 2024-04-01, …”.",
		"「"+date+"」を日付として読み取れません。「2024-04-01時点で…」のように、2024、2024-04、2024-04-01の形で書いてください。")
}

// refusedInput tells why a question cannot be taken.
func (w words) refusedInput(e *answer.InputError) string {
	switch e.Code {
	case "too_long":
		return w.choose(fmt.Sprintf("That is too long: a question has at most %d characters. Ask in a few sentences.", answer.MaxQuestion),
			fmt.Sprintf("長すぎます。質問は%d文字以内で、数文にまとめてください。", answer.MaxQuestion))
	case "empty":
		return w.choose("There is no question in that. Write it in a sentence or two.", "質問が書かれていません。一、二文で書いてください。")
	}
	return w.choose("I cannot read that as text. Write the question in English or Japanese.", "文章として読み取れません。日本語又は英語で質問してください。")
}

func (w words) digestOn(s state.Subscription) string {
	return w.choose(fmt.Sprintf("The digest comes on weekdays at %s (%s).", s.LocalTime, s.Zone), fmt.Sprintf("改正の要約を平日の%s（%s）に届けます。", s.LocalTime, s.Zone)) +
		w.choose(" This version keeps the wish and posts no digests yet.", "この版では希望を記録するだけで、要約の配信はまだ行いません。")
}

// status tells what the library holds.
func (w words) status(documents []*corpus.Document, lang language.Tag) string {
	held, updated := holdings(documents)
	var lines []string
	total := 0
	for _, h := range held {
		total += h.Documents
		lines = append(lines, fmt.Sprintf(w.choose("• %s, %s: %d", "・%s、%s:%d件"), w.country(h.Jurisdiction), answer.StatusWord(h.Status, lang), h.Documents))
	}
	head := fmt.Sprintf(w.choose("I hold %d documents, checked against their sources up to %s.", "%d件の文書を収録しています（出典との照合は%sまで）。"), total, updated.In(lang))
	return head + "\n\n" + strings.Join(lines, "\n")
}

func (w words) country(j corpus.Jurisdiction) string {
	switch j {
	case corpus.US:
		return w.choose("United States", "米国")
	case corpus.JP:
		return w.choose("Japan", "日本")
	case corpus.Bilateral:
		return w.choose("US–Japan", "日米")
	}
	return w.choose("Multilateral", "多国間")
}

var (
	countryOrder = []corpus.Jurisdiction{corpus.US, corpus.JP, corpus.Bilateral, corpus.Multilateral}
	statusOrder  = []corpus.Status{corpus.InForce, corpus.Amended, corpus.Proposed, corpus.Superseded, corpus.Rescinded, corpus.Historical}
)

// holdings counts documents, and gives the day up to which the newest was checked.
func holdings(documents []*corpus.Document) (held []Holding, updated corpus.Date) {
	counts := map[Holding]int{}
	for _, d := range documents {
		counts[Holding{Jurisdiction: d.Jurisdiction, Status: d.Status}]++
		if updated.Before(d.AsOf) {
			updated = d.AsOf
		}
	}
	for h, n := range counts {
		h.Documents = n
		held = append(held, h)
	}
	slices.SortFunc(held, func(x, y Holding) int {
		return cmp.Or(cmp.Compare(slices.Index(countryOrder, x.Jurisdiction), slices.Index(countryOrder, y.Jurisdiction)),
			cmp.Compare(slices.Index(statusOrder, x.Status), slices.Index(statusOrder, y.Status)))
	})
	return held, updated
}
