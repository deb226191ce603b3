/** The load of one figure of the database itself, in a process of its own. Started by `inProcess`. */
import pg from 'pg'
import type { PostingsWork } from './postings.ts'
import { postingCall } from './postings.ts'
import { answer } from './process.ts'
import { tpcb } from './tpcb.ts'

export type SqlJob = {
  url: string
  clients: number
  warmSeconds: number
  seconds: number
  /** ends after so many calls, whatever the time */
  calls?: number
  work: PostingsWork | { kind: 'tpcb'; scale: number }
}

/** `done` counts postings (or transactions), `all` those of the warm-up too; processor time of this process in seconds. */
export type SqlResult = { done: number; all: number; seconds: number; processor: number }

answer<SqlJob, SqlResult>(async (job) => {
  const { work } = job
  const clients = await Promise.all(
    Array.from({ length: job.clients }, async () => {
      // the reference's tables belong to the owner
      const role = work.kind === 'tpcb' ? '' : ' -c role=commonhours_service'
      const client = new pg.Client({ connectionString: job.url, options: `-c TimeZone=UTC${role}` })
      await client.connect()
      return client
    })
  )
  const begin = performance.now() + job.warmSeconds * 1000
  const end = begin + job.seconds * 1000
  let calls = 0
  let done = 0
  let all = 0
  let processor = process.cpuUsage()
  setTimeout(() => (processor = process.cpuUsage()), job.warmSeconds * 1000)
  await Promise.all(
    clients.map(async (client) => {
      const once = work.kind === 'tpcb' ? tpcb(client, work.scale) : postingCall(client, work)
      while (performance.now() < end && (job.calls === undefined || calls < job.calls)) {
        calls += 1
        const posted = await once()
        all += posted
        const now = performance.now()
        if (now >= begin && now <= end) done += posted
      }
    })
  )
  const { user, system } = process.cpuUsage(processor)
  const seconds = (Math.min(end, performance.now()) - begin) / 1000
  await Promise.all(clients.map((client) => client.end()))
  return { done, all, seconds, processor: (user + system) / 1e6 }
})
