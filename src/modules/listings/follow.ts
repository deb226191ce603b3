import type { Tx } from '../../db/client.ts'
import { addJob } from '../../db/jobs.ts'

/** The job that is queued, in the transaction that moves it, for each followed request whose status has changed. */
export const followTask = 'service-requests.follow'

/** Tells whoever follows these requests that they stand otherwise; those that nobody follows are passed over. */
export async function tellFollowers(tx: Tx, requests: readonly { id: string; followed?: boolean }[]): Promise<void> {
  for (const { id, followed } of requests)
    if (followed)
      await addJob(
        tx.db,
        followTask,
        { timebank: tx.timebankId, listing: id },
        { jobKey: `${followTask}.${tx.timebankId}.${id}` }
      )
}
