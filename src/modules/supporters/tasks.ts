import { type Database, inTimebank } from '../../db/client.ts'
import type { Cron, Tasks } from '../../db/jobs.ts'
import { systemActor } from '../../shared/actor.ts'
import { everyTimebank } from '../timebanks/index.ts'
import { expireDue } from './ending.ts'

const expireTask = 'supporters.expire'

export const supportersCron: readonly Cron[] = [{ task: expireTask, match: '9 * * * *' }]

export const supportersTasks = (database: Database): Tasks => ({
  [expireTask]: async () => {
    for (const { id } of await everyTimebank(database))
      while ((await inTimebank(database, id, systemActor, (tx) => expireDue(tx))) > 0);
  }
})
