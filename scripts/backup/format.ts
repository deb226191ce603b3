import type pg from 'pg'

/**
 * A backup is a gzipped file of lines, each a JSON text: a header, then the rows of each table in the order and number that
 * the header says, then a trailer with the SHA-256 of all lines before it.
 */
export const formatName = 'commonhours-backup'
export const formatVersion = 1

export type BackupTable = { name: string; columns: string[]; rows: number }

export type Header = {
  format: typeof formatName
  version: typeof formatVersion
  createdAt: string
  /** hashes of the migrations that had been applied, in order */
  migrations: string[]
  tables: BackupTable[]
}

export type Trailer = { sha256: string }

// kept by others: the extensions' tables, the job queue with its own migrations, and the list of our migrations
const notOurs = ['public', 'information_schema', 'graphile_worker', 'migrations']

/** Every table of ours with the columns that are stored (generated ones are made anew), names quoted where they need it. */
export async function tablesOf(client: pg.ClientBase): Promise<Omit<BackupTable, 'rows'>[]> {
  const { rows } = await client.query<{ name: string; columns: string[] }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name,
            array_agg(quote_ident(a.attname) ORDER BY a.attnum) AS columns
       FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> ALL ($1)
      GROUP BY n.nspname, c.relname
      ORDER BY n.nspname, c.relname`,
    [notOurs]
  )
  return rows
}
