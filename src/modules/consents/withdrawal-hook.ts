import type { Tx } from '../../db/client.ts'
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

export type Between = { membershipId: string; organisationId: string }
export type Resting = Between & { subjectType: string | null; subjectId: string | null }

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
