import { type Database, inTimebank } from '../../db/client.ts'
import type { Cron, Tasks } from '../../db/jobs.ts'
import { systemActor } from '../../shared/actor.ts'
import { everyTimebank } from '../timebanks/index.ts'
import { expireDue } from './ending.ts'
import type { OnWithdrawal } from './withdrawal-hook.ts'

const expireTask = 'consents.expire'

export const consentsCron: readonly Cron[] = [{ task: expireTask, match: '13 * * * *' }]

/** `onWithdrawal`: what rests on consents, as the routes have it. */
export const consentsTasks = (database: Database, onWithdrawal: OnWithdrawal = async () => {}): Tasks => ({
  [expireTask]: async () => {
    // one at a time: what rests on it takes locks that nothing else is locked after
    for (const { id } of await everyTimebank(database))
      while ((await inTimebank(database, id, systemActor, (tx) => expireDue(tx, onWithdrawal, 1))) > 0);
  }
})
