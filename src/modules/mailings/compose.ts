import type { Tx } from '../../db/client.ts'
import { type NoticeKind, type NoticeTopic, noticeKinds, noticeTopics } from '../../shared/notice-kinds.ts'
import type { Told } from '../../shared/told.ts'
import { type Words, wordsFor } from '../../shared/words/index.ts'
import type { Mail } from '../mail/index.ts'
import { accountHolder, type Membership } from '../members/index.ts'
import { findNotices, type Notice } from '../notices/index.ts'
import { currentPolicy, getTimebank } from '../timebanks/index.ts'
import { describeNotices } from './describe.ts'
import { type Content, htmlOf, textOf } from './layout.ts'
import type { KeptPreferences } from './preferences.ts'

/** A mail tells of so many things; the inbox has the others. */
const mostItems = 50

/** The mail that tells a member of some notices of theirs, as things stand now; null where none of them is left. */
export async function composeMail(
  tx: Tx,
  member: Membership,
  noticeIds: readonly string[],
  topics: readonly string[],
  chosen: KeptPreferences,
  links: { publicUrl: string; stop: string }
): Promise<Pick<Mail, 'subject' | 'text' | 'html'> | null> {
  // a kind that this version does not know was written by a later one
  const found = (await findNotices(tx, member.id, noticeIds)).filter(({ kind }) => Object.hasOwn(noticeKinds, kind))
  const facts = await describeNotices(tx, member.id, found)
  const news = found.flatMap((notice, i) => (facts[i]!.over ? [] : [{ notice, told: facts[i]! }]))
  const [first] = news
  if (!first) return null
  const { locale, words } = await languageOf(tx, member)
  const { rules } = await currentPolicy(tx)
  const { slug, name: timebank } = await getTimebank(tx)
  const shown = news.slice(0, mostItems)
  const write = writer(words, locale, rules.timeZone)
  const inbox = `${links.publicUrl}/timebanks/${slug}#notices`
  const { mails } = words
  const content: Content = {
    locale,
    timebank,
    greeting: mails.greeting(member.displayName),
    items: shown.map(({ notice, told }) => ({
      sentence: write(notice, told),
      text: chosen.messageTexts ? (told.text ?? null) : null,
      url: `${inbox}/${notice.id}`
    })),
    open: mails.open,
    more: news.length > shown.length ? mails.more(news.length - shown.length) : null,
    inbox,
    why: mails.why(timebank),
    stop: mails.stop(topicList(topics, words, locale)),
    stopUrl: links.stop
  }
  const subject =
    news.length === 1 ? `${timebank}: ${writeBare(words, first.notice)}` : mails.several(timebank, news.length)
  return { subject, text: textOf(content), html: htmlOf(content) }
}

/** In the language of the person, then of the timebank. */
export async function languageOf(tx: Tx, member: Membership): Promise<{ locale: string; words: Words }> {
  const { locales } = await accountHolder(tx, member.accountId)
  return wordsFor(...locales)
}

/** `offers, messages and thanks` */
export const topicList = (topics: readonly string[], words: Words, locale: string): string =>
  new Intl.ListFormat(locale, { type: 'conjunction' }).format(
    noticeTopics.filter((topic) => topics.includes(topic)).map((topic: NoticeTopic) => words.mails.topics[topic])
  )

function writer(words: Words, locale: string, timeZone: string): (notice: Notice, told: Told) => string {
  const day = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' } as const
  const dates = new Intl.DateTimeFormat(locale, { ...day, timeZone: 'UTC' })
  const instants = new Intl.DateTimeFormat(locale, { ...day, hour: '2-digit', minute: '2-digit', timeZone })
  return ({ kind }, { who, what, when }) => {
    const written =
      when === null ? null : when instanceof Date ? instants.format(when) : dates.format(new Date(`${when}T00:00:00Z`))
    return words.notices[kind as NoticeKind]({ who, what, when: written })
  }
}

/** Without names and titles, as a subject is read over one's shoulder. */
const writeBare = (words: Words, { kind }: Notice): string =>
  words.notices[kind as NoticeKind]({ who: null, what: null, when: null })
