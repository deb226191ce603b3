import { z } from 'zod'
import { type Database, inTimebank } from '../../db/client.ts'
import type { Cron, Tasks } from '../../db/jobs.ts'
import { systemActor } from '../../shared/actor.ts'
import { followTask } from '../listings/index.ts'
import { everyTimebank } from '../timebanks/index.ts'
import { closeDue, putStale } from './closing.ts'
import { followListing, followMeetings, withMeetings } from './following.ts'

const hourlyTask = 'service-requests.hourly'

const payloadShape = z.object({ timebank: z.uuid(), listing: z.uuid() })

/** Hourly, since midnight comes at another hour in each time zone. */
export const serviceRequestsCron: readonly Cron[] = [{ task: hourlyTask, match: '7 * * * *' }]

export const serviceRequestsTasks = (database: Database): Tasks => ({
  [followTask]: (payload) => {
    const { timebank, listing } = payloadShape.parse(payload)
    return inTimebank(database, timebank, systemActor, (tx) => followListing(tx, listing))
  },
  [hourlyTask]: async () => {
    for (const { id } of await everyTimebank(database)) {
      while ((await inTimebank(database, id, systemActor, putStale)) > 0);
      while ((await inTimebank(database, id, systemActor, closeDue)) > 0);
      for (const request of await inTimebank(database, id, systemActor, withMeetings))
        await inTimebank(database, id, systemActor, (tx) => followMeetings(tx, request))
    }
  }
})
