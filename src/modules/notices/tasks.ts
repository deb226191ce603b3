import { type Database, inTimebank } from '../../db/client.ts'
import type { Cron, Tasks } from '../../db/jobs.ts'
import { systemActor } from '../../shared/actor.ts'
import { everyTimebank } from '../timebanks/index.ts'
import { removeNoticesBefore } from './notices.ts'

const forgetTask = 'notices.forget'

/** What a notice tells of is to be found with the thing itself; after so long nobody looks for the notice. */
const keptDays = 365

export const noticesCron: readonly Cron[] = [{ task: forgetTask, match: '23 3 * * *' }]

export const noticesTasks = (database: Database): Tasks => ({
  [forgetTask]: async () => {
    for (const { id } of await everyTimebank(database))
      await inTimebank(database, id, systemActor, (tx) =>
        removeNoticesBefore(tx, new Date(tx.now.getTime() - keptDays * 24 * 60 * 60 * 1000))
      )
  }
})
