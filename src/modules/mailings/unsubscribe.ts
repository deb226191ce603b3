import { type Database, inTimebank } from '../../db/client.ts'
import { systemActor } from '../../shared/actor.ts'
import { notFound } from '../../shared/errors.ts'
import { wordsFor } from '../../shared/words/index.ts'
import { findMembership } from '../members/index.ts'
import { languageOf, topicList } from './compose.ts'
import { escaped, page } from './layout.ts'
import { stopTopics } from './preferences.ts'
import { readStopToken } from './tokens.ts'

/** The page that asks whether mails should stop. It changes nothing: programs that look for viruses follow every link. */
export const askPage = (database: Database, token: string): Promise<string> =>
  pageFor(
    database,
    token,
    ({ ask, button }, topics) => `<p>${escaped(ask(topics))}</p>
<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">
<button style="font:inherit;padding:.5em 1em">${escaped(button)}</button></form>`
  )

/** Stops the mails that a token stands for, and says so; again it says the same. Who has left has none anyway. */
export async function stopMails(database: Database, token: string): Promise<string> {
  const stop = await readStopToken(database, token)
  if (!stop) throw notFound('address')
  await inTimebank(database, stop.timebankId, systemActor, async (tx) => {
    const member = await findMembership(tx, stop.membershipId)
    if (member && !['left', 'erased'].includes(member.status)) await stopTopics(tx, member.id, stop.topics)
  })
  return pageFor(database, token, ({ done }, topics) => `<p>${escaped(done(topics))}</p>`)
}

type Texts = ReturnType<typeof wordsFor>['words']['unsubscribe']

/** In the member's language; neither their name nor that of the timebank is told to who holds a forwarded mail. */
async function pageFor(
  database: Database,
  token: string,
  body: (texts: Texts, topics: string) => string
): Promise<string> {
  const stop = await readStopToken(database, token)
  if (!stop) throw notFound('address')
  const { locale, words } = await inTimebank(
    database,
    stop.timebankId,
    systemActor,
    async (tx) => {
      const member = await findMembership(tx, stop.membershipId)
      return member ? languageOf(tx, member) : wordsFor()
    },
    { readOnly: true }
  )
  const texts = words.unsubscribe
  return page(locale, texts.title, body(texts, topicList(stop.topics, words, locale)))
}
