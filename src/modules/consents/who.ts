import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { DomainError, notFound, refuseFaults } from '../../shared/errors.ts'
import { supportBetween } from '../supporters/index.ts'
import type { ConsentVoice, ConsentWay } from './vocabulary.ts'

/** Whose word it was and how it came. */
export type Said = { voice: ConsentVoice; by: string; how: ConsentWay }

/** Staff, or the service by itself. */
const isTold = (tx: Tx): boolean => isStaff(tx.actor) || (tx.actor.personId === null && tx.actor.operator)

const voiceOfSupport = (kind: string): ConsentVoice => (kind === 'guardian' ? 'guardian' : 'supporter')

/**
 * Whose word about a member's consents it is: that of the caller, where they are the member or support them in the scope
 * `consents`, or, written down by staff, that of the member or of somebody who does (`by`, a membership). What people say
 * for themselves here is said online; staff say how they were told.
 */
export async function whoSays(
  tx: Tx,
  membershipId: string,
  { by, how }: { by?: string | undefined; how?: ConsentWay | undefined }
): Promise<Said> {
  const { membershipId: actor } = tx.actor
  if (tx.actor.agency !== undefined)
    throw new DomainError('forbidden', 'A consent is given by the person, not by an agency.')
  const isOwnWord = actor !== null && (by ?? (isTold(tx) ? membershipId : actor)) === actor
  if (!isOwnWord && !isTold(tx)) {
    if (actor === membershipId || (actor !== null && (await supportBetween(tx, membershipId, actor, 'consents'))))
      refuseFaults([{ pointer: '/givenBy', detail: 'Nobody else can say it through your sign-in.' }])
    throw notFound('member')
  }
  const who = isOwnWord ? actor : (by ?? membershipId)
  const voice = await voiceOf(tx, membershipId, who)
  if (voice === null) {
    if (!isTold(tx)) throw notFound('member')
    refuseFaults([
      { pointer: '/givenBy', detail: 'This member supports nobody here in the scope consents, or not any more.' }
    ])
  }
  return { voice: voice!, by: who, how: wayOf(isOwnWord, how) }
}

async function voiceOf(tx: Tx, membershipId: string, who: string): Promise<ConsentVoice | null> {
  if (who === membershipId) return 'self'
  const support = await supportBetween(tx, membershipId, who, 'consents')
  return support === null ? null : voiceOfSupport(support.kind)
}

/** What somebody says for themselves is said online; what staff were told was not. */
export function wayOf(isOwnWord: boolean, how: ConsentWay | undefined): ConsentWay {
  if (isOwnWord && how !== undefined && how !== 'online')
    refuseFaults([{ pointer: '/how', detail: 'What you say here yourself is said online.' }])
  if (!isOwnWord && (how === undefined || how === 'online'))
    refuseFaults([{ pointer: '/how', detail: 'Say how you were told: in_person, phone or writing.' }])
  return isOwnWord ? 'online' : how!
}
