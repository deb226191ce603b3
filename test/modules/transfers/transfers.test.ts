import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { inTimebank } from '../../../src/db/client.ts'
import { getAccount, verifyBooks } from '../../../src/modules/ledger/index.ts'
import { transfersTasks } from '../../../src/modules/transfers/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { derivedId, newId } from '../../../src/shared/ids.ts'
import {
  addMember,
  type Client,
  foundAnother,
  makeStage,
  ok,
  refused,
  type Stage,
  setUp,
  signIn
} from '../../support/app.ts'

let stage: Stage
let admin: Client
let anna: Client
let ben: Client
let timebankId: string

before(async () => {
  stage = await makeStage('transfers')
  admin = await setUp(stage)
  anna = await addMember(stage, admin, { name: 'Anna' })
  ben = await addMember(stage, admin, { name: 'Ben' })
  timebankId = ok(await admin.get(`/v1/timebanks/${admin.timebank}`)).id
})
after(() => stage.close())

const balanceOf = async (client: Client | number): Promise<number> =>
  inTimebank(
    stage.database,
    timebankId,
    systemActor,
    async (tx) => (await getAccount(tx, typeof client === 'number' ? client : client.accountId)).balance
  )
const told = { 'commonhours-source': 'phone' }
const today = () => new Date().toISOString().slice(0, 10)

describe('gifts', () => {
  test('a member gives hours to another, and sees their own balance', async () => {
    const [a, b] = [await balanceOf(anna), await balanceOf(ben)]
    const key = newId()
    const given = ok(
      await anna.post('gifts', { to: { memberId: ben.memberId }, minutes: 90 }, { 'idempotency-key': key }),
      201
    )
    const { recordedAt, ...rest } = given
    assert.ok(Date.now() - Date.parse(recordedAt) < 60_000)
    assert.deepEqual(rest, {
      id: key,
      kind: 'gift',
      minutes: 90,
      hours: '1:30',
      performedOn: today(),
      balanceMinutes: a - 90,
      crossedSoftFloor: false
    })
    assert.deepEqual([await balanceOf(anna), await balanceOf(ben)], [a - 90, b + 90])
    const transfer = ok(await admin.get(`transfers/${key}`))
    assert.deepEqual([transfer.actor, transfer.kind, transfer.minutes], [anna.personId, 'gift', 90])
  })

  test('a gift to the pot is a donation', async () => {
    const pot = await balanceOf(1)
    const given = ok(await anna.post('gifts', { to: { communityPot: true }, minutes: 15 }), 201)
    assert.equal(given.kind, 'donation')
    assert.equal(await balanceOf(1), pot + 15)
  })

  test('the same key gives the same answer, and posts once; for something else it is refused', async () => {
    const key = { 'idempotency-key': newId() }
    const body = { to: { memberId: ben.memberId }, minutes: 10 }
    const first = await anna.post('gifts', body, key)
    const balance = await balanceOf(ben)
    const again = await anna.post('gifts', { minutes: 10, to: { memberId: ben.memberId } }, key)
    assert.equal(again.text, first.text)
    assert.equal(again.headers['idempotency-replayed'], 'true')
    refused(await anna.post('gifts', { ...body, minutes: 11 }, key), 422, 'idempotency-key-reused')
    // somebody else's use of it is another request, and learns nothing
    refused(
      await ben.post('gifts', { to: { memberId: anna.memberId }, minutes: 10 }, key),
      422,
      'idempotency-key-reused'
    )
    assert.equal(await balanceOf(ben), balance)
  })

  test('a key that is no uuid does as well', async () => {
    const key = { 'idempotency-key': `slip-${newId()}` }
    const body = { to: { memberId: ben.memberId }, minutes: 5 }
    const first = ok(await anna.post('gifts', body, key), 201)
    assert.deepEqual(ok(await anna.post('gifts', body, key), 201), first)
  })

  test('a refusal stays the answer to its key, with the figures of the own account only', async () => {
    const poor = await addMember(stage, admin, { name: 'Pim' })
    const key = { 'idempotency-key': newId() }
    const problem = refused(
      await poor.post('gifts', { to: { memberId: ben.memberId }, minutes: 1201 }, key),
      422,
      'below-floor'
    )
    assert.deepEqual([problem.floor, problem.balance, problem.account], [-1200, 0, poor.accountId])
    ok(await admin.post('grants', { to: { memberId: poor.memberId }, minutes: 60, why: 'A start' }), 201)
    const again = await poor.post('gifts', { to: { memberId: ben.memberId }, minutes: 1201 }, key)
    assert.equal(refused(again, 422, 'below-floor').balance, 0)
    assert.equal(again.headers['idempotency-replayed'], 'true')
    ok(await poor.post('gifts', { to: { memberId: ben.memberId }, minutes: 1201 }), 201)
  })

  test('what stands against a gift is told', async () => {
    const give = (client: Client, body: object, headers = {}) => client.post('gifts', body, headers)
    const to = { memberId: ben.memberId }
    refused(await give(anna, { to: { memberId: anna.memberId }, minutes: 5 }), 422, 'same-party')
    refused(await give(anna, { to: { memberId: newId() }, minutes: 5 }), 404, 'not-found')
    refused(await give(anna, { to, minutes: 5, performedOn: '2999-01-01' }), 422, 'future-service-date')
    refused(await give(anna, { to, minutes: 5, from: { memberId: ben.memberId } }), 403, 'forbidden')
    refused(await give(admin, { to, minutes: 5, from: { memberId: anna.memberId } }), 403, 'forbidden')
    const faults = refused(await give(anna, { to: {}, minutes: 0, extra: 1 }), 400, 'validation-failed').errors
    assert.ok(faults.length >= 3, JSON.stringify(faults))
    refused(await anna.call('POST', 'gifts', { to, minutes: 5 }), 400, 'idempotency-key-required')
    const elsewhere = await foundAnother(stage, admin, 'hilltop')
    refused(await give(elsewhere, { to, minutes: 5 }), 404, 'not-found')
  })

  test('staff write down what they were told, and on whose behalf is in the journal', async () => {
    const key = newId()
    const body = { from: { memberId: anna.memberId }, to: { memberId: ben.memberId }, minutes: 20 }
    ok(await admin.post('gifts', body, { ...told, 'idempotency-key': key }), 201)
    const { rows } = await inTimebank(stage.database, timebankId, systemActor, (tx) =>
      tx.client.query('SELECT actor, source, on_behalf_of FROM ledger.transfers WHERE id = $1', [key])
    )
    assert.deepEqual(rows, [{ actor: admin.personId, source: 4, on_behalf_of: anna.memberId }])
  })

  test('a slip has its number in the audit', async () => {
    const key = newId()
    const body = { from: { memberId: anna.memberId }, to: { memberId: ben.memberId }, minutes: 20 }
    const slip = { 'commonhours-source': 'paper_slip', 'commonhours-slip': 'A-17', 'idempotency-key': key }
    const first = ok(await admin.post('gifts', body, slip), 201)
    assert.deepEqual(ok(await admin.post('gifts', body, slip), 201), first)
    const { items } = ok(await admin.get(`audit?subjectType=transfer&subjectId=${key}`))
    assert.deepEqual(
      items.map((e: { action: string; slipNumber: string; onBehalfOf: string }) => [
        e.action,
        e.slipNumber,
        e.onBehalfOf
      ]),
      [['gift.recorded', 'A-17', anna.memberId]]
    )
  })

  test('where the policy allows no gifts there are none, from the next request on', async () => {
    const { version } = ok(await admin.get('policy'))
    const set = (giftsAllowed: boolean, from: number) =>
      admin.call('PATCH', 'policy', { rules: { giftsAllowed }, why: 'Asked for' }, { 'if-match': `"${from}"` })
    const next = ok(await set(false, version)).version
    refused(await anna.post('gifts', { to: { communityPot: true }, minutes: 5 }), 422, 'gifts-not-allowed')
    ok(await set(true, next))
    ok(await anna.post('gifts', { to: { communityPot: true }, minutes: 5 }), 201)
  })
})

describe('transfers by account number', () => {
  const post = (body: object, headers = {}) => admin.post('transfers', body, headers)
  const grant = (minutes: number, more = {}) => ({
    operation: 'transfer',
    kind: 'grant',
    debitAccount: 1,
    creditAccount: anna.accountId,
    minutes,
    ...more
  })

  test('a grant, a hold that is settled in part, one that is released', async () => {
    const before = await balanceOf(anna)
    assert.equal(ok(await post(grant(30)), 201).creditBalanceMinutes, before + 30)
    const held = ok(await post(grant(40, { operation: 'hold' })), 201)
    assert.equal(held.creditBalanceMinutes, before + 30)
    const settled = ok(await post({ operation: 'settle', ref: held.id, minutes: 25 }), 201)
    assert.deepEqual([settled.minutes, settled.creditBalanceMinutes], [25, before + 55])
    refused(await post({ operation: 'release', ref: held.id }), 409, 'already-resolved')
    const other = ok(await post(grant(40, { operation: 'hold' })), 201)
    ok(await post({ operation: 'release', ref: other.id }), 201)
    assert.equal(await balanceOf(anna), before + 55)
  })

  test('a hold ends by itself at its time', async () => {
    const soon = new Date(Date.now() + 60_000).toISOString()
    const held = ok(await post(grant(40, { operation: 'hold', expiresAt: soon })), 201)
    const expire = () => transfersTasks(stage.database)['transfers.release_expired_holds']!({})
    await expire()
    assert.equal(ok(await admin.get(`transfers/${held.id}`)).resolvedBy, null)
    stage.clock.now = new Date(Date.now() + 61_000)
    await Promise.all([expire(), expire()])
    const { resolvedBy } = ok(await admin.get(`transfers/${held.id}`))
    assert.equal(ok(await admin.get(`transfers/${resolvedBy}`)).operation, 'release')
    stage.clock.now = null
    refused(await post({ operation: 'settle', ref: held.id }), 409, 'already-resolved')
  })

  test('a hold ends also where somebody has used the id that its release would have', { timeout: 20_000 }, async () => {
    const expiresAt = new Date(Date.now() + 60_000).toISOString()
    const held = ok(await post(grant(40, { operation: 'hold', expiresAt })), 201)
    ok(await post(grant(1), { 'idempotency-key': derivedId('expiry', held.id) }), 201)
    stage.clock.now = new Date(Date.now() + 61_000)
    await transfersTasks(stage.database)['transfers.release_expired_holds']!({})
    stage.clock.now = null
    const { resolvedBy } = ok(await admin.get(`transfers/${held.id}`))
    assert.equal(ok(await admin.get(`transfers/${resolvedBy}`)).operation, 'release')
  })

  test('nobody’s hours are moved without their word, and kinds go where they belong', async () => {
    const faults = async (body: object, headers = {}) =>
      refused(await post(body, headers), 422, 'transfer-not-allowed').errors.map((e: { pointer: string }) => e.pointer)
    const gift = { ...grant(5), kind: 'gift', debitAccount: anna.accountId, creditAccount: ben.accountId }
    assert.deepEqual(await faults(gift), ['/onBehalfOf'])
    assert.deepEqual(await faults({ ...gift, onBehalfOf: anna.memberId }), ['/onBehalfOf'])
    assert.deepEqual(await faults({ ...gift, onBehalfOf: ben.memberId }, told), ['/onBehalfOf'])
    ok(await post({ ...gift, onBehalfOf: anna.memberId }, told), 201)
    assert.deepEqual(await faults({ ...gift, kind: 'grant' }), ['/debitAccount'])
    assert.deepEqual(await faults(grant(5, { kind: 'joining_credit', creditAccount: 2 })), ['/creditAccount'])
    refused(await post(grant(5, { kind: 'exchange' })), 400, 'validation-failed')
    refused(await post(grant(5, { creditAccount: 4711 })), 422, 'unknown-account')
    refused(await anna.post('transfers', grant(5)), 403, 'forbidden')
  })

  test('opening balances are for admins', async () => {
    const opening = grant(45, { kind: 'opening', debitAccount: 2 })
    assert.equal(ok(await post(opening), 201).debitBalanceMinutes, -45)
    const broker = await addMember(stage, admin, { name: 'Bo', roles: ['broker'] })
    refused(await broker.post('transfers', opening), 422, 'transfer-not-allowed')
  })
})

describe('batches', () => {
  const rows = (count: number, minutes = 10) =>
    Array.from({ length: count }, () => ({
      id: newId(),
      operation: 'transfer',
      kind: 'grant',
      debitAccount: 1,
      creditAccount: ben.accountId,
      minutes
    }))
  const codes = (body: { results: { code: string }[] }) => body.results.map(({ code }) => code)

  test('a thousand rows have an answer each; again, under another key, they are replays', async () => {
    const before = await balanceOf(ben)
    const operations = rows(1000, 1)
    const body = ok(await admin.post('transfers/batch', { atomic: false, operations }))
    assert.deepEqual([body.posted, body.replayed, body.refused], [1000, 0, 0])
    assert.equal(body.results[999].creditBalanceMinutes, before + 1000)
    const again = ok(await admin.post('transfers/batch', { atomic: true, operations }))
    assert.deepEqual([again.posted, again.replayed], [0, 1000])
    assert.equal(await balanceOf(ben), before + 1000)
    refused(await admin.post('transfers/batch', { atomic: false, operations: rows(1001) }), 400, 'validation-failed')
  })

  test('the same rows the day after are replays, also where they name no day', async () => {
    const operations = rows(2, 1)
    const ask = async () => codes(ok(await admin.post('transfers/batch', { atomic: false, operations })))
    assert.deepEqual(await ask(), ['posted', 'posted'])
    stage.clock.now = new Date(Date.now() + 24 * 60 * 60 * 1000)
    const admitted = admin
    admin = await signIn(stage, admin.timebank, 'admin@rivertown.example.org')
    assert.deepEqual(await ask(), ['replayed', 'replayed'])
    stage.clock.now = null
    admin = admitted
    operations[0]!.minutes = 2
    assert.deepEqual(await ask(), ['id_reused', 'replayed'])
  })

  test('a refused row harms no other, or all where they stand together, or its group', async () => {
    const bad = { ...rows(1)[0]!, creditAccount: 9999 }
    const [a, b, c] = rows(3)
    assert.deepEqual(codes(ok(await admin.post('transfers/batch', { atomic: false, operations: [a, bad, b] }))), [
      'posted',
      'unknown_account',
      'posted'
    ])
    assert.deepEqual(codes(ok(await admin.post('transfers/batch', { atomic: true, operations: [c, bad] }))), [
      'leg_failed',
      'unknown_account'
    ])
    const groupId = newId()
    const [d, e] = rows(2)
    assert.deepEqual(
      codes(
        ok(
          await admin.post('transfers/batch', {
            atomic: false,
            operations: [{ ...c, groupId }, { ...bad, groupId }, d, e]
          })
        )
      ),
      ['leg_failed', 'unknown_account', 'posted', 'posted']
    )
  })

  test('a dry run tells what would happen, and saves nothing', async () => {
    const before = await balanceOf(ben)
    const operations = rows(3)
    const body = ok(await admin.post('transfers/batch', { atomic: true, dryRun: true, operations }))
    assert.deepEqual([body.dryRun, body.posted, body.results[2].creditBalanceMinutes], [true, 3, before + 30])
    assert.equal(await balanceOf(ben), before)
    assert.equal(ok(await admin.post('transfers/batch', { atomic: true, operations })).posted, 3)
  })

  test('every fault of every row is named, and nothing is posted', async () => {
    const before = await balanceOf(ben)
    const [good, a, b] = rows(3)
    const operations = [good, { ...a, debitAccount: anna.accountId }, { ...b, performedOn: '2999-01-01' }]
    const { errors } = refused(
      await admin.post('transfers/batch', { atomic: false, operations }),
      422,
      'transfer-not-allowed'
    )
    assert.deepEqual(
      errors.map((e: { pointer: string }) => e.pointer),
      ['/operations/1/debitAccount', '/operations/2/performedOn']
    )
    assert.equal(await balanceOf(ben), before)
  })
})

test('one id in two batches at the same moment, between different accounts, is posted once; the other is asked to come again', async () => {
  const [cleo, dan] = [await addMember(stage, admin, { login: false }), await addMember(stage, admin, { login: false })]
  const slip = { 'commonhours-source': 'phone' }
  const gift = (from: Client, to: Client, id: string) => ({
    id,
    operation: 'transfer',
    kind: 'gift',
    debitAccount: from.accountId,
    creditAccount: to.accountId,
    onBehalfOf: from.memberId,
    minutes: 1
  })
  for (let round = 0; round < 10; round += 1) {
    const shared = newId()
    const batch = (from: Client, to: Client) =>
      admin.post(
        'transfers/batch',
        { atomic: false, operations: [gift(from, to, newId()), gift(from, to, shared), gift(from, to, newId())] },
        slip
      )
    const answers = await Promise.all([batch(anna, ben), batch(cleo, dan)])
    const posted = answers.flatMap(({ status, body }) => {
      assert.ok(status === 200 || (status === 503 && body.code === 'unavailable'), JSON.stringify(body))
      return status === 200
        ? body.results.filter((r: { id: string; code: string }) => r.id === shared && r.code === 'posted')
        : []
    })
    assert.equal(posted.length, 1)
  }
})

describe('reversals', () => {
  test('a gift is taken back once, with a reason, on the day of the gift', async () => {
    const given = ok(
      await anna.post('gifts', { to: { memberId: ben.memberId }, minutes: 25, performedOn: '2026-01-05' }),
      201
    )
    const [a, b] = [await balanceOf(anna), await balanceOf(ben)]
    const path = `transfers/${given.id}/reversal`
    refused(await admin.post(path, {}), 400, 'validation-failed')
    refused(await anna.post(path, { reason: 'Mine' }), 403, 'forbidden')
    const answers = await Promise.all([1, 2, 3].map(() => admin.post(path, { reason: 'Wrong person' })))
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409])
    const reversal = answers.find(({ status }) => status === 201)!.body
    assert.deepEqual([reversal.operation, reversal.minutes, reversal.performedOn], ['reverse', 25, '2026-01-05'])
    assert.deepEqual([await balanceOf(anna), await balanceOf(ben)], [a + 25, b - 25])
    const { items } = ok(await admin.get(`audit?subjectType=transfer&subjectId=${given.id}`))
    assert.deepEqual([items[0].action, items[0].reason], ['transfer.reversed', 'Wrong person'])
  })

  test('one that a limit refuses passes it by an override, which is kept', async () => {
    const spender = await addMember(stage, admin, { name: 'Sal' })
    const given = ok(
      await admin.post('grants', { to: { memberId: spender.memberId }, minutes: 1200, why: 'A start' }),
      201
    )
    ok(await spender.post('gifts', { to: { memberId: ben.memberId }, minutes: 2400 }), 201)
    const path = `transfers/${given.id}/reversal`
    refused(await admin.post(path, { reason: 'Granted twice' }), 422, 'below-floor')
    const reversal = ok(await admin.post(path, { reason: 'Granted twice', override: true }), 201)
    assert.deepEqual([reversal.forced, reversal.debitBalanceMinutes], [true, -2400])
    const { items } = ok(await admin.get(`audit?subjectType=transfer&subjectId=${given.id}`))
    assert.deepEqual(items[0].changes.limitPassed, true)
  })

  test('what belongs to an exchange is not reversed here', async () => {
    refused(await admin.post(`transfers/${newId()}/reversal`, { reason: 'x' }), 404, 'not-found')
  })
})

test('the books are sound after all this', async () => {
  assert.deepEqual(await inTimebank(stage.database, timebankId, systemActor, verifyBooks), [])
})
