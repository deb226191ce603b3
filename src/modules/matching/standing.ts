import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { membersActingFor, organisationsActedFor, partiesOf } from '../members/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import type { Match } from './writing.ts'

/** Staff, and the service itself in jobs. */
export const speaksForEveryone = ({ actor }: Tx): boolean =>
  isStaff(actor) || (actor.operator && actor.personId === null)

export const sideNames = ['provider', 'receiver'] as const
export type SideName = (typeof sideNames)[number]

export const otherSide = (side: SideName): SideName => (side === 'provider' ? 'receiver' : 'provider')

type Sides = Pick<Match, 'providerId' | 'providerOrganisationId' | 'receiverId' | 'receiverOrganisationId'>

/** One side of a match: a member for themselves, or an organisation. */
export const sideOf = (match: Sides, name: SideName) =>
  name === 'provider'
    ? { memberId: match.providerId, organisationId: match.providerOrganisationId }
    : { memberId: match.receiverId, organisationId: match.receiverOrganisationId }

export const todayOf = async (tx: Tx): Promise<string> => today(tx, (await currentPolicy(tx)).rules)

export type Standing = {
  /** the side that the actor speaks for; nobody stands on both */
  own: SideName | null
  /** acts for either side, but not where it is their own matter */
  staff: boolean
}

/** Organisations for which the actor acts today. */
export async function actingFor(tx: Tx): Promise<string[]> {
  const { membershipId } = tx.actor
  return membershipId === null ? [] : organisationsActedFor(tx, membershipId, await todayOf(tx))
}

/** How the actor stands to a match: for an organisation speak those who act for it today. */
export async function standingOf(tx: Tx, match: Sides): Promise<Standing> {
  const acting = match.providerOrganisationId || match.receiverOrganisationId ? await actingFor(tx) : []
  return standingAmong(tx, match, acting)
}

export function standingAmong(tx: Tx, match: Sides, acting: readonly string[]): Standing {
  const speaks = (name: SideName): boolean => {
    const { memberId, organisationId } = sideOf(match, name)
    return organisationId === null ? memberId === tx.actor.membershipId : acting.includes(organisationId)
  }
  const own = sideNames.find(speaks) ?? null
  return { own, staff: own === null && speaksForEveryone(tx) }
}

/** Who has left is told nothing more. */
const here: readonly string[] = ['active', 'paused', 'suspended']

/** Who is told of something on one side: the member, or all who act for the organisation today; not who did it. */
export async function toldOn(tx: Tx, match: Sides, side: SideName): Promise<string[]> {
  const { memberId, organisationId } = sideOf(match, side)
  const ids = organisationId === null ? [memberId] : await membersActingFor(tx, [organisationId], await todayOf(tx))
  const parties = await partiesOf(tx, ids, [])
  return ids.filter((id) => id !== tx.actor.membershipId && here.includes(parties.member(id).status))
}
