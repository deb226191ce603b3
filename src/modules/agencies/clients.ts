import { and, asc, eq, gt } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { type AgencyScope, agencyScopes } from '../../shared/agency-scopes.ts'
import { DomainError, notFound, refuseFaults } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { findAffiliation, organisationParty, professionalsOf } from '../members/index.ts'
import { policyInForce, today } from '../timebanks/index.ts'
import { addSecret, goodSecrets } from './secrets.ts'
import { clients } from './tables.ts'

export type AgencyClient = typeof clients.$inferSelect

export type NewClient = {
  name: string
  scopes: readonly AgencyScope[]
  /** affiliation */
  professionalId?: string | null | undefined
  requestsPerMinute?: number | null | undefined
}

/** Higher floors that tell an agency of a change of its client, in the same transaction. */
export type OnClientChange = (tx: Tx, change: { organisationId: string; clientId: string }) => Promise<void>

/** Makes an API client of an organisation, which is an agency from then on. The secret is told this once. */
export async function addClient(
  tx: Tx,
  organisationId: string,
  { name, scopes, professionalId = null, requestsPerMinute = null }: NewClient
): Promise<{ client: AgencyClient; secret: string }> {
  const organisation = await organisationParty(tx, organisationId)
  if (organisation.status !== 'active') throw new DomainError('wrong-state', 'This organisation is closed.')
  if (professionalId !== null) await checkProfessional(tx, organisation.organisationId, professionalId)
  const [client] = await tx.db
    .insert(clients)
    .values({
      timebankId: tx.timebankId,
      id: newId(),
      organisationId: organisation.organisationId,
      name,
      scopes: inOrder(scopes),
      professionalId,
      requestsPerMinute,
      createdBy: tx.actor.membershipId,
      createdAt: tx.now
    })
    .returning()
  const { secret } = await addSecret(tx, client!.id)
  await audit(tx, {
    action: 'agency_client.added',
    subject: { type: 'agency_client', id: client!.id },
    changes: { organisationId, scopes, professionalId, requestsPerMinute }
  })
  return { client: client!, secret }
}

/** Who stands for the requests of a client is one of the agency's own professionals. */
async function checkProfessional(tx: Tx, organisationId: string, affiliationId: string): Promise<void> {
  const affiliation = await findAffiliation(tx, affiliationId)
  const fits = affiliation?.organisationId === organisationId && affiliation.professional
  if (!fits || affiliation.status !== 'accepted')
    refuseFaults([
      { pointer: '/professionalId', detail: 'professionalId: no professional affiliation to this agency.' }
    ])
}

/** In the order in which they were made. Gives one more than `limit` where there are more. */
export const listClients = (
  tx: Tx,
  organisationId: string,
  { after, limit }: { after: string | null; limit: number }
): Promise<AgencyClient[]> =>
  tx.db
    .select()
    .from(clients)
    .where(
      and(
        eq(clients.timebankId, tx.timebankId),
        eq(clients.organisationId, organisationId),
        after === null ? undefined : gt(clients.id, after)
      )
    )
    .orderBy(asc(clients.id))
    .limit(limit + 1)

const one = (tx: Tx, id: string) => and(eq(clients.timebankId, tx.timebankId), eq(clients.id, id))

/** A client of that organisation; of any other it is as if it were not there. */
export async function getClient(tx: Tx, organisationId: string, id: string): Promise<AgencyClient> {
  const [client] = await tx.db.select().from(clients).where(one(tx, id))
  if (client?.organisationId !== organisationId) throw notFound('API client')
  return client
}

/** The same, for a change: who else wants to change it, or its secrets, waits. One that is revoked stays as it is. */
export async function lockClient(tx: Tx, organisationId: string, id: string): Promise<AgencyClient> {
  const [client] = await tx.db.select().from(clients).where(one(tx, id)).for('no key update')
  if (client?.organisationId !== organisationId) throw notFound('API client')
  if (client.revokedAt !== null) throw new DomainError('wrong-state', 'This API client is revoked.')
  return client
}

/** The client that calls, as its agency sees it, with its secrets that are good and those who may be named. */
export async function ownClient(tx: Tx) {
  const { clientId, organisationId, affiliationId } = tx.actor.agency!
  const client = await getClient(tx, organisationId, clientId)
  const organisation = await organisationParty(tx, organisationId)
  const { rules } = await policyInForce(tx)
  const professionals = await professionalsOf(tx, organisationId, today(tx, rules))
  return { client, organisation, affiliationId, professionals, secrets: await goodSecrets(tx, clientId) }
}

export type ClientChange = { [K in keyof NewClient]?: NewClient[K] | undefined }

/**
 * Changes what a client may do. Scopes and the professional hold from its next request on, the quota from its next token.
 * `expected`: the row version that the change was made from.
 */
export async function changeClient(
  tx: Tx,
  organisationId: string,
  id: string,
  change: ClientChange,
  expected: number
): Promise<AgencyClient> {
  const before = await lockClient(tx, organisationId, id)
  if (before.rowVersion !== expected) throw new DomainError('precondition-failed')
  const wanted = { ...change, ...(change.scopes && { scopes: inOrder(change.scopes) }) }
  const fields = (Object.keys(wanted) as (keyof NewClient)[]).filter(
    (field) => wanted[field] !== undefined && String(wanted[field]) !== String(before[field])
  )
  if (fields.length === 0) return before
  if (fields.includes('professionalId') && wanted.professionalId)
    await checkProfessional(tx, organisationId, wanted.professionalId)
  const [after] = await tx.db
    .update(clients)
    .set({ ...Object.fromEntries(fields.map((field) => [field, wanted[field]])), rowVersion: before.rowVersion + 1 })
    .where(one(tx, id))
    .returning()
  await audit(tx, {
    action: 'agency_client.changed',
    subject: { type: 'agency_client', id },
    changes: Object.fromEntries(fields.map((field) => [field, [before[field], after![field]]]))
  })
  return after!
}

/** Each once, in the order of the list, so that the same scopes are written alike. */
const inOrder = (scopes: readonly AgencyScope[]): AgencyScope[] => agencyScopes.filter((each) => scopes.includes(each))

/** Ends a client for good: its tokens are refused from the next request on. */
export async function revokeClient(tx: Tx, organisationId: string, id: string): Promise<void> {
  const client = await lockClient(tx, organisationId, id)
  await tx.db
    .update(clients)
    .set({ revokedAt: tx.now, rowVersion: client.rowVersion + 1 })
    .where(one(tx, id))
  await audit(tx, { action: 'agency_client.revoked', subject: { type: 'agency_client', id } })
}
