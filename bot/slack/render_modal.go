package slack

import (
	"github.com/slack-go/slack"
	"golang.org/x/text/language"
)

// maxComment is the longest comment taken with a reason, in characters.
const maxComment = 1000

// reasonModal asks why an answer was of no help. The metadata comes back with what is
// filled in.
func (r renderer) reasonModal(lang language.Tag, answerID, metadata string) slack.ModalViewRequest {
	w := wording(lang)
	var options []*slack.OptionBlockObject
	for _, reason := range w.reasons() {
		options = append(options, slack.NewOptionBlockObject(reason[0], plain(reason[1]), nil))
	}
	comment := slack.NewPlainTextInputBlockElement(nil, actionComment).WithMultiline(true).WithMaxLength(maxComment)
	return slack.ModalViewRequest{
		Type:            slack.VTModal,
		Title:           plain(w.choose("Not helpful?", "役に立ちませんでしたか")),
		Submit:          plain(w.choose("Send", "送信")),
		Close:           plain(w.choose("Cancel", "取り消す")),
		CallbackID:      callbackReason + answerID,
		PrivateMetadata: metadata,
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock(blockReason, plain(w.choose("Why was this answer not helpful?", "役に立たなかった理由は何ですか。")), nil,
				slack.NewRadioButtonsBlockElement(actionReason, options...)),
			slack.NewInputBlock(blockComment, plain(w.choose("What should it have said?", "どうあるべきでしたか。")),
				plain(w.choose("Please put nothing controlled, classified or personal here.", "管理対象若しくは秘密の情報又は個人情報は書かないでください。")),
				comment).WithOptional(true),
		}},
	}
}
