import type { Tx } from '../../db/client.ts'
import { addJob } from '../../db/jobs.ts'
import { getTimebank } from '../timebanks/index.ts'

/** The job of whoever plays the people of a sandbox, which is a matter of a higher floor. */
export const playTask = 'service-requests.play'

/** Between two steps of the play, so that who polls sees them. */
const pauseMs = 2000

/** In a sandbox, has the next step played a little later; elsewhere nothing. */
export async function playLater(tx: Tx, id: string): Promise<void> {
  if (!(await getTimebank(tx)).sandbox) return
  const runAt = new Date(tx.now.getTime() + pauseMs)
  const payload = { timebank: tx.timebankId, serviceRequest: id }
  await addJob(tx.db, playTask, payload, { jobKey: `${playTask}:${id}`, runAt })
}
