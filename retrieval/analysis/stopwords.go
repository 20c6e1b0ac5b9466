package analysis

import "strings"

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// stopWords carry grammar, or ask rather than name: they neither find a passage
// nor tell whether one answers.
var stopWords = set(`
a an and are as at be been being but by can could did do does doing done for from get gets getting give given
had has have having he her here hers him his how however i if in into is it its itself
just let like may me might mine more most must my need needs no nor not now of off on once one ones only or other our ours
out over own please same shall she should so some such tell than that the their theirs them then there these
they this those through to too under until up upon us very was we were what when where whether which while who whom
whose why will with would you your yours
about also any anyone anything because before after between both during each either else ever every
know mean means say says said still want wants thing things way ways kind kinds question answer explain
there's what's it's i'm don't doesn't isn't aren't can't won't didn't wasn't i've we've we're i'd
much many long often soon yet again already ok okay hi hello thanks thank currently exactly actually
`)

// stopBigrams are pairs of kanji that ask rather than name.
var stopBigrams = set(`場合 何年 何日 何月 何人 何件 質問 教え 回答 具体 体的 今日 今回`)
