package guard_test

import (
	"strings"
	"testing"

	"kakehashi/bot/guard"
)

func TestMarkedTextIsRecognised(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"CUI//SP-EXPT The seeker head operates at 3.2 micrometres.",
		"SECRET//NOFORN\nThe range of the system is 400 km.",
		"TOP SECRET//SI//REL TO USA, JPN",
		"(CUI) The test article failed at 1,200 K. Can I share this with Osaka?",
		"(S//NF) Source reporting indicates a launch. What licence do I need?",
		"(U//FOUO) Visit roster for the laboratory",
		"CUI\nDrawing 12-B, tolerance table\nCUI",
		"CONTROLLED\n\nPropellant formulation follows.",
		"NOFORN: the following parameters apply to the sensor",
		"SECRET - frequency plan for the radar",
		"cui//sp-ctrl attached drawing",
		"The yield was 12 kilotons. (SECRET)",
		"The following is CUI: the guidance law uses three gains.",
		"This paragraph is classified SECRET. The sensor detects at 40 km.",
		"**SECRET**\n\nText",
		"FOUO\nphone list",
		"CUI: what the seeker sees at 41 km. Who may know?",
		"【特定秘密】ミサイルの射程は次のとおりである。",
		"特定秘密:潜水艦の潜航深度は",
		"特定秘密\n\n装備品の性能は次のとおり。",
		"極秘\n対処要領",
		"〔極秘〕部隊の配置",
		"【重要経済安保情報】基幹インフラの脆弱性は次のとおり。",
		"以下は特定秘密です。探知距離は40キロメートルである。",
		"この文書は極秘に指定されています。配布先は次のとおり。",
		"取扱注意\n設計図面の寸法",
		"ＳＥＣＲＥＴ／／ＮＯＦＯＲＮ 射程について", // full-width forms
		"FOUO\n" + strings.Repeat("text ", 200),
	} {
		if !guard.Marked(text) {
			t.Errorf("not recognised: %q", text)
		}
	}
}

func TestQuestionsAboutMarkingsAreNotMarked(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"What does CUI stand for?",
		"CUI",
		"NOFORN?",
		"CUI: what is it?",
		"特定秘密:誰が指定しますか。",
		"May I show CUI to my partner in Osaka?",
		"Can a document marked CUI//SP-EXPT be sent to Japan?",
		"What does SECRET//NOFORN mean?",
		"Who may classify information as SECRET or TOP SECRET?",
		"Is there a difference between CUI and FOUO?",
		"Does a secrecy order make my application SECRET?",
		"How is CONFIDENTIAL information from the US handled under the GSOMIA?",
		"Which clearance do I need for Top Secret?",
		"What is controlled unclassified information?",
		"My laboratory received a grant. Does CUI arise in fundamental research?",
		"特定秘密とは何ですか。",
		"特定秘密",
		"特定秘密を漏らした場合の罰則は?",
		"極秘と機密の違いを教えてください。",
		"CUIは日本の大学に渡せますか。",
		"「取扱注意」という表示に法的な意味はありますか。",
		"重要経済安保情報の適性評価は何年有効ですか。",
		"特定秘密保護法では、誰が特定秘密を指定しますか。",
		"米国のSECRETは日本ではどの区分に当たりますか。",
		"機密保持契約を結んだ場合、基礎研究の除外は失われますか。",
	} {
		if guard.Marked(text) {
			t.Errorf("taken for marked: %q", text)
		}
	}
}

func FuzzMarked(f *testing.F) {
	f.Add("(S//NF) text")
	f.Add("【特定秘密】")
	f.Fuzz(func(t *testing.T, s string) {
		guard.Marked(s)
		// What follows a banner cannot unmark it.
		if !guard.Marked("SECRET//NOFORN\n" + s + "\nthe range is 400 km") {
			t.Fatalf("a banner is lost before %q", s)
		}
	})
}
