import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { selected } from '../../db/rows.ts'
import { isStaff } from '../../shared/actor.ts'
import { dayMs } from '../../shared/clock.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { supports } from './tables.ts'
import type { Authority, Sighting, SupportKind, SupportScope, SupportStatus } from './vocabulary.ts'

type Row = typeof supports.$inferSelect

/** One of the two, as the other sees them. */
type Party = { id: string; number: number; name: string }

export type Support = Omit<Row, 'kind' | 'status' | 'scopes' | 'authority' | 'authoritySeen'> & {
  kind: SupportKind
  status: SupportStatus
  scopes: SupportScope[]
  authority: Authority | null
  authoritySeen: Sighting | null
  member: Party
  supporter: Party
}

/** For so long a proposal waits for the supporter's answer. */
const proposalDays = 28

/** Proposals from before then wait no more. */
export const proposalsFrom = (tx: Tx): Date => new Date(tx.now.getTime() - proposalDays * dayMs)

const columns = `${selected(supports, 's')},
  json_build_object('id', m.id, 'number', m.number, 'name', m.display_name) AS member,
  json_build_object('id', p.id, 'number', p.number, 'name', p.display_name) AS supporter`
const source = `supporters.supports s
  JOIN members.memberships m ON m.timebank_id = s.timebank_id AND m.id = s.membership_id
  JOIN members.memberships p ON p.timebank_id = s.timebank_id AND p.id = s.supporter_id`

/** As it stands at this moment: what has run out is expired, whether or not that was written down. */
function asOfNow(tx: Tx, row: Support): Support {
  const ends = [
    row.expiresAt,
    row.status === 'proposed' ? new Date(row.proposedAt.getTime() + proposalDays * dayMs) : null
  ]
  const end = ends.filter((at) => at !== null).sort((a, b) => a.getTime() - b.getTime())[0]
  const isOpen = row.status === 'proposed' || row.status === 'active'
  return isOpen && end !== undefined && end <= tx.now ? { ...row, status: 'expired', closedAt: end } : row
}

export const isParty = ({ membershipId, supporterId }: Support, id: string | null): boolean =>
  id !== null && (id === membershipId || id === supporterId)

/** For the two of it and for staff; to everybody else it is not there. */
export async function getSupport(tx: Tx, id: string, options: { lock?: boolean } = {}): Promise<Support> {
  if (options.lock)
    await tx.db
      .select({ id: supports.id })
      .from(supports)
      .where(and(eq(supports.timebankId, tx.timebankId), eq(supports.id, id)))
      .for('no key update')
  const { rows } = await tx.client.query<Support>({
    name: 'supporters.one',
    text: `SELECT ${columns} FROM ${source} WHERE s.timebank_id = $1 AND s.id = $2`,
    values: [tx.timebankId, id]
  })
  const [row] = rows
  if (!row || !(isParty(row, tx.actor.membershipId) || isStaff(tx.actor))) throw notFound('support')
  return asOfNow(tx, row)
}

export type SupportFilter = {
  /** those who support this member, or those whom this member supports */
  of: { membershipId: string } | { supporterId: string }
  status?: SupportStatus | undefined
  /** Id of the last one seen. */
  before: string | null
}

/** Newest first; one more than `limit` where there are more. */
export async function listSupports(tx: Tx, { of, status, before }: SupportFilter, limit: number): Promise<Support[]> {
  const [column, id] = 'membershipId' in of ? ['membership_id', of.membershipId] : ['supporter_id', of.supporterId]
  const { rows } = await tx.client.query<Support>({
    name: `supporters.list_${column}`,
    text: `SELECT ${columns} FROM ${source}
            WHERE s.timebank_id = $1 AND s.${column} = $2 AND ($3::uuid IS NULL OR s.id < $3)
              AND ($4::text IS NULL
                   OR CASE WHEN s.status IN ('proposed', 'active')
                            AND (s.expires_at <= $5 OR s.status = 'proposed' AND s.proposed_at <= $6)
                           THEN 'expired' ELSE s.status END = $4)
            ORDER BY s.id DESC LIMIT $7`,
    values: [tx.timebankId, id, before, status ?? null, tx.now, proposalsFrom(tx), limit + 1]
  })
  return rows.map((row) => asOfNow(tx, row))
}

/** Changes a support that is locked. */
export async function changeSupport(tx: Tx, support: Support, change: Partial<Row>): Promise<Support> {
  await tx.db
    .update(supports)
    .set({ ...change, rowVersion: support.rowVersion + 1 })
    .where(and(eq(supports.timebankId, tx.timebankId), eq(supports.id, support.id)))
  return { ...support, ...change, rowVersion: support.rowVersion + 1 } as Support
}

export const wrongState = ({ status }: Support, what: string): DomainError =>
  new DomainError('wrong-state', `This support is ${status} and cannot be ${what}.`)
