import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { tablesOf } from '../../scripts/backup/format.ts'
import { checkBackup } from '../../scripts/backup/read.ts'
import { restoreBackup } from '../../scripts/backup/restore.ts'
import { writeBackup } from '../../scripts/backup/write.ts'
import { withClient } from '../../scripts/support/ground.ts'
import { connect, inTimebank } from '../../src/db/client.ts'
import { verifyBooks } from '../../src/modules/ledger/index.ts'
import { systemActor } from '../../src/shared/actor.ts'
import { fixture, makeBank } from '../modules/moving-in/support.ts'
import { makeDatabase, makePool } from '../support/database.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'commonhours-backup-'))
const file = path.join(folder, 'all.backup')
const database = await makePool('backup')
const empty = await makeDatabase('backup restored')
after(async () => {
  await database.close()
  await empty.drop()
  rmSync(folder, { recursive: true, force: true })
})

const bank = await makeBank(database, 'rivertown')
await makeBank(database, 'hilltown')
await bank.run('timeoverflow-members', fixture('timeoverflow-members.ca.csv'), { skipFaulty: true })
await bank.run('timeoverflow-transfers', fixture('timeoverflow-transfers.fr.csv'), { skipFaulty: true })
// characters that end a line elsewhere, a number beyond 2^53 (fingerprints), an empty list, a quote
await bank.rows(
  `UPDATE members.memberships SET about = E'first\\nsecond\\u2028third "quoted" \\\\', latitude = 51.48158100000001, longitude = -3.1790900000000004
    WHERE timebank_id = $1 AND number = 1`,
  [bank.id]
)

const digest = (url: string): Promise<Record<string, string>> =>
  withClient(url, async (client) => {
    const digests: Record<string, string> = {}
    for (const { name } of await tablesOf(client)) {
      const { rows } = await client.query(
        `SELECT count(*) || ' ' || md5(string_agg(t::text, '|' ORDER BY t::text)) AS all FROM ${name} t`
      )
      digests[name] = rows[0].all
    }
    return digests
  })

const keysOf = (url: string): Promise<unknown[]> =>
  withClient(url, async (client) => {
    const sql =
      "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' ORDER BY 1, 2"
    return (await client.query(sql)).rows
  })

test('a backup is for its owner only, and is not written over another file', async () => {
  const written = await withClient(database.url, (client) => writeBackup(client, file))
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(written.sha256.length, 64)
  const header = await checkBackup(file)
  assert.equal(
    header.tables.reduce((sum, table) => sum + table.rows, 0),
    written.rows
  )
  await assert.rejects(
    withClient(database.url, (client) => writeBackup(client, file)),
    /is there already/
  )
})

test('a damaged, cut or foreign file is found out before anything is restored', async () => {
  const lines = gunzipSync(readFileSync(file)).toString()
  const variants: [content: Buffer, expected: RegExp][] = [
    [gzipSync(lines.replace('first', 'furst')), /checksum/],
    [gzipSync(lines.slice(0, -3)), /end is missing|should have/],
    [gzipSync(lines.split('\n').slice(0, -3).join('\n').concat('\n')), /should have/],
    [readFileSync(file).subarray(0, 2000), /part of it is missing/],
    [Buffer.from('N,Nombre'), /no gzipped file/],
    [gzipSync('{"a":1}\n'), /no backup/],
    [gzipSync(''), /empty/]
  ]
  for (const [i, [content, expected]] of variants.entries()) {
    const variant = path.join(folder, `variant-${i}`)
    writeFileSync(variant, content)
    await assert.rejects(checkBackup(variant), expected)
  }
  await assert.rejects(checkBackup(path.join(folder, 'missing')), /cannot be read: ENOENT/)
})

test('it is restored row for row, with all foreign keys, and the books are sound', async () => {
  const before = await keysOf(empty.url)
  const header = await checkBackup(file)
  await withClient(empty.url, (client) => restoreBackup(client, file, header))
  assert.deepEqual(await digest(empty.url), await digest(database.url))
  assert.deepEqual(await keysOf(empty.url), before)
  const restored = connect({ url: empty.url, max: 2 })
  try {
    const problems = await inTimebank(restored, bank.id, systemActor, verifyBooks)
    assert.deepEqual(problems, [])
  } finally {
    await restored.close()
  }
})

test('a database with rows, or at another level, is refused and left as it was', async () => {
  const header = await checkBackup(file)
  const before = await digest(database.url)
  await assert.rejects(
    withClient(database.url, (client) => restoreBackup(client, file, header)),
    /empty database only/
  )
  const older = { ...header, migrations: header.migrations.slice(1) }
  await assert.rejects(
    withClient(empty.url, (client) => restoreBackup(client, file, older)),
    /migrations/
  )
  assert.deepEqual(await digest(database.url), before)
})

test('a file that changes while it is restored leaves nothing behind', async () => {
  const other = await makeDatabase('backup changing')
  try {
    const header = await checkBackup(file)
    const changed = path.join(folder, 'changed')
    copyFileSync(file, changed)
    const lines = gunzipSync(readFileSync(changed)).toString().split('\n')
    writeFileSync(changed, gzipSync(`${lines.slice(0, -10).join('\n')}\n`))
    await assert.rejects(withClient(other.url, (client) => restoreBackup(client, changed, header)))
    const counts = Object.values(await digest(other.url))
    assert.ok(counts.every((count) => count === null || count.startsWith('0 ')))
    assert.equal((await keysOf(other.url)).length, (await keysOf(empty.url)).length)
  } finally {
    await other.drop()
  }
})
