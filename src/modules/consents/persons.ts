import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { notFound } from '../../shared/errors.ts'
import { type Membership, resolveMember } from '../members/index.ts'
import { mayActFor, type SupportScope } from '../supporters/index.ts'
import { type Consent, listConsents, readConsent } from './given.ts'

/** The member meant, for themselves, staff, and who supports them in one of the scopes; for others there is nobody. */
export async function personFor(tx: Tx, ref: string, ...scopes: SupportScope[]): Promise<Membership> {
  const found = await resolveMember(tx, ref)
  const { membershipId, agency } = tx.actor
  if (agency === undefined && (found.id === membershipId || isStaff(tx.actor))) return found
  for (const scope of scopes) if (await mayActFor(tx, found.id, scope)) return found
  throw notFound('member')
}

/** Whose consents a caller may read: of a person for whom they may, or, for an agency, those given to it. */
export async function readingOf(
  tx: Tx,
  ref: string,
  wanted: string | undefined
): Promise<{ membershipId: string; organisationId: string | undefined }> {
  const { agency } = tx.actor
  if (agency === undefined)
    return { membershipId: (await personFor(tx, ref, 'view', 'consents')).id, organisationId: wanted }
  const { id } = await resolveMember(tx, ref)
  const { organisationId } = agency
  const some = await listConsents(tx, { membershipId: id, organisationId, before: null }, 1)
  if (some.length === 0 || (wanted !== undefined && wanted !== organisationId)) throw notFound('member')
  return { membershipId: id, organisationId }
}

/** A consent of that member that the caller may read. */
export async function consentOf(tx: Tx, ref: string, id: string): Promise<Consent> {
  const { membershipId, organisationId } = await readingOf(tx, ref, undefined)
  const consent = await readConsent(tx, id)
  if (consent.membershipId !== membershipId) throw notFound('consent')
  if (organisationId !== undefined && consent.organisationId !== organisationId) throw notFound('consent')
  return consent
}
