import type { AccountStatus, Limits, Operation, Outcome, TransferKind } from '../../../src/modules/ledger/index.ts'

/**
 * The ledger as one would explain it, to hold against the two SQL paths. No locks, no versions of rows, no sets:
 * maps of accounts, of what was posted and of what was refused, and a copy of them to go back to.
 */
export type ModelAccount = Limits & {
  status: AccountStatus
  balance: number
  heldIn: number
  heldOut: number
  version: number
}

type Code = Outcome['code']
export type Answer = Omit<Outcome, 'recordedAt'>
/** What the journal has of a step. */
export type Known = {
  operation: Operation
  debit: number
  credit: number
  minutes: number
  kind: TransferKind
  debitVersion: number
  creditVersion: number
  answer: Answer
}
export type Crossing = { transfer: string; which: 'floor' | 'ceiling'; account: number; limit: number; balance: number }
type State = {
  accounts: Map<number, ModelAccount>
  posted: Map<string, Known>
  resolved: Set<string>
  crossings: Crossing[]
  /** of holds that are open */
  expiries: Map<string, Date>
}

export type PostOptions = { together?: boolean; keep?: boolean }

export type Model = {
  state: () => State
  post(batch: readonly Operation[], options?: PostOptions): Answer[]
  /** all refusals that were kept */
  forget(): void
}

/** Who takes part and what moves, as far as it is known. */
type Names = { debitAccount: number | null; creditAccount: number | null; minutes: number | null }

function refusal(operation: Operation, code: Code, names: Names, refused: Answer['refused'] = null): Answer {
  return {
    id: operation.id,
    code,
    replayed: false,
    ...names,
    performedOn: operation.performedOn,
    debitBalance: null,
    creditBalance: null,
    softLimitsCrossed: [],
    forced: false,
    refused
  }
}

export function makeModel(accounts: Map<number, ModelAccount>): Model {
  let state: State = { accounts, posted: new Map(), resolved: new Set(), crossings: [], expiries: new Map() }
  // an undone group takes back what it moved, and not what was said of it
  const kept = new Map<string, { operation: Operation; answer: Answer }>()

  function post(batch: readonly Operation[], { together = false, keep = false }: PostOptions = {}): Answer[] {
    const earlier = new Map(state.posted)
    const answers: Answer[] = []
    for (const group of groupsOf(batch, together)) {
      const before = copy(state)
      const legs: Answer[] = []
      let failed = false
      for (const { operation, twice } of group.legs) {
        const names = namesOf(operation, earlier)
        const answer =
          knownFromTheStart(operation, twice, earlier, keep) ??
          (failed ? refusal(operation, 'leg_failed', names) : decide(operation, earlier))
        if (group.grouped && !failed && answer.code !== 'posted') {
          failed = true
          state = before
          for (const [i, leg] of legs.entries())
            if (leg.code === 'posted')
              legs[i] = refusal(group.legs[i]!.operation, 'leg_failed', namesOf(group.legs[i]!.operation, earlier))
        }
        legs.push(answer)
      }
      answers.push(...legs)
    }
    if (keep)
      for (const [i, answer] of answers.entries())
        if (lasting.has(answer.code) && !answer.replayed)
          kept.set(answer.id, { operation: batch[i]!, answer: { ...answer, replayed: true } })
    return answers
  }

  /** What neither the order nor the balances have a say in. */
  function knownFromTheStart(
    operation: Operation,
    twice: boolean,
    earlier: State['posted'],
    keep: boolean
  ): Answer | null {
    const names = namesOf(operation, earlier)
    if (twice) return refusal(operation, 'twice_in_batch', names)
    const past = earlier.get(operation.id)
    if (past && sameMeaning(past.operation, operation)) return { ...past.answer, code: 'replayed', replayed: true }
    const refused = keep ? kept.get(operation.id) : undefined
    if (refused && sameMeaning(refused.operation, operation)) return refused.answer
    if (past || refused) return refusal(operation, 'id_reused', names)
    const fault = faultOf(operation, earlier)
    return fault === null ? null : refusal(operation, fault, names)
  }

  function decide(operation: Operation, earlier: State['posted']): Answer {
    const names = namesOf(operation, earlier)
    const refuse = (code: Code, refused: Answer['refused'] = null) => refusal(operation, code, names, refused)
    const [debit, credit, minutes] = [names.debitAccount!, names.creditAccount!, names.minutes!]
    const referred = 'ref' in operation ? earlier.get(operation.ref)! : null
    if (referred && 'ref' in operation) {
      if (state.resolved.has(operation.ref)) return refuse('already_resolved')
      if (operation.operation === 'settle' && minutes > referred.minutes) return refuse('exceeds_hold')
    }
    const debtor = state.accounts.get(debit)
    const creditor = state.accounts.get(credit)
    if (!debtor || !creditor) return refuse('unknown_account')

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
      refused = refuse('account_not_open', { account, balance: null, held: null, limit: null })
    } else if (debtor.floorHard !== null && free.after < debtor.floorHard && free.after < free.before) {
      refused = refuse('below_floor', {
        account: debit,
        balance: debtor.balance,
        held: debtor.heldOut,
        limit: debtor.floorHard
      })
    } else if (creditor.ceilingHard !== null && room.after > creditor.ceilingHard && room.after > room.before) {
      refused = refuse('above_ceiling', {
        account: credit,
        balance: creditor.balance,
        held: creditor.heldIn,
        limit: creditor.ceilingHard
      })
    }
    if (refused && !operation.force) return refused

    debtor.balance -= moved
    creditor.balance += moved
    debtor.heldOut += held
    creditor.heldIn += held
    debtor.version += 1
    creditor.version += 1
    const crossed: Answer['softLimitsCrossed'] = []
    const cross = (which: Crossing['which'], account: number, limit: number, balance: number) =>
      state.crossings.push({ transfer: operation.id, which, account, limit, balance })
    if (debtor.floorSoft !== null && free.before >= debtor.floorSoft && free.after < debtor.floorSoft) {
      crossed.push('debit_floor')
      cross('floor', debit, debtor.floorSoft, debtor.balance)
    }
    if (creditor.ceilingSoft !== null && room.before <= creditor.ceilingSoft && room.after > creditor.ceilingSoft) {
      crossed.push('credit_ceiling')
      cross('ceiling', credit, creditor.ceilingSoft, creditor.balance)
    }
    if ('expiresAt' in operation && operation.expiresAt) state.expiries.set(operation.id, operation.expiresAt)
    if ('ref' in operation) {
      state.resolved.add(operation.ref)
      state.expiries.delete(operation.ref)
    }
    const answer: Answer = {
      ...refusal(operation, 'posted', names),
      debitBalance: debtor.balance,
      creditBalance: creditor.balance,
      softLimitsCrossed: crossed,
      forced: refused !== null
    }
    const [debitVersion, creditVersion] = [debtor.version, creditor.version]
    const kind = operation.kind ?? referred!.kind
    state.posted.set(operation.id, { operation, debit, credit, minutes, kind, debitVersion, creditVersion, answer })
    return answer
  }

  return { state: () => state, post, forget: () => kept.clear() }
}

/** Said of the operation itself, so that it can be kept. */
const lasting = new Set<Code>([
  'unknown_account',
  'account_not_open',
  'below_floor',
  'above_ceiling',
  'malformed',
  'unknown_ref',
  'already_resolved',
  'exceeds_hold'
])

/** What is wrong with an operation whatever stands in the accounts. */
function faultOf(operation: Operation, earlier: State['posted']): Code | null {
  if (!('ref' in operation)) {
    if (operation.expiresAt && operation.operation !== 'hold') return 'malformed'
    return operation.minutes > 0 && operation.debit !== operation.credit ? null : 'malformed'
  }
  if (operation.minutes !== undefined && (operation.operation !== 'settle' || operation.minutes <= 0))
    return 'malformed'
  const referred = earlier.get(operation.ref)
  if (!referred) return 'unknown_ref'
  const resolves = operation.operation === 'reverse' ? ['transfer', 'settle'] : ['hold']
  return resolves.includes(referred.operation.operation) ? null : 'malformed'
}

function namesOf(operation: Operation, earlier: State['posted']): Names {
  if (!('ref' in operation))
    return { debitAccount: operation.debit, creditAccount: operation.credit, minutes: operation.minutes }
  if (faultOf(operation, earlier) !== null)
    return { debitAccount: null, creditAccount: null, minutes: operation.minutes ?? null }
  const { debit, credit, minutes } = earlier.get(operation.ref)!
  const back = operation.operation === 'reverse'
  return {
    debitAccount: back ? credit : debit,
    creditAccount: back ? debit : credit,
    minutes: operation.minutes ?? minutes
  }
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
  resolved: new Set(state.resolved),
  crossings: [...state.crossings],
  expiries: new Map(state.expiries)
})

function sameMeaning(a: Operation, b: Operation): boolean {
  const { force: _a, ...left } = a
  const { force: _b, ...right } = b
  return JSON.stringify(Object.entries(left).sort()) === JSON.stringify(Object.entries(right).sort())
}
