package thread

import (
	"strings"
	"testing"
)

// Talks of colleagues as they occur, a line each, "/" between what one says and the next.
// The rules were mended on these; unseen and unseenContradicting were written afterwards,
// and nothing was mended on them.
var agreeing = strings.Split(strings.TrimSpace(`
A: Our postdoc is from India. / B: Right, and she starts on 1 May.
A: Our postdoc is from India. / B: My postdoc is from Iran, is that different?
A: The visitor is a Chinese national. / B: The visitor is coming for two days only.
A: The student is from Korea. / B: The student isn't from China, so it should be easy.
A: The student was born in Iran. / B: The student is a Canadian citizen now.
A: Our student is from Brazil. / B: There is another student from Iran who is in the other group.
A: The project is NSF-funded. / B: The project is supported by the NIH as well.
A: The project is NSF-funded. / B: Our company project is privately funded, that one is separate.
A: The technology is EAR99. / B: I believe the technology is not on the CCL.
A: The camera is controlled. / B: The laser is EAR99.
A: The item is listed in Category 3. / B: Yes, the item has ECCN 3A001.
A: This software is controlled under the EAR. / B: And this software is controlled in Japan too.
A: The postdoc is a permanent resident. / B: The postdoc got the green card in 2019.
A: The postdoc is on a J-1 visa. / B: The postdoc is not a permanent resident yet.
A: The visiting scholar is from Kyoto. / B: The visiting scholar is Japanese, yes.
A: A student is from India. / B: A student is from China.
A: The researcher has a visa appointment on Monday. / B: The researcher is a permanent resident, why a visa?
A: The researcher is employed by a US company. / B: The researcher is from Taiwan.
A: The engineer works at our Tokyo office, he is Japanese. / B: The engineer was in the US last year.
A: The professor is from Germany. / B: The professor is visiting China next month.
A: The collaborator is at a university in Singapore. / B: The collaborator is a UK citizen.
A: The data are from NASA. / B: The data are not export controlled, as far as I know. / A: Agreed, the data are not controlled.
A: My student is from Russia. / B: My student is from Ukraine. / C: Our student is on an F-1 visa.
A: The intern is from Vietnam. / B: Is the intern from Laos? / A: No, Vietnam.
A: The intern is from Vietnam. / B: I thought the intern was from Laos, but Vietnam is right.
A: The fellow is from Egypt. / A: Sorry, the fellow is from Jordan. / B: OK, Jordan it is.
A: The project was funded by DARPA until 2023. / B: The project is privately funded since then.
A: If the student is from Iran, we need a licence. / B: The student is from India.
A: If the project is government-funded, NSPM-33 applies. / B: The project is funded by a company.
A: Suppose the visitor is from China. / B: The visitor is from Italy in our case.
A: Does it matter if the technology is EAR99? / B: The technology is controlled.
A: The rule says a student who is a permanent resident is a US person. / B: The student is on an F-1 visa.
A: The candidate would be Iranian. / B: The candidate is not hired yet.
A: The equipment is made in China. / B: The equipment is controlled under ECCN 3B001.
A: The results are published already. / B: The results were funded by DOE.
A: The work is fundamental research. / B: The work is supported by a foundation.
A: A visitor was from China last time. / B: This visitor is from France.
A: The other student is Chinese. / B: This student is Indian.
A: Her student is from Japan. / B: His student is from the United States.
A: The employee holds a Chinese passport. / B: The employee is a Chinese national living in Osaka.
A: ポスドクはインド国籍です。 / B: はい、5月に着任します。
A: うちのポスドクはインド国籍です。 / B: うちのポスドクは中国籍です。
A: 留学生は韓国出身です。 / B: その留学生は中国籍ではありません。
A: 訪問者はフランスの方です。 / B: 訪問者は来週フランスから来ます。
A: 装置は該当品です。 / B: はい、その装置はリスト規制に該当します。
A: 装置は非該当です。 / B: この装置はリスト規制に該当しないとメーカーが言っています。
A: この研究は科研費です。 / B: この研究はJSTの支援も受けています。
A: この研究は科研費によるものです。 / B: 私の研究は民間資金です。
A: その学生は永住者です。 / B: その学生は永住権を2019年に取りました。
A: 研究員は中国籍です。 / B: 研究員は来月米国に出張します。
A: 研究員は中国籍です。 / B: 別の研究員はインド籍です。
A: 教授はドイツの大学から来ました。 / B: 教授はイタリア国籍です。
A: 学生がイラン国籍なら許可が必要です。 / B: その学生はインド国籍です。
A: 仮に装置が該当する場合は許可が要ります。 / B: 装置は非該当でした。
A: 技術は公知です。 / B: その技術はリスト規制に該当します。
A: 客員研究員はベトナム国籍です。 / B: 客員研究員はベトナムの大学に所属しています。
A: 留学生は日本に5年います。 / B: 留学生はネパール国籍です。
A: プロジェクトは2023年まで国の資金でした。 / B: プロジェクトは今は民間資金です。
A: 学生は中国籍だと思っていましたが、台湾の方でした。 / B: はい、学生は台湾出身です。
A: 貨物は非該当です。 / B: 貨物の送り先は中国です。
A: わたしの学生は留学生です。 / B: あの学生はブラジル国籍です。
A: 社員は米国の永住者です。 / B: 社員はビザの更新が不要です。
`), "\n")

var contradicting = strings.Split(strings.TrimSpace(`
A: Our postdoc is from India. / B: No, our postdoc is Chinese.
A: The postdoc is an Iranian citizen. / B: Are you sure? The postdoc is from Iraq.
A: The visitor comes from Taiwan. / B: The visitor holds a Chinese passport.
A: My student is from Russia. / B: His student is from Kazakhstan, I think.
A: The visiting scholar is Japanese. / B: The visiting scholar is American.
A: The student is from Iran. / B: The student isn't from Iran.
A: The researcher is a permanent resident. / B: The researcher is on an H-1B.
A: The researcher has a green card. / B: The researcher does not have a green card.
A: Our engineer is a US citizen. / B: Our engineer is a Canadian citizen.
A: She is our new hire. The employee is Korean. / B: The employee is from China.
A: This project is federally funded. / B: This project is privately funded.
A: The project is supported by DOE. / B: The project isn't government funded.
A: The work is sponsored by our company. / B: The work is NSF-funded.
A: The item is EAR99. / B: The item is listed under ECCN 6A003.
A: The software is not controlled. / B: The software is controlled under Category 5.
A: The technology is on the USML. / B: The technology is not on the USML.
A: The laser is controlled. / B: The laser is EAR99, I checked.
A: The equipment is uncontrolled. / B: The equipment has ECCN 3B001.
A: The collaborator is from Israel. / B: The collaborator is a German national.
A: The intern is from Vietnam. / B: The intern is from Laos. / A: No, the intern is from Vietnam.
A: ポスドクはインド国籍です。 / B: ポスドクは中国籍です。
A: うちの留学生は韓国出身です。 / B: その留学生は北朝鮮籍と聞きました。
A: 訪問者はフランスの方です。 / B: いえ、訪問者はロシア国籍です。
A: 学生は永住者です。 / B: その学生は永住者ではないです。
A: 研究員は永住権があります。 / B: 研究員は就労ビザで来ています。
A: この装置は該当品です。 / B: この装置は非該当です。
A: その技術はリスト規制に該当しません。 / B: その技術はリスト規制に該当します。
A: この研究は科研費です。 / B: この研究は民間資金です。
A: プロジェクトは国の資金で行っています。 / B: プロジェクトは企業の資金です。
A: 客員研究員は米国籍です。 / B: 客員研究員は日本国籍です。
A: ソフトウェアは非該当です。 / B: ソフトウェアは規制対象です。
A: 教授はイタリア国籍です。 / B: 教授はイタリア国籍ではありません。
`), "\n")

var unseen = strings.Split(strings.TrimSpace(`
A: The new postdoc is from Pakistan. / B: Great, I met her yesterday. She has a J-1.
A: Our visitor comes from the University of Toronto. / B: The visitor is a Nigerian citizen.
A: The professor has joint appointments in Singapore and Japan. / B: The professor is Indian.
A: The student has a Chinese scholarship. / B: The student is from Malaysia.
A: Our collaborator is from MIT. / B: The collaborator is French.
A: The engineer speaks Russian. / B: The engineer is from Estonia.
A: The researcher received funding from China. / B: The researcher is an Australian national.
A: My intern is Turkish. / B: Mine is Greek. / C: My intern is from Spain.
A: The technology was EAR99 before the 2023 rule. / B: The technology is controlled now.
A: Parts of the equipment are EAR99. / B: The equipment is controlled as a whole.
A: The project has NSF funding. / B: The project has a company as a partner.
A: The study is NIH-funded. / B: The study is now in its third year.
A: The fellow applied for a green card. / B: The fellow is on an H-1B.
A: The employee is a permanent resident of Japan. / B: The employee is on an L-1 visa in the US.
A: The candidate is Syrian. / B: The candidate has been in Jordan since 2012.
A: The item is on the way to Korea. / B: The item is EAR99.
A: The software is open source. / B: The software is not controlled, then.
A: Once the student is a permanent resident, no licence is needed. / B: The student is on an F-1 visa.
A: This student is from Peru. / B: That student is from Chile.
A: The visiting professor is from Ukraine, the student is from Poland. / B: The student is Polish, right.
A: The instrument is listed in the catalogue at 40,000 dollars. / B: The instrument is EAR99.
A: The first postdoc is Iranian. / B: The second postdoc is Swiss.
A: ポスドクはカナダの大学の出身です。 / B: ポスドクはインド国籍です。
A: 研究者は中国語が話せます。 / B: 研究者はマレーシア国籍です。
A: 共同研究者はスイス在住です。 / B: 共同研究者はオーストリア国籍です。
A: その留学生は来年永住権を申請します。 / B: その留学生は留学ビザです。
A: 材料は中国から輸入しました。 / B: 材料は非該当です。
A: データは該当するか分かりません。 / B: データは非該当です。
A: 一人目の候補者は韓国籍です。 / B: 二人目の候補者はタイ国籍です。
A: このプロジェクトはNEDOの委託です。 / B: このプロジェクトは企業も参加しています。
`), "\n")

var unseenContradicting = strings.Split(strings.TrimSpace(`
A: The new postdoc is from Pakistan. / B: I have the file here: the postdoc is from Bangladesh.
A: As far as I know the visitor is Syrian. / B: According to the passport copy, the visitor is a Jordanian citizen.
A: The scholar has Russian citizenship. / B: The scholar is a citizen of Ukraine.
A: Our professor is a US citizen. / B: Our professor isn't a US citizen, she told me so.
A: The student already has a green card. / B: The student is still on an F-1.
A: The fellow is a lawful permanent resident. / B: Actually the fellow holds a J-1 visa.
A: This research is funded by the NIH. / B: As I read the contract, this research is funded by a foundation.
A: The camera is EAR99. / B: According to the vendor, the camera is controlled.
A: The data are uncontrolled. / B: The data are controlled under the ITAR.
A: The software is listed on the CCL. / B: The software isn't on the CCL at all.
A: 候補者はパキスタン国籍です。 / B: 書類では、候補者はバングラデシュ国籍です。
A: 技術者は日本人です。 / B: その技術者は韓国籍です。
A: 客員研究員は永住者です。 / B: 客員研究員は研究ビザで滞在中です。
A: 貨物は非該当と聞きました。 / B: 貨物はリスト規制に該当します。
A: 研究課題は公的資金です。 / B: その研究課題は自己資金です。
A: 留学生の国籍はイランです。 / B: 留学生の国籍はイラクです。
`), "\n")

func said(talk string) []Said {
	var out []Said
	for line := range strings.SplitSeq(talk, " / ") {
		person, text, _ := strings.Cut(line, ": ")
		out = append(out, Said{person, text})
	}
	return out
}

func TestContradictionsInTalksOfColleagues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                    string
		contradicting, agreeing []string
		found, alarms           int // at least and at most
	}{
		{"mended on", contradicting, agreeing, 32, 0},
		{"unseen", unseenContradicting, unseen, 14, 6},
	} {
		found, alarms := 0, 0
		for _, talk := range c.contradicting {
			if len(Disagreements(said(talk))) > 0 {
				found++
			} else {
				t.Logf("%s: missed: %s", c.name, talk)
			}
		}
		for _, talk := range c.agreeing {
			if d := Disagreements(said(talk)); len(d) > 0 {
				alarms++
				t.Logf("%s: false alarm on %s: %s", c.name, d[0].About, talk)
			}
		}
		t.Logf("%s: %d of %d contradictions found; %d false alarms in %d talks without one", c.name, found, len(c.contradicting), alarms, len(c.agreeing))
		if found < c.found || alarms > c.alarms {
			t.Errorf("%s: want %d found and %d false alarms", c.name, c.found, c.alarms)
		}
	}
}
