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

const expireTask = 'listings.expire'
const noticePayload = z.object({ timebank: z.uuid(), kind: z.enum(kindNames), id: z.uuid() })

/** What the job queue's worker does for this module. Without a mailer no notice is noted as given. */
export const listingsTasks = (database: Database, mailer?: Mailer): Tasks => ({
  [expireTask]: () => expireEverywhere(database, mailer !== undefined),
  [noticeTask]: async (payload) => {
    const { timebank, kind, id } = noticePayload.parse(payload)
    const mail = await inTimebank(database, timebank, systemActor, (tx) => noticeFor(tx, kind, id), { readOnly: true })
    if (mail) await mailer?.send(mail)
  }
})

/** Hourly, since midnight comes at another hour in each time zone. */
export const listingsCron: readonly Cron[] = [{ task: expireTask, match: '23 * * * *' }]

async function expireEverywhere(database: Database, notices: boolean): Promise<void> {
  for (const { id } of await everyTimebank(database))
    await inTimebank(database, id, systemActor, async (tx) => {
      await expireListings(tx, await todayHere(tx))
      if (notices) await queueNotices(tx)
    })
}
