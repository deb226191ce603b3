import type { Tx } from '../../db/client.ts'
import { DomainError, type ProblemFigures } from '../../shared/errors.ts'
import { batchSize, type CallOptions, callLedger, type Operation, type Outcome } from './call.ts'
import { problemFor } from './codes.ts'

/**
 * Posts in the given order and tells for each what became of it; never throws for a refusal. One operation takes one
 * round trip, up to 1,000 take one. `together`: all of them or none, at most 1,000; `keep`: a refusal is kept under its id. A step can only refer to what was posted before the call.
 * All accounts of the call stay locked until the transaction ends: post what belongs together in one call,
 * or transactions may wait for each other in a circle.
 */
export async function tryPost(
  tx: Tx,
  operations: readonly Operation[],
  options: { together?: boolean; keep?: boolean } = {}
): Promise<Outcome[]> {
  const { together = false, keep = false } = options
  if (together && operations.length > batchSize) throw new RangeError(`at most ${batchSize} together`)
  const answers: Outcome[] = []
  for (const batch of batches(operations)) answers.push(...(await postBatch(tx, batch, { together, keep })))
  return answers
}

/** Posts one operation; throws a DomainError with the figures where it is refused. */
export async function post(tx: Tx, operation: Operation): Promise<Outcome> {
  const [outcome] = await postAll(tx, [operation])
  return outcome as Outcome
}

/**
 * Posts all or nothing; throws for the refusal that stopped it, with its figures. The figures are those of the account at
 * fault: whoever answers somebody else with them must leave them out.
 */
export async function postAll(tx: Tx, operations: readonly Operation[]): Promise<Outcome[]> {
  if (operations.length <= batchSize) return refuse(await postBatch(tx, operations, wholly))
  // several calls: a refusal takes back those before it, also for a caller that catches it and goes on
  await tx.client.query('SAVEPOINT ledger_post_all')
  const answers: Outcome[] = []
  try {
    for (let at = 0; at < operations.length; at += batchSize) {
      answers.push(...refuse(await postBatch(tx, operations.slice(at, at + batchSize), wholly)))
    }
  } catch (error) {
    if (error instanceof DomainError) await tx.client.query('ROLLBACK TO SAVEPOINT ledger_post_all')
    throw error
  }
  await tx.client.query('RELEASE SAVEPOINT ledger_post_all')
  return answers
}

/** The error that a refused outcome becomes. Null: it was not refused. */
export function refusalOf(outcome: Outcome): DomainError | null {
  const problem = problemFor(outcome.code)
  if (problem === null) return null
  const figures: ProblemFigures = { transfer: outcome.id }
  if (outcome.minutes !== null) figures['minutes'] = outcome.minutes
  if (outcome.refused !== null) {
    const { account, balance, held, limit } = outcome.refused
    figures['account'] = account
    if (outcome.code !== 'account_not_open') {
      figures['balance'] = balance
      figures['held'] = held
      figures[outcome.code === 'below_floor' ? 'floor' : 'ceiling'] = limit
    }
  }
  const detail = outcome.code === 'twice_in_batch' ? 'The same id, or the same ref, twice in one call.' : undefined
  return new DomainError(problem, detail, { figures })
}

/** Posts one call's worth in the transaction's timebank. */
const postBatch = (tx: Tx, operations: readonly Operation[], options: CallOptions): Promise<Outcome[]> =>
  callLedger(
    tx.client,
    operations.map((operation) => ({ timebankId: tx.timebankId, actor: tx.actor, operation })),
    options
  )

const wholly: CallOptions = { together: true, keep: false }

function refuse(answers: Outcome[]): Outcome[] {
  const refusals = answers.filter(({ code }) => problemFor(code) !== null)
  // the legs before the one at fault say only that another one failed
  const cause = refusals.find(({ code }) => code !== 'leg_failed') ?? refusals[0]
  const error = cause === undefined ? null : refusalOf(cause)
  if (error) throw error
  return answers
}

/** Cuts where no group is cut through. */
function* batches(operations: readonly Operation[]): Generator<readonly Operation[]> {
  for (let from = 0; from < operations.length; ) {
    let to = Math.min(from + batchSize, operations.length)
    const next = operations[to]
    if (next?.groupId !== undefined) {
      while (to > from && operations[to - 1]?.groupId === next.groupId) to -= 1
      if (to === from) throw new RangeError(`a group has at most ${batchSize} legs`)
    }
    yield operations.slice(from, to)
    from = to
  }
}
