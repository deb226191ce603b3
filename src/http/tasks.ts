import { and, eq, lt } from 'drizzle-orm'
import { type Database, inTimebank } from '../db/client.ts'
import type { Cron, Tasks } from '../db/jobs.ts'
import { systemActor } from '../shared/actor.ts'
import { idempotencyKeys } from './tables.ts'

const forgetTask = 'platform.forget_answers'

/** Answers kept for repeats hold what was answered, names included: they go after two days, when no client repeats any more. */
const keptHours = 48

export const platformCron: readonly Cron[] = [{ task: forgetTask, match: '41 * * * *' }]

export const platformTasks = (database: Database): Tasks => ({
  [forgetTask]: async () => {
    const { rows } = await database.pool.query<{ id: string }>('SELECT id FROM timebanks.timebanks')
    for (const { id } of rows)
      await inTimebank(database, id, systemActor, async (tx) => {
        const old = new Date(tx.now.getTime() - keptHours * 60 * 60 * 1000)
        await tx.db
          .delete(idempotencyKeys)
          .where(and(eq(idempotencyKeys.timebankId, tx.timebankId), lt(idempotencyKeys.createdAt, old)))
      })
  }
})
