import type { Tx } from '../../db/client.ts'
import { onDuplicate } from '../../db/errors.ts'
import { isStaff } from '../../shared/actor.ts'
import { addDays } from '../../shared/clock.ts'
import { DomainError, type Fault, notFound, refuseFaults } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { isMinorOn, isVisibleToMembers, type Membership } from '../members/index.ts'
import { currentPolicy, dayEnd, today } from '../timebanks/index.ts'
import { closeOverdue } from './ending.ts'
import { getSupport, proposalsFrom, type Support } from './supports.ts'
import { supports } from './tables.ts'
import { tell } from './telling.ts'
import type { Authority, Sighting, SupportKind, SupportScope } from './vocabulary.ts'

export type NewSupport = {
  kind: SupportKind
  scopes: readonly SupportScope[]
  /** ISO date, the last day of it; default: until further notice */
  validTo?: string | null | undefined
  /** guardians: from where the authority comes, how it was seen, and on which day */
  authority?: { from: Authority; seen: Sighting; seenOn: string } | undefined
}

const gone: readonly string[] = ['declined', 'withdrawn', 'left', 'erased']

/**
 * A member asks another to stand by them, or staff do so on their behalf: it waits for the supporter's answer. A guardian is
 * entered by staff, who have seen the authority, and counts at once.
 */
export async function propose(tx: Tx, member: Membership, supporter: Membership, input: NewSupport): Promise<Support> {
  const isOwn = tx.actor.membershipId === member.id
  if (!isOwn && !isStaff(tx.actor)) throw notFound('member')
  if (!isOwn && tx.actor.membershipId === supporter.id)
    throw new DomainError('forbidden', 'Somebody else of the staff has to do this: it would be you who supports them.')
  if (input.kind === 'guardian' && (isOwn || !isStaff(tx.actor)))
    throw new DomainError('forbidden', 'A guardian is entered by a broker, who has seen the authority.')
  // what one member may know of another ends at their profile
  if (!isStaff(tx.actor) && !isVisibleToMembers(supporter)) throw notFound('member')
  if (member.id === supporter.id)
    refuseFaults([{ pointer: '/supporter', detail: 'Nobody is a supporter of themselves.' }])
  if (gone.includes(member.status)) throw new DomainError('wrong-state', `This membership is ${member.status}.`)
  if (supporter.status !== 'active' && supporter.status !== 'paused')
    throw new DomainError('party-not-active', 'Who is asked to support somebody is an active member.')
  const date = today(tx, (await currentPolicy(tx)).rules)
  const validTo = lastDay(member, supporter, input, date)
  const isGuardian = input.kind === 'guardian'
  if (isOwn) await refuseAgainSoon(tx, member.id, supporter.id)
  const id = newId()
  await closeOverdue(tx, { membershipId: member.id, supporterId: supporter.id })
  const insertion = tx.db.insert(supports).values({
    timebankId: tx.timebankId,
    id,
    membershipId: member.id,
    supporterId: supporter.id,
    kind: input.kind,
    status: isGuardian ? 'active' : 'proposed',
    scopes: [...new Set(input.scopes)],
    validTo,
    expiresAt: validTo === null ? null : await dayEnd(tx, validTo),
    authority: input.authority?.from ?? null,
    authoritySeen: input.authority?.seen ?? null,
    authoritySeenOn: input.authority?.seenOn ?? null,
    proposedBy: tx.actor.membershipId,
    proposedAt: tx.now,
    activeSince: isGuardian ? tx.now : null
  })
  await onDuplicate(
    'supports_one_open',
    insertion,
    () => new DomainError('already-exists', 'There is one between these two that is proposed or active: change that.')
  )
  const { kind, scopes, authority } = input
  await audit(tx, {
    action: isGuardian ? 'support.entered' : 'support.proposed',
    subject: { type: 'support', id },
    onBehalfOf: member.id,
    changes: { supporterId: supporter.id, kind, scopes, validTo, ...(authority ? { authority } : {}) }
  })
  const of = { id, membershipId: member.id, supporterId: supporter.id }
  if (isGuardian) await tell(tx, of, { member: 'support.entered', supporter: 'support.entered' })
  else await tell(tx, of, { member: 'support.noted', supporter: 'support.proposed' })
  return getSupport(tx, id)
}

/** Who has not taken up a proposal is left in peace for as long as it would have waited for them. */
async function refuseAgainSoon(tx: Tx, membershipId: string, supporterId: string): Promise<void> {
  const { rows } = await tx.client.query({
    name: 'supporters.asked_lately',
    text: `SELECT FROM supporters.supports s
            WHERE s.timebank_id = $1 AND s.membership_id = $2 AND s.supporter_id = $3 AND s.status = 'expired'
              AND s.active_since IS NULL AND s.proposed_at > $4 LIMIT 1`,
    values: [tx.timebankId, membershipId, supporterId, proposalsFrom(tx)]
  })
  if (rows.length > 0)
    throw new DomainError(
      'conflict',
      'You have asked them lately: ask again 28 days after that, or talk with a broker.'
    )
}

/** All faults at once; a parent's authority ends on the day before the child is 18. */
function lastDay(member: Membership, supporter: Membership, input: NewSupport, date: string): string | null {
  const faults: Fault[] = []
  const { kind, authority } = input
  const validTo = input.validTo ?? null
  if (validTo !== null && validTo < date) faults.push({ pointer: '/validTo', detail: `Must not be before ${date}.` })
  if (kind === 'guardian' && !authority)
    faults.push({
      pointer: '/authority',
      detail: 'Say from where the authority of a guardian comes, and how it was seen.'
    })
  if (kind !== 'guardian' && authority)
    faults.push({ pointer: '/authority', detail: 'Only a guardian has an authority from elsewhere.' })
  if (authority && authority.seenOn > date)
    faults.push({ pointer: '/authority/seenOn', detail: `Must not be after ${date}.` })
  if (kind === 'guardian' && isMinorOn(supporter.dateOfBirth, date))
    faults.push({ pointer: '/supporter', detail: 'A guardian is 18 or older.' })
  const last = authority?.from === 'parental_responsibility' ? lastDayUnder18(member.dateOfBirth) : null
  if (last !== null && last < date)
    faults.push({ pointer: '/authority/from', detail: 'The member is 18 or older: no parent decides for them.' })
  if (authority?.from === 'parental_responsibility' && last === null && validTo === null)
    faults.push({ pointer: '/validTo', detail: 'Say until when, or note the date of birth first: it ends at 18.' })
  refuseFaults(faults)
  return last !== null && (validTo === null || validTo > last) ? last : validTo
}

/** The day before the 18th birthday; born on 29 February: 28 February, where the year has no 29th. */
function lastDayUnder18(dateOfBirth: string | null): string | null {
  if (dateOfBirth === null) return null
  const year = Number(dateOfBirth.slice(0, 4)) + 18
  const monthDay = dateOfBirth.slice(5)
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  if (monthDay === '02-29' && !isLeap) return `${year}-02-28`
  return addDays(`${year}-${monthDay}`, -1)
}

/** No later than a parent's authority lasts. */
export const notBeyond = (support: Support, dateOfBirth: string | null, validTo: string | null): string | null => {
  const last = support.authority === 'parental_responsibility' ? (lastDayUnder18(dateOfBirth) ?? support.validTo) : null
  return last !== null && (validTo === null || validTo > last) ? last : validTo
}
