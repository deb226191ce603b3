import { z } from 'zod'
import { type Database, inTimebank } from '../../db/client.ts'
import type { Cron, Tasks } from '../../db/jobs.ts'
import { systemActor } from '../../shared/actor.ts'
import type { Mailer } from '../mail/index.ts'
import { everyTimebank } from '../timebanks/index.ts'
import { expireListings } from './expiry.ts'
import { todayHere } from './listings.ts'
import { noticeFor, noticeTask, queueNotices } from './notices.ts'
import { kindNames } from './vocabulary.ts'
import { rebuildWords } from './words.ts'

const expireTask = 'listings.expire'
const wordsTask = 'listings.words'
const noticePayload = z.object({ timebank: z.uuid(), kind: z.enum(kindNames), id: z.uuid() })

/** What the job queue's worker does for this module. Without a mailer no notice is noted as given. */
export const listingsTasks = (database: Database, mailer?: Mailer): Tasks => ({
  [expireTask]: () => expireEverywhere(database, mailer !== undefined),
  [wordsTask]: async () => {
    for (const { id } of await everyTimebank(database)) await inTimebank(database, id, systemActor, rebuildWords)
  },
  [noticeTask]: async (payload) => {
    const { timebank, kind, id } = noticePayload.parse(payload)
    const mail = await inTimebank(database, timebank, systemActor, (tx) => noticeFor(tx, kind, id), { readOnly: true })
    if (mail) await mailer?.send(mail)
  }
})

/** Expiry hourly, since midnight comes at another hour in each time zone. The vocabulary nightly: it reads every listing. */
export const listingsCron: readonly Cron[] = [
  { task: expireTask, match: '23 * * * *' },
  { task: wordsTask, match: '41 2 * * *' }
]

async function expireEverywhere(database: Database, notices: boolean): Promise<void> {
  for (const { id } of await everyTimebank(database))
    await inTimebank(database, id, systemActor, async (tx) => {
      await expireListings(tx, await todayHere(tx))
      if (notices) await queueNotices(tx)
    })
}
