import type { Tx } from '../../db/client.ts'
import type { Announcement } from '../webhooks/index.ts'
import { scopesOf } from './given.ts'
import type { ConsentScope } from './vocabulary.ts'

/** What an organisation is allowed no more. */
export type Withdrawn = {
  membershipId: string
  organisationId: string
  /** that hold no more, by any consent */
  scopes: ConsentScope[]
  /** that it is still allowed */
  remaining: ReadonlySet<ConsentScope>
  /** what the consent came with */
  subject: { type: string; id: string } | null
}

/** What rests on consents follows, in the transaction in which less is allowed than before. */
export type OnWithdrawal = (tx: Tx, withdrawn: Withdrawn) => Promise<void>

type Resting = { membershipId: string; organisationId: string; subjectType: string | null; subjectId: string | null }

/** Tells the hook which of the scopes that were had before hold no more. */
export async function tellWithdrawn(
  tx: Tx,
  { membershipId, organisationId, subjectType, subjectId }: Resting,
  had: Iterable<ConsentScope>,
  onWithdrawal: OnWithdrawal
): Promise<void> {
  const remaining = await scopesOf(tx, membershipId, organisationId)
  const scopes = [...had].filter((scope) => !remaining.has(scope))
  const subject = subjectType !== null && subjectId !== null ? { type: subjectType, id: subjectId } : null
  if (scopes.length > 0) await onWithdrawal(tx, { membershipId, organisationId, scopes, remaining, subject })
}

/** What the organisation is told by webhook: that there is something to read, and nothing of it. */
export const consentChanged = (organisationId: string, id: string): Announcement => ({
  organisationId,
  type: 'consent.changed',
  subject: { type: 'consent', id }
})
