import type { Database } from '../../db/client.ts'
import { inTimebank } from '../../db/client.ts'
import { addJob, type Cron, type Tasks } from '../../db/jobs.ts'
import { systemActor } from '../../shared/actor.ts'
import { tellTask } from './agreements.ts'
import { advance } from './delivery.ts'
import { tell } from './telling.ts'
import { addAdvance, advanceTask } from './transfers.ts'

const sweepTask = 'clearing.sweep'

/** A job that a killed worker held comes free after hours only; what waits longer than this is taken up anew. */
const standingMs = 60_000
const atATime = 1000

export const clearingCron: readonly Cron[] = [{ task: sweepTask, match: '* * * * *' }]

type Payload = { timebank: string; partner: string; transfer: string }

export const clearingTasks = (database: Database): Tasks => ({
  [tellTask]: (payload) => {
    const { timebank, partner } = payload as Payload
    return tell(database, timebank, partner)
  },
  [advanceTask]: (payload) => {
    const { timebank, transfer } = payload as Payload
    return advance(database, timebank, transfer)
  },
  [sweepTask]: () => sweep(database)
})

/** Puts what has stood still into the queue again, where a waiting job of the same key is replaced and not doubled. */
async function sweep(database: Database): Promise<void> {
  const before = new Date(database.clock().getTime() - standingMs)
  const { rows } = await database.pool.query<{ timebank_id: string; partner_id: string; transfer_id: string | null }>({
    name: 'clearing.standing_still',
    text: 'SELECT timebank_id, partner_id, transfer_id FROM clearing.standing_still($1, $2)',
    values: [before, atATime]
  })
  for (const { timebank_id: timebank, partner_id: partner, transfer_id: transfer } of rows)
    await inTimebank(database, timebank, systemActor, (tx) =>
      transfer === null
        ? addJob(tx.db, tellTask, { timebank, partner }, { jobKey: `${tellTask}:${timebank}:${partner}` })
        : addAdvance(tx, timebank, transfer)
    )
}
