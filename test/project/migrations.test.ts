import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api'
import { integer, pgSchema } from 'drizzle-orm/pg-core'
import pg from 'pg'
import { connect } from '../../src/db/client.ts'
import { startEmbedded } from '../../src/db/embedded.ts'
import { migrate } from '../../src/db/migrate.ts'
import { asAdmin, makeDatabase, urlOf } from '../support/database.ts'
import { projectFolder } from './checkout.ts'

const migrations = path.join(projectFolder, 'migrations')
const json = (...parts: string[]) => JSON.parse(readFileSync(path.join(migrations, ...parts), 'utf8'))

type Entry = { idx: number; when: number; tag: string }
const entries: Entry[] = json('meta', '_journal.json').entries

let database: Awaited<ReturnType<typeof makeDatabase>>
let owner: pg.Client
before(async () => {
  database = await makeDatabase('migrations')
  owner = new pg.Client({ connectionString: database.url })
  await owner.connect()
})
after(async () => {
  await owner.end()
  await database.drop()
})

const rows = async <T>(query: string): Promise<T[]> => (await owner.query(query)).rows as T[]

/** Schemas of ours: not the database's, not the job queue's, not the list of applied migrations. */
const ours = `nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'graphile_worker', 'migrations', 'public')`
const tenantTables = `
  SELECT c.oid, n.nspname || '.' || c.relname AS name, c.relrowsecurity AS walled, a.attnum AS tenant
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'timebank_id' AND NOT a.attisdropped
   WHERE c.relkind IN ('r', 'p') AND ${ours}`

test('the times in the journal rise: an entry that is older than the last one applied is passed over in silence', () => {
  for (const [i, entry] of entries.entries()) {
    assert.equal(entry.idx, i)
    if (i > 0) assert.ok(entry.when > entries[i - 1]!.when, entry.tag)
  }
})

test('every file of SQL is in the journal, once', () => {
  const files = readdirSync(migrations).filter((name) => name.endsWith('.sql'))
  assert.deepEqual(
    files.sort(),
    entries.map(({ tag }) => `${tag}.sql`)
  )
})

async function tables(): Promise<Record<string, unknown>> {
  const source = path.join(projectFolder, 'src')
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (name) => path.basename(name) === 'tables.ts'
  )
  assert.ok(files.length >= 8, `${files.length} files of tables`)
  const modules = await Promise.all(
    files.map((file) => import(path.join(source, file)) as Promise<Record<string, unknown>>)
  )
  return Object.fromEntries(
    modules.flatMap((module, i) => Object.entries(module).map(([name, value]) => [`${files[i]}:${name}`, value]))
  )
}

const latestSnapshot = () => json('meta', `${String(entries.at(-1)!.idx).padStart(4, '0')}_snapshot.json`)

test('the tables in the code are those of the migrations', async () => {
  const now = generateDrizzleJson(await tables())
  assert.deepEqual(await generateMigration(latestSnapshot(), now), [], 'run npx drizzle-kit generate')
})

test('a table without its migration is noticed', async () => {
  const planted = pgSchema('planted').table('planted', { id: integer('id') })
  const statements = await generateMigration(latestSnapshot(), generateDrizzleJson({ ...(await tables()), planted }))
  assert.match(statements.join('\n'), /CREATE TABLE "planted"\."planted"/)
})

test('two services that start at once on an empty database both find it migrated', async () => {
  const name = `t_two_${process.pid}`
  await asAdmin((client) => client.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`))
  try {
    await Promise.all([migrate(urlOf(name)), migrate(urlOf(name))])
    const client = new pg.Client({ connectionString: urlOf(name) })
    await client.connect()
    const applied = await client.query('SELECT created_at FROM migrations.applied ORDER BY id')
    await client.end()
    assert.deepEqual(
      applied.rows.map((row) => Number(row.created_at)),
      entries.map(({ when }) => when)
    )
  } finally {
    await asAdmin((client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`))
  }
})

test('the user of the database need be no superuser: one that may make roles will do, or one that was given the role', async () => {
  // a server of its own: the role belongs to the server, and this one has it already
  const folder = mkdtempSync(path.join(os.tmpdir(), 'commonhours-roles-'))
  const server = await startEmbedded({ dataDir: path.join(folder, 'postgres'), durable: false })
  try {
    const superuser = new pg.Client({ connectionString: server.url })
    await superuser.connect()
    await superuser.query('CREATE ROLE maker LOGIN CREATEROLE; CREATE ROLE plain LOGIN')
    for (const user of ['maker', 'plain']) {
      if (user === 'plain') await superuser.query('GRANT commonhours_service TO plain')
      await superuser.query(`CREATE DATABASE of_${user} OWNER ${user}`)
      const url = new URL(server.url)
      url.username = user
      url.pathname = `/of_${user}`
      await migrate(url.href)
      const { pool, close } = connect({ url: url.href })
      const { rows } = await pool.query('SELECT current_user AS is')
      await close()
      assert.equal(rows[0].is, 'commonhours_service', user)
    }
    await superuser.end()
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})

test('migrating again changes nothing', async () => {
  const count = async () => Number((await rows<{ n: string }>('SELECT count(*) AS n FROM migrations.applied'))[0]!.n)
  const before = await count()
  await migrate(database.url)
  assert.equal(await count(), before)
})

test('all tables but those of persons and the list of timebanks name their timebank', async () => {
  const found = await rows<{ name: string }>(`
    SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND ${ours} AND n.nspname <> 'identity'
       AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'timebank_id')`)
  assert.deepEqual(
    found.map((row) => row.name),
    ['timebanks.timebanks']
  )
})

test('each of them lies behind row-level security, for reading and for writing', async () => {
  const found = await rows<{ name: string; walled: boolean; policies: string[] }>(`
    SELECT t.name, t.walled,
           ARRAY(SELECT concat_ws(' | ', p.polcmd, p.polpermissive, p.polroles::regrole[]::text,
                                  pg_get_expr(p.polqual, t.oid), pg_get_expr(p.polwithcheck, t.oid))
                   FROM pg_policy p WHERE p.polrelid = t.oid) AS policies
      FROM (${tenantTables}) t ORDER BY 1`)
  assert.ok(found.length >= 15, `${found.length} tables`)
  const wall = '(timebank_id = ( SELECT platform.timebank() AS timebank))'
  for (const { name, walled, policies } of found) {
    assert.ok(walled, name)
    assert.deepEqual(policies, [`* | t | {commonhours_service} | ${wall} | ${wall}`], name)
  }
})

test('timebank_id leads every key and index of theirs, so that a timebank can live on one node', async () => {
  // asked by members.memberships_of, agencies.client_with and agencies.callers before the timebank is known
  const across = ['memberships_of_person', 'clients_id']
  const found = await rows<{ name: string; keys: string }>(`
    SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS keys
      FROM (${tenantTables}) t JOIN pg_index i ON i.indrelid = t.oid
     WHERE i.indkey[0] <> t.tenant`)
  assert.deepEqual(
    found.filter(({ name }) => !across.includes(name.split('.').at(-1)!)),
    []
  )
})

test('foreign keys from one table of a timebank to another lead with timebank_id on both sides', async () => {
  const found = await rows<{ constraint: string; leads: boolean }>(`
    SELECT t.name || ': ' || k.conname || ' ' || pg_get_constraintdef(k.oid) AS constraint,
           k.conkey[1] = t.tenant AND k.confkey[1] = o.tenant AS leads
      FROM (${tenantTables}) t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
      JOIN (${tenantTables}) o ON o.oid = k.confrelid`)
  assert.ok(found.length >= 15, `${found.length} foreign keys`)
  assert.deepEqual(
    found.filter(({ leads }) => !leads),
    []
  )
})

test("the service's role is a plain one that owns nothing", async () => {
  const [role] = await rows(`
    SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin,
           (SELECT count(*)::integer FROM pg_class WHERE relowner = r.oid) AS owned,
           (SELECT count(*)::integer FROM pg_proc WHERE proowner = r.oid) AS functions,
           (SELECT count(*)::integer FROM pg_auth_members WHERE member = r.oid) AS memberships
      FROM pg_roles r WHERE rolname = 'commonhours_service'`)
  assert.deepEqual(role, {
    rolsuper: false,
    rolbypassrls: false,
    rolcreaterole: false,
    rolcreatedb: false,
    rolcanlogin: false,
    owned: 0,
    functions: 0,
    memberships: 0
  })
})

test("what was written stays written: the service's role may not change or delete it", async () => {
  const may = async (table: string, privilege: string) =>
    (
      await rows<{ may: boolean }>(
        `SELECT has_table_privilege('commonhours_service', '${table}', '${privilege}') AS may`
      )
    )[0]!.may
  for (const table of ['ledger.transfers', 'ledger.limit_changes', 'audit.events', 'timebanks.policies'])
    for (const privilege of ['UPDATE', 'DELETE', 'TRUNCATE'])
      assert.equal(await may(table, privilege), false, `${table} ${privilege}`)
  for (const table of ['ledger.books', 'ledger.accounts', 'ledger.transfers'])
    for (const privilege of ['INSERT', 'UPDATE', 'DELETE'])
      assert.equal(await may(table, privilege), false, `${table} ${privilege}`)
  for (const table of ['members.memberships', 'exchanges.exchanges', 'listings.offers', 'listings.requests'])
    assert.equal(await may(table, 'DELETE'), false, table)
})

test("functions with their owner's rights look for names in fixed places only, and not everybody may call them", async () => {
  const found = await rows<{ name: string; fixed: boolean; open: boolean }>(`
    SELECT p.oid::regprocedure::text AS name,
           EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%') AS fixed,
           has_function_privilege('public', p.oid, 'EXECUTE') AS open
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prosecdef AND ${ours}`)
  assert.ok(found.length > 5, `${found.length} functions`)
  assert.deepEqual(
    found.filter(({ fixed, open }) => !fixed || open),
    []
  )
})

test('there is no trigger: a distributed PostgreSQL does not run them', async () => {
  const found = await rows(`
    SELECT t.tgrelid::regclass::text AS on FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND ${ours}`)
  assert.deepEqual(found, [])
})
