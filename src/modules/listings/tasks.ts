import { type Database, inTimebank } from '../../db/client.ts'
import type { Cron, Tasks } from '../../db/jobs.ts'
import { systemActor } from '../../shared/actor.ts'
import { everyTimebank } from '../timebanks/index.ts'
import { expireListings, tellExpiring } from './expiry.ts'
import { todayHere } from './listings.ts'
import { rebuildWords } from './words.ts'

const expireTask = 'listings.expire'
const wordsTask = 'listings.words'

/** What the job queue's worker does for this module. */
export const listingsTasks = (database: Database): Tasks => ({
  [expireTask]: () => expireEverywhere(database),
  [wordsTask]: async () => {
    for (const { id } of await everyTimebank(database)) await inTimebank(database, id, systemActor, rebuildWords)
  }
})

/** Expiry hourly, since midnight comes at another hour in each time zone. The vocabulary nightly: it reads every listing. */
export const listingsCron: readonly Cron[] = [
  { task: expireTask, match: '23 * * * *' },
  { task: wordsTask, match: '41 2 * * *' }
]

async function expireEverywhere(database: Database): Promise<void> {
  for (const { id } of await everyTimebank(database))
    await inTimebank(database, id, systemActor, async (tx) => {
      await expireListings(tx, await todayHere(tx))
      await tellExpiring(tx)
    })
}
