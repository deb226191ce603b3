import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { makeSandbox, type Sandbox, sandboxTasks } from '../../../src/modules/demo/index.ts'
import { mailingsTasks } from '../../../src/modules/mailings/index.ts'
import { playTask } from '../../../src/modules/service-requests/index.ts'
import { clientToken, makeAgency } from '../../support/agency.ts'
import { addMember, type Client, clientOf, makeStage, ok, type Stage, setUp } from '../../support/app.ts'

let stage: Stage
let sandbox: Sandbox
let agency: Client
let admin: Client
/** of another timebank, that is no sandbox */
let operator: Client
let owner: pg.Client
let timebankId: string

const scopes = ['contact', 'share_status', 'share_attendance', 'share_outcome']
const referral = (person: object, more: object = {}) => ({
  kind: 'referral',
  person,
  category: 'gardening',
  title: 'A hand in the garden',
  estimatedMinutes: 60,
  consent: { scopes, wording: { version: '1' }, givenAt: new Date().toISOString(), how: 'in_person', givenBy: 'self' },
  ...more
})
const numberOf = (path: string) => sandbox.people.find((each) => each.path === path)!.memberNumber

/** Plays on at once instead of waiting for each pause, until nothing more changes. Gives every status on the way. */
async function play(id: string, most = 15): Promise<string[]> {
  const seen: string[] = []
  for (let i = 0; i < most; i += 1) {
    await sandboxTasks(stage.database)[playTask]!({ timebank: timebankId, serviceRequest: id })
    const { status } = ok(await agency.get(`service-requests/${id}`))
    if (seen.at(-1) !== status) seen.push(status)
  }
  return seen
}

const post = async (body: object): Promise<string> => ok(await agency.post('service-requests', body), 201).id

const idOf = async (slug: string): Promise<string> =>
  (await owner.query('SELECT id FROM timebanks.timebanks WHERE slug = $1', [slug])).rows[0].id

before(async () => {
  stage = await makeStage('sandbox')
  owner = new pg.Client(stage.ownerUrl)
  await owner.connect()
  operator = await setUp(stage)
  sandbox = await makeSandbox(stage.database, { slug: 'sandbox', name: 'Sandbox Timebank' })
  const token = await clientToken(stage, sandbox.agency.clientId, sandbox.agency.clientSecret)
  agency = clientOf(stage.app, 'sandbox', token)
  timebankId = await idOf('sandbox')
  const { email, password } = sandbox.admin
  const { accessToken } = ok(await stage.anonymous.post('/v1/auth/sign-in', { email, password }))
  const signedIn = clientOf(stage.app, 'sandbox', accessToken)
  admin = { ...signedIn, memberId: ok(await signedIn.get('members/me')).id }
})
after(async () => {
  await owner.end()
  await stage.close()
})

test('a sandbox has an agency with credentials, its people and an admin, and says what it is', async () => {
  const own = ok(await agency.get('agency'))
  assert.equal(own.organisation.id, sandbox.agency.organisationId)
  assert.equal(own.professionalId, sandbox.agency.professionalId)
  assert.equal(ok(await admin.get('/v1/timebanks/sandbox')).sandbox, true)
  const { items } = ok(await admin.get('members?limit=50'))
  assert.equal(items.length, 14)
  for (const { memberNumber, name } of sandbox.people) {
    const member = ok(await admin.get(`members/${memberNumber}`))
    assert.deepEqual([member.displayName, member.email ?? null], [name, null])
  }
  await assert.rejects(makeSandbox(stage.database, { slug: 'sandbox', name: 'Another' }), { code: 'slug-taken' })
})

test('each person of the cast takes a referral along their own way', async () => {
  const expected: Record<string, [string[], object]> = {
    helped: [['requested', 'accepted', 'in_progress', 'completed'], { outcome: 'goal_met' }],
    never_reached: [['requested', 'rejected'], { reason: 'not_taken_up' }],
    says_no: [['requested', 'rejected'], { reason: 'not_taken_up' }],
    put_on_hold: [['requested', 'accepted', 'on_hold'], { reason: 'waiting_for_person' }],
    needs_professional_service: [['requested', 'accepted', 'completed'], { outcome: 'needs_professional_service' }],
    no_helper_found: [['requested', 'accepted', 'failed'], { reason: 'no_helper_found' }],
    withdraws_consent: [
      ['requested', 'accepted', null as never],
      { withheld: ['status', 'subStatus', 'reason', 'attendance', 'outcome'] }
    ],
    outside_area: [['requested', 'rejected'], { reason: 'outside_area' }],
    shares_nothing: [['requested', null as never], { status: null, outcome: null }]
  }
  assert.deepEqual(sandbox.people.map(({ path }) => path).sort(), Object.keys(expected).sort())
  for (const [path, [statuses, end]] of Object.entries(expected)) {
    const id = await post(referral({ memberNumber: numberOf(path) }))
    const seen = await play(id)
    assert.deepEqual(seen, statuses, path)
    const last = ok(await agency.get(`service-requests/${id}`))
    for (const [field, value] of Object.entries(end)) assert.deepEqual(last[field], value, `${path}: ${field}`)
  }
})

test('a contact block is told by its name, and whoever is nobody of the cast is helped', async () => {
  const named = await post(referral({ contact: { name: ' pru professional ', phone: '01632 960123' } }))
  assert.deepEqual(await play(named), ['requested', 'accepted', 'completed'])
  assert.equal(ok(await agency.get(`service-requests/${named}`)).outcome, 'needs_professional_service')
  const others = [
    { contact: { name: 'Somebody Else', phone: '01632 960124' } },
    { memberNumber: 9_999 },
    // the broker and a helper, for whom others decide and help
    { memberNumber: 2 },
    { memberNumber: 13 }
  ]
  for (const person of others) {
    const seen = await play(await post(referral(person)))
    assert.equal(seen.at(-1), 'completed', JSON.stringify(person))
  }
})

test('a need of its own is met by as many helpers as were asked for, and help again and again ends too', async () => {
  const own = { kind: 'own_need', category: 'litter-picking', title: 'Hands for the hospital garden', helpersNeeded: 2 }
  const needed = await post(own)
  assert.deepEqual(await play(needed), ['accepted', 'in_progress', 'completed'])
  const { rows } = await owner.query(
    `SELECT count(*)::int FROM exchanges.exchanges x JOIN service_requests.requests r ON r.listing_id = x.request_id
      WHERE r.id = $1 AND x.status = 'settled'`,
    [needed]
  )
  assert.equal(rows[0].count, 2)
  const occurrence = { firstOn: '2026-12-01', rrule: 'FREQ=WEEKLY;COUNT=4' }
  const weekly = await post(referral({ memberNumber: 4 }, { occurrence, category: 'visiting' }))
  assert.equal((await play(weekly)).at(-1), 'completed')
})

test('two players at once take turns, and what has ended stays as it is', async () => {
  const id = await post(referral({ memberNumber: 4 }))
  const task = sandboxTasks(stage.database)[playTask]!
  for (let i = 0; i < 8; i += 1)
    await Promise.all([1, 2, 3].map(() => task({ timebank: timebankId, serviceRequest: id })))
  const after = ok(await agency.get(`service-requests/${id}`))
  assert.deepEqual([after.status, after.attendance.length], ['completed', 1])
  await task({ timebank: timebankId, serviceRequest: id })
  assert.equal(ok(await agency.get(`service-requests/${id}`)).rowVersion, after.rowVersion)
})

test('elsewhere nothing is played: no job is made, and one that is there all the same is refused', async () => {
  const other = await makeAgency(stage, operator)
  const need = { kind: 'own_need', category: 'pets', title: 'A walk' }
  const { id } = ok(await other.client.post('service-requests', need), 201)
  const mine = await post(need)
  const { rows: jobs } = await owner.query(
    "SELECT key FROM graphile_worker.jobs WHERE key LIKE '%service-requests.play%'"
  )
  const keys = jobs.map(({ key }) => key)
  assert.deepEqual([keys.includes(`${playTask}:${id}`), keys.includes(`${playTask}:${mine}`)], [false, true])
  const timebank = await idOf('rivertown')
  await assert.rejects(sandboxTasks(stage.database)[playTask]!({ timebank, serviceRequest: id }), { code: 'forbidden' })
  assert.equal(ok(await other.client.get(`service-requests/${id}`)).status, 'requested')
})

test('no mails go from a sandbox, also to somebody in it who has an address', async () => {
  const gather = mailingsTasks({ database: stage.database, mailer: null as never, publicUrl: '' })['mailings.gather']!
  const mailsMade = async (admin: Client): Promise<number> => {
    const member = await addMember(stage, admin)
    const sides = { provider: { memberId: admin.memberId }, receiver: { memberId: member.memberId } }
    const categoryId = ok(await admin.get('categories/gardening')).id
    ok(await admin.post('exchanges', { ...sides, categoryId, minutes: 30 }), 201)
    const timebank = await idOf(admin.timebank)
    stage.clock.now = new Date(Date.now() + 86_400_000)
    await gather({ timebank, member: member.memberId })
    stage.clock.now = null
    const { rows } = await owner.query('SELECT 1 FROM mailings.mails WHERE membership_id = $1', [member.memberId])
    const left = await owner.query('SELECT 1 FROM mailings.waiting WHERE membership_id = $1', [member.memberId])
    assert.equal(left.rowCount, 0)
    return rows.length
  }
  assert.equal(await mailsMade(operator), 1)
  assert.equal(await mailsMade(admin), 0)
})
