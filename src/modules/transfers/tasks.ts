import { type Database, inTimebank } from '../../db/client.ts'
import type { Cron, Tasks } from '../../db/jobs.ts'
import { systemActor } from '../../shared/actor.ts'
import { forgetRefusals, releaseExpiredHolds } from '../ledger/index.ts'
import { currentPolicy, everyTimebank, today } from '../timebanks/index.ts'

const expireTask = 'transfers.release_expired_holds'
const forgetTask = 'transfers.forget_refusals'

/** As long as answers under an Idempotency-Key: no client repeats after that. */
const keptHours = 48

export const transfersCron: readonly Cron[] = [
  { task: expireTask, match: '* * * * *' },
  { task: forgetTask, match: '47 * * * *' }
]

export const transfersTasks = (database: Database): Tasks => ({
  [expireTask]: async () => {
    for (const { id } of await everyTimebank(database)) {
      let released = 0
      do {
        released = await inTimebank(database, id, systemActor, async (tx) =>
          releaseExpiredHolds(tx, today(tx, (await currentPolicy(tx)).rules))
        )
      } while (released > 0)
    }
  },
  [forgetTask]: async () => {
    for (const { id } of await everyTimebank(database))
      await inTimebank(database, id, systemActor, (tx) =>
        forgetRefusals(tx, new Date(tx.now.getTime() - keptHours * 60 * 60 * 1000))
      )
  }
})
