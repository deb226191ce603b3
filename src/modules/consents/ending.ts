import { actAs, type Tx } from '../../db/client.ts'
import { systemActor } from '../../shared/actor.ts'
import { audit } from '../audit/index.ts'
import { announce } from '../webhooks/index.ts'
import { readConsent } from './given.ts'
import { holdConsents } from './lock.ts'
import type { ConsentScope } from './vocabulary.ts'
import { consentChanged, type OnWithdrawal, tellWithdrawn } from './withdrawal-hook.ts'
import { close } from './withdrawing.ts'

type Ref = { id: string; membershipId: string; organisationId: string }

const refs = 'c.id, c.membership_id AS "membershipId", c.organisation_id AS "organisationId"'
/** One order for all who hold several, so that none waits for another in a ring. */
const ordered = 'ORDER BY c.membership_id, c.organisation_id, c.id'

/**
 * Writes down which consents have run out, a batch at a time, and tells the hook; gives how many. They have not been in force
 * since their last day ended, whenever this comes.
 */
export async function expireDue(tx: Tx, onWithdrawal: OnWithdrawal, limit = 50): Promise<number> {
  const { rows } = await tx.client.query<Ref>({
    name: 'consents.due',
    text: `SELECT ${refs} FROM consents.consents c
            WHERE c.timebank_id = $1 AND c.status = 'given' AND c.expires_at <= $2 ${ordered} LIMIT $3`,
    values: [tx.timebankId, tx.now, limit]
  })
  for (const ref of rows) await expire(tx, ref, onWithdrawal)
  return rows.length
}

async function expire(tx: Tx, { id, membershipId, organisationId }: Ref, onWithdrawal: OnWithdrawal): Promise<void> {
  await holdConsents(tx, membershipId, organisationId)
  const { rows } = await tx.client.query<{ scopes: ConsentScope[] }>({
    name: 'consents.expire',
    text: `UPDATE consents.consents c SET status = 'expired', closed_at = c.expires_at
            WHERE c.timebank_id = $1 AND c.id = $2 AND c.status = 'given'
           RETURNING ARRAY(SELECT unnest(c.scopes) EXCEPT
                           SELECT w.scope FROM consents.withdrawals w WHERE w.timebank_id = $1 AND w.consent_id = $2) AS scopes`,
    values: [tx.timebankId, id]
  })
  const [expired] = rows
  if (!expired) return
  const consent = await readConsent(tx, id)
  const service = actAs(tx, systemActor, tx.now)
  await audit(service, {
    action: 'consent.expired',
    subject: { type: 'consent', id },
    onBehalfOf: membershipId,
    changes: { status: ['given', 'expired'], organisationId }
  })
  await announce(tx, [consentChanged(organisationId, id)])
  await tellWithdrawn(service, consent, expired.scopes, onWithdrawal)
}

/** When a member leaves, nothing is allowed any more: all that they gave is withdrawn. */
export async function closeConsentsOf(tx: Tx, membershipId: string, onWithdrawal: OnWithdrawal): Promise<void> {
  const { rows } = await tx.client.query<Ref>({
    name: 'consents.given_by',
    text: `SELECT ${refs} FROM consents.consents c
            WHERE c.timebank_id = $1 AND c.membership_id = $2 AND c.status = 'given' ${ordered}`,
    values: [tx.timebankId, membershipId]
  })
  // all of them before anything that rests on one of them
  for (const { organisationId } of rows) await holdConsents(tx, membershipId, organisationId)
  for (const ref of rows) {
    const consent = await readConsent(tx, ref.id)
    if (consent.status === 'expired') await expire(tx, ref, onWithdrawal)
    else await close(tx, consent, consent.scopes, { voice: 'self', how: 'leaving' }, onWithdrawal)
  }
}
