import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { inTimebank } from '../../../src/db/client.ts'
import { callerLookup } from '../../../src/modules/members/index.ts'
import { currentPolicy, policyAt, policyInForce } from '../../../src/modules/timebanks/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { addMember, type Client, foundAnother, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'

let stage: Stage
let admin: Client
let other: Client
let ann: Client
let look: ReturnType<typeof callerLookup>

before(async () => {
  stage = await makeStage('callers')
  admin = await setUp(stage)
  other = await foundAnother(stage, admin, 'hilltown')
  ann = await addMember(stage, admin, { roles: ['broker'] })
  look = callerLookup(stage.database)
})

after(() => stage.close())

const bearerOf = (client: Client) => {
  const { sub, sid } = JSON.parse(Buffer.from(client.token.split('.')[1]!, 'base64url').toString())
  return { personId: sub as string, sessionId: sid as string }
}

const idOf = async (slug: string): Promise<string> => {
  const { rows } = await stage.database.pool.query('SELECT id FROM timebanks.timebanks WHERE slug = $1', [slug])
  return rows[0].id
}

test('many different callers at once each get what they would get alone', async () => {
  const strange = { personId: randomUUID(), sessionId: randomUUID() }
  const bearers = [admin, ann, other].map(bearerOf)
  const wrongSession = { ...bearerOf(ann), sessionId: bearerOf(admin).sessionId }
  const refs = ['rivertown', 'hilltown', await idOf('rivertown'), randomUUID(), 'nowhere', 'not\0a name', '%', '', null]
  const asked = [...bearers, strange, wrongSession].flatMap((bearer) => refs.map((ref) => ({ bearer, ref })))
  const together = await Promise.all([...asked, ...asked].map(({ bearer, ref }) => look(bearer, ref)))
  for (const [i, { bearer, ref }] of asked.entries()) {
    const alone = await look(bearer, ref)
    assert.deepEqual(together[i], alone)
    assert.deepEqual(together[i + asked.length], alone)
  }
})

test('a member is told of by name and by id, with the number of the policy in force; a stranger sees no policy', async () => {
  const byName = await look(bearerOf(ann), 'rivertown')
  assert.deepEqual(byName, await look(bearerOf(ann), await idOf('rivertown')))
  assert.equal(byName.sessionAlive, true)
  assert.equal(byName.membership?.id, ann.memberId)
  assert.deepEqual(byName.membership?.roles.toSorted(), ['broker', 'member'])
  assert.equal(byName.timebank?.policyVersion, (await admin.get('policy')).body.version)
  const stranger = await look(bearerOf(other), 'rivertown')
  assert.equal(stranger.membership, null)
  assert.equal(stranger.timebank?.policyVersion, null)
  assert.equal((await look(bearerOf(ann), 'nowhere')).timebank, null)
  assert.equal((await look({ personId: randomUUID(), sessionId: randomUUID() }, 'rivertown')).sessionAlive, false)
})

test('a change of role, status or session is seen by the very next request, also amid hundreds of others', async () => {
  const bev = await addMember(stage, admin, { roles: ['broker'] })
  const crowd = () => Promise.all(Array.from({ length: 300 }, () => ann.get(`accounts/${ann.accountId}`)))
  const busy = crowd()
  ok(await bev.get('trial-balance'))
  const { rowVersion } = ok(await admin.get(`members/${bev.memberId}`))
  ok(await admin.call('PUT', `members/${bev.memberId}/roles`, { roles: [] }, { 'if-match': `"${rowVersion}"` }))
  refused(await bev.get('trial-balance'), 403, 'forbidden')
  ok(await bev.post('/v1/auth/sign-out'), 204)
  refused(await bev.get('offers'), 401, 'token-invalid')
  for (const answer of await busy) ok(answer)
})

test('the policy by its version is the one that is read, and a change is in force for the next request', async () => {
  const timebankId = await idOf('rivertown')
  const within = async <T>(version: number | null, work: Parameters<typeof inTimebank<T>>[3]) =>
    inTimebank(stage.database, timebankId, systemActor, work, { policyVersion: version })
  const before = ok(await admin.get('policy')).version as number
  const first = await within(before, policyInForce)
  assert.deepEqual(first, await within(null, currentPolicy))
  assert.equal(await within(before, policyInForce), first, 'not read again')
  ok(await admin.patch('policy', { rules: { granularityMinutes: 5 }, why: 'Short errands count' }, before))
  const seen = (await look(bearerOf(ann), 'rivertown')).timebank!.policyVersion
  assert.equal(seen, before + 1)
  assert.equal((await within(seen, policyInForce)).rules.granularityMinutes, 5)
  assert.equal((await within(null, policyInForce)).version, before + 1)
  assert.equal((await within(null, (tx) => policyAt(tx, before)))?.rules.granularityMinutes, 15)
  assert.equal(await within(null, (tx) => policyAt(tx, 999)), null)
})

test('the look-up goes by indexes, however many ask', async () => {
  const { rows: bodies } = await stage.database.pool.query<{ prosrc: string; proconfig: string[] }>(
    "SELECT prosrc, proconfig FROM pg_proc WHERE oid = 'members.callers(uuid[], uuid[], uuid[], text[])'::regprocedure"
  )
  const { prosrc, proconfig } = bodies[0]!
  const query = /RETURN QUERY\s+([\s\S]*?);\s*END/.exec(prosrc)![1]!
  const args: Record<string, string> = { p_persons: '$1', p_sessions: '$2', p_timebanks: '$3', p_slugs: '$4' }
  const owner = new pg.Client({ connectionString: stage.ownerUrl })
  await owner.connect()
  for (const setting of proconfig) {
    const [name, value] = setting.split('=')
    await owner.query('SELECT set_config($1, $2, false)', [name, value])
  }
  const numbered = query.replace(/\bp_(?:persons|sessions|timebanks|slugs)\b/g, (name) => args[name]!)
  await owner.query(`PREPARE callers (uuid[], uuid[], uuid[], text[]) AS ${numbered}`)
  // a generic plan is the same for any arrays
  const { rows } = await owner.query("EXPLAIN EXECUTE callers('{}', '{}', '{}', '{}')")
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
  await owner.end()
  assert.doesNotMatch(plan, /Seq Scan|Hash Join|Merge Join/, plan)
})
