import type { Tx } from '../../db/client.ts'
import type { Told } from '../../shared/told.ts'
import { exchangesTold } from '../exchanges/index.ts'
import { listingsTold } from '../listings/index.ts'
import { matchesTold } from '../matching/index.ts'
import type { Notice } from '../notices/index.ts'

type Describe = (tx: Tx, membershipId: string, ids: readonly string[]) => Promise<Map<string, Told>>

/** Who tells of what, by the subject of a notice's kind. What is not here is told without its circumstances. */
const describers: Record<string, Describe> = {
  exchange: exchangesTold,
  match: matchesTold,
  offer: (tx, _, ids) => listingsTold(tx, 'offer', ids),
  request: (tx, _, ids) => listingsTold(tx, 'request', ids)
}

const nothing: Told = { who: null, what: null, when: null }

/** What there is to say of the subject of each notice to the member whose notices they are, in their order. */
export async function describeNotices(tx: Tx, membershipId: string, notices: readonly Notice[]): Promise<Told[]> {
  const known = new Map<string, Map<string, Told>>()
  for (const subject of new Set(notices.map(subjectOf))) {
    const ids = [...new Set(notices.flatMap((notice) => (subjectOf(notice) === subject ? [notice.subjectId] : [])))]
    const describe = Object.hasOwn(describers, subject) ? describers[subject] : undefined
    if (describe) known.set(subject, await describe(tx, membershipId, ids))
  }
  return notices.map((notice) => known.get(subjectOf(notice))?.get(notice.subjectId) ?? nothing)
}

const subjectOf = ({ kind }: Notice): string => kind.split('.')[0] ?? ''
