import type { Tx } from '../../../db/client.ts'
import { DomainError } from '../../../shared/errors.ts'
import { summaryWithMoves } from '../as-of.ts'
import type { AccountLabel } from '../schemas.ts'
import { type Holder, longestPaper, type Paper } from './statement.ts'

/** Who stands on a statement: the ledger knows no names. */
export type PaperSources = {
  /** Whose accounts these are, by their numbers, as far as the caller may know. */
  labelsOf(tx: Tx, accountIds: readonly number[]): Promise<Map<number, AccountLabel>>
  /** Whose the account is, and in which language and of which timebank a statement for them is. */
  holderOf(tx: Tx, accountId: number): Promise<Holder>
}

const unknownLabel: AccountLabel = { kind: 'unknown', number: null, name: null }

/** Everything that stands on a statement to print, by service date. One that is too long is refused, or says so itself. */
export async function paperOf(
  tx: Tx,
  account: number,
  { from = null, to = null }: { from?: string | null | undefined; to?: string | null | undefined },
  { labelsOf, holderOf }: PaperSources,
  tooLong: 'refuse' | 'tell' = 'refuse'
): Promise<Paper> {
  const { opening, earned, spent, closing, moves } = await summaryWithMoves(tx, account, { from, to }, longestPaper + 1)
  const fits = moves.length <= longestPaper
  if (!fits && tooLong === 'refuse')
    throw new DomainError('statement-too-long', undefined, { figures: { longest: longestPaper } })
  const shown = fits ? moves : []
  const labels = await labelsOf(tx, [...new Set(shown.map(({ counterAccount }) => counterAccount))])
  return {
    account,
    holder: await holderOf(tx, account),
    from,
    to,
    openingBalance: opening.balance,
    earned,
    spent,
    closingBalance: closing.balance,
    heldOut: closing.heldOut,
    available: closing.available,
    tooMany: !fits,
    lines: shown.map((line) => ({ ...line, counterparty: labels.get(line.counterAccount) ?? unknownLabel }))
  }
}
