import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { inTimebank, type Tx } from '../../../src/db/client.ts'
import { type Announcement, announce } from '../../../src/modules/webhooks/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { foundAnother, makeStage, ok, type Stage, setUp } from '../../support/app.ts'

let stage: Stage
let owner: pg.Client
let timebankId: string
let elsewhere: string
const organisations: Record<string, string> = {}

before(async () => {
  stage = await makeStage('announce')
  owner = new pg.Client({ connectionString: stage.ownerUrl })
  await owner.connect()
  const admin = await setUp(stage)
  const other = await foundAnother(stage, admin, 'hilltown')
  const idOf = async (slug: string) =>
    (await owner.query('SELECT id FROM timebanks.timebanks WHERE slug = $1', [slug])).rows[0].id
  timebankId = await idOf('rivertown')
  elsewhere = await idOf('hilltown')
  for (const name of ['Council', 'Board', 'Charity'])
    organisations[name] = ok(await admin.post('organisations', { name, kind: 'council' }), 201).id
  organisations['Hill'] = ok(await other.post('organisations', { name: 'Hill', kind: 'council' }), 201).id
})

after(async () => {
  await owner.end()
  await stage.close()
})

const inside = <T>(work: (tx: Tx) => Promise<T>) => inTimebank(stage.database, timebankId, systemActor, work)

/** It is somebody else's turn there, so that nothing is sent. */
const endpoint = async (organisation: string, values: { state?: string; types?: string[]; timebank?: string } = {}) => {
  const { state = 'active', types = null, timebank = timebankId } = values
  const id = randomUUID()
  await owner.query(
    `INSERT INTO webhooks.endpoints (timebank_id, id, organisation_id, url, types, state, secret, unverified_since, disabled_at, disabled_by, turn, turn_until)
     VALUES ($1, $2, $3, $4, $5, $6, '\\x00', CASE $6 WHEN 'unverified' THEN now() END,
             CASE $6 WHEN 'disabled' THEN now() END, CASE $6 WHEN 'disabled' THEN 'staff' END, $2, now() + interval '1 day')`,
    [timebank, id, organisations[organisation], `https://${id}.example.org/`, types, state]
  )
  return id
}

const told = async (endpointId: string): Promise<string[]> =>
  (
    await owner.query(
      `SELECT e.subject_id FROM webhooks.deliveries d JOIN webhooks.events e ON e.timebank_id = d.timebank_id AND e.id = d.event_id
        WHERE d.endpoint_id = $1 AND d.state = 'waiting' ORDER BY e.id`,
      [endpointId]
    )
  ).rows.map(({ subject_id }) => subject_id)

const changed = (organisation: string, id = randomUUID()): Announcement => ({
  organisationId: organisations[organisation]!,
  type: 'service_request.changed',
  subject: { type: 'service_request', id }
})

test('an event waits for each endpoint of its organisation that takes its type, and for no other', async () => {
  const all = await endpoint('Council')
  const unverified = await endpoint('Council', { state: 'unverified' })
  const disabled = await endpoint('Council', { state: 'disabled' })
  const budgets = await endpoint('Council', { types: ['budget.changed'] })
  const board = await endpoint('Board')
  const hill = await endpoint('Hill', { timebank: elsewhere })
  const [one, two, three] = [
    changed('Council'),
    changed('Board'),
    { ...changed('Council'), type: 'budget.changed' as const }
  ]
  await inside((tx) => announce(tx, [one, two, three]))
  assert.deepEqual(await told(all), [one.subject.id, three.subject.id])
  assert.deepEqual(await told(unverified), [one.subject.id, three.subject.id])
  assert.deepEqual(await told(disabled), [])
  assert.deepEqual(await told(budgets), [three.subject.id])
  assert.deepEqual(await told(board), [two.subject.id])
  assert.deepEqual(await told(hill), [])
})

test('what is undone is not told', async () => {
  const id = await endpoint('Board')
  await assert.rejects(
    inside(async (tx) => {
      await announce(tx, [changed('Board')])
      throw new Error('undone')
    }),
    /undone/
  )
  assert.deepEqual(await told(id), [])
})

test('an event is one statement, and leaves nothing where the organisation has no endpoint', async () => {
  const count = async () => (await owner.query('SELECT count(*)::int AS n FROM webhooks.events')).rows[0].n
  const before = await count()
  let statements = 0
  await inside(async (tx) => {
    const query = (...given: unknown[]) => {
      statements += 1
      return (tx.client.query as (...given: unknown[]) => Promise<unknown>)(...given)
    }
    const counted = { ...tx, client: { ...tx.client, query } as unknown as Tx['client'] }
    await announce(counted, [changed('Charity'), changed('Charity')])
    await announce(counted, [])
  })
  assert.equal(statements, 1)
  assert.equal(await count(), before)
})

test('an event that comes while its endpoint is removed waits for that, and belongs to nobody', async () => {
  const id = await endpoint('Charity')
  await owner.query('BEGIN')
  await owner.query('DELETE FROM webhooks.endpoints WHERE id = $1', [id])
  const telling = inside((tx) => announce(tx, [changed('Charity')]))
  const looker = new pg.Client({ connectionString: stage.ownerUrl })
  await looker.connect()
  const waiting = async () =>
    (
      await looker.query(
        "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%announced%' AND datname = current_database()"
      )
    ).rows.length
  for (let look = 0; look < 200 && (await waiting()) === 0; look += 1) await new Promise((done) => setTimeout(done, 10))
  assert.equal(await waiting(), 1)
  await looker.end()
  await owner.query('COMMIT')
  await telling
  assert.deepEqual(await told(id), [])
})
