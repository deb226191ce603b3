import { actAs, type Tx } from '../../db/client.ts'
import { isStaff, systemActor } from '../../shared/actor.ts'
import { DomainError, refuseFaults } from '../../shared/errors.ts'
import { audit } from '../audit/index.ts'
import { getMembership } from '../members/index.ts'
import { currentPolicy, dayEnd, today } from '../timebanks/index.ts'
import { notBeyond } from './proposing.ts'
import { changeSupport, getSupport, isParty, type Support, wrongState } from './supports.ts'
import { tell } from './telling.ts'
import type { SupportScope } from './vocabulary.ts'

/** Somebody of the staff who is neither of the two: nobody decides for the other by being staff as well. */
const isTold = (tx: Tx, support: Support): boolean => isStaff(tx.actor) && !isParty(support, tx.actor.membershipId)

const isOpen = ({ status }: Support): boolean => status === 'proposed' || status === 'active'

/** For the supporter to do, or for staff whom they told. */
function requireSupporter(tx: Tx, support: Support): void {
  if (tx.actor.membershipId !== support.supporterId && !isTold(tx, support))
    throw new DomainError('forbidden', 'This is for the supporter to do.')
}

/** For the member to do, or for staff whom they told; what a guardian may do is for staff alone. */
function requireMember(tx: Tx, support: Support): void {
  if (isTold(tx, support)) return
  if (support.kind === 'guardian')
    throw new DomainError('forbidden', "A guardian's authority comes from elsewhere: ask a broker to look at it.")
  if (tx.actor.membershipId !== support.membershipId)
    throw new DomainError('forbidden', 'This is for the member to do who is supported.')
}

/** The supporter says yes; from now on it counts. Again it changes nothing. */
export async function accept(tx: Tx, id: string): Promise<Support> {
  const support = await getSupport(tx, id, { lock: true })
  requireSupporter(tx, support)
  if (support.status === 'active') return support
  if (support.status !== 'proposed') throw wrongState(support, 'accepted')
  const active = await changeSupport(tx, support, { status: 'active', activeSince: tx.now })
  await audit(tx, {
    action: 'support.accepted',
    subject: { type: 'support', id },
    onBehalfOf: support.supporterId,
    changes: { status: [support.status, active.status] }
  })
  await tell(tx, support, {
    member: 'support.accepted',
    ...(isTold(tx, support) ? { supporter: 'support.changed' } : {})
  })
  return active
}

export type SupportChange = { scopes?: readonly SupportScope[] | undefined; validTo?: string | null | undefined }

/** The member narrows or widens what may be done in their name, alone and at once. */
export async function change(
  tx: Tx,
  id: string,
  { scopes, validTo }: SupportChange,
  expected: number
): Promise<Support> {
  const support = await getSupport(tx, id, { lock: true })
  requireMember(tx, support)
  if (expected !== support.rowVersion) throw new DomainError('precondition-failed')
  if (!isOpen(support)) throw wrongState(support, 'changed')
  const date = today(tx, (await currentPolicy(tx)).rules)
  if (validTo != null && validTo < date) refuseFaults([{ pointer: '/validTo', detail: `Must not be before ${date}.` }])
  const member = await getMembership(tx, support.membershipId)
  const until = validTo === undefined ? support.validTo : notBeyond(support, member.dateOfBirth, validTo)
  const next = {
    scopes: scopes === undefined ? support.scopes : [...new Set(scopes)],
    validTo: until,
    expiresAt: until === null ? null : await dayEnd(tx, until)
  }
  const changes = {
    ...(sameScopes(next.scopes, support.scopes) ? {} : { scopes: [support.scopes, next.scopes] }),
    ...(next.validTo === support.validTo ? {} : { validTo: [support.validTo, next.validTo] })
  }
  if (Object.keys(changes).length === 0) return support
  const changed = await changeSupport(tx, support, next)
  await audit(tx, {
    action: 'support.changed',
    subject: { type: 'support', id },
    onBehalfOf: support.membershipId,
    changes
  })
  await tell(tx, support, { member: 'support.changed', supporter: 'support.changed' })
  return changed
}

const sameScopes = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((scope) => b.includes(scope))

/** The member takes it back, alone and at once. What is over already stays as it is. */
export async function revoke(tx: Tx, id: string): Promise<Support> {
  const support = await getSupport(tx, id, { lock: true })
  requireMember(tx, support)
  if (!isOpen(support)) return support
  const revoked = await changeSupport(tx, support, { status: 'revoked', closedAt: tx.now })
  await audit(tx, {
    action: 'support.revoked',
    subject: { type: 'support', id },
    onBehalfOf: support.membershipId,
    changes: { status: [support.status, revoked.status] }
  })
  await tell(tx, support, { member: 'support.revoked', supporter: 'support.revoked' })
  return revoked
}

/**
 * The supporter ends it. A proposal that they do not take up reads afterwards, here and in the audit, as one whose time was
 * over. What is over already stays as it is.
 */
export async function end(tx: Tx, id: string): Promise<Support> {
  const support = await getSupport(tx, id, { lock: true })
  requireSupporter(tx, support)
  if (!isOpen(support)) return support
  if (support.status === 'proposed') {
    const closed = await changeSupport(tx, support, { status: 'expired', closedAt: tx.now })
    await audit(actAs(tx, systemActor, tx.now), {
      action: 'support.expired',
      subject: { type: 'support', id },
      changes: { status: [support.status, closed.status] }
    })
    await tell(tx, support, { member: 'support.expired' })
    return closed
  }
  const ended = await changeSupport(tx, support, { status: 'ended', closedAt: tx.now })
  await audit(tx, {
    action: 'support.ended',
    subject: { type: 'support', id },
    onBehalfOf: support.supporterId,
    changes: { status: [support.status, ended.status] }
  })
  await tell(tx, support, { member: 'support.ended', supporter: 'support.ended' })
  return ended
}
