import { createHash } from 'node:crypto'
import pg from 'pg'
import { connect, type Database } from '../../src/db/client.ts'

/** Where the runner (test/run.ts) has put the migrated template database. */
export const serverUrl = (): string => {
  const url = process.env['TEST_DATABASE_URL']
  if (!url)
    throw new Error(
      'TEST_DATABASE_URL is not set: run the tests with npm test, or npm test -- test/path/to/file.test.ts'
    )
  return url
}

export const templateName = 'commonhours_template'

export const urlOf = (database: string): string => {
  const url = new URL(serverUrl())
  url.pathname = `/${database}`
  return url.href
}

/** A database of its own, cloned from the migrated template; `drop` when done. */
export async function makeDatabase(name: string): Promise<{ url: string; drop(): Promise<void> }> {
  const database = `t_${createHash('sha256').update(`${name}|${process.pid}|${process.hrtime.bigint()}`).digest('hex').slice(0, 20)}`
  await asAdmin((client) => client.query(`CREATE DATABASE ${database} TEMPLATE ${templateName}`))
  return {
    url: urlOf(database),
    drop: () => asAdmin((client) => client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)).then(() => {})
  }
}

/** A pool as the service's role on a fresh clone; both go with `close`. */
export async function makePool(name: string, clock?: () => Date): Promise<Database & { url: string }> {
  const { url, drop } = await makeDatabase(name)
  const database = connect({ url, max: 10, ...(clock ? { clock } : {}) })
  return {
    ...database,
    url,
    close: async () => {
      await database.close()
      await drop()
    }
  }
}

/** One at a time: cloning a template needs it to itself. */
export async function asAdmin<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: urlOf('postgres') })
  await client.connect()
  try {
    await client.query('SELECT pg_advisory_lock(4711)')
    return await work(client)
  } finally {
    await client.end()
  }
}
