import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { DomainError, notFound, refuseFaults } from '../../shared/errors.ts'
import { audit } from '../audit/index.ts'
import { addNotices } from '../notices/index.ts'
import { supportBetween } from '../supporters/index.ts'
import { announce } from '../webhooks/index.ts'
import { type Consent, readConsent, scopesOf, standingScopes, type Withdrawal } from './given.ts'
import { holdConsents } from './lock.ts'
import { consents, withdrawals } from './tables.ts'
import type { ConsentScope, ConsentVoice, ConsentWay } from './vocabulary.ts'
import { wayOf } from './who.ts'
import { consentChanged, type OnWithdrawal, tellWithdrawn } from './withdrawal-hook.ts'

export type Withdrawing = {
  consentId: string
  /** only these; default: all of it */
  scopes?: readonly ConsentScope[] | undefined
  /** how staff or the agency were told; what people say here themselves is said online */
  how?: ConsentWay | undefined
  /** who told staff or the agency; default: the member themselves */
  voice?: ConsentVoice | undefined
}

/**
 * Takes a consent back, as a whole or in single scopes, from the next request on: by the member or who supports them in the
 * scope `consents`, by staff or the agency itself when they were told. What was withdrawn or has run out before stays as it was.
 */
export async function withdrawConsent(
  tx: Tx,
  withdrawing: Withdrawing,
  onWithdrawal: OnWithdrawal = async () => {}
): Promise<Consent> {
  const asked = await readConsent(tx, withdrawing.consentId)
  const { voice, how } = await whoWithdraws(tx, asked, withdrawing)
  await holdConsents(tx, asked.membershipId, asked.organisationId)
  const consent = await readConsent(tx, asked.id)
  if (consent.status === 'superseded')
    throw new DomainError('wrong-state', 'Another consent has taken the place of this one: withdraw that.', {
      figures: { supersededBy: consent.supersededBy }
    })
  const wanted = withdrawing.scopes ?? consent.scopes
  const unknown = wanted.filter((scope) => !consent.scopes.includes(scope))
  if (unknown.length > 0)
    refuseFaults([{ pointer: '/scopes', detail: `Not among what was given: ${unknown.join(', ')}.` }])
  return close(tx, consent, wanted, { voice, how }, onWithdrawal)
}

/** Withdraws those of the scopes of a held consent that still stand; with the last one it is withdrawn itself. */
export async function close(
  tx: Tx,
  consent: Consent,
  wanted: readonly ConsentScope[],
  { voice, how }: Pick<Withdrawal, 'voice' | 'how'>,
  onWithdrawal: OnWithdrawal
): Promise<Consent> {
  const { id, membershipId, organisationId } = consent
  const standing = standingScopes(consent)
  const going = standing.filter((scope) => wanted.includes(scope))
  if (going.length === 0) return consent
  const had = await scopesOf(tx, membershipId, organisationId)
  const recordedBy = tx.actor.membershipId
  await tx.db
    .insert(withdrawals)
    .values(
      going.map((scope) => ({ timebankId: tx.timebankId, consentId: id, scope, at: tx.now, voice, how, recordedBy }))
    )
  const isWhole = going.length === standing.length
  if (isWhole)
    await tx.db
      .update(consents)
      .set({ status: 'withdrawn', closedAt: tx.now })
      .where(and(eq(consents.timebankId, tx.timebankId), eq(consents.id, id)))
  await audit(tx, {
    action: isWhole ? 'consent.withdrawn' : 'consent.narrowed',
    subject: { type: 'consent', id },
    onBehalfOf: membershipId,
    changes: { organisationId, scopes: going, voice, how }
  })
  const isOwnWord = tx.actor.membershipId === membershipId && tx.actor.agency === undefined
  if (!isOwnWord && how !== 'leaving')
    await addNotices(tx, [{ membershipId, kind: 'consent.withdrawn', subjectId: id }])
  await announce(tx, [consentChanged(organisationId, id)])
  await tellWithdrawn(tx, consent, had, onWithdrawal)
  return readConsent(tx, id)
}

/** To everybody else the consent is not there. */
async function whoWithdraws(
  tx: Tx,
  { membershipId, organisationId }: Consent,
  { voice, how }: Withdrawing
): Promise<{ voice: ConsentVoice; how: ConsentWay }> {
  const { membershipId: actor, agency } = tx.actor
  if (agency !== undefined) {
    if (agency.organisationId !== organisationId) throw notFound('consent')
    return { voice: voice ?? 'self', how: wayOf(false, how) }
  }
  const support =
    actor === null || actor === membershipId ? null : await supportBetween(tx, membershipId, actor, 'consents')
  const own =
    actor === membershipId ? 'self' : support === null ? null : support.kind === 'guardian' ? 'guardian' : 'supporter'
  // who is of the staff as well may have been told by the member
  const isTold =
    isStaff(tx.actor) && actor !== membershipId && (own === null || (how !== undefined && how !== 'online'))
  if (isTold) return { voice: voice ?? 'self', how: wayOf(false, how) }
  if (own === null) throw notFound('consent')
  if (voice !== undefined && voice !== own)
    refuseFaults([{ pointer: '/voice', detail: 'Nobody else can say it through your sign-in.' }])
  return { voice: own, how: wayOf(true, how) }
}
