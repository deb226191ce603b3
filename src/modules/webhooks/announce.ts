import type { Tx } from '../../db/client.ts'
import { rowsWriter } from '../../db/rows.ts'
import { newId } from '../../shared/ids.ts'
import type { WebhookEventType } from '../../shared/webhook-events.ts'
import { events } from './tables.ts'

export type Announcement = {
  /** Whom it is for; nobody else is told. */
  organisationId: string
  type: WebhookEventType
  subject: { type: string; id: string }
}

/** Sends what is due at an endpoint; its payload is `{ timebank, endpoint }`. */
export const sendTask = 'webhooks.send'

const written = rowsWriter<typeof events.$inferSelect>(events)

/**
 * Tells organisations of events, in the transaction that causes them: rows of what is to be sent and the jobs that send it are
 * there if and only if it commits. One statement for any number of events; it writes nothing where an organisation has no endpoint.
 * A job shares its key with no other: keys would make every two transactions that tell the same organisation wait for
 * each other. A job that finds nothing to do has cost little.
 */
export async function announce(tx: Tx, announcements: readonly Announcement[]): Promise<void> {
  if (announcements.length === 0) return
  const rows = announcements.map(({ organisationId, type, subject }) => ({
    timebankId: tx.timebankId,
    id: newId(),
    organisationId,
    type,
    subjectType: subject.type,
    subjectId: subject.id,
    at: tx.now
  }))
  await tx.client.query({
    name: 'webhooks.announce',
    text: `WITH announced AS (
             INSERT INTO webhooks.events
             SELECT e.* FROM json_populate_recordset(NULL::webhooks.events, $2) e
              WHERE EXISTS (SELECT FROM webhooks.endpoints p WHERE p.timebank_id = $1 AND p.organisation_id = e.organisation_id)
             RETURNING id, organisation_id, type
           ), takers AS (
             -- one that is being removed is waited for: its deliveries would have nothing to belong to
             SELECT p.id, p.organisation_id, p.types FROM webhooks.endpoints p
              WHERE p.timebank_id = $1 AND p.organisation_id IN (SELECT organisation_id FROM announced) AND p.state <> 'disabled'
                FOR KEY SHARE OF p
           ), given AS (
             INSERT INTO webhooks.deliveries (timebank_id, endpoint_id, event_id, state, started_at, next_at)
             SELECT $1, p.id, e.id, 'waiting', $3, $3
               FROM announced e
               JOIN takers p ON p.organisation_id = e.organisation_id
              WHERE p.types IS NULL OR e.type = ANY (p.types)
             RETURNING endpoint_id
           )
           SELECT platform.add_job('${sendTask}', json_build_object('timebank', $1::uuid, 'endpoint', endpoint_id))
             FROM (SELECT DISTINCT endpoint_id FROM given) g`,
    values: [tx.timebankId, written(rows), tx.now]
  })
}
