import { z } from 'zod'
import { type Database, inTimebank } from '../../db/client.ts'
import type { Cron, Tasks } from '../../db/jobs.ts'
import { systemActor } from '../../shared/actor.ts'
import { DomainError } from '../../shared/errors.ts'
import { currentPolicy, everyTimebank } from '../timebanks/index.ts'
import { closeDue, forgetClosed } from './closing.ts'
import { defaultOptions } from './find/input.ts'
import { requestSearch, runSearch, searchTask } from './searches.ts'

const closeTask = 'circles.close'
const weeklyTask = 'circles.weekly'

const payloadShape = z.object({ timebank: z.uuid(), search: z.uuid() })

/** Closing hourly; where the policy says so, a search in the night before Monday, that brokers find something in the morning. */
export const circlesCron: readonly Cron[] = [
  { task: closeTask, match: '47 * * * *' },
  { task: weeklyTask, match: '37 2 * * 1' }
]

/** `ending` lets go of a search that is under way: it may take longer than the end of the service may. */
export const circlesTasks = (database: Database, ending?: AbortSignal): Tasks => ({
  [searchTask]: (payload) => {
    const { timebank, search } = payloadShape.parse(payload)
    return runSearch(database, timebank, search, ending)
  },
  [closeTask]: async () => {
    for (const { id } of await everyTimebank(database)) {
      while ((await inTimebank(database, id, systemActor, closeDue)) > 0);
      await inTimebank(database, id, systemActor, forgetClosed)
    }
  },
  [weeklyTask]: async () => {
    for (const { id } of await everyTimebank(database))
      await inTimebank(database, id, systemActor, async (tx) => {
        const { rules } = await currentPolicy(tx)
        if (rules.circleSearch === 'weekly') await requestSearch(tx, defaultOptions.budgetMs)
      }).catch((error) => {
        // one that is under way is as good
        if (!(error instanceof DomainError) || error.status >= 500) throw error
      })
  }
})
