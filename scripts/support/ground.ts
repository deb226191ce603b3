import { existsSync } from 'node:fs'
import path from 'node:path'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import pg from 'pg'
import { readConfig } from '../../src/config.ts'
import { connect, type Database } from '../../src/db/client.ts'
import { findEmbedded, startEmbedded } from '../../src/db/embedded.ts'
import { projectFolder } from '../../src/db/migrate.ts'
import { CommandError } from './errors.ts'

/** Runs `work` with the owner's address of the service's database. `create`: also where the bundled one is not there yet. */
export async function withOwner<T>(
  work: (ownerUrl: string) => Promise<T>,
  options: { create?: boolean } = {}
): Promise<T> {
  const ground = await reach(options.create ?? false)
  const interrupted = (): void => void ground.release().finally(() => process.exit(130))
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
  try {
    return await work(ground.ownerUrl)
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
    await ground.release()
  }
}

/** Runs `work` as the service's own role, on a database that this version has migrated. */
export const withDatabase = <T>(work: (database: Database) => Promise<T>): Promise<T> =>
  withOwner(async (ownerUrl) => {
    await requireLevel(ownerUrl)
    const database = connect({ url: ownerUrl, max: 2 })
    try {
      return await work(database)
    } finally {
      await database.close()
    }
  })

type Ground = { ownerUrl: string; release(): Promise<void> }

async function reach(create: boolean): Promise<Ground> {
  const config = readConfig(process.env)
  if (config.DATABASE_URL) return { ownerUrl: config.DATABASE_URL, release: async () => {} }
  const dataDir = path.join(config.dataFolder, 'postgres')
  const running = await findEmbedded(dataDir)
  // a running server is the service's: it is used, and left running
  if (running) return { ownerUrl: running.url, release: async () => {} }
  if (!create && !existsSync(path.join(dataDir, 'PG_VERSION')))
    throw new CommandError(
      `There is no database in ${config.dataFolder}. Set DATABASE_URL, or COMMONHOURS_DATA to the service's data folder.`
    )
  const started = await startEmbedded({ dataDir })
  return { ownerUrl: started.url, release: () => started.stop() }
}

/** The migrations that this version brings, by their hashes, in order. */
export const knownLevel = (): string[] =>
  readMigrationFiles({ migrationsFolder: path.join(projectFolder(), 'migrations') }).map(({ hash }) => hash)

/** Those that have been applied to the database. */
export async function levelOf(client: pg.ClientBase): Promise<string[]> {
  const there = await client.query<{ there: boolean }>("SELECT to_regclass('migrations.applied') IS NOT NULL AS there")
  if (!there.rows[0]?.there) return []
  const { rows } = await client.query<{ hash: string }>('SELECT hash FROM migrations.applied ORDER BY created_at')
  return rows.map(({ hash }) => hash)
}

async function requireLevel(ownerUrl: string): Promise<void> {
  const applied = await withClient(ownerUrl, levelOf)
  const known = knownLevel()
  if (applied.length < known.length)
    throw new CommandError(
      `The database has ${applied.length} of this version's ${known.length} migrations. Run: npm run commonhours -- migrate`
    )
  if (applied.length > known.length)
    throw new CommandError('The database belongs to a newer version of Commonhours than this command.')
}

/** One connection with the owner's rights. */
export async function withClient<T>(ownerUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: ownerUrl,
    options: '-c TimeZone=UTC',
    application_name: 'commonhours-command',
    connectionTimeoutMillis: 10_000
  })
  client.on('error', () => {
    // a lost connection is told by the query that it breaks
  })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
