import { type Database, inTimebank, type Tx } from '../../db/client.ts'
import type { Cron, Tasks } from '../../db/jobs.ts'
import { systemActor } from '../../shared/actor.ts'
import { everyTimebank } from '../timebanks/index.ts'
import { expireListings, listingsExpiringWithin, noteExpiryNotices } from './expiry.ts'
import { type Listing, todayHere } from './listings.ts'

const expireTask = 'listings.expire'

/** Long enough to answer, short enough to be remembered. */
const noticeDays = 7

/** Puts the notices into the queue, in the transaction that notes them. */
export type NotifyExpiry = (tx: Tx, listings: readonly Listing[]) => Promise<void>

/** What the job queue's worker does for this module. Without `notify` nothing is noted, so that no notice is lost. */
export const listingsTasks = (database: Database, notify?: NotifyExpiry): Tasks => ({
  [expireTask]: () => expireEverywhere(database, notify)
})

/** Hourly, since midnight comes at another hour in each time zone. */
export const listingsCron: readonly Cron[] = [{ task: expireTask, match: '23 * * * *' }]

async function expireEverywhere(database: Database, notify?: NotifyExpiry): Promise<void> {
  for (const { id } of await everyTimebank(database))
    await inTimebank(database, id, systemActor, async (tx) => {
      await expireListings(tx, await todayHere(tx))
      if (!notify) return
      const due = await listingsExpiringWithin(tx, noticeDays)
      await notify(tx, due)
      await noteExpiryNotices(tx, due)
    })
}
