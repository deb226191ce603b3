import type { Tx } from '../../db/client.ts'
import type { Told } from '../../shared/told.ts'
import { circlesTold } from '../circles/index.ts'
import { conversationsTold, messagesTold } from '../conversations/index.ts'
import { exchangesTold } from '../exchanges/index.ts'
import { listingsTold } from '../listings/index.ts'
import { matchesTold } from '../matching/index.ts'
import type { Notice } from '../notices/index.ts'
import { appointmentsTold, arrangementsTold, sessionsTold } from '../schedule/index.ts'
import { supportsTold } from '../supporters/index.ts'
import { thanksTold } from '../thanks/index.ts'

type Describe = (tx: Tx, membershipId: string, ids: readonly string[]) => Promise<Map<string, Told>>

/** Who tells of what, by a notice's kind or by its subject. What is not here is told without its circumstances. */
const describers: Record<string, Describe> = {
  exchange: exchangesTold,
  'conversation.message': messagesTold,
  conversation: conversationsTold,
  offer: (tx, _, ids) => listingsTold(tx, 'offer', ids),
  request: (tx, _, ids) => listingsTold(tx, 'request', ids),
  'match.suggested': matchesTold,
  'match.proposed': matchesTold,
  // what has ended is told as such
  match: async (tx, membershipId, ids) => standing(await matchesTold(tx, membershipId, ids)),
  arrangement: arrangementsTold,
  'session.reminder': sessionsTold,
  'appointment.reminder': appointmentsTold,
  session: async (tx, membershipId, ids) => standing(await sessionsTold(tx, membershipId, ids)),
  appointment: async (tx, membershipId, ids) => standing(await appointmentsTold(tx, membershipId, ids)),
  thanks: thanksTold,
  'circle.proposed': circlesTold,
  support: supportsTold
}

const standing = (told: Map<string, Told>): Map<string, Told> =>
  new Map([...told].map(([id, { over: _over, ...rest }]) => [id, rest]))

const nothing: Told = { who: null, what: null, when: null }

/** What there is to say of the subject of each notice to the member whose notices they are, in their order. */
export async function describeNotices(tx: Tx, membershipId: string, notices: readonly Notice[]): Promise<Told[]> {
  const known = new Map<string, Map<string, Told>>()
  for (const name of new Set(notices.map(describerOf))) {
    const ids = new Set(notices.flatMap((notice) => (describerOf(notice) === name ? [notice.subjectId] : [])))
    const describe = describers[name]
    if (describe) known.set(name, await describe(tx, membershipId, [...ids]))
  }
  return notices.map((notice) => known.get(describerOf(notice))?.get(notice.subjectId) ?? nothing)
}

const describerOf = ({ kind }: Notice): string =>
  [kind, kind.split('.')[0]!].find((name) => Object.hasOwn(describers, name)) ?? ''
