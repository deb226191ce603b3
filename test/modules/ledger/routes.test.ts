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
import { postAll } from '../../../src/modules/ledger/index.ts'
import { ledgerRoutes } from '../../../src/modules/ledger/routes.ts'
import type { Role } from '../../../src/shared/actor.ts'
import { DomainError } from '../../../src/shared/errors.ts'
import { newId } from '../../../src/shared/ids.ts'
import { makePool } from '../../support/database.ts'
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
    look: async ({ sessionId }) => ({
      sessionAlive: true,
      operator: false,
      timebank: { id: books.timebankId, slug: 'rivertown', policyVersion: null },
      membership: { id: newId(), number: 1, status: 'active', roles: ['member', sessionId] as Role[], accountId: 3 }
    })
  })
  await registerOpenapi(app, { version: '0', publicUrl: 'http://commonhours.test', declared, tags: [] })
  ledgerRoutes(app, {
    ownsAccount: (_tx, _request, account) => account === 5,
    labelsOf: async () => new Map(),
    labelsBeside: {
      name: 'tried.statement',
      joins: '',
      columns: ['s.counter_account'],
      read: (_tx, [id]) => ({ kind: 'member', number: 100 + Number(id), name: `Owner of ${id}` })
    }
  })
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
          body.actor
        ],
        [held.id, 'hold', 3, 4, 40, settled.id, false, null]
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
  assert.equal(routes.length, 5)
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
  assert.equal(operations.length, 5)
  for (const operation of operations) {
    assert.ok(operation.operationId && operation.description)
    for (const parameter of operation.parameters ?? []) assert.ok(parameter.description)
  }
})

test('without a token nothing is shown', async () => {
  const response = await app.inject({ method: 'GET', url: '/v1/timebanks/rivertown/accounts/3' })
  assert.equal(response.statusCode, 401)
})
