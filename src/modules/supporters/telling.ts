import type { Tx } from '../../db/client.ts'
import type { NoticeKind } from '../../shared/notice-kinds.ts'
import type { Told } from '../../shared/told.ts'
import { partiesOf } from '../members/index.ts'
import { addNotices } from '../notices/index.ts'
import type { Support } from './supports.ts'

type SupportNotice = Extract<NoticeKind, `support.${string}`>

/** Who has left is told nothing more. */
const gone: readonly string[] = ['declined', 'withdrawn', 'left', 'erased']

/** Tells the two of a support, or one of them, but never who has just done it. */
export async function tell(
  tx: Tx,
  support: Pick<Support, 'id' | 'membershipId' | 'supporterId'>,
  kinds: { member?: SupportNotice; supporter?: SupportNotice }
): Promise<void> {
  const told = [
    { membershipId: support.membershipId, kind: kinds.member },
    { membershipId: support.supporterId, kind: kinds.supporter }
  ].flatMap(({ membershipId, kind }) =>
    kind === undefined || membershipId === tx.actor.membershipId ? [] : [{ membershipId, kind, subjectId: support.id }]
  )
  if (told.length === 0) return
  const parties = await partiesOf(
    tx,
    told.map(({ membershipId }) => membershipId),
    []
  )
  await addNotices(
    tx,
    told.filter(({ membershipId }) => !gone.includes(parties.member(membershipId).status))
  )
}

/** Who the other one of the two is. */
export async function supportsTold(tx: Tx, membershipId: string, ids: readonly string[]): Promise<Map<string, Told>> {
  const { rows } = await tx.client.query<{ id: string; who: string }>({
    name: 'supporters.told',
    text: `SELECT s.id, m.display_name AS who
             FROM supporters.supports s
             JOIN members.memberships m ON m.timebank_id = s.timebank_id
              AND m.id = CASE WHEN s.membership_id = $2 THEN s.supporter_id ELSE s.membership_id END
            WHERE s.timebank_id = $1 AND s.id = ANY ($3::uuid[])`,
    values: [tx.timebankId, membershipId, ids]
  })
  return new Map(rows.map(({ id, who }) => [id, { who, what: null, when: null }]))
}
