import type { AccountStatus, Limits, Operation, Outcome } from '../../../src/modules/ledger/index.ts'

/**
 * The ledger as one would explain it, to hold against the two SQL paths. No locks, no versions of rows, no sets:
 * a map of accounts, a map of what was posted, and a copy of both to go back to.
 */
export type ModelAccount = Limits & {
  status: AccountStatus
  balance: number
  heldIn: number
  heldOut: number
  version: number
}

type Code = Outcome['code']
type Known = { operation: Operation; debit: number; credit: number; minutes: number; answer: Answer }
export type Answer = Pick<
  Outcome,
  'code' | 'debitBalance' | 'creditBalance' | 'softLimitsCrossed' | 'forced' | 'refused'
>
type State = { accounts: Map<number, ModelAccount>; posted: Map<string, Known>; resolved: Set<string> }

export type Model = {
  accounts: () => Map<number, ModelAccount>
  post(batch: readonly Operation[], together?: boolean): Answer[]
}

const refusal = (code: Code): Answer => ({
  code,
  debitBalance: null,
  creditBalance: null,
  softLimitsCrossed: [],
  forced: false,
  refused: null
})

export function makeModel(accounts: Map<number, ModelAccount>): Model {
  let state: State = { accounts, posted: new Map(), resolved: new Set() }

  function post(batch: readonly Operation[], together = false): Answer[] {
    const earlier = new Map(state.posted)
    const answers: Answer[] = []
    for (const group of groupsOf(batch, together)) {
      const before = copy(state)
      const legs: Answer[] = []
      let failed = false
      for (const { operation, twice } of group.legs) {
        const answer =
          knownFromTheStart(operation, twice, earlier) ?? (failed ? refusal('leg_failed') : decide(operation, earlier))
        if (group.grouped && !failed && answer.code !== 'posted') {
          failed = true
          state = before
          for (const [i, leg] of legs.entries()) if (leg.code === 'posted') legs[i] = refusal('leg_failed')
        }
        legs.push(answer)
      }
      answers.push(...legs)
    }
    return answers
  }

  /** What neither the order nor the balances have a say in. */
  function knownFromTheStart(operation: Operation, twice: boolean, earlier: State['posted']): Answer | null {
    if (twice) return refusal('twice_in_batch')
    const past = earlier.get(operation.id)
    if (past)
      return sameMeaning(past.operation, operation) ? { ...past.answer, code: 'replayed' } : refusal('id_reused')
    if (!('ref' in operation)) {
      return operation.minutes > 0 && operation.debit !== operation.credit ? null : refusal('malformed')
    }
    if (operation.minutes !== undefined && (operation.operation !== 'settle' || operation.minutes <= 0))
      return refusal('malformed')
    const referred = earlier.get(operation.ref)
    if (!referred) return refusal('unknown_ref')
    const resolves = operation.operation === 'reverse' ? ['transfer', 'settle'] : ['hold']
    return resolves.includes(referred.operation.operation) ? null : refusal('malformed')
  }

  function decide(operation: Operation, earlier: State['posted']): Answer {
    const referred = 'ref' in operation ? earlier.get(operation.ref)! : null
    const forward = referred === null || operation.operation !== 'reverse'
    const debit = 'debit' in operation ? operation.debit : forward ? referred!.debit : referred!.credit
    const credit = 'credit' in operation ? operation.credit : forward ? referred!.credit : referred!.debit
    const minutes = operation.minutes ?? referred!.minutes
    if (referred && 'ref' in operation) {
      if (state.resolved.has(operation.ref)) return refusal('already_resolved')
      if (operation.operation === 'settle' && minutes > referred.minutes) return refusal('exceeds_hold')
    }
    const debtor = state.accounts.get(debit)
    const creditor = state.accounts.get(credit)
    if (!debtor || !creditor) return refusal('unknown_account')

    const moved = operation.operation === 'hold' || operation.operation === 'release' ? 0 : minutes
    const held = { transfer: 0, hold: minutes, settle: -(referred?.minutes ?? 0), release: -minutes, reverse: 0 }[
      operation.operation
    ]
    const free = { before: debtor.balance - debtor.heldOut, after: debtor.balance - debtor.heldOut - moved - held }
    const room = {
      before: creditor.balance + creditor.heldIn,
      after: creditor.balance + creditor.heldIn + moved + held
    }
    const isNew =
      operation.operation === 'transfer' || operation.operation === 'hold' || operation.operation === 'reverse'

    let refused: Answer | null = null
    if (isNew && (debtor.status !== 'open' || creditor.status !== 'open')) {
      const account = debtor.status === 'open' ? credit : debit
      refused = { ...refusal('account_not_open'), refused: { account, balance: null, held: null, limit: null } }
    } else if (debtor.floorHard !== null && free.after < debtor.floorHard && free.after < free.before) {
      refused = {
        ...refusal('below_floor'),
        refused: { account: debit, balance: debtor.balance, held: debtor.heldOut, limit: debtor.floorHard }
      }
    } else if (creditor.ceilingHard !== null && room.after > creditor.ceilingHard && room.after > room.before) {
      refused = {
        ...refusal('above_ceiling'),
        refused: { account: credit, balance: creditor.balance, held: creditor.heldIn, limit: creditor.ceilingHard }
      }
    }
    if (refused && !operation.force) return refused

    const crossed: Answer['softLimitsCrossed'] = []
    if (debtor.floorSoft !== null && free.before >= debtor.floorSoft && free.after < debtor.floorSoft)
      crossed.push('debit_floor')
    if (creditor.ceilingSoft !== null && room.before <= creditor.ceilingSoft && room.after > creditor.ceilingSoft)
      crossed.push('credit_ceiling')

    debtor.balance -= moved
    creditor.balance += moved
    debtor.heldOut += held
    creditor.heldIn += held
    debtor.version += 1
    creditor.version += 1
    const answer: Answer = {
      code: 'posted',
      debitBalance: debtor.balance,
      creditBalance: creditor.balance,
      softLimitsCrossed: crossed,
      forced: refused !== null,
      refused: null
    }
    state.posted.set(operation.id, { operation, debit, credit, minutes, answer })
    if ('ref' in operation) state.resolved.add(operation.ref)
    return answer
  }

  return { accounts: () => state.accounts, post }
}

type Leg = { operation: Operation; twice: boolean }

/** Neighbours with the same group; everything else stands alone. */
function groupsOf(batch: readonly Operation[], together: boolean): { grouped: boolean; legs: Leg[] }[] {
  const ids = new Set<string>()
  const refs = new Set<string>()
  const groups: { grouped: boolean; legs: Leg[] }[] = []
  for (const [i, operation] of batch.entries()) {
    const ref = 'ref' in operation ? operation.ref : null
    const leg = { operation, twice: ids.has(operation.id) || (ref !== null && refs.has(ref)) }
    ids.add(operation.id)
    if (ref !== null) refs.add(ref)
    const { groupId } = operation
    const last = groups.at(-1)
    if (last && (together || (groupId !== undefined && groupId === batch[i - 1]?.groupId))) last.legs.push(leg)
    else groups.push({ grouped: together || groupId !== undefined, legs: [leg] })
  }
  return groups
}

const copy = (state: State): State => ({
  accounts: new Map([...state.accounts].map(([id, account]) => [id, { ...account }])),
  posted: new Map(state.posted),
  resolved: new Set(state.resolved)
})

function sameMeaning(a: Operation, b: Operation): boolean {
  const { force: _a, ...left } = a
  const { force: _b, ...right } = b
  return JSON.stringify(Object.entries(left).sort()) === JSON.stringify(Object.entries(right).sort())
}
