import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'drizzle-orm'
import { addJob } from '../../../src/db/jobs.ts'
import { runJobsOnce, startJobs } from '../../../src/jobs.ts'
import { makePool } from '../../support/database.ts'

let database: Awaited<ReturnType<typeof makePool>>
const logged: string[] = []
const log = (fields: object, message: string) =>
  void logged.push(
    JSON.stringify(fields, (_, v) => (v instanceof Error ? { message: v.message, stack: v.stack } : v)) + message
  )
const logger = { error: log, warn: log, info: log, debug: log }
before(async () => {
  database = await makePool('identity-jobs')
})
after(() => database.close())

const collect = () => {
  const seen: unknown[] = []
  return { seen, tasks: { 'test.collect': async (payload: unknown) => void seen.push(payload) } }
}

test('a job exists if and only if its transaction commits', async () => {
  const { seen, tasks } = collect()
  await database.db.transaction((tx) => addJob(tx, 'test.collect', { id: 1 }))
  const undone = database.db.transaction(async (tx) => {
    await addJob(tx, 'test.collect', { id: 2 })
    throw new Error('undone')
  })
  await assert.rejects(undone, /undone/)
  assert.deepEqual(await runJobsOnce({ ownerUrl: database.url, tasks, logger }), { done: 1, failed: [] })
  assert.deepEqual(seen, [{ id: 1 }])
})

test('a job with a key takes the place of the one that waits, and a later one waits', async () => {
  const { seen, tasks } = collect()
  await addJob(database.db, 'test.collect', { id: 'old' }, { jobKey: 'one' })
  await addJob(database.db, 'test.collect', { id: 'new' }, { jobKey: 'one' })
  await addJob(database.db, 'test.collect', { id: 'tomorrow' }, { runAt: new Date(Date.now() + 86_400_000) })
  await runJobsOnce({ ownerUrl: database.url, tasks, logger })
  assert.deepEqual(seen, [{ id: 'new' }])
})

test('the worker takes jobs as they come, and stops after those that run', async () => {
  const finished: unknown[] = []
  let begun: () => void
  const running = new Promise<void>((resolve) => {
    begun = resolve
  })
  const jobs = await startJobs({
    ownerUrl: database.url,
    cron: [{ task: 'test.slow', match: '0 4 * * *' }],
    logger,
    tasks: {
      'test.slow': async (payload) => {
        begun()
        await new Promise((resolve) => setTimeout(resolve, 100))
        finished.push(payload)
      }
    }
  })
  await addJob(database.db, 'test.slow', { id: 7 })
  await running
  await jobs.stop()
  assert.deepEqual(finished, [{ id: 7 }])
})

test('a failing job stays for later; neither the queue nor the log keeps values of its queries or its payload', async () => {
  await addJob(database.db, 'test.fail', { id: 'payload-secret' })
  const tasks = {
    'test.fail': async () => {
      await database.db.execute(sql`SELECT ${'query-secret'}::text::uuid`)
    }
  }
  const { done, failed } = await runJobsOnce({ ownerUrl: database.url, tasks, logger })
  assert.deepEqual([done, failed.length], [0, 1])
  // the queue's tables are the owner's
  const client = await database.pool.connect()
  await client.query('SET ROLE NONE')
  const { rows } = await client.query(
    'SELECT last_error FROM graphile_worker._private_jobs WHERE last_error IS NOT NULL'
  )
  client.release(true)
  assert.match(rows[0].last_error, /^database error \(22P02\)/)
  const all = logged.join('\n')
  assert.match(all, /Failed task/)
  assert.doesNotMatch(all + rows[0].last_error, /secret/)
})
