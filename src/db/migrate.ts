import { existsSync } from 'node:fs'
import path from 'node:path'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator'
import { runMigrations as migrateWorker } from 'graphile-worker'
import pg from 'pg'

/** Any two starts of the service at the same moment take turns on this advisory lock. */
const migrationLock = 7_284_116_001

/** The project's folder, found upwards from this file: the same from `src/` and from `dist/src/`. */
export function projectFolder(): string {
  let folder = import.meta.dirname
  while (!existsSync(path.join(folder, 'migrations', 'meta', '_journal.json'))) {
    const above = path.dirname(folder)
    if (above === folder) throw new Error('the folder of migrations is missing from this installation')
    folder = above
  }
  return folder
}

/** Brings the database up to date with the owner's rights: our own migrations, then those of the job queue. */
export async function migrate(ownerUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl, application_name: 'commonhours-migrate' })
  await client.connect()
  try {
    await client.query('SELECT pg_advisory_lock($1)', [migrationLock])
    await applyMigrations(drizzle(client), {
      migrationsFolder: path.join(projectFolder(), 'migrations'),
      migrationsSchema: 'migrations',
      migrationsTable: 'applied'
    })
    await migrateWorker({ connectionString: ownerUrl })
  } finally {
    await client.end()
  }
}
