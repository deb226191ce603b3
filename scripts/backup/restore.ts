import type pg from 'pg'
import { CommandError } from '../support/errors.ts'
import { levelOf } from '../support/ground.ts'
import { type BackupTable, type Header, tablesOf } from './format.ts'
import { damaged, readLines } from './read.ts'

/** The service fills these at its first start; the backup's own take their place. */
const ofAnyStart = ['identity.signing_keys', 'identity.setup_codes']

const batchRows = 2000
const batchBytes = 8_000_000

/** Brings a checked backup into an empty database, in one transaction. Gives the number of rows. */
export async function restoreBackup(client: pg.ClientBase, file: string, header: Header): Promise<number> {
  await client.query('BEGIN')
  try {
    await requireSameShape(client, header)
    const names = header.tables.map(({ name }) => name)
    await client.query(`LOCK TABLE ${names.join(', ')} IN ACCESS EXCLUSIVE MODE`)
    await requireEmpty(client, names)
    for (const name of ofAnyStart) await client.query(`DELETE FROM ${name}`)
    // rows come table by table, in no order that foreign keys could follow; they are checked when they are put back
    const keys = await foreignKeys(client, names)
    for (const { table, name } of keys) await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`)
    const rows = await insertRows(client, file, header.tables)
    for (const { table, name, definition } of keys)
      await client.query(`ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition}`)
    await client.query('COMMIT')
    await client.query('ANALYZE')
    return rows
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}

async function requireSameShape(client: pg.ClientBase, header: Header): Promise<void> {
  const here = await levelOf(client)
  if (JSON.stringify(here) !== JSON.stringify(header.migrations))
    throw new CommandError(
      `The backup has ${header.migrations.length} migrations and the database ${here.length}, or they are not the same: ` +
        'restore it with the version that made it, then migrate.'
    )
  const shape = (tables: readonly Omit<BackupTable, 'rows'>[]) =>
    JSON.stringify(tables.map(({ name, columns }) => [name, ...columns]))
  if (shape(await tablesOf(client)) !== shape(header.tables))
    throw new CommandError("The backup's tables are not those of the database.")
}

async function requireEmpty(client: pg.ClientBase, names: readonly string[]): Promise<void> {
  const filled: string[] = []
  for (const name of names.filter((table) => !ofAnyStart.includes(table))) {
    const { rowCount } = await client.query(`SELECT FROM ${name} LIMIT 1`)
    if (rowCount) filled.push(name)
  }
  if (filled.length > 0)
    throw new CommandError(`A backup is restored into an empty database only; there are rows in ${filled.join(', ')}.`)
}

async function foreignKeys(
  client: pg.ClientBase,
  names: readonly string[]
): Promise<{ table: string; name: string; definition: string }[]> {
  const { rows } = await client.query<{ table: string; name: string; definition: string }>(
    `SELECT conrelid::regclass::text AS "table", quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition
       FROM pg_constraint
      WHERE contype = 'f' AND conparentid = 0 AND conrelid = ANY ($1::regclass[])`,
    [names]
  )
  return rows
}

/** Rows stay the texts that they are: a number of 64 bits would not survive a JavaScript number. */
async function insertRows(client: pg.ClientBase, file: string, tables: readonly BackupTable[]): Promise<number> {
  const lines = readLines(file)
  await lines.next()
  let total = 0
  for (const { name, columns, rows } of tables) {
    let batch: string[] = []
    let bytes = 0
    const flush = async (): Promise<void> => {
      if (batch.length === 0) return
      const list = columns.join(', ')
      await client.query(
        `INSERT INTO ${name} (${list}) OVERRIDING SYSTEM VALUE SELECT ${list} FROM json_populate_recordset(NULL::${name}, $1::json)`,
        [`[${batch.join(',')}]`]
      )
      batch = []
      bytes = 0
    }
    for (let row = 0; row < rows; row += 1) {
      const { value } = await lines.next()
      // the file was whole a moment ago
      if (!value) throw damaged('it has changed while it was read')
      batch.push(value.toString())
      bytes += value.length
      if (batch.length === batchRows || bytes > batchBytes) await flush()
    }
    await flush()
    total += rows
  }
  await lines.return(undefined)
  return total
}
