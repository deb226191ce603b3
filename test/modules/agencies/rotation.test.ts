import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { inTimebank, type Tx } from '../../../src/db/client.ts'
import { addClient, lockClient } from '../../../src/modules/agencies/clients.ts'
import { endSecret, goodSecrets, rotateSecret } from '../../../src/modules/agencies/secrets.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { type Agency, clientToken, makeAgency } from '../../support/agency.ts'
import {
  addMember,
  type Client,
  clientOf,
  foundAnother,
  makeStage,
  ok,
  refused,
  type Stage,
  setUp
} from '../../support/app.ts'
import { seedOf } from '../ledger/support.ts'

const hour = 60 * 60 * 1000

let stage: Stage
let admin: Client
before(async () => {
  stage = await makeStage('agency_rotation')
  admin = await setUp(stage)
})
after(() => stage.close())

type Secret = { id: string; createdAt: string; endsAt: string | null; lastUsedAt: string | null }

const clientPath = ({ organisationId, clientId }: Agency) => `organisations/${organisationId}/clients/${clientId}`
const secretsPath = (agency: Agency) => `${clientPath(agency)}/secrets`
const secretsOf = async (agency: Agency): Promise<Secret[]> => ok(await admin.get(secretsPath(agency))).items
const rotate = async (agency: Agency, body?: unknown) => ok(await admin.post(secretsPath(agency), body), 201)
let asked = 0
const isGood = async (agency: Agency, secret: string): Promise<boolean> => {
  const body = { grant_type: 'client_credentials', client_id: agency.clientId, client_secret: secret }
  // each from another address, as wrong ones are counted
  asked += 1
  const remoteAddress = `10.0.${asked >> 8}.${asked & 255}`
  const answer = await stage.app.inject({ method: 'POST', url: '/oauth/token', remoteAddress, payload: body })
  assert.ok(answer.statusCode === 200 || answer.statusCode === 401, answer.body)
  return answer.statusCode === 200
}
/** A caller with a token of now; the one that the agency was made with ends after ten minutes. */
const callerOf = async (agency: Agency, secret: string): Promise<Client> =>
  clientOf(stage.app, admin.timebank, await clientToken(stage, agency.clientId, secret))
const later = (milliseconds: number) => {
  stage.clock.now = new Date(Date.now() + milliseconds)
}
const now = () => {
  stage.clock.now = null
}

test('a second secret is good beside the first, which ends after a day', async () => {
  const board = await makeAgency(stage, admin)
  const { headers, body: made } = await admin.post(secretsPath(board))
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(made.clientId, board.clientId)
  const overlap = Date.parse(made.previous.endsAt) - Date.parse(made.createdAt)
  assert.equal(overlap, 24 * hour)
  assert.ok(await isGood(board, board.clientSecret))
  assert.ok(await isGood(board, made.clientSecret))
  try {
    later(23 * hour)
    assert.ok(await isGood(board, board.clientSecret))
    later(25 * hour)
    assert.ok(!(await isGood(board, board.clientSecret)))
    assert.ok(await isGood(board, made.clientSecret))
  } finally {
    now()
  }
})

test('the overlap is chosen: none ends the one before at once, and it is never made longer', async () => {
  const board = await makeAgency(stage, admin)
  const second = await rotate(board, { endsPreviousAfterSeconds: 0 })
  assert.ok(!(await isGood(board, board.clientSecret)))
  const third = await rotate(board, { endsPreviousAfterSeconds: 60 })
  await admin.call('DELETE', `${secretsPath(board)}/${third.id}`)
  const fourth = await rotate(board, { endsPreviousAfterSeconds: 2_592_000 })
  assert.deepEqual(fourth.previous, { id: second.id, endsAt: third.previous.endsAt })
  for (const endsPreviousAfterSeconds of [-1, 1.5, 2_592_001, '60', null])
    refused(await admin.post(secretsPath(board), { endsPreviousAfterSeconds }), 400, 'validation-failed')
  refused(await admin.post(secretsPath(board), { endsAfter: 60 }), 400, 'validation-failed')
})

test('two are good at most: a third ends the oldest at once', async () => {
  const board = await makeAgency(stage, admin)
  const second = await rotate(board)
  const third = await rotate(board)
  assert.ok(!(await isGood(board, board.clientSecret)))
  assert.ok(await isGood(board, second.clientSecret))
  assert.ok(await isGood(board, third.clientSecret))
  const [newest, before, oldest] = await secretsOf(board)
  assert.deepEqual([newest!.id, before!.id], [third.id, second.id])
  assert.deepEqual([newest!.endsAt, before!.endsAt], [null, third.previous.endsAt])
  assert.ok(Date.parse(oldest!.endsAt!) <= Date.now())
})

test('rotations at once take turns: each gives a secret, and two are good in the end', async () => {
  const board = await makeAgency(stage, admin)
  const made = await Promise.all(Array.from({ length: 6 }, () => rotate(board)))
  const good = await Promise.all(made.map(({ clientSecret }) => isGood(board, clientSecret)))
  assert.equal(good.filter(Boolean).length, 2)
  assert.ok(!(await isGood(board, board.clientSecret)))
  const listed = await secretsOf(board)
  assert.equal(listed.length, 7)
  assert.equal(listed.filter(({ endsAt }) => endsAt === null).length, 1)
  assert.equal(listed.filter(({ endsAt }) => endsAt === null || Date.parse(endsAt) > Date.now()).length, 2)
})

test('of two endings at once one is refused: a client keeps a secret that is good', async () => {
  const board = await makeAgency(stage, admin)
  const second = await rotate(board)
  const [first] = (await secretsOf(board)).slice(-1)
  const ends = await Promise.all(
    [first!.id, second.id].map((id) => admin.call('DELETE', `${secretsPath(board)}/${id}`))
  )
  assert.deepEqual(ends.map(({ status }) => status).sort(), [204, 409])
  const good = [await isGood(board, board.clientSecret), await isGood(board, second.clientSecret)]
  assert.equal(good.filter(Boolean).length, 1)
})

test('one is ended at once, but not the last, not twice, and not one of another client', async () => {
  const board = await makeAgency(stage, admin)
  const other = await makeAgency(stage, admin)
  const end = (id: string, agency = board) => admin.call('DELETE', `${secretsPath(agency)}/${id}`)
  const [only] = await secretsOf(board)
  refused(await end(only!.id), 409, 'wrong-state')
  const second = await rotate(board)
  refused(await end(second.id, other), 404, 'not-found')
  ok(await end(only!.id), 204)
  assert.ok(!(await isGood(board, board.clientSecret)))
  refused(await end(only!.id), 409, 'wrong-state')
  refused(await end(second.id), 409, 'wrong-state')
  refused(await end(crypto.randomUUID()), 404, 'not-found')
  ok(await admin.call('DELETE', clientPath(board)), 204)
  refused(await admin.post(secretsPath(board)), 409, 'wrong-state')
  refused(await end(second.id), 409, 'wrong-state')
})

test('an agency rotates the secret of its own client by itself, and no other', async () => {
  const board = await makeAgency(stage, admin)
  const made = ok(await board.client.post('agency/secrets', { endsPreviousAfterSeconds: 3600 }), 201)
  const renewed = await callerOf(board, made.clientSecret)
  const me = ok(await renewed.get('agency'))
  assert.deepEqual(
    me.secrets.map(({ id }: Secret) => id),
    [made.id, made.previous.id]
  )
  assert.ok(!JSON.stringify(me).includes(made.clientSecret))
  const other = await makeAgency(stage, admin)
  refused(await other.client.call('DELETE', `agency/secrets/${made.previous.id}`), 404, 'not-found')
  ok(await renewed.call('DELETE', `agency/secrets/${made.previous.id}`), 204)
  assert.ok(!(await isGood(board, board.clientSecret)))
  refused(await renewed.call('DELETE', `agency/secrets/${made.id}`), 409, 'wrong-state')
  // the same address is for agencies only
  refused(await admin.post('agency/secrets'), 403, 'forbidden')
  refused(await board.professional.post('agency/secrets'), 403, 'forbidden')
  refused(await board.client.post(secretsPath(board)), 403, 'forbidden')
  refused(await board.client.get(secretsPath(board)), 403, 'forbidden')
})

test('a narrowed token makes no secret, which would be good for more', async () => {
  const board = await makeAgency(stage, admin)
  const body = {
    grant_type: 'client_credentials',
    client_id: board.clientId,
    client_secret: board.clientSecret,
    scope: 'budgets.read'
  }
  const narrow = clientOf(stage.app, admin.timebank, ok(await stage.anonymous.post('/oauth/token', body)).access_token)
  refused(await narrow.post('agency/secrets'), 403, 'scope-missing')
  const [only] = await secretsOf(board)
  refused(await narrow.call('DELETE', `agency/secrets/${only!.id}`), 403, 'scope-missing')
  assert.equal((await secretsOf(board)).length, 1)
})

test('secrets are for admins of the timebank, and never shown again', async () => {
  const board = await makeAgency(stage, admin)
  const made = await rotate(board)
  const broker = await addMember(stage, admin, { roles: ['broker'] })
  refused(await broker.get(secretsPath(board)), 403, 'forbidden')
  refused(await broker.post(secretsPath(board)), 403, 'forbidden')
  const hilltown = await foundAnother(stage, admin, 'hilltown')
  refused(await hilltown.get(secretsPath(board)), 404, 'not-found')
  refused(await hilltown.post(secretsPath(board)), 404, 'not-found')
  const other = await makeAgency(stage, admin)
  const crossed = `organisations/${other.organisationId}/clients/${board.clientId}`
  refused(await admin.get(`${crossed}/secrets`), 404, 'not-found')
  refused(await admin.post(`${crossed}/secrets`), 404, 'not-found')
  const listed = await admin.get(secretsPath(board))
  assert.deepEqual(Object.keys(listed.body.items[0]).sort(), ['createdAt', 'endsAt', 'id', 'lastUsedAt'])
  const audit = await admin.get(`audit?subjectType=agency_client&subjectId=${board.clientId}`)
  const told = `${listed.text}${audit.text}`
  for (const secret of [board.clientSecret, made.clientSecret]) assert.ok(!told.includes(secret))
  assert.deepEqual(
    audit.body.items.map(({ action }: { action: string }) => action),
    ['agency_client.secret_added', 'agency_client.added']
  )
  const page = ok(await admin.get(`${secretsPath(board)}?limit=1`))
  assert.equal(page.items[0].id, made.id)
  assert.equal(ok(await admin.get(`${secretsPath(board)}?limit=1&cursor=${page.next}`)).items[0].id, made.previous.id)
})

test('when a secret was last used is noted, once in a minute at most', async () => {
  const board = await makeAgency(stage, admin)
  const used = async () => (await secretsOf(board)).map(({ lastUsedAt }) => lastUsedAt)
  const second = await rotate(board)
  const [never, first] = await used()
  assert.equal(never, null)
  assert.ok(first)
  try {
    stage.clock.now = new Date(Date.parse(first) + 59_999)
    await isGood(board, board.clientSecret)
    assert.deepEqual(await used(), [null, first])
    stage.clock.now = new Date(Date.parse(first) + 60_000)
    await isGood(board, 'wrong')
    assert.deepEqual(await used(), [null, first])
    await Promise.all([isGood(board, board.clientSecret), isGood(board, second.clientSecret)])
    const at = stage.clock.now.toISOString()
    assert.deepEqual(await used(), [at, at])
  } finally {
    now()
  }
})

test('a repeat of a rotation whose answer was lost takes the place of the first, and ends none that is in use', async () => {
  const board = await makeAgency(stage, admin)
  const key = { 'idempotency-key': 'the-answer-was-lost' }
  const ask = (body?: unknown, headers = key) => board.client.post('agency/secrets', body, headers)
  const lost = ok(await ask(), 201)
  const made = ok(await ask(), 201)
  assert.equal(made.previous.id, lost.previous.id)
  assert.deepEqual(
    await Promise.all([board.clientSecret, lost.clientSecret, made.clientSecret].map((each) => isGood(board, each))),
    [true, false, true]
  )
  // now it is in use, so that it was not lost
  refused(await ask(), 409, 'wrong-state')
  // another key, and another caller's same key, are other rotations
  const other = await makeAgency(stage, admin)
  ok(await other.client.post('agency/secrets', undefined, key), 201)
  const next = ok(await ask(undefined, { 'idempotency-key': 'the-next-one' }), 201)
  assert.equal(next.previous.id, made.id)
  assert.ok(!(await isGood(board, board.clientSecret)))
  ok(await ask({ endsPreviousAfterSeconds: 5 }, { 'idempotency-key': 'the-one-after' }), 201)
  refused(await ask(undefined, { 'idempotency-key': 'the-next-one' }), 409, 'wrong-state')
  refused(await ask(undefined, { 'idempotency-key': 'short' }), 400, 'validation-failed')
  const own = ok(await (await callerOf(board, next.clientSecret)).get('agency/secrets?limit=2'))
  assert.equal(own.items.length, 2)
  assert.ok(own.next)
})

type Step = { kind: 'rotate'; seconds: number } | { kind: 'end'; nth: number } | { kind: 'wait'; seconds: number }

test('after any rotations, endings and days exactly the secrets that should be good are, two at most', async () => {
  const seed = seedOf('rotations')
  const board = await makeAgency(stage, admin)
  const { timebankId } = ok(await admin.get('/v1/me')).memberships[0]
  const inside = <T>(work: (tx: Tx) => Promise<T>) => inTimebank(stage.database, timebankId, systemActor, work)
  const seconds = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2_592_000 }))
  const steps = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('rotate' as const), seconds }),
      fc.record({ kind: fc.constant('end' as const), nth: fc.nat(4) }),
      fc.record({ kind: fc.constant('wait' as const), seconds })
    ),
    { minLength: 1, maxLength: 12 }
  )
  const play = async (sequence: Step[]) => {
    stage.clock.now = new Date()
    const { organisationId } = board
    const made = await inside((tx) => addClient(tx, organisationId, { name: 'Any', scopes: ['webhooks'] }))
    const agency = { ...board, clientId: made.client.id }
    const first = (await inside((tx) => goodSecrets(tx, agency.clientId)))[0]!
    const all = [{ id: first.id, secret: made.secret, endsAt: Number.POSITIVE_INFINITY }]
    const good = () => all.filter(({ endsAt }) => endsAt > stage.clock.now!.getTime())
    const locked = <T>(work: (tx: Tx) => Promise<T>) =>
      inside(async (tx) => {
        await lockClient(tx, organisationId, agency.clientId)
        return work(tx)
      })
    for (const step of sequence) {
      const at = stage.clock.now.getTime()
      if (step.kind === 'wait') stage.clock.now = new Date(at + step.seconds * 1000)
      else if (step.kind === 'rotate') {
        const [newest, ...older] = good().reverse()
        if (newest) newest.endsAt = Math.min(newest.endsAt, at + step.seconds * 1000)
        for (const each of older) each.endsAt = at
        const { seen, secret } = await locked((tx) =>
          rotateSecret(tx, agency.clientId, { endsPreviousAfterSeconds: step.seconds, askedBy: null })
        )
        all.push({ id: seen.id, secret, endsAt: Number.POSITIVE_INFINITY })
      } else {
        const which = all[step.nth % all.length]!
        const ending = locked((tx) => endSecret(tx, agency.clientId, which.id))
        if (good().length > 1 && good().includes(which)) {
          await ending
          which.endsAt = at
        } else await assert.rejects(ending, { code: 'wrong-state' })
      }
      const found = await inside((tx) => goodSecrets(tx, agency.clientId))
      assert.deepEqual(
        found.map(({ id }) => id),
        good()
          .map(({ id }) => id)
          .reverse()
      )
      assert.ok(found.length <= 2)
    }
    const expected = all.map((each) => good().includes(each))
    assert.deepEqual(await Promise.all(all.map(({ secret }) => isGood(agency, secret))), expected)
  }
  try {
    await fc.assert(fc.asyncProperty(steps, play), { seed, numRuns: 25 })
  } finally {
    now()
  }
})
