import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { inTimebank } from '../../../src/db/client.ts'
import { postAll } from '../../../src/modules/ledger/index.ts'
import { longestPaper } from '../../../src/modules/ledger/paper/statement.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { dateIn, endOfDay } from '../../../src/shared/clock.ts'
import { addMember, type Client, foundAnother, makeStage, ok, refused, setUp } from '../../support/app.ts'
import { readPdf } from '../../support/pdf.ts'
import { transfer } from './support.ts'

const zone = 'Pacific/Auckland'
const stage = await makeStage('statements')
let admin: Client
let sian: Client
let bev: Client
let auditor: Client
let stranger: Client
let organisation: { accountId: number }

before(async () => {
  admin = await setUp(stage, 'rivertown', { timeZone: zone })
  sian = await addMember(stage, admin, { name: 'Siân Llŷr', profile: { locale: 'cy' } })
  bev = await addMember(stage, admin, { name: 'Bev' })
  auditor = await addMember(stage, admin, { name: 'Audrey', roles: ['auditor'] })
  stranger = await foundAnother(stage, admin, 'elsewhere')
  organisation = ok(await admin.post('organisations', { name: 'Garden Friends', kind: 'community_group' }), 201)
  await posting([
    transfer(bev.accountId, sian.accountId, 90, { performedOn: '2026-03-01' }),
    transfer(sian.accountId, organisation.accountId, 30, { performedOn: '2026-03-02' })
  ])
})
after(() => stage.close())

async function posting(operations: Parameters<typeof postAll>[1]): Promise<void> {
  const { rows } = await stage.database.pool.query("SELECT id FROM timebanks.timebanks WHERE slug = 'rivertown'")
  await inTimebank(stage.database, rows[0]!.id, systemActor, (tx) => postAll(tx, operations))
}

async function print(who: Client, account: number, query = '') {
  const response = await stage.app.inject({
    method: 'GET',
    url: `/v1/timebanks/rivertown/accounts/${account}/statement${query}`,
    headers: { authorization: `Bearer ${who.token}`, accept: 'application/pdf' }
  })
  assert.equal(response.statusCode, 200, response.body.slice(0, 300))
  return readPdf(response.rawPayload)
}

describe('a statement as PDF', () => {
  test('is in the language of the member, whoever prints it', async () => {
    for (const who of [sian, admin]) {
      const { pages, language, info } = await print(who, sian.accountId)
      assert.equal(language, 'cy')
      assert.equal(info['Author'], 'Timebank rivertown')
      const text = pages.join(' ')
      for (const part of [
        `Siân Llŷr Rhif aelod ${sian.number} `,
        `Cyfnewid Bev (${bev.number}) 1:30 1:30`,
        'Cyfnewid Garden Friends 0:30 1:00',
        'Balans wedyn 1:00'
      ])
        assert.ok(text.includes(part), `${part} in ${text}`)
    }
  })

  test("of an organisation is in the timebank's language, without a member number", async () => {
    const { pages, language } = await print(admin, organisation.accountId)
    assert.equal(language, 'en-GB')
    assert.ok(pages[0]!.includes(`Garden Friends Account ${organisation.accountId}`))
  })

  test('has no names for who may audit only', async () => {
    const text = (await print(auditor, sian.accountId)).pages.join(' ')
    for (const name of ['Siân', 'Bev', 'Garden Friends']) assert.ok(!text.includes(name), name)
    assert.ok(text.includes(`Rhif aelod ${sian.number}`))
  })

  test('is not for other members, and not for other timebanks', async () => {
    const pdf = { accept: 'application/pdf' }
    refused(await bev.get(`accounts/${sian.accountId}/statement`, pdf), 404, 'not-found')
    refused(await stranger.get(`/v1/timebanks/rivertown/accounts/${sian.accountId}/statement`, pdf), 404, 'not-found')
  })

  test('of more lines than one wants on paper is refused, and a shorter period is not', async () => {
    const cai = await addMember(stage, admin, { name: 'Cai', login: false })
    const pairs = Array.from({ length: longestPaper / 2 + 1 }, (_, i) => {
      const performedOn = i === 0 ? '2026-01-01' : '2026-02-01'
      return [
        transfer(bev.accountId, cai.accountId, 15, { performedOn }),
        transfer(cai.accountId, bev.accountId, 15, { performedOn })
      ]
    }).flat()
    await posting(pairs)
    const pdf = { accept: 'application/pdf' }
    const problem = refused(await admin.get(`accounts/${cai.accountId}/statement`, pdf), 422, 'statement-too-long')
    assert.equal(problem.longest, longestPaper)
    assert.equal((await print(admin, cai.accountId, '?to=2026-01-31')).pages.length, 1)
    assert.equal(
      ok(await admin.get(`accounts/${cai.accountId}/statement`, { accept: 'application/json' })).items.length,
      50
    )
  })
})

describe('balances as they were', () => {
  test("a day ends at midnight in the timebank's time zone", async () => {
    const [line] = ok(await sian.get(`accounts/${sian.accountId}/statement?order=oldest`)).items
    const date = dateIn(zone, new Date(line.recordedAt))
    const lastInstant = new Date(endOfDay(zone, date).getTime() - 1).toISOString()
    const [byDate, byInstant] = await Promise.all(
      [`asOf=${date}&by=recording`, `at=${lastInstant}`].map(async (query) =>
        ok(await sian.get(`accounts/${sian.accountId}/balance?${query}`))
      )
    )
    assert.equal(byDate.balanceMinutes, byInstant.balanceMinutes)
    assert.ok(byDate.earnedMinutes >= 90)
    const dayBefore = dateIn(zone, new Date(Date.parse(line.recordedAt) - 86_400_000))
    const before = ok(await sian.get(`accounts/${sian.accountId}/balance?asOf=${dayBefore}&by=recording`))
    assert.equal(before.earnedMinutes, 0)
  })

  test('members see their own, and nobody sees those of another timebank', async () => {
    const own = ok(await sian.get(`accounts/${sian.accountId}/summary?from=2026-03-02&to=2026-03-02`))
    assert.deepEqual([own.openingBalanceMinutes, own.spentMinutes, own.closingBalanceMinutes], [90, 30, 60])
    for (const where of ['balance?asOf=2026-03-02', 'summary']) {
      refused(await bev.get(`accounts/${sian.accountId}/${where}`), 404, 'not-found')
      refused(await stranger.get(`/v1/timebanks/rivertown/accounts/${sian.accountId}/${where}`), 404, 'not-found')
    }
    for (const where of ['transfers', 'trial-balance?asOf=2026-03-02']) {
      refused(await sian.get(where), 403, 'forbidden')
      refused(await stranger.get(`/v1/timebanks/rivertown/${where}`), 404, 'not-found')
      ok(await auditor.get(where))
    }
    assert.deepEqual(ok(await stranger.get('transfers')).items, [])
  })
})
