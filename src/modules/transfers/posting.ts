import { type Database, inTimebank, type Tx } from '../../db/client.ts'
import { onDuplicate } from '../../db/errors.ts'
import type { Actor } from '../../shared/actor.ts'
import { DomainError, type Fault } from '../../shared/errors.ts'
import { futureDateFaults } from '../../shared/service-date.ts'
import { type AuditEntry, audit } from '../audit/index.ts'
import { kindsOf, type Operation, type Outcome, type PostingQueue, refusalOf, tryPost } from '../ledger/index.ts'
import { type DirectKind, faultsOf, type Ground, isDirect, refuseAll } from './rules.ts'

export type Request =
  | {
      operation: 'transfer' | 'hold'
      debitAccount: number
      creditAccount: number
      minutes: number
      kind: DirectKind
      performedOn?: string | undefined
      onBehalfOf?: string | undefined
      expiresAt?: string | undefined
    }
  | { operation: 'settle' | 'release'; ref: string; minutes?: number | undefined; performedOn?: string | undefined }

export type Row = Request & { id: string; groupId?: string | undefined }

/** What the rows are to the ledger; throws for everything that speaks against any of them. */
export async function operationsOf(
  ground: Ground,
  rows: readonly Row[],
  at: (i: number) => string
): Promise<Operation[]> {
  const movements = rows.flatMap((row, i) => ('debitAccount' in row ? [{ movement: row, at: at(i) }] : []))
  const refs = rows.flatMap((row, i) => ('ref' in row ? [{ ref: row.ref, at: at(i) }] : []))
  const dates = rows.flatMap((row, i) => futureDateFaults(row.performedOn, ground.today, at(i)))
  refuseAll(dates, [...(await faultsOf(ground, movements)), ...(await foreignHolds(ground, refs))])
  return rows.map((row) => operationOf(row, ground.today))
}

function operationOf(row: Row, today: string): Operation {
  const { id, groupId, performedOn = today } = row
  // the same row tomorrow is the same, though today is another day then
  const asked = row.performedOn === undefined ? JSON.stringify(Object.entries(row).sort()) : undefined
  if ('ref' in row)
    return { id, groupId, performedOn, asked, operation: row.operation, ref: row.ref, minutes: row.minutes }
  return {
    id,
    groupId,
    performedOn,
    asked,
    operation: row.operation,
    debit: row.debitAccount,
    credit: row.creditAccount,
    minutes: row.minutes,
    kind: row.kind,
    onBehalfOf: row.onBehalfOf,
    expiresAt: row.expiresAt === undefined ? undefined : new Date(row.expiresAt)
  }
}

/** What was held for an exchange is settled and released by that. */
async function foreignHolds(ground: Ground, refs: readonly { ref: string; at: string }[]): Promise<Fault[]> {
  if (refs.length === 0) return []
  const kinds = await ground.read((tx) =>
    kindsOf(
      tx,
      refs.map(({ ref }) => ref)
    )
  )
  return refs.flatMap(({ ref, at }) => {
    const kind = kinds.get(ref.toLowerCase())
    return kind === undefined || isDirect(kind) ? [] : [{ pointer: `${at}/ref`, detail: belongsElsewhere }]
  })
}

export const belongsElsewhere = 'It belongs to something else, such as an exchange, and is changed with that.'

/**
 * Posts one operation through the queue, where it shares a commit with others; with an audit entry of its own in one
 * transaction instead. Either way a refusal is kept under the operation's id.
 */
export async function postOne(
  ground: { database: Database; queue: PostingQueue; timebankId: string; actor: Actor },
  operation: Operation,
  entry: AuditEntry | null
): Promise<Outcome> {
  const { database, queue, timebankId, actor } = ground
  if (entry === null) return queue.submit({ timebankId, actor, operation })
  return inTimebank(database, timebankId, actor, async (tx) => {
    const [outcome] = await tryPost(tx, [operation], { keep: true })
    if (outcome!.code === 'posted') await audit(tx, entry)
    return outcome!
  })
}

/** The same key for something else is told as that. */
export function refuseIfRefused(outcome: Outcome): void {
  if (outcome.code === 'id_reused') throw new DomainError('idempotency-key-reused')
  const refusal = refusalOf(outcome)
  if (refusal !== null) throw refusal
}

/** Undone, and its answers told all the same. */
class DryRun extends Error {
  readonly outcomes: Outcome[]

  constructor(outcomes: Outcome[]) {
    super('a dry run ends by undoing what it did')
    this.outcomes = outcomes
  }
}

/** Posts a batch in the caller's transaction: all or nothing, or each row and group by itself. */
export const postBatch = (tx: Tx, operations: readonly Operation[], atomic: boolean): Promise<Outcome[]> =>
  onDuplicate(
    'transfers_timebank_id_id_pk',
    tryPost(tx, operations, { together: atomic }),
    () =>
      new DomainError('unavailable', 'One of the ids was posted at this moment in another request; try again.', {
        retryAfterSeconds: 1
      })
  )

/** What the batch would come to; nothing of it stays. */
export async function rehearse(
  database: Database,
  { timebankId, actor }: Ground,
  operations: readonly Operation[],
  atomic: boolean
): Promise<Outcome[]> {
  try {
    return await inTimebank(database, timebankId, actor, async (tx) => {
      throw new DryRun(await postBatch(tx, operations, atomic))
    })
  } catch (error) {
    if (error instanceof DryRun) return error.outcomes
    throw error
  }
}
