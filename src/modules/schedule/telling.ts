import type { Tx } from '../../db/client.ts'
import type { NoticeKind } from '../../shared/notice-kinds.ts'
import { type AuditEntry, eventsJson, insertEvents } from '../audit/index.ts'
import { type Sides, sideNames, sideOf } from '../exchanges/index.ts'
import { membersActingFor, partiesOf } from '../members/index.ts'
import { insertNotices, noticesJson } from '../notices/index.ts'

/** Notes a step in the audit and tells it to others, in one statement. */
export async function note(tx: Tx, entry: AuditEntry, kind: NoticeKind | null, told: readonly string[]): Promise<void> {
  const notices =
    kind === null
      ? []
      : [...new Set(told)]
          .filter((membershipId) => membershipId !== tx.actor.membershipId)
          .map((membershipId) => ({ membershipId, kind, subjectId: entry.subject.id }))
  await tx.client.query({
    name: 'schedule.note',
    text: `WITH noted AS (${insertEvents('$1')}) ${insertNotices('$2')}`,
    values: [eventsJson(tx, [entry]), noticesJson(tx, notices)]
  })
}

/** Who has left is told nothing more, and expected nowhere. */
const here: readonly string[] = ['active', 'paused', 'suspended']

/** The members on both sides who are still here. */
export async function membersOnSides(tx: Tx, sides: Sides): Promise<string[]> {
  const ids = sideNames.map((name) => sideOf(sides, name).memberId).filter((id) => id !== null)
  const parties = await partiesOf(tx, ids, [])
  return ids.filter((id) => here.includes(parties.member(id).status))
}

/** Who should know of a step: the members on both sides, and those who act today for an organisation that is a side. */
export async function concernedBy(tx: Tx, sides: Sides, today: string): Promise<string[]> {
  const organisations = sideNames
    .map((name) => sideOf(sides, name))
    .flatMap(({ capacity, organisationId }) => (capacity === 'organisation' && organisationId ? [organisationId] : []))
  const acting = organisations.length > 0 ? await membersActingFor(tx, organisations, today) : []
  return [...(await membersOnSides(tx, sides)), ...acting]
}
