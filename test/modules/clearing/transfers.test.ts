import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { inTimebank } from '../../../src/db/client.ts'
import {
  changeAgreementLimits,
  declineAgreement,
  endAgreement,
  resumeAgreement,
  suspendAgreement
} from '../../../src/modules/clearing/agreement-steps.ts'
import { findAgreement, limitsOf, statusOf } from '../../../src/modules/clearing/agreements.ts'
import { advance } from '../../../src/modules/clearing/delivery.ts'
import { derivedId } from '../../../src/modules/clearing/ids.ts'
import {
  acceptAgreement,
  clearingTasks,
  labelsWithPartners,
  proposeAgreement
} from '../../../src/modules/clearing/index.ts'
import { getClearingTransfer, listAgreementVersions } from '../../../src/modules/clearing/read.ts'
import { reverseTransfer } from '../../../src/modules/clearing/reversal.ts'
import { sendTransfer } from '../../../src/modules/clearing/transfers.ts'
import {
  findTransfer,
  getAccount,
  noLimits,
  post,
  setLimits,
  statement,
  tryPost
} from '../../../src/modules/ledger/index.ts'
import { leave, pause, suspend } from '../../../src/modules/members/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { newId } from '../../../src/shared/ids.ts'
import { codeOf, refusal } from '../members/house.ts'
import { agree, balanceOf, makeTown, owes, pairOf, refuseUnsound, runJobs, send, type Town } from './support.ts'

let a: Town

before(async () => {
  a = await makeTown('Ashford')
})
after(() => a.database.close())

const agreementOf = (town: Town, other: Town) =>
  town.asService(async (tx) => (await findAgreement(tx, other.timebankId))!)
const statusAt = async (town: Town, other: Town) => statusOf(await agreementOf(town, other))
const transferAt = (town: Town, id: string) => town.asService((tx) => getTransfer(tx, id))
const getTransfer = (tx: Parameters<typeof findAgreement>[0], id: string) =>
  getClearingTransfer({ ...tx, actor: { ...tx.actor, roles: ['broker'] } }, id)
const asBroker = <T>(town: Town, work: Parameters<typeof town.asFounder<T>>[0]) => town.asFounder(work)
const pair = async () => [await makeTown('one', a.database), await makeTown('two', a.database)] as const

test('an agreement is proposed, asked, accepted, and in force on both sides with the lower of both words', async () => {
  const [one, two] = await pair()
  assert.equal(await codeOf(send(one, one.ann, two, two.ann, 30)), 'no-clearing-agreement')
  await one.asFounder((tx) => proposeAgreement(tx, two.slug, { owing: 300, owed: 120 }, 'neighbours'))
  assert.equal(await statusAt(one, two), 'proposed')
  assert.equal(await codeOf(send(one, one.ann, two, two.ann, 30)), 'no-clearing-agreement')
  await runJobs(one.database)
  assert.equal(await statusAt(two, one), 'asked')
  // seen from the other side the two limits change places
  const asked = await agreementOf(two, one)
  assert.deepEqual([asked.theirOwing, asked.theirOwed, asked.accountId], [300, 120, null])
  await two.asFounder((tx) => acceptAgreement(tx, one.slug, { owed: 240 }, 'less than asked'))
  assert.equal(await statusAt(two, one), 'active')
  await runJobs(one.database)
  assert.equal(await statusAt(one, two), 'active')
  assert.deepEqual(limitsOf(await agreementOf(one, two)), { owing: 240, owed: 120 })
  assert.deepEqual(limitsOf(await agreementOf(two, one)), { owing: 120, owed: 240 })
})

test('both propose at the same moment: both have agreed', async () => {
  const [one, two] = await pair()
  await one.asFounder((tx) => proposeAgreement(tx, two.slug, { owing: 300, owed: 120 }, 'neighbours'))
  await two.asFounder((tx) => proposeAgreement(tx, one.slug, { owing: 90, owed: 200 }, 'neighbours'))
  await runJobs(one.database)
  assert.equal(await statusAt(one, two), 'active')
  assert.equal(await statusAt(two, one), 'active')
  assert.deepEqual(limitsOf(await agreementOf(one, two)), { owing: 200, owed: 90 })
})

test('what cannot be said of an agreement is refused', async () => {
  const [one, two] = await pair()
  const limits = { owing: 60, owed: 60 }
  const steps = [suspendAgreement, resumeAgreement, endAgreement, declineAgreement]
  assert.equal(await codeOf(one.asFounder((tx) => proposeAgreement(tx, 'nowhere', limits, 'why'))), 'not-found')
  assert.equal(await codeOf(one.asFounder((tx) => proposeAgreement(tx, one.slug, limits, 'why'))), 'validation-failed')
  for (const step of steps)
    assert.equal(await codeOf(one.asFounder((tx) => step(tx, two.slug, 'why'))), 'not-found', step.name)
  await one.asFounder((tx) => proposeAgreement(tx, two.slug, limits, 'why'))
  const refusedWhileProposed = [suspendAgreement, resumeAgreement, declineAgreement]
  for (const step of refusedWhileProposed)
    assert.equal(await codeOf(one.asFounder((tx) => step(tx, two.slug, 'why'))), 'wrong-state', step.name)
  assert.equal(await codeOf(one.asFounder((tx) => acceptAgreement(tx, two.slug, {}, 'why'))), 'wrong-state')
  assert.equal(await codeOf(one.asFounder((tx) => proposeAgreement(tx, two.slug, limits, 'why'))), 'wrong-state')
  await runJobs(one.database)
  assert.equal(await codeOf(two.asFounder((tx) => proposeAgreement(tx, one.slug, limits, 'why'))), 'wrong-state')
  await two.asFounder((tx) => declineAgreement(tx, one.slug, 'no'))
  await runJobs(one.database)
  assert.equal(await statusAt(one, two), 'declined')
  // begun anew, the earlier no counts no more
  await one.asFounder((tx) => proposeAgreement(tx, two.slug, limits, 'again'))
  assert.equal(await statusAt(one, two), 'proposed')
  await runJobs(one.database)
  assert.equal(await statusAt(two, one), 'asked')
  await one.asFounder((tx) => endAgreement(tx, two.slug, 'taken back'))
  await runJobs(one.database)
  assert.equal(await statusAt(two, one), 'ended')
  assert.equal(await codeOf(two.asFounder((tx) => acceptAgreement(tx, one.slug, {}, 'too late'))), 'wrong-state')
})

test('either side lowers a limit at once; raising needs both; every word is kept with who and why', async () => {
  const [one, two] = await pair()
  await agree(one, two, { owing: 600, owed: 600 })
  const change = async (town: Town, other: Town, limits: { owing?: number; owed?: number }) => {
    const { rowVersion } = await agreementOf(town, other)
    await town.asFounder((tx) => changeAgreementLimits(tx, other.slug, limits, 'as decided', rowVersion))
  }
  await change(one, two, { owing: 100 })
  assert.equal(await codeOf(send(one, one.ann, two, two.ann, 101)), 'clearing-limit')
  await send(one, one.ann, two, two.ann, 100)
  await runJobs(one.database)
  await change(one, two, { owing: 900 })
  await runJobs(one.database)
  assert.deepEqual(limitsOf(await agreementOf(one, two)), { owing: 600, owed: 600 })
  await change(two, one, { owed: 700 })
  await runJobs(one.database)
  assert.deepEqual(limitsOf(await agreementOf(one, two)), { owing: 700, owed: 600 })
  assert.deepEqual(limitsOf(await agreementOf(two, one)), { owing: 600, owed: 700 })
  const versions = await one.asService((tx) => listAgreementVersions(tx, two.timebankId, null, 10))
  assert.deepEqual(
    versions.map(({ version, owing, why, changedBy }) => [version, owing, why, changedBy]),
    [
      [3, 900, 'as decided', one.founder.personId],
      [2, 100, 'as decided', one.founder.personId],
      [1, 600, 'neighbours', one.founder.personId]
    ]
  )
  assert.equal(
    await codeOf(one.asFounder((tx) => changeAgreementLimits(tx, two.slug, { owing: 1 }, 'late', 1))),
    'precondition-failed'
  )
  await refuseUnsound(one, two)
})

test('a word that arrives late, twice or out of order changes nothing', async () => {
  const [one, two] = await pair()
  await agree(one, two)
  const tasks = clearingTasks(one.database)
  const { rowVersion } = await agreementOf(two, one)
  const payload = { timebank: one.timebankId, partner: two.timebankId }
  await tasks['clearing.tell']!(payload)
  await Promise.all([1, 2, 3].map(() => tasks['clearing.tell']!(payload)))
  assert.equal((await agreementOf(two, one)).rowVersion, rowVersion)
})

test('hours go from a member of one timebank to a member of the other, and both sides name the other timebank', async () => {
  const [one, two] = await pair()
  await agree(one, two)
  const sent = await send(one, one.ann, two, two.bev, 90)
  assert.equal(sent.status, 'held')
  assert.equal(await balanceOf(one, one.ann.accountId), 0)
  assert.equal((await pairOf(one, two)).pending, 1)
  await runJobs(one.database)
  const out = await transferAt(one, sent.id)
  assert.deepEqual([out.status, out.pending], ['settled', false])
  assert.equal(await balanceOf(one, one.ann.accountId), -90)
  assert.equal(await balanceOf(two, two.bev.accountId), 90)
  assert.equal(await owes(one, two), 90)
  assert.equal(await owes(two, one), -90)
  const inId = derivedId(sent.seed!, 'delivery')
  const arrived = await transferAt(two, inId)
  assert.deepEqual(
    [arrived.status, arrived.membershipId, arrived.partnerNumber, arrived.originId],
    ['settled', two.bev.id, one.ann.number, sent.id]
  )
  for (const [town, other, member] of [
    [one, two, one.ann],
    [two, one, two.bev]
  ] as const) {
    const label = await town.asService(async (tx) => {
      const [line] = await statement(tx, member.accountId, { order: 'newest', limit: 1 })
      return (await labelsWithPartners(tx, [line!.counterAccount, member.accountId])).get(line!.counterAccount)
    })
    assert.deepEqual(label, { kind: 'clearing', number: null, name: other === two ? 'two' : 'one' })
  }
  // what arrives carries nobody's id from the other side
  const posted = await two.asService((tx) => findTransfer(tx, inId))
  assert.equal(posted!.actor, null)
  await refuseUnsound(one, two)
})

test('the other way, hours that are owed come back', async () => {
  const [one, two] = await pair()
  await agree(one, two)
  await send(one, one.ann, two, two.bev, 90)
  await send(two, two.ann, one, one.bev, 150)
  await runJobs(one.database)
  assert.equal(await owes(one, two), -60)
  assert.equal(await owes(two, one), 60)
  await refuseUnsound(one, two)
})

test('sending is refused where the giver, the day, the policy or the limits do not allow it', async () => {
  const [one, two] = await pair()
  await agree(one, two, { owing: 2000, owed: 2000 })
  const paused = await one.member('Pam')
  await one.as(paused, (tx) => pause(tx, paused.id))
  assert.equal(await codeOf(send(one, paused, two, two.ann, 30)), 'party-not-active')
  assert.equal(await codeOf(send(one, one.ann, two, two.ann, 30, { performedOn: '2999-01-01' })), 'future-service-date')
  assert.equal(await codeOf(send(one, one.ann, one, one.bev, 30)), 'no-clearing-agreement')
  assert.equal(await codeOf(send(one, one.ann, { ...two, slug: 'nowhere' }, 1, 30)), 'no-clearing-agreement')
  const own = await refusal(send(one, one.ann, two, two.ann, 1201))
  assert.deepEqual([own.code, (own.figures as { floor: number }).floor], ['below-floor', -1200])
  const limit = await refusal(send(one, one.ann, two, two.ann, 2001))
  assert.equal(limit.code, 'below-floor')
  await one.asService((tx) => setLimits(tx, one.ann.accountId, noLimits, 'for the test'))
  const pairs = await refusal(send(one, one.ann, two, two.ann, 2001))
  assert.deepEqual([pairs.code, pairs.figures], ['clearing-limit', {}])
  const forOther = one.as(one.ann, (tx) =>
    sendTransfer(tx, {
      id: newId(),
      to: { timebank: two.slug, memberNumber: 1 },
      from: { memberId: one.bev.id },
      minutes: 5
    })
  )
  assert.equal(await codeOf(forOther), 'forbidden')
  await one.policy({ giftsAllowed: false })
  assert.equal(await codeOf(send(one, one.ann, two, two.ann, 30)), 'gifts-not-allowed')
  await refuseUnsound(one, two)
})

test('a broker sends on behalf of a member, and the audit says so', async () => {
  const [one, two] = await pair()
  await agree(one, two)
  const sent = await one.asFounder((tx) =>
    sendTransfer(
      { ...tx, actor: { ...tx.actor, source: 'phone' } },
      {
        id: newId(),
        to: { timebank: two.slug, memberNumber: two.bev.number },
        from: { memberId: one.ann.id },
        minutes: 45
      }
    )
  )
  await runJobs(one.database)
  assert.equal(await balanceOf(one, one.ann.accountId), -45)
  const { rows } = await one.asService((tx) =>
    tx.client.query('SELECT on_behalf_of, source FROM audit.events WHERE timebank_id = $1 AND subject_id = $2', [
      one.timebankId,
      sent.id
    ])
  )
  assert.deepEqual(rows, [{ on_behalf_of: one.ann.id, source: 'phone' }])
})

test('what the other side refuses is let go, with a reason that tells nothing of its members', async () => {
  const [one, two] = await pair()
  await agree(one, two, { owing: 300, owed: 300 })
  const gone = await two.member('Gus')
  await two.asFounder((tx) => leave(tx, gone.id, { reason: 'moved away' }))
  const suspended = await two.member('Sue')
  await two.asFounder((tx) => suspend(tx, suspended.id, 'for a while'))
  const nobody = await send(one, one.ann, two, 987_654, 10)
  const left = await send(one, one.ann, two, gone, 10)
  const out = await send(one, one.ann, two, suspended, 10)
  // the word of the other side that it lowers its limit, or suspends, has not been heard when this is sent
  const { rowVersion } = await agreementOf(two, one)
  await two.asFounder((tx) => changeAgreementLimits(tx, one.slug, { owed: 40 }, 'less', rowVersion))
  const tooMuch = await send(one, one.ann, two, two.ann, 41)
  const fits = await send(one, one.ann, two, two.ann, 40)
  for (const { id } of [nobody, left, out, tooMuch, fits]) await advance(one.database, one.timebankId, id)
  await two.asFounder((tx) => suspendAgreement(tx, one.slug, 'a pause'))
  const late = await send(one, one.bev, two, two.ann, 10)
  await runJobs(one.database)
  const reasons = []
  for (const { id } of [nobody, left, out, tooMuch, fits, late]) {
    const { status, refusal: reason, pending } = await transferAt(one, id)
    assert.equal(pending, false)
    reasons.push(`${status} ${reason}`)
  }
  assert.deepEqual(reasons, [
    'refused recipient',
    'refused recipient',
    'refused recipient',
    'refused limit',
    'settled null',
    'refused agreement'
  ])
  assert.equal(await balanceOf(one, one.ann.accountId), -40)
  assert.equal(await codeOf(send(one, one.bev, two, two.ann, 10)), 'no-clearing-agreement')
  await two.asFounder((tx) => resumeAgreement(tx, one.slug, 'on again'))
  assert.equal(await codeOf(one.asFounder((tx) => resumeAgreement(tx, two.slug, 'on again'))), 'wrong-state')
  await runJobs(one.database)
  await send(two, two.ann, one, one.bev, 10)
  await runJobs(one.database)
  assert.equal(await owes(one, two), 30)
  await refuseUnsound(one, two)
})

test('an ended agreement takes nothing new; what was under way comes to its end; what is owed stays', async () => {
  const [one, two] = await pair()
  await agree(one, two)
  const settled = await send(one, one.ann, two, two.ann, 20)
  await runJobs(one.database)
  const underWay = await send(one, one.ann, two, two.ann, 30)
  await one.asFounder((tx) => endAgreement(tx, two.slug, 'enough'))
  await runJobs(one.database)
  assert.equal((await transferAt(one, underWay.id)).pending, false)
  assert.equal(await statusAt(two, one), 'ended')
  assert.ok([20, 50].includes(await owes(one, two)))
  await asBroker(one, (tx) => reverseTransfer(tx, settled.id, 'a mistake'))
  await runJobs(one.database)
  assert.ok([0, 30].includes(await owes(one, two)))
  await refuseUnsound(one, two)
})

test('the same id again is answered and not done again; for anything else it is refused', async () => {
  const [one, two] = await pair()
  await agree(one, two)
  const id = newId()
  const first = await send(one, one.ann, two, two.ann, 25, { id })
  await runJobs(one.database)
  const again = await send(one, one.ann, two, two.ann, 25, { id })
  assert.deepEqual([first.status, again.status], ['held', 'settled'])
  await runJobs(one.database)
  assert.equal(await balanceOf(one, one.ann.accountId), -25)
  assert.equal(await codeOf(send(one, one.ann, two, two.ann, 26, { id })), 'transfer-id-reused')
  assert.equal(await codeOf(send(one, one.ann, two, two.bev, 25, { id })), 'transfer-id-reused')
  assert.equal(await codeOf(send(one, one.bev, two, two.ann, 25, { id })), 'transfer-id-reused')
  const taken = newId()
  await one.asService((tx) =>
    post(tx, {
      id: taken,
      operation: 'transfer',
      debit: 1,
      credit: one.ann.accountId,
      minutes: 5,
      kind: 'grant',
      performedOn: '2026-03-01'
    })
  )
  assert.equal(await codeOf(send(one, one.ann, two, two.ann, 25, { id: taken })), 'transfer-id-reused')
  const at32 = newId()
  const all = await Promise.allSettled(
    Array.from({ length: 32 }, () => send(one, one.ann, two, two.ann, 5, { id: at32 }))
  )
  assert.deepEqual([...new Set(all.map(({ status }) => status))], ['fulfilled'])
  await runJobs(one.database)
  assert.equal(await balanceOf(one, one.ann.accountId), -25)
  await refuseUnsound(one, two)
})

test('the same id in two timebanks, or from two to a third, is no matter', async () => {
  const [one, two] = await pair()
  const three = await makeTown('three', one.database)
  await agree(one, two)
  await agree(one, three)
  await agree(two, three)
  const id = newId()
  await send(one, one.ann, three, three.ann, 10, { id })
  await send(two, two.ann, three, three.ann, 11, { id })
  await send(three, three.ann, one, one.bev, 12, { id })
  await runJobs(one.database)
  assert.equal(await balanceOf(three, three.ann.accountId), 9)
  await refuseUnsound(one, two, three)
})

test('of 64 transfers at once with room for one, one is sent', async () => {
  const [one, two] = await pair()
  await agree(one, two, { owing: 50, owed: 50 })
  const sends = await Promise.allSettled(
    Array.from({ length: 64 }, (_, i) => send(one, i % 2 ? one.ann : one.bev, two, two.ann, 30))
  )
  assert.equal(sends.filter(({ status }) => status === 'fulfilled').length, 1)
  const codes = sends.flatMap((s) => (s.status === 'rejected' ? [(s.reason as { code: string }).code] : []))
  assert.deepEqual([...new Set(codes)], ['clearing-limit'])
  await runJobs(one.database)
  assert.equal(await owes(one, two), 30)
  await refuseUnsound(one, two)
})

test('of 64 deliveries at once with room for one on the receiving side, one is taken and all others come back', async () => {
  const [one, two] = await pair()
  await agree(one, two, { owing: 6000, owed: 6000 })
  const { rowVersion } = await agreementOf(two, one)
  await two.asFounder((tx) => changeAgreementLimits(tx, one.slug, { owed: 29 }, 'less', rowVersion))
  const sent = await Promise.all(Array.from({ length: 64 }, () => send(one, one.ann, two, two.ann, 15)))
  await Promise.all(sent.map(({ id }) => advance(one.database, one.timebankId, id)))
  const statuses = await Promise.all(sent.map(async ({ id }) => (await transferAt(one, id)).status))
  assert.equal(statuses.filter((status) => status === 'settled').length, 1)
  assert.equal(statuses.filter((status) => status === 'refused').length, 63)
  assert.equal(await balanceOf(one, one.ann.accountId), -15)
  await runJobs(one.database)
  await refuseUnsound(one, two)
})

test('a crash before any step heals when the job runs again, and every instant is sound', async () => {
  const [one, two] = await pair()
  await agree(one, two)
  for (const refused of [false, true]) {
    for (const step of ['look', 'deliver', 'resolve']) {
      const { id } = await send(one, one.ann, two, refused ? 987_654 : two.ann, 10)
      const crash = advance(one.database, one.timebankId, id, (next) => {
        if (next === step) throw new Error('killed')
      })
      await assert.rejects(crash, /killed/)
      await refuseUnsound(one, two)
      const { pending, inTransit } = await pairOf(one, two)
      assert.equal(pending, 1)
      assert.equal(inTransit, step === 'resolve' && !refused ? -10 : 0)
      await runJobs(one.database)
      assert.equal((await transferAt(one, id)).status, refused ? 'refused' : 'settled')
      assert.equal((await pairOf(one, two)).pending, 0)
    }
  }
  for (const from of [one, two]) {
    for (const step of ['look', 'deliver', 'follow', 'finish']) {
      const sent = await send(one, one.ann, two, two.ann, 10)
      await advance(one.database, one.timebankId, sent.id)
      const id = from === one ? sent.id : derivedId(sent.seed!, 'delivery')
      await asBroker(from, (tx) => reverseTransfer(tx, id, 'a mistake'))
      await assert.rejects(
        advance(one.database, one.timebankId, sent.id, (next) => {
          if (next === step) throw new Error('killed')
        }),
        /killed/
      )
      await refuseUnsound(one, two)
      await runJobs(one.database)
      assert.equal((await transferAt(one, sent.id)).status, 'reversed')
      assert.equal((await transferAt(two, derivedId(sent.seed!, 'delivery'))).status, 'reversed')
      assert.equal((await pairOf(one, two)).pending, 0)
    }
  }
  assert.equal(await owes(one, two), 30)
  await refuseUnsound(one, two)
})

test('what stands still without a job is put into the queue again by the sweep', async () => {
  const [one, two] = await pair()
  await agree(one, two)
  const { id } = await send(one, one.ann, two, two.ann, 10)
  const arrived = await send(two, two.ann, one, one.ann, 10)
  await runJobs(one.database)
  await asBroker(one, (tx) => reverseTransfer(tx, derivedId(arrived.seed!, 'delivery'), 'a mistake'))
  const { rowVersion } = await agreementOf(one, two)
  await one.asFounder((tx) => changeAgreementLimits(tx, two.slug, { owing: 7 }, 'less', rowVersion))
  const stuck = await send(two, two.ann, one, one.bev, 11)
  // as a killed worker leaves its jobs: held by nobody who lives
  const owner = new pg.Client({ connectionString: one.database.url })
  await owner.connect()
  await owner.query("UPDATE graphile_worker._private_jobs SET locked_at = now(), locked_by = 'dead', attempts = 1")
  await runJobs(one.database)
  assert.equal((await transferAt(two, stuck.id)).status, 'held')
  await clearingTasks(one.database)['clearing.sweep']!({})
  assert.equal(await runJobs(one.database), 0, 'too young to be taken up')
  const later = { ...one.database, clock: () => new Date(one.clock.now.getTime() + 2 * 60_000) }
  await clearingTasks(later)['clearing.sweep']!({})
  assert.equal(await runJobs(one.database), 3)
  await owner.query('DELETE FROM graphile_worker._private_jobs')
  await owner.end()
  assert.equal((await transferAt(two, stuck.id)).status, 'settled')
  assert.equal((await transferAt(two, arrived.id)).status, 'reversed')
  assert.equal((await agreementOf(two, one)).theirOwing, 7)
  assert.equal((await transferAt(one, id)).status, 'settled')
  await refuseUnsound(one, two)
})

test('a delivery any number of times and at once is one delivery', async () => {
  const [one, two] = await pair()
  await agree(one, two)
  for (let round = 0; round < 5; round += 1) {
    const { id } = await send(one, one.ann, two, two.ann, 10)
    await Promise.all(Array.from({ length: 8 }, () => advance(one.database, one.timebankId, id)))
    await advance(one.database, one.timebankId, id)
  }
  assert.equal(await balanceOf(two, two.ann.accountId), 50)
  assert.equal(await balanceOf(one, one.ann.accountId), -50)
  await runJobs(one.database)
  assert.equal(await owes(one, two), 50)
  await refuseUnsound(one, two)
})

test('a worker that wakes late, when others have gone on, changes nothing', async () => {
  const [one, two] = await pair()
  await agree(one, two)
  for (const step of ['deliver', 'resolve']) {
    for (const refused of [false, true]) {
      const sent = await send(one, one.ann, two, refused ? 987_654 : two.ann, 10)
      const { timebankId } = one
      const held = { wake: () => {} }
      const asleep = new Promise<void>((resolve) => {
        held.wake = resolve
      })
      const late = advance(one.database, timebankId, sent.id, (next) => (next === step ? asleep : undefined))
      await runJobs(one.database)
      if (!refused) await one.asFounder((tx) => reverseTransfer(tx, sent.id, 'a mistake'))
      held.wake()
      await late
      await refuseUnsound(one, two)
      await runJobs(one.database)
      const { status, pending } = await transferAt(one, sent.id)
      assert.deepEqual([status, pending], [refused ? 'refused' : 'reversed', false])
      await refuseUnsound(one, two)
    }
  }
  assert.equal(await owes(one, two), 0)
  assert.equal(await balanceOf(one, one.ann.accountId), 0)
})

test('what was refused once stays refused, also when it would be taken now', async () => {
  const [one, two] = await pair()
  await agree(one, two)
  const change = async (owed: number) => {
    const { rowVersion } = await agreementOf(two, one)
    await two.asFounder((tx) => changeAgreementLimits(tx, one.slug, { owed }, 'as decided', rowVersion))
  }
  await change(9)
  const { id } = await send(one, one.ann, two, two.ann, 10)
  const held = { wake: () => {} }
  const asleep = new Promise<void>((resolve) => {
    held.wake = resolve
  })
  const reached = { resolve: () => {} }
  const decided = new Promise<void>((resolve) => {
    reached.resolve = resolve
  })
  const late = advance(one.database, one.timebankId, id, (next) => {
    if (next !== 'resolve') return
    reached.resolve()
    return asleep
  })
  await decided
  await change(600)
  await runJobs(one.database)
  held.wake()
  await late
  const { status, refusal: reason } = await transferAt(one, id)
  assert.deepEqual([status, reason], ['refused', 'limit'])
  assert.equal(await balanceOf(two, two.ann.accountId), 0)
  await refuseUnsound(one, two)
})

test('who has accepted can send at once: the word goes before the hours', async () => {
  const [one, two] = await pair()
  await one.asFounder((tx) => proposeAgreement(tx, two.slug, { owing: 60, owed: 60 }, 'neighbours'))
  await runJobs(one.database)
  await two.asFounder((tx) => acceptAgreement(tx, one.slug, {}, 'gladly'))
  const { id } = await send(two, two.ann, one, one.ann, 10)
  await advance(one.database, two.timebankId, id)
  assert.equal((await transferAt(two, id)).status, 'settled')
  await runJobs(one.database)
  await refuseUnsound(one, two)
})

test('the ledger itself takes nothing new on the account of an agreement that is not in force', async () => {
  const [one, two] = await pair()
  await agree(one, two)
  const { accountId } = await agreementOf(one, two)
  const statusOfAccount = () => one.asService(async (tx) => (await getAccount(tx, accountId!)).status)
  assert.equal(await statusOfAccount(), 'open')
  await two.asFounder((tx) => suspendAgreement(tx, one.slug, 'a pause'))
  await runJobs(one.database)
  assert.equal(await statusOfAccount(), 'frozen')
  await two.asFounder((tx) => resumeAgreement(tx, one.slug, 'on again'))
  await runJobs(one.database)
  assert.equal(await statusOfAccount(), 'open')
})

test('both directions at once block nobody', async () => {
  const [one, two] = await pair()
  await agree(one, two, { owing: 6000, owed: 6000 })
  const deadlocks = async () =>
    Number(
      (await one.database.pool.query('SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()'))
        .rows[0].deadlocks
    )
  const before = await deadlocks()
  const sends = []
  for (let i = 0; i < 40; i += 1) {
    sends.push(send(one, i % 3 ? one.ann : one.bev, two, i % 2 ? two.ann : two.bev, 5))
    sends.push(send(two, i % 3 ? two.bev : two.ann, one, i % 2 ? one.ann : one.bev, 5))
  }
  const all = await Promise.all(
    sends.map(async (sent) => {
      const { timebankId, id } = await sent
      await Promise.all([advance(one.database, timebankId, id), advance(one.database, timebankId, id)])
      return id
    })
  )
  assert.equal(all.length, 80)
  await runJobs(one.database)
  assert.equal(await owes(one, two), 0)
  assert.equal(await deadlocks(), before)
  await refuseUnsound(one, two)
})

test('a broker of either side takes a transfer back on both, past limits, with a reason that stays at home', async () => {
  const [one, two] = await pair()
  await agree(one, two, { owing: 1000, owed: 1000 })
  for (const from of [one, two]) {
    const sent = await send(one, one.ann, two, two.ann, 900)
    await runJobs(one.database)
    // the recipient has spent it, and more than the floor would let go
    const spend = newId()
    await two.asService((tx) =>
      post(tx, {
        id: spend,
        operation: 'transfer',
        debit: two.ann.accountId,
        credit: two.bev.accountId,
        minutes: 2000,
        kind: 'exchange',
        performedOn: '2026-03-01'
      })
    )
    const inId = derivedId(sent.seed!, 'delivery')
    const id = from === one ? sent.id : inId
    const reversed = await asBroker(from, (tx) => reverseTransfer(tx, id, 'The wrong member'))
    assert.deepEqual([reversed.status, reversed.reversedBy, reversed.reason], ['reversed', 'us', 'The wrong member'])
    await refuseUnsound(one, two)
    assert.equal(Math.abs((await pairOf(one, two)).inTransit), 900)
    assert.equal(await codeOf(asBroker(from, (tx) => reverseTransfer(tx, id, 'again'))), 'already-resolved')
    await runJobs(one.database)
    const [home, away] = [await transferAt(one, sent.id), await transferAt(two, inId)]
    assert.deepEqual([home.status, away.status], ['reversed', 'reversed'])
    const theirs = from === one ? away : home
    assert.deepEqual([theirs.reversedBy, theirs.reason], ['partner', null])
    assert.equal(await balanceOf(one, one.ann.accountId), 0)
    assert.equal(await owes(one, two), 0)
    await two.asService((tx) =>
      post(tx, { id: newId(), operation: 'reverse', ref: spend, performedOn: '2026-03-01', force: true })
    )
  }
  await refuseUnsound(one, two)
})

test('both sides take the same transfer back at the same moment: each leg is reversed once', async () => {
  const [one, two] = await pair()
  await agree(one, two)
  for (let round = 0; round < 5; round += 1) {
    const sent = await send(one, one.ann, two, two.ann, 20)
    await advance(one.database, one.timebankId, sent.id)
    const inId = derivedId(sent.seed!, 'delivery')
    await Promise.all([
      asBroker(one, (tx) => reverseTransfer(tx, sent.id, 'a mistake')),
      asBroker(two, (tx) => reverseTransfer(tx, inId, 'a mistake')),
      advance(one.database, one.timebankId, sent.id)
    ])
    const twice = await Promise.allSettled(
      [1, 2, 3].map(() => asBroker(one, (tx) => reverseTransfer(tx, sent.id, 'again')))
    )
    assert.ok(twice.every(({ status }) => status === 'rejected'))
    await runJobs(one.database)
    assert.deepEqual([(await transferAt(one, sent.id)).pending, (await transferAt(two, inId)).pending], [false, false])
  }
  assert.equal(await owes(one, two), 0)
  assert.equal(await balanceOf(one, one.ann.accountId), 0)
  await refuseUnsound(one, two)
})

test('who may not reverse, and what cannot be reversed', async () => {
  const [one, two] = await pair()
  await agree(one, two)
  const held = await send(one, one.ann, two, two.ann, 20)
  assert.equal(await codeOf(asBroker(one, (tx) => reverseTransfer(tx, held.id, 'why'))), 'wrong-state')
  await runJobs(one.database)
  assert.equal(await codeOf(one.as(one.bev, (tx) => reverseTransfer(tx, held.id, 'why'))), 'forbidden')
  assert.equal(await codeOf(one.as(one.ann, (tx) => reverseTransfer(tx, held.id, 'why'), ['broker'])), 'forbidden')
  assert.equal(await codeOf(asBroker(two, (tx) => reverseTransfer(tx, held.id, 'why'))), 'not-found')
  const refused = await send(one, one.ann, two, 987_654, 20)
  await runJobs(one.database)
  assert.equal(await codeOf(asBroker(one, (tx) => reverseTransfer(tx, refused.id, 'why'))), 'wrong-state')
})

test('a reversal after somebody has left leaves their closed account empty: the pot covers it', async () => {
  const [one, two] = await pair()
  await agree(one, two)
  const gus = await two.member('Gus')
  const sent = await send(one, one.ann, two, gus, 60)
  await runJobs(one.database)
  await two.asFounder((tx) => leave(tx, gus.id, { reason: 'moved away' }))
  await asBroker(one, (tx) => reverseTransfer(tx, sent.id, 'a mistake'))
  await runJobs(one.database)
  assert.equal(await balanceOf(two, gus.accountId), 0)
  assert.equal(await balanceOf(two, 1), 0)
  await refuseUnsound(one, two)
})

test('a hold that other hands let go does not part the two books', async () => {
  const [one, two] = await pair()
  await agree(one, two)
  const { id } = await send(one, one.ann, two, two.ann, 20)
  const steps: string[] = []
  await assert.rejects(
    advance(one.database, one.timebankId, id, (step) => {
      steps.push(step)
      if (step === 'resolve') throw new Error('killed')
    })
  )
  await one.asService((tx) => tryPost(tx, [{ id: newId(), operation: 'release', ref: id, performedOn: '2026-03-01' }]))
  await runJobs(one.database)
  assert.equal(await balanceOf(one, one.ann.accountId), -20)
  assert.equal((await pairOf(one, two)).inTransit, 0)
  await refuseUnsound(one, two)
})

test('nothing of one timebank can be read from the transaction of another', async () => {
  const [one, two] = await pair()
  await agree(one, two)
  const { id } = await send(one, one.ann, two, two.ann, 20)
  await runJobs(one.database)
  const third = await makeTown('third', one.database)
  for (const table of ['agreements', 'agreement_versions', 'transfers']) {
    const { rows } = await inTimebank(one.database, third.timebankId, systemActor, (tx) =>
      tx.client.query(`SELECT count(*) AS n FROM clearing.${table}`)
    )
    assert.equal(Number(rows[0].n), 0, table)
  }
  assert.equal(await codeOf(transferAt(two, id)), 'not-found')
  const { rows } = await two.asService((tx) => tx.client.query('SELECT * FROM clearing.transfers'))
  const seen = JSON.stringify(rows)
  for (const secret of [one.ann.id, one.ann.personId, one.founder.personId, 'Ann'])
    assert.ok(!seen.includes(String(secret)), secret!)
  const may = await one.database.pool.query(
    "SELECT has_table_privilege('clearing.transfers', 'DELETE') AS d, has_column_privilege('clearing.transfers', 'minutes', 'UPDATE') AS m, has_table_privilege('clearing.agreement_versions', 'UPDATE') AS v"
  )
  assert.deepEqual(may.rows, [{ d: false, m: false, v: false }])
})

test('books that do not agree are told: hours moved on one side past the transfers', async () => {
  const [one, two] = await pair()
  await agree(one, two)
  assert.equal((await pairOf(one, two)).agrees, true)
  const { accountId } = await agreementOf(one, two)
  const id = newId()
  const performedOn = '2026-03-01'
  await one.asService((tx) =>
    post(tx, { id, operation: 'transfer', debit: 1, credit: accountId!, minutes: 5, kind: 'gift', performedOn })
  )
  assert.equal((await pairOf(one, two)).agrees, false)
  await one.asService((tx) => post(tx, { id: newId(), operation: 'reverse', ref: id, performedOn }))
  await refuseUnsound(one, two)
})
