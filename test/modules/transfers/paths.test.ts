import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { inTimebank, type Tx } from '../../../src/db/client.ts'
import { outcomes } from '../../../src/modules/ledger/codes.ts'
import {
  getAccounts,
  makePostingQueue,
  type Operation,
  type Outcome,
  setAccountStatus,
  setLimits,
  tryPost,
  verifyBooks
} from '../../../src/modules/ledger/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { newId } from '../../../src/shared/ids.ts'
import { type Answer, addMember, type Client, makeStage, ok, type Stage, setUp } from '../../support/app.ts'
import { mulberry, seedOf, sizeOf } from '../ledger/support.ts'

/**
 * The same steps five ways, each among members of its own who all begin alike: one by one, as a batch, through the queue, and
 * over HTTP one by one and as a batch. Every step must get the same code everywhere, and the accounts must stay alike.
 */
const ways = ['post_one', 'post_many', 'queue', 'http', 'http batch'] as const
type Way = (typeof ways)[number]
type Code = Outcome['code']

/** A step for any of them: accounts by place (beyond the members: the pot, and one that is not there), others by number. */
type Step = { n: number; minutes: number | null; changed: boolean } & (
  | { operation: 'transfer' | 'hold'; debit: number; credit: number }
  | { operation: 'settle' | 'release' | 'reverse'; ref: number }
)

const people = 3
const [pot, nowhere] = [people, people + 1]
const performedOn = '2026-03-01'
const told = { 'commonhours-source': 'phone' }

let stage: Stage
let admin: Client
let timebankId: string
const worlds = new Map<Way, { members: Client[]; ids: string[]; reversals: Map<number, string> }>()

before(async () => {
  stage = await makeStage('paths')
  admin = await setUp(stage)
  timebankId = ok(await admin.get(`/v1/timebanks/${admin.timebank}`)).id
  for (const way of ways) {
    const members: Client[] = []
    for (let i = 0; i < people; i += 1) members.push(await addMember(stage, admin, { login: false }))
    worlds.set(way, { members, ids: [], reversals: new Map() })
  }
})
after(() => stage.close())

const work = <T>(inside: (tx: Tx) => Promise<T>): Promise<T> =>
  inTimebank(stage.database, timebankId, systemActor, inside)

const accountOf = (way: Way, place: number): number =>
  place === pot ? 1 : place === nowhere ? 4711 : worlds.get(way)!.members[place]!.accountId

const idOf = (way: Way, n: number): string => {
  const { ids } = worlds.get(way)!
  ids[n] ??= newId()
  return ids[n]!
}

/** Over HTTP a reversal has an id that is not its key. */
const refOf = (way: Way, n: number): string => worlds.get(way)!.reversals.get(n) ?? idOf(way, n)

const kindOf = (debit: number, credit: number) => (debit === pot ? 'grant' : credit === pot ? 'donation' : 'gift')

function operationOf(way: Way, step: Step): Operation {
  const common = { id: idOf(way, step.n), performedOn: step.changed ? '2026-02-28' : performedOn }
  if ('ref' in step)
    return {
      ...common,
      operation: step.operation,
      ref: refOf(way, step.ref),
      ...(step.minutes === null ? {} : { minutes: step.minutes })
    }
  const giver = worlds.get(way)!.members[step.debit]
  return {
    ...common,
    operation: step.operation,
    debit: accountOf(way, step.debit),
    credit: accountOf(way, step.credit),
    minutes: step.minutes!,
    kind: kindOf(step.debit, step.credit),
    ...(giver ? { onBehalfOf: giver.memberId } : {})
  }
}

/** What HTTP is sent for it. */
function bodyOf(way: Way, step: Step): Record<string, unknown> {
  const { id: _, debit, credit, ...rest } = operationOf(way, step) as Operation & { debit?: number; credit?: number }
  return { ...rest, ...(debit === undefined ? {} : { debitAccount: debit, creditAccount: credit }) }
}

const codeOfProblem = new Map<string, Code>([
  ...Object.values(outcomes).flatMap(({ code, problem }): [string, Code][] =>
    problem === null ? [] : [[problem, code]]
  ),
  ['malformed-operation', 'malformed'],
  // under an Idempotency-Key
  ['idempotency-key-reused', 'id_reused'],
  // of reversals, which look before they post
  ['not-found', 'unknown_ref'],
  ['wrong-state', 'malformed']
])

function codeOf({ status, headers, body, text }: Answer): Code {
  const replayed = headers['idempotency-replayed'] === 'true'
  if (status === 201) return replayed ? 'replayed' : 'posted'
  const code = codeOfProblem.get(body.code)
  assert.ok(code !== undefined, text)
  return code
}

const single = async (way: Way, step: Step): Promise<Code> => {
  const key = { 'idempotency-key': idOf(way, step.n) }
  if (step.operation === 'reverse') {
    const reason = step.changed ? 'Another reason' : 'Wrong person'
    const answer = await admin.post(`transfers/${refOf(way, step.ref)}/reversal`, { reason }, key)
    if (answer.status === 201) worlds.get(way)!.reversals.set(step.n, answer.body.id)
    return codeOf(answer)
  }
  return codeOf(await admin.post('transfers', bodyOf(way, step), { ...key, ...told }))
}

let queue: ReturnType<typeof makePostingQueue>

const runs: Record<Way, (steps: Step[], refusedBefore: (n: number) => Code | undefined) => Promise<Code[]>> = {
  post_one: async (steps) => {
    const codes: Code[] = []
    for (const step of steps) {
      const [outcome] = await work((tx) => tryPost(tx, [operationOf('post_one', step)], { keep: true }))
      codes.push(outcome!.code)
    }
    return codes
  },
  post_many: async (steps) => {
    // a batch also where there is one
    const filler: Operation = {
      id: newId(),
      operation: 'transfer',
      debit: 1,
      credit: 2,
      minutes: 1,
      kind: 'opening',
      performedOn
    }
    const operations = [...steps.map((step) => operationOf('post_many', step)), filler]
    const answers = await work((tx) => tryPost(tx, operations, { keep: true }))
    return answers.slice(0, -1).map(({ code }) => code)
  },
  queue: async (steps) => {
    const postings = steps.map((step) => ({ timebankId, actor: systemActor, operation: operationOf('queue', step) }))
    const answers = await Promise.all(postings.map((posting) => queue.submit(posting)))
    return answers.map(({ code }) => code)
  },
  http: async (steps) => {
    const codes: Code[] = []
    for (const step of steps) codes.push(await single('http', step))
    return codes
  },
  'http batch': async (steps, refusedBefore) => {
    const codes: Code[] = []
    // there, what was refused may be sent again: it was not kept
    const sent = steps.filter(({ n, operation }) => operation !== 'reverse' && refusedBefore(n) === undefined)
    const rows = sent.map((step) => ({ id: idOf('http batch', step.n), ...bodyOf('http batch', step) }))
    const { results } =
      rows.length === 0
        ? { results: [] }
        : ok(await admin.post('transfers/batch', { atomic: false, operations: rows }, told))
    for (const step of steps) {
      const at = sent.indexOf(step)
      if (at >= 0) codes.push(results[at].code)
      else if (step.operation === 'reverse') codes.push(await single('http batch', step))
      else codes.push(step.changed ? 'id_reused' : refusedBefore(step.n)!)
    }
    return codes
  }
}

test('every way into the ledger gives the same codes', { timeout: 7_200_000 }, async () => {
  const random = mulberry(seedOf('paths'))
  const pick = (n: number) => Math.floor(random() * n)
  const sequences = sizeOf('SEQUENCES', 120)
  queue = makePostingQueue(stage.database)
  const past: Step[] = []
  const codes = new Map<number, Code>()
  const seen = new Map<Code, number>()
  let n = 0

  const refused = (of: number): Code | undefined => {
    const code = codes.get(of)
    return code === 'posted' ? undefined : code
  }

  function makeStep(taken: Set<string>): Step {
    const roll = random()
    const repeated = past[past.length - 1 - pick(20)]
    const suitable = (wanted: string[]) =>
      past.filter((step) => codes.get(step.n) === 'posted' && wanted.includes(step.operation)).slice(-6)
    if (roll < 0.15 && repeated) return { ...repeated, changed: random() < 0.4 }
    const common = { n: n++, changed: false }
    const minutes = 1 + pick(120)
    if (roll < 0.6) {
      const debit = random() < 0.04 ? nowhere : pick(people + 1)
      const credit = random() < 0.04 ? (debit === nowhere ? 0 : debit) : (debit + 1 + pick(people)) % (people + 1)
      // a gift to oneself is malformed; the pot and what is not there have no kind of their own for it
      const fit = debit === credit && debit >= people ? { debit: 0, credit: 0 } : { debit, credit }
      return { ...common, ...fit, operation: random() < 0.5 ? 'hold' : 'transfer', minutes }
    }
    const operation = roll < 0.8 ? 'settle' : roll < 0.88 ? 'release' : 'reverse'
    const list = random() < 0.1 ? past.slice(-6) : suitable(operation === 'reverse' ? ['transfer', 'settle'] : ['hold'])
    const free = list.filter((step) => !taken.has(`ref ${step.n}`))
    const ref = random() < 0.05 ? n++ : (free[pick(free.length)]?.n ?? n++)
    return { ...common, operation, ref, minutes: operation === 'settle' && random() < 0.5 ? minutes : null }
  }

  for (let sequence = 0; sequence < sequences; sequence += 1) {
    if (sequence % 10 === 0) await change(pick, random)
    // what is referred to comes before, and neither an id nor a ref comes twice: there a batch differs by design
    const taken = new Set<string>()
    const steps: Step[] = []
    for (let i = 1 + pick(7); i > 0; i -= 1) {
      const step = makeStep(taken)
      const names = [`id ${step.n}`, ...('ref' in step ? [`ref ${step.ref}`] : [])]
      if (names.some((name) => taken.has(name))) continue
      for (const name of names) taken.add(name)
      // a reversal has a request of its own, and a batch posts in its order: so it comes alone
      if (step.operation === 'reverse' && steps.length > 0) continue
      steps.push(step)
      if (step.operation === 'reverse') break
    }
    if (steps.length === 0) continue
    const got = await Promise.all(ways.map((way) => runs[way](steps, refused)))
    for (const [i, step] of steps.entries()) {
      const answers = Object.fromEntries(ways.map((way, w) => [way, got[w]![i]]))
      assert.equal(
        new Set(Object.values(answers)).size,
        1,
        `${sequence}: ${JSON.stringify(step)} ${JSON.stringify(answers)}`
      )
      const code = got[0]![i]!
      seen.set(code, (seen.get(code) ?? 0) + 1)
      if (!codes.has(step.n)) codes.set(step.n, code)
    }
    past.push(...steps)
    if (past.length > 200) past.splice(0, 100)
    assertAlike(await standings(), `${sequence}: ${JSON.stringify(steps)}`)
  }
  console.log(`${sequences} sequences`, Object.fromEntries([...seen].sort()))
  const wanted: Code[] = [
    'posted',
    'replayed',
    'id_reused',
    'unknown_account',
    'below_floor',
    'above_ceiling',
    'malformed'
  ]
  wanted.push('unknown_ref', 'already_resolved')
  assert.deepEqual(
    wanted.filter((code) => !seen.has(code)),
    []
  )
  assert.deepEqual(await work(verifyBooks), [])
})

/** Limits or status of one member, of every world's. */
async function change(pick: (n: number) => number, random: () => number): Promise<void> {
  const member = pick(people)
  const floor = random() < 0.3 ? null : -pick(600)
  const ceiling = random() < 0.3 ? null : pick(600)
  const status = random() < 0.1 ? 'frozen' : 'open'
  await work(async (tx) => {
    for (const way of ways) {
      const account = accountOf(way, member)
      const limits = { floorSoft: null, floorHard: floor, ceilingSoft: ceiling, ceilingHard: ceiling }
      await setLimits(tx, account, limits, 'test')
      await setAccountStatus(tx, account, status, 'test')
    }
  })
}

const standings = (): Promise<string[]> =>
  work(async (tx) => {
    const places = Array.from({ length: people }, (_, i) => i)
    const accounts = await getAccounts(
      tx,
      ways.flatMap((way) => places.map((place) => accountOf(way, place)))
    )
    return ways.map((way) =>
      JSON.stringify(
        places.map((place) => {
          const { balance, heldIn, heldOut, version } = accounts.get(accountOf(way, place))!
          return [balance, heldIn, heldOut, version]
        })
      )
    )
  })

const assertAlike = (all: string[], what: string): void =>
  assert.equal(new Set(all).size, 1, `${what}\n${all.map((one, i) => `${ways[i]}: ${one}`).join('\n')}`)
