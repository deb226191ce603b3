import { z } from 'zod'
import { type Database, inTimebank } from '../../db/client.ts'
import type { Tasks } from '../../db/jobs.ts'
import { systemActor } from '../../shared/actor.ts'
import { playTask } from '../service-requests/index.ts'
import { playOn } from './player.ts'

const payloadShape = z.object({ timebank: z.uuid(), serviceRequest: z.uuid() })

/** What the job queue's worker does in sandboxes. */
export const sandboxTasks = (database: Database): Tasks => ({
  [playTask]: (payload) => {
    const { timebank, serviceRequest } = payloadShape.parse(payload)
    return inTimebank(database, timebank, systemActor, (tx) => playOn(tx, serviceRequest))
  }
})
