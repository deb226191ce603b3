import type { Tx } from '../../db/client.ts'
import type { Told } from '../../shared/told.ts'
import { exchangesTold } from '../exchanges/index.ts'
import { organisationsActedFor } from '../members/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'

/**
 * SQL: of an arrangement `a` the other side than that of `$2`, who acts for some organisations (a parameter), of a group its
 * leader; by the name under which sides know each other.
 */
const other = (acting: string): string =>
  `CASE WHEN a.provider_id = $2 OR a.provider_organisation_id = ANY (${acting}::uuid[])
        THEN coalesce(ro.name, r.display_name) ELSE coalesce(po.name, p.display_name) END`
const names = `
  LEFT JOIN members.memberships p ON p.timebank_id = a.timebank_id AND p.id = a.provider_id
  LEFT JOIN members.memberships r ON r.timebank_id = a.timebank_id AND r.id = a.receiver_id
  LEFT JOIN members.organisations po ON po.timebank_id = a.timebank_id AND po.id = a.provider_organisation_id
  LEFT JOIN members.organisations ro ON ro.timebank_id = a.timebank_id AND ro.id = a.receiver_organisation_id`

const actedFor = async (tx: Tx, membershipId: string): Promise<string[]> =>
  organisationsActedFor(tx, membershipId, today(tx, (await currentPolicy(tx)).rules))

/** What an arrangement is in a few words to one of those who take part: its title, and who is on the other side. */
export async function arrangementsTold(
  tx: Tx,
  membershipId: string,
  ids: readonly string[]
): Promise<Map<string, Told>> {
  const { rows } = await tx.client.query<Omit<Told, 'when'> & { id: string }>({
    name: 'schedule.arrangements_told',
    text: `SELECT a.id, a.title AS what, ${other('$4')} AS who
             FROM schedule.arrangements a ${names}
            WHERE a.timebank_id = $1 AND a.id = ANY ($3::uuid[])`,
    values: [tx.timebankId, membershipId, ids, await actedFor(tx, membershipId)]
  })
  return new Map(rows.map(({ id, ...told }) => [id, { ...told, when: null }]))
}

/** The same of a session, with when it is. Nobody needs to hear by mail of one that is over or called off. */
export async function sessionsTold(tx: Tx, membershipId: string, ids: readonly string[]): Promise<Map<string, Told>> {
  const { rows } = await tx.client.query<Told & { id: string }>({
    name: 'schedule.sessions_told',
    text: `SELECT s.id, a.title AS what, s.starts_at AS when, ${other('$5')} AS who,
                  s.status <> 'planned' OR s.starts_at < $4 AS over
             FROM schedule.sessions s
             JOIN schedule.arrangements a ON a.timebank_id = s.timebank_id AND a.id = s.arrangement_id ${names}
            WHERE s.timebank_id = $1 AND s.id = ANY ($3::uuid[])`,
    values: [tx.timebankId, membershipId, ids, tx.now.toISOString(), await actedFor(tx, membershipId)]
  })
  return new Map(rows.map(({ id, ...told }) => [id, told]))
}

/** What an exchange is, with when it is to take place. */
export async function appointmentsTold(
  tx: Tx,
  membershipId: string,
  ids: readonly string[]
): Promise<Map<string, Told>> {
  const { rows } = await tx.client.query<{ id: string; when: Date; over: boolean }>({
    name: 'schedule.appointments_told',
    text: `SELECT a.exchange_id AS id, a.starts_at AS when, a.removed OR a.starts_at < $3 AS over
             FROM schedule.appointments a
            WHERE a.timebank_id = $1 AND a.exchange_id = ANY ($2::uuid[])`,
    values: [tx.timebankId, ids, tx.now.toISOString()]
  })
  const appointments = new Map(rows.map(({ id, ...rest }) => [id, rest]))
  const exchanges = await exchangesTold(tx, membershipId, ids)
  return new Map([...exchanges].map(([id, told]) => [id, { ...told, ...appointments.get(id) }]))
}
