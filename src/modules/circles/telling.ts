import type { Tx } from '../../db/client.ts'
import type { NoticeKind } from '../../shared/notice-kinds.ts'
import { partiesOf } from '../members/index.ts'
import { insertNotices, noticesJson } from '../notices/index.ts'
import type { Circle } from './circles.ts'

/** Who has left is told nothing more. */
const here: readonly string[] = ['active', 'paused', 'suspended']

/** Tells all members of a circle but those named. */
export async function tell(
  tx: Tx,
  kind: Extract<NoticeKind, `circle.${string}`>,
  circle: Circle,
  ...but: (string | null)[]
): Promise<void> {
  const ids = circle.links.map(({ providerId }) => providerId).filter((id) => !but.includes(id))
  const parties = await partiesOf(tx, ids, [])
  const told = ids.filter((id) => here.includes(parties.member(id).status))
  await tx.client.query({
    name: 'circles.tell',
    text: insertNotices('$1'),
    values: [
      noticesJson(
        tx,
        told.map((membershipId) => ({ membershipId, kind, subjectId: circle.id }))
      )
    ]
  })
}
