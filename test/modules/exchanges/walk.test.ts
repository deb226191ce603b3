import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { roundMinutes } from '../../../src/shared/minutes.ts'
import { type Answer, ok } from '../../support/app.ts'
import { seedOf } from '../ledger/support.ts'
import { type Client, type House, makeHouse, performedOn } from './support.ts'

type Side = 'provider' | 'receiver'
type Who = Side | 'broker' | 'stranger'

/** What there is to know of an exchange, as the rules of its life say it. */
type Model = {
  risky: boolean
  vetting: boolean
  status: string
  proposedBy: Side
  revision: number
  proposed: number
  reportedBy: Side | 'broker' | null
  service: number | null
  disputedBy: Side | 'broker' | null
  disputed: number | null
  /** hours have moved */
  settled: boolean
  held: number
}
type Choice = { minutes: number; right: boolean; side: Side }
type Step = {
  path: string
  body: (m: Model, choice: Choice) => object
  after: (m: Model, who: Who, choice: Choice) => Partial<Model> | null
}

const other = (side: Side): Side => (side === 'provider' ? 'receiver' : 'provider')
const credit = (minutes: number) => roundMinutes(minutes, 15, 'nearest')
const isSide = (who: Who): who is Side => who === 'provider' || who === 'receiver'
const open = ['proposed', 'agreed', 'awaiting_risk', 'awaiting_vetting', 'ready']
const closed = (status: string): Partial<Model> => ({ status, held: 0 })
const settledAt = (minutes: number): Partial<Model> => ({ status: 'settled', settled: true, service: minutes, held: 0 })
const undecided = (m: Model) => m.status === 'disputed' && !m.settled
const decidable = (m: Model) => m.status === 'settled' || m.status === 'disputed'

/** Product rules of the states, and who may take each step: null where it must be refused. */
const steps: Record<string, Step> = {
  change: {
    path: 'proposal',
    body: (m, { minutes, right, side }) => ({ revision: m.revision + (right ? 0 : 1), minutes, proposedBy: side }),
    after: (m, who, { minutes, right, side }) =>
      m.status === 'proposed' && right && (who === 'broker' || who === side)
        ? { proposedBy: side, revision: m.revision + 1, proposed: minutes }
        : null
  },
  agree: {
    path: 'agreement',
    body: (m, { right }) => ({ minutes: m.proposed + (right ? 0 : 1) }),
    after: (m, who, { right }) => {
      if (m.status !== 'proposed' || !right || (who !== 'broker' && who !== other(m.proposedBy))) return null
      const status = m.risky ? 'awaiting_risk' : m.vetting ? 'awaiting_vetting' : 'agreed'
      return { status, held: credit(m.proposed) }
    }
  },
  decline: {
    path: 'decline',
    body: () => ({}),
    after: (m, who) =>
      m.status === 'proposed' && (who === 'broker' || who === other(m.proposedBy)) ? closed('declined') : null
  },
  approve: {
    path: 'approval',
    body: () => ({}),
    after: (m, who) =>
      m.status === 'awaiting_risk' && who === 'broker' ? { status: m.vetting ? 'awaiting_vetting' : 'ready' } : null
  },
  vetted: { path: 'vetting', body: () => ({}), after: () => null },
  cancel: {
    path: 'cancellation',
    body: () => ({}),
    after: (m) => (open.includes(m.status) ? closed('cancelled') : null)
  },
  noShow: {
    path: 'no-show',
    body: (_, { side }) => ({ side }),
    after: (m) => (m.status === 'agreed' || m.status === 'ready' ? closed('cancelled') : null)
  },
  report: {
    path: 'report',
    body: (_, { minutes }) => ({ minutes, performedOn }),
    after: (m, who, { minutes }) =>
      m.status === 'agreed' || m.status === 'ready'
        ? { status: 'reported', reportedBy: who as Side | 'broker', service: minutes }
        : null
  },
  confirm: {
    path: 'confirmation',
    body: () => ({}),
    after: (m, who) => {
      if (m.status !== 'reported' && !undecided(m)) return null
      const side = m.reportedBy === 'receiver' ? 'provider' : 'receiver'
      return who === side || (who === 'broker' && m.reportedBy !== 'broker') ? settledAt(m.service!) : null
    }
  },
  dispute: {
    path: 'dispute',
    body: (_, { minutes }) => ({ reason: 'It was otherwise', ...(minutes === 10 ? {} : { minutes }) }),
    after: (m, who, { minutes }) => {
      const told = { status: 'disputed', disputed: minutes === 10 ? null : minutes }
      if (m.status === 'settled') return { ...told, disputedBy: who as Side | 'broker' }
      if (m.status !== 'reported' || (who === m.reportedBy && who !== 'broker')) return null
      return { ...told, disputedBy: isSide(who) ? who : m.reportedBy === 'receiver' ? 'provider' : 'receiver' }
    }
  },
  accept: {
    path: 'acceptance',
    body: () => ({}),
    after: (m, who) =>
      undecided(m) && m.disputed !== null && (who === 'broker' || who === other(m.disputedBy as Side))
        ? settledAt(m.disputed)
        : null
  },
  keep: {
    path: 'decision',
    body: () => ({ decision: 'keep', reason: 'As both have told' }),
    after: (m, who) => {
      if (who !== 'broker' || m.status !== 'disputed') return null
      if (m.settled) return { status: 'settled' }
      return m.reportedBy === 'broker' ? null : settledAt(m.service!)
    }
  },
  reverse: {
    path: 'decision',
    body: () => ({ decision: 'reverse', reason: 'It never was' }),
    after: (m, who) => (who === 'broker' && decidable(m) ? { ...closed('reversed'), settled: false } : null)
  },
  takeBack: {
    path: 'reversal',
    body: () => ({ reason: 'It never was' }),
    after: (m, who) => (who === 'broker' && decidable(m) ? { ...closed('reversed'), settled: false } : null)
  },
  correct: {
    path: 'decision',
    body: (_, { minutes }) => ({ decision: 'correct', reason: 'By the slip', minutes }),
    after: (m, who, { minutes }) => {
      if (who !== 'broker' || !decidable(m) || minutes === m.service) return null
      // what a broker has reported and what has not settled is another broker's to decide
      return undecided(m) && m.reportedBy === 'broker' ? null : { ...closed('reversed'), settled: false }
    }
  }
}
const names = Object.keys(steps)
const everybody: Who[] = ['provider', 'receiver', 'broker', 'stranger']

let house: House
let clients: Record<Who, Client>
const categories: Record<string, string> = {}
/** credits that have moved from the receiver to the provider, over all walks */
let moved = 0

before(async () => {
  house = await makeHouse('walk', { holdAtAgreement: true, memberFloorHard: null, memberCeilingHard: null })
  clients = {
    provider: await house.member({ name: 'Ann' }),
    receiver: await house.member({ name: 'Bev' }),
    broker: house.broker,
    stranger: await house.member({ name: 'Cai' })
  }
  for (const [slug, flags] of Object.entries({
    low: {},
    high: { risk: 'high' },
    both: { risk: 'high', vetting: true }
  }))
    categories[slug] = ok(await house.admin.post('categories', { name: slug, slug, ...flags }), 201).id
})
after(() => house.stage.close())

/** What decides who may do what. */
const signatureOf = (m: Model): string => {
  const { status, proposedBy, reportedBy, disputedBy, settled, vetting } = m
  if (status === 'proposed') return `proposed by ${proposedBy}`
  return [status, reportedBy, disputedBy, m.disputed !== null, settled, vetting].join(' ')
}

const refusedOnly = (answer: Answer, what: string) =>
  assert.ok(answer.status >= 400 && answer.status < 500, `${what}: ${answer.status} ${answer.text}`)

const walk = fc.record({
  category: fc.constantFrom('low', 'low', 'high', 'both'),
  begins: fc.constantFrom<Side>('provider', 'receiver'),
  minutes: fc.constantFrom(10, 40, 60, 95),
  steps: fc.array(
    fc.record({
      name: fc.constantFrom(...names),
      who: fc.constantFrom(...everybody),
      minutes: fc.constantFrom(10, 40, 60, 95),
      right: fc.boolean(),
      side: fc.constantFrom<Side>('provider', 'receiver'),
      /** which of the steps that are allowed now, or whether the one drawn, allowed or not */
      allowed: fc.nat(10_000)
    }),
    { minLength: 8, maxLength: 14 }
  )
})

test('any steps by anybody: only those of the rules, by those who may, and the books follow', async () => {
  const seen = new Set<string>()
  await fc.assert(
    fc.asyncProperty(walk, async ({ category, begins, minutes, steps: drawn }) => {
      const { provider, receiver, broker } = clients
      const input = house.between(provider, receiver, { categoryId: categories[category], minutes, performedOn })
      const { id } = ok(await clients[begins].post('exchanges', input), 201)
      let m: Model = {
        risky: category !== 'low',
        vetting: category === 'both',
        status: 'proposed',
        proposedBy: begins,
        revision: 0,
        proposed: minutes,
        reportedBy: null,
        service: null,
        disputedBy: null,
        disputed: null,
        settled: false,
        held: 0
      }
      const refuses = (name: string, who: Who, one: Choice) => who === 'stranger' || !steps[name]!.after(m, who, one)
      const call = (name: string, who: Who, one: Choice) =>
        clients[who].post(`exchanges/${id}/${steps[name]!.path}`, steps[name]!.body(m, one))
      for (const one of drawn) {
        const pairs = names.flatMap((name) => everybody.map((who) => ({ name, who })))
        // come to for the first time: all that must be refused here is tried, and nothing of it may change anything
        if (!seen.has(signatureOf(m))) {
          seen.add(signatureOf(m)).add(m.status)
          const wrong = pairs.filter(({ name, who }) => refuses(name, who, one))
          const answers = await Promise.all(wrong.map(({ name, who }) => call(name, who, one)))
          answers.forEach((answer, at) => {
            refusedOnly(answer, `${wrong[at]!.name} by ${wrong[at]!.who} when ${signatureOf(m)}`)
          })
        }
        const possible = pairs.filter(({ name, who }) => !refuses(name, who, one))
        // most walks go on rather than to an early end
        const on = possible.filter(({ name }) => !['decline', 'cancel', 'noShow'].includes(name))
        const choices = one.allowed % 5 === 0 || on.length === 0 ? possible : on
        const drawnAnyhow = one.allowed % 3 === 0 || choices.length === 0
        const { name, who } = drawnAnyhow ? one : choices[one.allowed % choices.length]!
        const next = refuses(name, who, one) ? null : steps[name]!.after(m, who, one)
        const answer = await call(name, who, one)
        const what = `${name} by ${who} when ${m.status}`
        if (next === null) refusedOnly(answer, what)
        else {
          assert.equal(answer.status, 200, `${what}: ${answer.text}`)
          if (m.settled && m.status !== 'reversed' && next.settled === false) moved -= credit(m.service!)
          if (!m.settled && next.settled) moved += credit(next.service!)
          if (name === 'correct') moved += credit(one.minutes)
          m = { ...m, ...next }
        }
        const now = ok(await broker.get(`exchanges/${id}`))
        const { status, revision, proposedMinutes, serviceMinutes } = now
        assert.deepEqual(
          [status, revision, proposedMinutes, serviceMinutes],
          [m.status, m.revision, m.proposed, m.service],
          what
        )
      }
      const account = await house.account(receiver)
      assert.equal(account.balanceMinutes, 0 - moved)
      assert.equal(await house.balanceOf(provider), moved)
      assert.equal(account.heldOutMinutes - held, m.held)
      held = account.heldOutMinutes
    }),
    { numRuns: Number(process.env['WALKS'] ?? 50), seed: seedOf('walk'), endOnFailure: true }
  )
  await house.sound()
  for (const come of ['agreed', 'awaiting_risk', 'reported', 'settled', 'reversed', 'cancelled'])
    assert.ok(seen.has(come), `no walk came to ${come}`)
  const undecidedSeen = [...seen].filter((signature) => /^disputed \w+ \w+ true false/.test(signature))
  assert.ok(undecidedSeen.length > 0, 'no walk came to a dispute with minutes')
})
/** minutes that walks before have left held */
let held = 0
