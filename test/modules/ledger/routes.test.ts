import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import Fastify from 'fastify'
import {
  type Api,
  type DeclaredRoute,
  registerAccess,
  registerAuth,
  registerOpenapi,
  registerProblems
} from '../../../src/http/index.ts'
import { chainRoutes } from '../../../src/modules/ledger/chain-routes.ts'
import { postAll } from '../../../src/modules/ledger/index.ts'
import { journalRoutes } from '../../../src/modules/ledger/journal-routes.ts'
import { ledgerRoutes } from '../../../src/modules/ledger/routes.ts'
import type { Role } from '../../../src/shared/actor.ts'
import { DomainError } from '../../../src/shared/errors.ts'
import { newId } from '../../../src/shared/ids.ts'
import { makePool } from '../../support/database.ts'
import { readPdf } from '../../support/pdf.ts'
import { chain, seal } from './sealing.ts'
import { asOwner, follow, hold, makeBooks, transfer } from './support.ts'

const database = await makePool('ledger routes')
const books = await makeBooks(database, [{ floorSoft: -600, floorHard: -1200 }, {}, {}])
const held = hold(3, 4, 40)
const settled = follow('settle', held, { minutes: 25 })
await books.work((tx) => postAll(tx, [transfer(4, 3, 90, { performedOn: '2026-01-10' }), held]))
await books.work((tx) =>
  postAll(tx, [
    settled,
    transfer(3, 4, 5, { performedOn: '2026-03-01' }),
    transfer(3, 5, 1, { performedOn: '2026-02-01' })
  ])
)

/** The ledger's routes with callers made up of a token such as `member`, whose account is 3 and who acts for account 5. */
const app = Fastify() as unknown as Api
let declared: DeclaredRoute[]

before(async () => {
  app.decorate('database', database)
  registerProblems(app)
  declared = registerAccess(app)
  registerAuth(app, {
    verify: async (token) => {
      if (token === 'stranger') throw new DomainError('token-invalid')
      return { personId: newId(), sessionId: token }
    },
    lookAtClient: async () => null,
    look: async ({ sessionId }) => ({
      sessionAlive: true,
      operator: false,
      timebank: { id: books.timebankId, slug: 'rivertown', policyVersion: null },
      membership: { id: newId(), number: 1, status: 'active', roles: ['member', sessionId] as Role[], accountId: 3 }
    })
  })
  await registerOpenapi(app, { version: '0', publicUrl: 'http://commonhours.test', declared, tags: [] })
  // the day ends an hour before midnight UTC, as an hour east of it
  const dayEnd = async (_tx: unknown, date: string) => new Date(`${date}T23:00:00Z`)
  ledgerRoutes(app, {
    ownsAccount: (_tx, _request, account) => account === 5,
    labelsOf: async (_tx, ids) =>
      new Map(ids.map((id) => [id, { kind: 'member', number: 100 + id, name: `Owner of ${id}` }])),
    labelsBeside: {
      name: 'tried.statement',
      joins: '',
      columns: ['s.counter_account'],
      read: (_tx, [id]) => ({ kind: 'member', number: 100 + Number(id), name: `Owner of ${id}` })
    },
    holderOf: async (_tx, id) => ({
      name: `Owner of ${id}`,
      number: 100 + id,
      locales: ['de', 'cy'],
      timebank: 'Banc Amser y Dŵr',
      today: '2026-03-10'
    }),
    dayEnd
  })
  journalRoutes(app, { dayEnd })
  chainRoutes(app, { ownsAccount: (_tx, _request, account) => account === 5, sealKeys: async () => [seal.key] })
  await app.ready()
})
after(async () => {
  await app.close()
  await database.close()
})

async function get(path: string, who = 'member', headers: Record<string, string> = {}) {
  const response = await app.inject({
    method: 'GET',
    url: path.startsWith('/') ? path : `/v1/timebanks/rivertown/${path}`,
    headers: { authorization: `Bearer ${who}`, ...headers }
  })
  const json = String(response.headers['content-type']).includes('json')
  return {
    status: response.statusCode,
    headers: response.headers,
    text: response.body,
    body: json ? JSON.parse(response.body) : null
  }
}

describe('GET /accounts/:account', () => {
  test('shows a member their own account, and that of an organisation they act for', async () => {
    const { status, body } = await get('accounts/3')
    assert.equal(status, 200)
    assert.deepEqual(body, {
      account: 3,
      kind: 'member',
      status: 'open',
      earnedMinutes: 90,
      spentMinutes: 31,
      balanceMinutes: 59,
      balanceHours: '0:59',
      heldInMinutes: 0,
      heldOutMinutes: 0,
      availableMinutes: 59,
      limits: { floorSoftMinutes: -600, floorHardMinutes: -1200, ceilingSoftMinutes: null, ceilingHardMinutes: null },
      lines: 5
    })
    assert.equal((await get('accounts/5')).status, 200)
  })

  test('to a member the accounts of others look as if they were not there', async () => {
    const [others, missing] = [await get('accounts/4'), await get('accounts/99')]
    assert.deepEqual([others.status, missing.status], [404, 404])
    assert.equal(others.body.detail, missing.body.detail)
  })

  for (const who of ['broker', 'admin', 'auditor']) {
    test(`shows ${who} every account`, async () => {
      assert.equal((await get('accounts/4', who)).status, 200)
      assert.equal((await get('accounts/99', who)).status, 404)
    })
  }

  test('a number that is none is refused', async () => {
    for (const wrong of ['x', '0', '1.5', '99999999999'])
      assert.equal((await get(`accounts/${wrong}`)).status, 400, wrong)
  })
})

describe('GET /accounts/:account/statement', () => {
  test('lists lines newest first, with running balance and signs', async () => {
    const { status, body } = await get('accounts/3/statement')
    assert.equal(status, 200)
    assert.equal(body.next, null)
    assert.deepEqual(
      body.items.map((l: Record<string, unknown>) => [
        l['line'],
        l['operation'],
        l['minutes'],
        l['heldMinutes'],
        l['balanceMinutes'],
        l['performedOn']
      ]),
      [
        [5, 'transfer', -1, 0, 59, '2026-02-01'],
        [4, 'transfer', -5, 0, 60, '2026-03-01'],
        [3, 'settle', -25, -40, 65, '2026-03-01'],
        [2, 'hold', 0, 40, 90, '2026-03-01'],
        [1, 'transfer', 90, 0, 90, '2026-01-10']
      ]
    )
    assert.match(body.items[0].recordedAt, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  })

  for (const order of ['newest', 'oldest']) {
    test(`goes through all pages from the ${order} on by the link of each page`, async () => {
      const lines: number[] = []
      let where: string | undefined = `/v1/timebanks/rivertown/accounts/3/statement?limit=2&order=${order}`
      while (where) {
        const { status, headers, body } = await get(where)
        assert.equal(status, 200)
        lines.push(...body.items.map((l: { line: number }) => l.line))
        where = /<(.+)>; rel="next"/.exec(String(headers['link'] ?? ''))?.[1]
        assert.equal(where === undefined, body.next === null)
      }
      assert.deepEqual(lines, order === 'newest' ? [5, 4, 3, 2, 1] : [1, 2, 3, 4, 5])
    })
  }

  for (const order of ['newest', 'oldest']) {
    test(`goes back from any page to the first, from the ${order} on`, async () => {
      const start = `/v1/timebanks/rivertown/accounts/3/statement?limit=2&order=${order}`
      const linkOf = (headers: Record<string, unknown>, rel: string) =>
        new RegExp(`<([^>]+)>; rel="${rel}"`).exec(String(headers['link'] ?? ''))?.[1]
      const pages: { url: string; lines: number[] }[] = []
      const linesOf = (body: { items: { line: number }[] }) => body.items.map(({ line }) => line)
      for (let url: string | undefined = start; url; ) {
        const { headers, body } = await get(url)
        pages.push({ url, lines: linesOf(body) })
        assert.equal(linkOf(headers, 'prev') === undefined, url === start)
        assert.equal(body.previous === null, url === start)
        url = linkOf(headers, 'next')
      }
      assert.equal(pages.length, 3)
      const back: number[][] = []
      for (let url = linkOf((await get(pages[2]!.url)).headers, 'prev'); url; ) {
        const { headers, body } = await get(url)
        back.push(linesOf(body))
        // and forth again from there
        const forth = await get(linkOf(headers, 'next')!)
        assert.deepEqual(linesOf(forth.body), pages[pages.length - back.length]!.lines)
        url = linkOf(headers, 'prev')
      }
      assert.deepEqual(back, [pages[1]!.lines, pages[0]!.lines])
    })
  }

  test('a page before the first is empty, and leads back to it', async () => {
    const { body: second } = await get(
      `accounts/3/statement?limit=2&cursor=${(await get('accounts/3/statement?limit=2')).body.next}`
    )
    const first = (await get(`accounts/3/statement?limit=2&cursor=${second.previous}`)).body
    const cursor = Buffer.from(JSON.stringify(['newest', 5, 'back'])).toString('base64url')
    const { body } = await get(`accounts/3/statement?limit=2&cursor=${cursor}`)
    assert.deepEqual([body.items, body.previous], [[], null])
    assert.deepEqual((await get(`accounts/3/statement?limit=2&cursor=${body.next}`)).body.items, first.items)
  })

  test('takes only what was performed between two dates', async () => {
    const { body } = await get('accounts/3/statement?from=2026-02-01&to=2026-02-28')
    assert.deepEqual(
      body.items.map((l: { line: number }) => l.line),
      [5]
    )
  })

  test('a wrong parameter or cursor is refused, never ignored', async () => {
    const { body } = await get('accounts/3/statement?limit=2')
    const wrong = [
      'limit=0',
      'limit=',
      'limit=201',
      'order=up',
      'from=yesterday',
      'to=2026-02-30',
      'page=2',
      'cursor=x',
      `order=oldest&cursor=${body.next}`
    ]
    for (const query of wrong) {
      const answer = await get(`accounts/3/statement?${query}`)
      assert.deepEqual([answer.status, answer.body.code], [400, 'validation-failed'], query)
    }
  })

  test('is given whole as CSV, with stable names in a header row', async () => {
    const { status, headers, text } = await get('accounts/3/statement?limit=2&order=oldest', 'member', {
      accept: 'text/csv'
    })
    assert.equal(status, 200)
    assert.match(String(headers['content-type']), /^text\/csv/)
    const rows = text
      .replace(/^\ufeff/, '')
      .trimEnd()
      .split('\r\n')
    assert.equal(rows.length, 6)
    assert.equal(
      rows[0],
      'line,performedOn,recordedAt,operation,kind,counterAccount,counterpartyKind,counterpartyNumber,counterpartyName,minutes,heldMinutes,balanceMinutes,transfer,ref,groupId'
    )
    assert.match(rows[1]!, /^1,2026-01-10,[^,]+Z,transfer,exchange,4,member,104,Owner of 4,90,0,90,[-0-9a-f]{36},,$/)
    assert.match(rows[3]!, /^3,2026-03-01,[^,]+Z,settle,exchange,4,member,104,Owner of 4,-25,-40,65,/)
  })

  test("a member does not get another's, as JSON or as CSV", async () => {
    for (const accept of ['application/json', 'text/csv']) {
      assert.equal((await get('accounts/4/statement', 'member', { accept })).status, 404)
      assert.equal((await get('accounts/4/statement', 'broker', { accept })).status, 200)
    }
  })

  test('an account that is not there is not found, rather than empty', async () => {
    assert.equal((await get('accounts/99/statement', 'auditor')).status, 404)
  })
})

describe('GET /accounts/:account/statement as PDF', () => {
  const pdf = { accept: 'application/pdf' }

  test('has the balances before and after, the lines by service date, and the language of who it is for', async () => {
    const response = await app.inject({
      method: 'GET',
      url: '/v1/timebanks/rivertown/accounts/3/statement?from=2026-02-01&to=2026-03-05',
      headers: { authorization: 'Bearer member', ...pdf }
    })
    assert.equal(response.statusCode, 200)
    assert.equal(response.headers['content-type'], 'application/pdf')
    assert.equal(response.headers['content-disposition'], 'attachment; filename="statement-3.pdf"')
    const { pages, info, language } = await readPdf(response.rawPayload)
    assert.equal(pages.length, 1)
    assert.deepEqual(
      [info['Title'], info['Author'], language],
      ['Cyfriflen oriau – Banc Amser y Dŵr', 'Banc Amser y Dŵr', 'cy']
    )
    assert.equal(
      pages[0],
      [
        'Banc Amser y Dŵr Cyfriflen oriau Owner of 3 Rhif aelod 103 O 1 Chwefror 2026 hyd at 5 Mawrth 2026',
        'Balans cynt 1:30 Enillwyd 0:00 Gwariwyd 0:31 Balans wedyn 0:59',
        'Dyddiad Beth, a gyda phwy Enillwyd Gwariwyd Balans',
        '1 Chwef 2026 Cyfnewid Owner of 5 (105) 0:01 1:29',
        '1 Maw 2026 Cyfnewid Owner of 4 (104) 0:25 1:04',
        '1 Maw 2026 Cyfnewid Owner of 4 (104) 0:05 0:59',
        'Lluniwyd ar 10 Mawrth 2026 Tudalen 1 o 1'
      ].join(' ')
    )
  })

  test("is refused where the account is another's or missing, and where there is no page to turn to", async () => {
    assert.equal((await get('accounts/4/statement', 'member', pdf)).status, 404)
    assert.equal((await get('accounts/99/statement', 'auditor', pdf)).status, 404)
    const { body } = await get('accounts/3/statement?limit=2')
    for (const query of [`cursor=${body.next}`, 'from=2026-03-02&to=2026-03-01', 'from=0000-01-01', 'from=x']) {
      const answer = await get(`accounts/3/statement?${query}`, 'member', pdf)
      assert.deepEqual([answer.status, answer.body.code], [400, 'validation-failed'], query)
    }
  })
})

describe('GET /accounts/:account/balance and /summary', () => {
  test('tell what had been earned and spent by a service date', async () => {
    const { status, body } = await get('accounts/3/balance?asOf=2026-02-28')
    assert.equal(status, 200)
    assert.deepEqual(body, {
      account: 3,
      asOf: '2026-02-28',
      at: null,
      by: 'service',
      earnedMinutes: 90,
      spentMinutes: 1,
      balanceMinutes: 89,
      balanceHours: '1:29',
      heldInMinutes: 0,
      heldOutMinutes: 0,
      availableMinutes: 89
    })
    const summary = await get('accounts/3/summary?from=2026-02-01&to=2026-02-28')
    assert.deepEqual(summary.body, {
      account: 3,
      from: '2026-02-01',
      to: '2026-02-28',
      by: 'service',
      openingBalanceMinutes: 90,
      earnedMinutes: 0,
      spentMinutes: 1,
      closingBalanceMinutes: 89,
      openingBalanceHours: '1:30',
      earnedHours: '0:00',
      spentHours: '0:01',
      closingBalanceHours: '1:29'
    })
    assert.equal((await get('accounts/3/summary')).body.closingBalanceMinutes, 59)
    const { asOf, at, by, balanceMinutes } = (await get('accounts/3/balance')).body
    assert.deepEqual([asOf, at, by, balanceMinutes], [null, null, 'recording', 59])
  })

  test('tell what had been recorded by an instant: that of a line has the line in it', async () => {
    const { items } = (await get('accounts/3/statement?order=oldest')).body
    const { body } = await get(`accounts/3/balance?at=${items[1].recordedAt}`)
    assert.deepEqual([body.by, body.asOf, body.at], ['recording', null, items[1].recordedAt])
    assert.deepEqual([body.balanceMinutes, body.heldOutMinutes, body.availableMinutes], [90, 40, 50])
    const early = await get('accounts/3/balance?at=2020-01-01T00:00:00%2B02:00')
    assert.deepEqual([early.body.at, early.body.earnedMinutes], ['2019-12-31T22:00:00.000Z', 0])
  })

  test('by recording a day ends when it does in the time zone of the timebank', async () => {
    const owner = asOwner(database.url)
    try {
      // to noon: what is recorded late in the evening would be of the next day there
      await owner.pool.query(
        `UPDATE ledger.transfers SET recorded_at = recorded_at + (
           SELECT timestamptz '2026-04-02T12:00:00Z' - max(recorded_at) FROM ledger.transfers WHERE timebank_id = $1)
          WHERE timebank_id = $1`,
        [books.timebankId]
      )
      await owner.pool.query(
        `UPDATE ledger.transfers SET recorded_at = '2026-04-02T23:00:00Z' WHERE timebank_id = $1 AND debit_account = 3 AND minutes < 10`,
        [books.timebankId]
      )
      const balance = async (date: string) =>
        (await get(`accounts/3/balance?by=recording&asOf=${date}`)).body.balanceMinutes
      // five and one minutes were recorded at the very end of the second
      assert.deepEqual([await balance('2026-04-02'), await balance('2026-04-03')], [65, 59])
      assert.equal((await get('trial-balance?by=recording&asOf=2026-04-02', 'auditor')).body.sum.debitsMinutes, 115)
      assert.equal((await get('accounts/3/summary?by=recording&from=2026-04-03&to=2026-04-03')).body.spentMinutes, 6)
      await owner.pool.query('UPDATE ledger.transfers SET recorded_at = now() WHERE timebank_id = $1', [
        books.timebankId
      ])
    } finally {
      await owner.close()
    }
  })

  test('are for the same people as the account', async () => {
    for (const where of ['balance?asOf=2026-02-28', 'summary']) {
      assert.equal((await get(`accounts/5/${where}`)).status, 200)
      assert.equal((await get(`accounts/4/${where}`)).status, 404)
      assert.equal((await get(`accounts/4/${where}`, 'auditor')).status, 200)
      assert.equal((await get(`accounts/99/${where}`, 'auditor')).status, 404)
    }
  })

  test('a wrong date, or two that contradict each other, is refused by its name', async () => {
    for (const [query, parameter] of [
      ['balance?asOf=2026-02-30', 'asOf'],
      ['balance?asOf=0001-01-01', 'asOf'],
      ['balance?asOf=2026-02-01&at=2026-02-01T00:00:00Z', 'at'],
      ['balance?at=2026-02-01', 'at'],
      ['balance?at=2026-02-01T00:00:00Z&by=service', 'by'],
      ['balance?by=recording', 'by'],
      ['balance?asOf=2026-02-01&by=posting', 'by'],
      ['summary?from=2026-02-02&to=2026-02-01', 'from'],
      ['summary?since=2026-02-02', 'since']
    ] as const) {
      const { status, body } = await get(`accounts/3/${query}`)
      assert.deepEqual([status, body.code, body.errors[0].parameter], [400, 'validation-failed', parameter], query)
    }
  })
})

describe('GET /transfers', () => {
  test('lists who moved what, newest first and oldest first, page by page', async () => {
    for (const order of ['newest', 'oldest']) {
      const seen: string[] = []
      let where: string | undefined = `/v1/timebanks/rivertown/transfers?limit=2&order=${order}`
      while (where) {
        const { status, headers, body } = await get(where, 'broker')
        assert.equal(status, 200)
        seen.push(...body.items.map(({ id }: { id: string }) => id))
        where = /<([^>]+)>; rel="next"/.exec(String(headers['link'] ?? ''))?.[1]
      }
      assert.equal(seen.length, 5)
      assert.equal(new Set(seen).size, 5)
    }
    const { body } = await get(`transfers?operation=hold`, 'auditor')
    assert.equal(body.items.length, 1)
    const { recordedAt, ...rest } = body.items[0]
    assert.match(recordedAt, /Z$/)
    assert.deepEqual(rest, {
      id: held.id,
      operation: 'hold',
      kind: 'exchange',
      debitAccount: 3,
      creditAccount: 4,
      minutes: 40,
      performedOn: '2026-03-01',
      actor: null,
      source: 'system',
      onBehalfOf: null,
      ref: null,
      groupId: null,
      debitBalanceMinutes: 90,
      creditBalanceMinutes: -90,
      softLimitsCrossed: [],
      forced: false,
      resolvedBy: settled.id
    })
  })

  test('is for staff and auditors', async () => {
    for (const [who, expected] of [
      ['broker', 200],
      ['admin', 200],
      ['auditor', 200],
      ['member', 403]
    ] as const)
      assert.equal((await get('transfers', who)).status, expected)
  })

  test('is given whole as CSV', async () => {
    const { text, headers } = await get('transfers?limit=2&order=oldest', 'auditor', { accept: 'text/csv' })
    assert.match(String(headers['content-disposition']), /transfers\.csv/)
    const rows = text.trimEnd().split('\r\n')
    assert.equal(rows.length, 6)
    assert.match(rows[0]!, /^\ufeffid,operation,kind,debitAccount,.*actor,source,onBehalfOf,/)
  })

  test('a wrong parameter or cursor is refused, never ignored', async () => {
    const { next } = (await get('transfers?limit=2', 'broker')).body
    const account = (await get('transfers?limit=2&account=3', 'broker')).body.next
    for (const query of [
      'limit=0',
      'order=up',
      'kind=payment',
      'operation=delete',
      'actor=ada',
      'source=fax',
      'account=x',
      'from=yesterday',
      'from=2026-03-02&to=2026-03-01',
      'recordedFrom=2026-03-01',
      'member=3',
      'cursor=x',
      `order=oldest&cursor=${next}`,
      `account=3&cursor=${next}`,
      `cursor=${account}`
    ]) {
      const answer = await get(`transfers?${query}`, 'broker')
      assert.deepEqual([answer.status, answer.body.code], [400, 'validation-failed'], query)
    }
  })
})

describe('GET /transfers/:transfer', () => {
  test('shows a transfer with what settled it to staff and auditors, and not to members', async () => {
    for (const [who, expected] of [
      ['broker', 200],
      ['admin', 200],
      ['auditor', 200],
      ['member', 403]
    ] as const) {
      const { status, body } = await get(`transfers/${held.id}`, who)
      assert.equal(status, expected)
      if (status !== 200) continue
      assert.deepEqual(
        [
          body.id,
          body.operation,
          body.debitAccount,
          body.creditAccount,
          body.minutes,
          body.resolvedBy,
          body.forced,
          body.actor,
          body.source,
          body.onBehalfOf
        ],
        [held.id, 'hold', 3, 4, 40, settled.id, false, null, 'system', null]
      )
    }
    assert.equal((await get(`transfers/${newId()}`, 'auditor')).status, 404)
    assert.equal((await get('transfers/x', 'auditor')).status, 400)
  })
})

describe('GET /trial-balance and /verify', () => {
  test('the trial balance goes to brokers, admins and auditors', async () => {
    for (const [who, expected] of [
      ['broker', 200],
      ['admin', 200],
      ['auditor', 200],
      ['member', 403]
    ] as const) {
      const { status, body } = await get('trial-balance', who)
      assert.equal(status, expected)
      if (status !== 200) continue
      assert.equal(body.balanced, true)
      assert.deepEqual([body.sum.balanceMinutes, body.sum.debitsMinutes], [0, body.sum.creditsMinutes])
      assert.equal(body.kinds[0].kind, 'member')
    }
  })

  test('the trial balance of a date or an instant is 0 too, and a wrong one is refused', async () => {
    const on = (await get('trial-balance?asOf=2026-01-31', 'broker')).body
    assert.deepEqual([on.balanced, on.sum.balanceMinutes, on.sum.debitsMinutes], [true, 0, 90])
    const at = (await get('trial-balance?at=2026-01-01T00:00:00Z', 'broker')).body
    assert.deepEqual([at.balanced, at.sum.debitsMinutes, at.sum.accounts], [true, 0, 5])
    for (const query of ['at=now', 'asOf=2026-13-01', 'by=service', 'at=2026-01-01T00:00:00Z&asOf=2026-01-01']) {
      const { status, body } = await get(`trial-balance?${query}`, 'broker')
      assert.deepEqual([status, body.code], [400, 'validation-failed'], query)
    }
  })

  test('verify goes to admins and auditors, and tells what is wrong', async () => {
    for (const [who, expected] of [
      ['admin', 200],
      ['auditor', 200],
      ['broker', 403],
      ['member', 403]
    ] as const) {
      const { status, body } = await get('verify', who)
      assert.equal(status, expected)
      if (status === 200) assert.deepEqual(body, { sound: true, problems: [] })
    }
    const owner = asOwner(database.url)
    try {
      await owner.pool.query('UPDATE ledger.accounts SET credits = credits + 1 WHERE timebank_id = $1 AND id = 5', [
        books.timebankId
      ])
      const { body } = await get('verify', 'auditor')
      assert.equal(body.sound, false)
      assert.deepEqual(
        body.problems.map(({ problem, account }: { problem: string; account: number | null }) => [problem, account]),
        [
          ['account_row', 5],
          ['sum_of_balances', null]
        ]
      )
      assert.equal((await get('trial-balance', 'auditor')).body.balanced, false)
    } finally {
      await owner.pool.query('UPDATE ledger.accounts SET credits = credits - 1 WHERE timebank_id = $1 AND id = 5', [
        books.timebankId
      ])
      await owner.close()
    }
  })
})

test('nothing here moves hours, and every route says who may call it', () => {
  const routes = declared.filter(({ url }) => url.startsWith('/v1/'))
  assert.equal(routes.length, 10)
  assert.deepEqual(new Set(routes.map(({ method }) => method)), new Set(['GET']))
})

test('the OpenAPI document describes every route, parameter and field of the ledger', () => {
  const document = app.swagger() as {
    paths: Record<
      string,
      Record<string, { operationId?: string; description?: string; parameters?: { description?: string }[] }>
    >
  }
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path))
  assert.equal(operations.length, 10)
  for (const operation of operations) {
    assert.ok(operation.operationId && operation.description)
    for (const parameter of operation.parameters ?? []) assert.ok(parameter.description)
  }
})

test('without a token nothing is shown', async () => {
  const response = await app.inject({ method: 'GET', url: '/v1/timebanks/rivertown/accounts/3' })
  assert.equal(response.statusCode, 401)
})

describe('GET /checkpoints', () => {
  const more = async () => {
    await books.work((tx) => postAll(tx, [transfer(3, 4, 1)]))
    await chain(database, books.timebankId)
  }

  test('gives everybody in the timebank what was signed, from either end, page by page', async () => {
    assert.deepEqual((await get('checkpoints')).body, { items: [], next: null })
    for (let i = 0; i < 5; i += 1) await more()
    for (const order of ['newest', 'oldest'])
      for (const who of ['member', 'auditor']) {
        const numbers: number[] = []
        let where: string | undefined = `/v1/timebanks/rivertown/checkpoints?limit=2&order=${order}`
        while (where) {
          const { status, headers, body } = await get(where, who)
          assert.equal(status, 200)
          numbers.push(...body.items.map((item: { number: number }) => item.number))
          where = /<(.+)>; rel="next"/.exec(String(headers['link'] ?? ''))?.[1]
        }
        assert.deepEqual(numbers, order === 'newest' ? [5, 4, 3, 2, 1] : [1, 2, 3, 4, 5])
      }
    const [first] = (await get('checkpoints?order=oldest&limit=1')).body.items
    assert.deepEqual([first.block, first.kid], [1, seal.key.kid])
    assert.match(first.chainHash, /^[0-9a-f]{64}$/)
    assert.match(first.signature, /^[0-9a-f]{128}$/)
    assert.match(
      (await get('checkpoints', 'member', { accept: 'text/csv' })).text,
      /number,block,totalLeaves,chainHash/
    )
  })

  test('a wrong parameter is refused, and strangers are', async () => {
    const { body } = await get('checkpoints?limit=1')
    for (const query of ['order=up', 'limit=0', 'from=1', `order=oldest&cursor=${body.next}`])
      assert.equal((await get(`checkpoints?${query}`)).status, 400, query)
    assert.equal((await get('checkpoints', 'stranger')).status, 401)
  })
})

test('verify tells of a date that was changed by hand in the chain', async () => {
  await chain(database, books.timebankId)
  assert.equal((await get('verify', 'auditor')).body.sound, true)
  const owner = asOwner(database.url)
  await owner.pool.query('UPDATE ledger.transfers SET performed_on = performed_on - 1 WHERE id = $1', [settled.id])
  const { body } = await get('verify', 'auditor')
  assert.deepEqual([body.sound, body.problems[0].problem], [false, 'chain_leaves'])
  await owner.pool.query('UPDATE ledger.transfers SET performed_on = performed_on + 1 WHERE id = $1', [settled.id])
  assert.equal((await get('verify', 'auditor')).body.sound, true)
  await owner.close()
})
