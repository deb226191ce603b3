import { and, asc, eq, gt } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import type { AgencyScope } from '../../shared/agency-scopes.ts'
import { DomainError, notFound, refuseFaults } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { hashSecret, newSecret } from '../identity/index.ts'
import { findAffiliation, organisationParty, professionalsOf } from '../members/index.ts'
import { policyInForce, today } from '../timebanks/index.ts'
import { clients, secrets } from './tables.ts'

export type AgencyClient = typeof clients.$inferSelect

export type NewClient = {
  name: string
  scopes: readonly AgencyScope[]
  /** affiliation */
  professionalId?: string | null | undefined
  requestsPerMinute?: number | null | undefined
}

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
      scopes: [...new Set(scopes)],
      professionalId,
      requestsPerMinute,
      createdBy: tx.actor.membershipId,
      createdAt: tx.now
    })
    .returning()
  const secret = await addSecret(tx, client!.id)
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

async function addSecret(tx: Tx, clientId: string): Promise<string> {
  const secret = newSecret()
  await tx.db
    .insert(secrets)
    .values({ timebankId: tx.timebankId, id: newId(), clientId, secretHash: hashSecret(secret), createdAt: tx.now })
  return secret
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

/** The client that calls, as its agency sees it, with those who may be named. */
export async function ownClient(tx: Tx) {
  const { clientId, organisationId, affiliationId } = tx.actor.agency!
  const [client] = await tx.db
    .select()
    .from(clients)
    .where(and(eq(clients.timebankId, tx.timebankId), eq(clients.id, clientId)))
  const organisation = await organisationParty(tx, organisationId)
  const { rules } = await policyInForce(tx)
  const professionals = await professionalsOf(tx, organisationId, today(tx, rules))
  return { client: client!, organisation, affiliationId, professionals }
}

/** Ends a client for good: its tokens are refused from the next request on. */
export async function revokeClient(tx: Tx, organisationId: string, id: string): Promise<void> {
  const [client] = await tx.db
    .select()
    .from(clients)
    .where(and(eq(clients.timebankId, tx.timebankId), eq(clients.organisationId, organisationId), eq(clients.id, id)))
    .for('update')
  if (!client) throw notFound('API client')
  if (client.revokedAt !== null) throw new DomainError('wrong-state', 'This API client is revoked.')
  await tx.db
    .update(clients)
    .set({ revokedAt: tx.now, rowVersion: client.rowVersion + 1 })
    .where(and(eq(clients.timebankId, tx.timebankId), eq(clients.id, id)))
  await audit(tx, { action: 'agency_client.revoked', subject: { type: 'agency_client', id } })
}
