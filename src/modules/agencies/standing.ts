import type { Tx } from '../../db/client.ts'

/** Whether an organisation is an agency at present: open, with a client that is not revoked. */
export async function isAgency(tx: Tx, organisationId: string): Promise<boolean> {
  const { rows } = await tx.client.query({
    name: 'agencies.is_agency',
    text: `SELECT FROM members.organisations o
            WHERE o.timebank_id = $1 AND o.id = $2 AND o.status = 'active'
              AND EXISTS (SELECT FROM agencies.clients c
                           WHERE c.timebank_id = $1 AND c.organisation_id = $2 AND c.revoked_at IS NULL)`,
    values: [tx.timebankId, organisationId]
  })
  return rows.length > 0
}
