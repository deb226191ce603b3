import { type Database, inTimebank, type Tx } from '../../db/client.ts'
import { systemActor } from '../../shared/actor.ts'
import { DomainError } from '../../shared/errors.ts'
import { findTransfer, type Outcome, post, type Transfer, tryPost } from '../ledger/index.ts'
import { membersByNumber } from '../members/index.ts'
import { findAgreement, statusOf } from './agreements.ts'
import { derivedId } from './ids.ts'
import { takeBack } from './reversal.ts'
import { clearingTransfers } from './tables.ts'
import { tell } from './telling.ts'
import { type ClearingTransfer, changeTransferRow, findTransferRow, lockTransferRow } from './transfers.ts'

/** Why the side that was to receive did not take it; nothing of its members can be told from it. */
export const refusalReasons = ['recipient', 'limit', 'agreement', 'repeated'] as const
export type RefusalReason = (typeof refusalReasons)[number]

/** Called before each transaction; tests stop the work there. */
export type Checkpoint = (step: string) => void | Promise<void>

/**
 * Takes one transfer as far as it goes, from whatever step it stands at: any number of times, by any number of workers at
 * once, and after a crash anywhere between. Each step is one transaction of one timebank, takes place once, and is decided by
 * rows that are locked while it does:
 *
 * - held: the receiving side decides, once and for good, by its own row. It took the hours: they are settled here. It refused:
 *   they are released here.
 * - one side has taken back what both have moved: the other follows.
 */
export async function advance(
  database: Database,
  fromTimebankId: string,
  id: string,
  checkpoint: Checkpoint = () => {}
): Promise<void> {
  const at = async <T>(step: string, timebankId: string, work: (tx: Tx) => Promise<T>): Promise<T> => {
    await checkpoint(step)
    return inTimebank(database, timebankId, systemActor, work)
  }
  const first = await at('look', fromTimebankId, async (tx) => {
    const row = await findTransferRow(tx, id)
    const agreement = row && (await findAgreement(tx, row.partnerId))
    return row?.direction === 'out'
      ? { row, untold: agreement !== null && agreement.toldVersion < agreement.version }
      : null
  })
  if (!first) return
  let out = first.row
  const toTimebankId = out.partnerId
  // what the sender agreed to must be known there before what stands on it arrives
  if (first.untold) await tell(database, fromTimebankId, toTimebankId)

  if (out.status === 'refused') return
  const sent = out
  let taken = await at('deliver', toTimebankId, (tx) => decide(tx, sent))
  const decided = taken
  if (out.status === 'held') out = await at('resolve', fromTimebankId, (tx) => resolve(tx, id, decided))
  if (taken.status === 'refused') return

  if (out.status === 'settled' && taken.status === 'reversed')
    out = await at('follow', fromTimebankId, (tx) => takeBack(tx, id, 'partner', null))
  if (out.status === 'reversed' && taken.status === 'settled') {
    const inId = taken.id
    taken = await at('follow', toTimebankId, (tx) => takeBack(tx, inId, 'partner', null))
  }
  // both have taken it back: nothing can happen to it any more
  if (out.status === 'reversed' && taken.status === 'reversed') {
    const inId = taken.id
    if (taken.pending) await at('finish', toTimebankId, (tx) => changeTransferRow(tx, inId, { pending: false }))
    if (out.pending) await at('finish', fromTimebankId, (tx) => changeTransferRow(tx, id, { pending: false }))
  }
}

type Taken = Pick<ClearingTransfer, 'id' | 'status' | 'refusal' | 'pending'>

/**
 * The receiving side's decision. The row comes first: of several deliveries at once the others wait for it, and find it.
 * A refusal is kept too, or a later delivery could be taken when the sender has its hours back.
 */
async function decide(tx: Tx, sent: ClearingTransfer): Promise<Taken> {
  const id = derivedId(sent.seed!, 'delivery')
  const agreement = await findAgreement(tx, sent.timebankId)
  const recipient = (await membersByNumber(tx, [sent.partnerNumber])).get(sent.partnerNumber)
  const [row] = await tx.db
    .insert(clearingTransfers)
    .values({
      timebankId: tx.timebankId,
      id,
      direction: 'in',
      partnerId: sent.timebankId,
      originId: sent.id,
      membershipId: recipient?.id ?? null,
      ownNumber: sent.partnerNumber,
      partnerNumber: sent.ownNumber,
      minutes: sent.minutes,
      performedOn: sent.performedOn,
      status: 'settled',
      transferId: id,
      pending: false,
      createdAt: tx.now,
      updatedAt: tx.now
    })
    .onConflictDoNothing()
    .returning()
  if (!row) {
    const earlier = await findTransferRow(tx, id)
    if (earlier?.direction === 'in' && earlier.partnerId === sent.timebankId) return earlier
    // the id is somebody else's here, and stays so
    return { id, status: 'refused', refusal: 'repeated', pending: false }
  }
  const refuse = (refusal: RefusalReason) => changeTransferRow(tx, id, { status: 'refused', refusal, transferId: null })
  if (!agreement || agreement.accountId === null || statusOf(agreement) !== 'active') return refuse('agreement')
  if (!recipient) return refuse('recipient')
  const [outcome] = await tryPost(tx, [
    {
      id,
      operation: 'transfer',
      debit: agreement.accountId,
      credit: recipient.accountId,
      minutes: sent.minutes,
      kind: 'clearing',
      performedOn: sent.performedOn
    }
  ])
  const refusal = refusalOf(outcome!, agreement.accountId)
  return refusal === null ? row : refuse(refusal)
}

/** Null: it was posted. What is the recipient's (no such member, not active, at their ceiling) is told as one thing. */
function refusalOf({ code, refused }: Outcome, clearingAccount: number): RefusalReason | null {
  if (code === 'posted' || code === 'replayed') return null
  if (code === 'id_reused') return 'repeated'
  if (refused?.account !== clearingAccount) return 'recipient'
  return code === 'account_not_open' ? 'agreement' : 'limit'
}

/** The sending side follows the decision: the hold becomes a transfer, or is let go. */
async function resolve(tx: Tx, id: string, decision: Taken): Promise<ClearingTransfer> {
  const row = (await lockTransferRow(tx, id))!
  if (row.status !== 'held') return row
  const { performedOn } = row
  if (decision.status === 'refused') {
    const release = { id: derivedId(row.seed!, 'release'), operation: 'release', ref: id, performedOn } as const
    const [outcome] = await tryPost(tx, [release])
    if (outcome!.code !== 'already_resolved') refuseUnposted(outcome!)
    else if ((await resolutionOf(tx, id)).operation !== 'release') refuseUnposted(outcome!)
    return changeTransferRow(tx, id, { status: 'refused', refusal: decision.refusal, pending: false })
  }
  const transferId = await settle(tx, row)
  return changeTransferRow(tx, id, { status: 'settled', transferId, pending: false })
}

/**
 * The other side has the hours, so that they must go from here. Where the hold was let go by other hands meanwhile, they
 * move past the limits instead: the two books must agree.
 */
async function settle(tx: Tx, row: ClearingTransfer): Promise<string> {
  const { id: ref, performedOn, minutes } = row
  const id = derivedId(row.seed!, 'settlement')
  const [outcome] = await tryPost(tx, [{ id, operation: 'settle', ref, performedOn }])
  if (outcome!.code !== 'already_resolved') {
    refuseUnposted(outcome!)
    return id
  }
  const other = await resolutionOf(tx, ref)
  if (other.operation === 'settle' && other.minutes === minutes) return other.id
  if (other.operation !== 'release') refuseUnposted(outcome!)
  const { debitAccount: debit, creditAccount: credit } = other
  await post(tx, { id, operation: 'transfer', debit, credit, minutes, kind: 'clearing', performedOn, force: true })
  return id
}

async function resolutionOf(tx: Tx, hold: string): Promise<Transfer> {
  const { resolvedBy } = (await findTransfer(tx, hold))!
  return (await findTransfer(tx, resolvedBy!))!
}

/** What cannot be: it stays pending, where the report shows it, and the job and its sweep come back to it. */
function refuseUnposted({ code }: Outcome): void {
  if (code !== 'posted' && code !== 'replayed')
    throw new DomainError('internal-error', `a step between timebanks was refused: ${code}`)
}
