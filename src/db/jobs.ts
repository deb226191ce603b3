import { sql } from 'drizzle-orm'
import type { Queries } from './client.ts'

/** What a queue's worker does for one name. Payloads hold ids only; errors must not tell personal data. */
export type Task = (payload: unknown) => Promise<void>
export type Tasks = Readonly<Record<string, Task>>

/** A task at recurring times, as `17 * * * *` (UTC). */
export type Cron = { task: string; match: string }

export type JobOptions = {
  /** A later job with the same key takes the place of one that waits. */
  jobKey?: string
  /** Not before this instant. */
  runAt?: Date
}

/** Puts a job into the queue. Called on a transaction, the job exists if and only if the transaction commits. */
export async function addJob(
  db: Queries,
  task: string,
  payload: Record<string, unknown>,
  options: JobOptions = {}
): Promise<void> {
  const { jobKey = null, runAt } = options
  const runAtText = runAt?.toISOString() ?? null
  await db.execute(
    sql`SELECT platform.add_job(${task}, ${JSON.stringify(payload)}::json, ${jobKey}, ${runAtText}::timestamptz)`
  )
}
