import { and, eq, lt } from 'drizzle-orm'
import { z } from 'zod'
import { type Database, inTimebank } from '../../db/client.ts'
import type { Cron, Tasks } from '../../db/jobs.ts'
import { systemActor } from '../../shared/actor.ts'
import { everyTimebank } from '../timebanks/index.ts'
import { gather, gatherAllDue, sendTask } from './gather.ts'
import { gatherTask } from './preferences.ts'
import { type Post, sendMail } from './send.ts'
import { mails } from './tables.ts'

const dueTask = 'mailings.due'
const forgetTask = 'mailings.forget'

/** The week's count needs seven days; the rest is for whoever asks why no mail came. */
const keptDays = 90

const memberPayload = z.object({ timebank: z.uuid(), member: z.uuid() })
const mailPayload = z.object({ timebank: z.uuid(), mail: z.uuid() })

/** What the job queue's worker does for this module. */
export const mailingsTasks = (post: Post): Tasks => ({
  [gatherTask]: async (payload) => {
    const { timebank, member } = memberPayload.parse(payload)
    await inTimebank(post.database, timebank, systemActor, (tx) => gather(tx, member))
  },
  [sendTask]: (payload) => {
    const { timebank, mail } = mailPayload.parse(payload)
    return sendMail(post, timebank, mail)
  },
  [dueTask]: () => gatherAllDue(post.database),
  [forgetTask]: () => forgetMails(post.database)
})

/** Digests at the quarters of an hour, as there are time zones that are not whole hours apart. */
export const mailingsCron: readonly Cron[] = [
  { task: dueTask, match: '*/15 * * * *' },
  { task: forgetTask, match: '47 3 * * *' }
]

async function forgetMails(database: Database): Promise<void> {
  for (const { id } of await everyTimebank(database))
    await inTimebank(database, id, systemActor, async (tx) => {
      const old = new Date(tx.now.getTime() - keptDays * 24 * 60 * 60 * 1000)
      await tx.db.delete(mails).where(and(eq(mails.timebankId, tx.timebankId), lt(mails.madeAt, old)))
    })
}
