import { createHash } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type pg from 'pg'
import { CommandError } from '../support/errors.ts'
import { levelOf } from '../support/ground.ts'
import { formatName, formatVersion, type Header, tablesOf } from './format.ts'

export type Written = { rows: number; tables: number; sha256: string }

const fetchRows = 5000

/** Writes what one snapshot of the database holds. The file appears under its name when it is complete. */
export async function writeBackup(client: pg.ClientBase, file: string): Promise<Written> {
  if (existsSync(file)) throw new CommandError(`${file} is there already.`)
  const partial = `${file}.partial`
  const written: Written = { rows: 0, tables: 0, sha256: '' }
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  try {
    // whoever is not the owner would get the rows of no timebank, in silence; now they get an error
    await client.query('SET LOCAL row_security = off')
    // signing keys and password hashes are in it: for the operator's eyes only
    const target = createWriteStream(partial, { flags: 'wx', mode: 0o600 })
    await pipeline(Readable.from(linesOf(client, written)), createGzip(), target)
    await flush(partial)
    await rename(partial, file)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EEXIST') throw new CommandError(`${partial} is left from another backup; delete it first.`)
    await rm(partial, { force: true })
    if (code === 'ENOENT' || code === 'EACCES') throw new CommandError(`${file} cannot be written: ${code}`)
    throw error
  } finally {
    await client.query('ROLLBACK')
  }
  return written
}

async function* linesOf(client: pg.ClientBase, written: Written): AsyncGenerator<string> {
  const hash = createHash('sha256')
  const hashed = (text: string): string => {
    hash.update(text)
    return text
  }
  const header = await headerOf(client)
  yield hashed(`${JSON.stringify(header)}\n`)
  for (const { name, columns, rows } of header.tables) {
    written.tables += 1
    written.rows += rows
    if (rows === 0) continue
    await client.query(
      `DECLARE backup NO SCROLL CURSOR FOR SELECT row_to_json(t)::text AS line FROM (SELECT ${columns.join(', ')} FROM ${name}) t`
    )
    for (;;) {
      const part = await client.query<{ line: string }>(`FETCH ${fetchRows} FROM backup`)
      if (part.rows.length === 0) break
      // a raw line feed can only stand between the parts of a JSON value, never within a text
      yield hashed(part.rows.map(({ line }) => `${line.replaceAll('\n', ' ')}\n`).join(''))
    }
    await client.query('CLOSE backup')
  }
  written.sha256 = hash.digest('hex')
  yield `${JSON.stringify({ sha256: written.sha256 })}\n`
}

async function headerOf(client: pg.ClientBase): Promise<Header> {
  const migrations = await levelOf(client)
  if (migrations.length === 0) throw new CommandError('The database is empty: there is nothing to back up.')
  const tables: Header['tables'] = []
  for (const { name, columns } of await tablesOf(client)) {
    const { rows } = await client.query<{ rows: number }>(`SELECT count(*)::integer AS rows FROM ${name}`)
    tables.push({ name, columns, rows: rows[0]!.rows })
  }
  return { format: formatName, version: formatVersion, createdAt: new Date().toISOString(), migrations, tables }
}

/** On the disk before it gets its name, or a power cut could leave an empty file under it. */
async function flush(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
