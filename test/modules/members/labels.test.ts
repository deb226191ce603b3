import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { inTimebank } from '../../../src/db/client.ts'
import { postAll, statement } from '../../../src/modules/ledger/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { newId } from '../../../src/shared/ids.ts'
import { addMember, type Client, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'

let stage: Stage
let admin: Client
let ann: Client
let timebankId: string

before(async () => {
  stage = await makeStage('labels')
  admin = await setUp(stage)
  ann = await addMember(stage, admin, { name: 'Ann' })
  timebankId = ok(await admin.get('/v1/timebanks')).items[0].id
})

after(() => stage.close())

const post = (debit: number, credit: number, minutes: number, performedOn = '2026-01-15') =>
  inTimebank(stage.database, timebankId, systemActor, (tx) =>
    postAll(tx, [{ id: newId(), operation: 'transfer', debit, credit, minutes, kind: 'exchange', performedOn }])
  )

const lines = async (query = '') => ok(await ann.get(`accounts/${ann.accountId}/statement${query}`)).items

test('a line names the other side whatever signs its name has, organisations and accounts of nobody too', async () => {
  const names = ['Bev "B" \\ O\u2019Neil', 'Zoë, “the” |1|', '日本', ' x\u001fy\u001ez\n', 'null', '']
  const owner = new pg.Client({ connectionString: stage.ownerUrl })
  await owner.connect()
  for (const name of names) {
    const member = await addMember(stage, admin, { login: false })
    await owner.query('UPDATE members.memberships SET display_name = $2 WHERE id = $1', [member.memberId, name])
    await post(member.accountId, ann.accountId, 15)
    const [line] = await lines('?limit=1')
    assert.deepEqual(line.counterparty, { kind: 'member', number: member.number, name })
    assert.deepEqual([line.minutes, line.ref, line.groupId], [15, null, null])
  }
  await owner.end()
  const organisation = ok(await admin.post('organisations', { name: 'The "Hall"', kind: 'charity' }), 201)
  await post(ann.accountId, organisation.accountId, 5)
  assert.deepEqual((await lines('?limit=1'))[0].counterparty, {
    kind: 'organisation',
    number: null,
    name: 'The "Hall"'
  })
  await post(ann.accountId, 1, 5)
  assert.deepEqual((await lines('?limit=1'))[0].counterparty, { kind: 'community_pot', number: null, name: null })
  assert.equal((await lines()).length, names.length + 2)
})

test('pages in both directions, from anywhere, are parts of the same lines', async () => {
  const bob = await addMember(stage, admin, { login: false })
  for (let i = 0; i < 30; i += 1) await post(bob.accountId, ann.accountId, 1 + i, `2026-02-${10 + (i % 3)}`)
  const all = await lines('?limit=200')
  const expected = all.map(({ line }: { line: number }) => line)
  assert.deepEqual(
    expected,
    expected.toSorted((a: number, b: number) => b - a)
  )
  for (const order of ['newest', 'oldest']) {
    const seen: number[] = []
    for (let cursor = ''; ; ) {
      const page = ok(await ann.get(`accounts/${ann.accountId}/statement?limit=7&order=${order}${cursor}`))
      seen.push(...page.items.map(({ line }: { line: number }) => line))
      if (page.next === null) break
      cursor = `&cursor=${page.next}`
    }
    assert.deepEqual(order === 'newest' ? seen : seen.toReversed(), expected)
  }
  const days = await lines('?from=2026-02-11&to=2026-02-11&limit=200')
  assert.deepEqual(
    days.map(({ line }: { line: number }) => line),
    all
      .filter(({ performedOn }: { performedOn: string }) => performedOn === '2026-02-11')
      .map(({ line }: { line: number }) => line)
  )
  const domain = await inTimebank(stage.database, timebankId, systemActor, (tx) =>
    statement(tx, ann.accountId, { limit: 200 })
  )
  assert.deepEqual(
    domain.map(({ version, recordedAt }) => [version, recordedAt.toISOString()]),
    all.map(({ line, recordedAt }: { line: number; recordedAt: string }) => [line, recordedAt])
  )
})

test('an account that is not there is told as such, to a stranger also one that is', async () => {
  refused(await admin.get('accounts/99999/statement'), 404, 'not-found')
  refused(await ann.get('accounts/1/statement'), 404, 'not-found')
  const { accountId } = await addMember(stage, admin, { login: false })
  assert.deepEqual(ok(await admin.get(`accounts/${accountId}/statement`)), { items: [], next: null })
})

test('the plan of a page begins where the page begins, also deep in a statement', async () => {
  const owner = new pg.Client({ connectionString: stage.ownerUrl })
  await owner.connect()
  const { rows: bodies } = await owner.query<{ prosrc: string }>(
    "SELECT prosrc FROM pg_proc WHERE oid = 'ledger.statement(uuid, integer, integer, integer, date, date, boolean, integer)'::regprocedure"
  )
  await owner.query('SET enable_seqscan = off')
  await owner.query("SET plan_cache_mode = 'force_generic_plan'")
  await owner.query("SELECT set_config('commonhours.timebank', $1, false)", [timebankId])
  await owner.query('SET ROLE commonhours_service')
  const queries = [...bodies[0]!.prosrc.matchAll(/RETURN QUERY\s+([\s\S]*?);/g)].map(([, query]) => query!)
  assert.equal(queries.length, 2)
  const parameters: Record<string, string> = {
    p_timebank: '$1',
    p_account: '$2',
    v_above: '$3',
    v_below: '$4',
    v_from: '$5',
    v_to: '$6',
    p_limit: '$7'
  }
  for (const [i, query] of queries.entries()) {
    const text = query.replace(/\b[pv]_\w+/g, (name) => parameters[name]!)
    await owner.query(`PREPARE page${i} (uuid, integer, integer, integer, date, date, integer) AS ${text}`)
    const { rows } = await owner.query(
      `EXPLAIN EXECUTE page${i}('${timebankId}', 3, 0, 100, '-infinity', 'infinity', 51)`
    )
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    assert.match(plan, /Index Cond: .*debit_version > .*debit_version < /, plan)
    assert.match(plan, /Index Cond: .*credit_version > .*credit_version < /, plan)
  }
  await owner.end()
})
