import type { Tx } from '../../db/client.ts'
import { type Line, statementHeld } from '../ledger/index.ts'
import type { Budget } from './budgets.ts'

/** A line of a budget's statement. Minutes. */
export type Movement = Pick<
  Line,
  'transferId' | 'operation' | 'kind' | 'performedOn' | 'recordedAt' | 'counterAccount'
> & {
  /** counts the lines from 1, without gaps */
  line: number
  /** what came in, or went out (negative) */
  minutes: number
  /** what was committed, or let go of (negative) */
  committedMinutes: number
  /** both as they were after the line */
  committed: number
  available: number
}

/** Everything that moved or was set aside, in the order of recording, newest first. `before`: lines with lower numbers. */
export async function movements(
  tx: Tx,
  { accountId }: Budget,
  before: number | null,
  limit: number
): Promise<Movement[]> {
  if (accountId === null) return []
  const lines = await statementHeld(tx, accountId, before, limit + 1)
  return lines.map(({ version, heldMinutes, balance, held, ...line }) => ({
    ...line,
    line: version,
    committedMinutes: heldMinutes,
    committed: held,
    available: balance - held
  }))
}
