import type { Tx } from '../../db/client.ts'
import { notFound } from '../../shared/errors.ts'
import { isUuid } from '../../shared/ids.ts'
import { type Consent, disclose, listConsents, listWordings, readConsent, standingScopes } from '../consents/index.ts'
import { memberLabels, membersByNumber } from '../members/index.ts'
import { agencyOf } from './requests.ts'
import type { ConsentTold } from './to-fhir.ts'

/** One that was given to the agency. */
export async function readConsentTold(tx: Tx, id: string): Promise<ConsentTold> {
  const { organisationId } = agencyOf(tx)
  const consent = isUuid(id) ? await readConsent(tx, id) : null
  if (consent?.organisationId !== organisationId) throw notFound('consent')
  const [told] = await toldOf(tx, [consent])
  return told!
}

/** A page of those that were given to the agency, newest first, and the id after which the next goes on. */
export async function searchConsents(
  tx: Tx,
  { number, status }: { number: number | undefined; status: 'given' | undefined },
  before: string | null,
  count: number
): Promise<{ found: ConsentTold[]; next: string | null }> {
  const { organisationId } = agencyOf(tx)
  const member = number === undefined ? undefined : (await membersByNumber(tx, [number])).get(number)
  if (number !== undefined && !member) return { found: [], next: null }
  const rows = await listConsents(tx, { organisationId, membershipId: member?.id, status, before }, count)
  const page = rows.slice(0, count)
  return { found: await toldOf(tx, page), next: rows.length > count ? (page.at(-1)?.id ?? null) : null }
}

/** Any number of them in a few look-ups; each read is written down for who has given it. */
async function toldOf(tx: Tx, consents: readonly Consent[]): Promise<ConsentTold[]> {
  if (consents.length === 0) return []
  await disclose(
    tx,
    consents.map(({ id, membershipId }) => ({ membershipId, subject: { type: 'consent', id }, parts: ['consent'] }))
  )
  const labels = await memberLabels(tx, [...new Set(consents.map(({ membershipId }) => membershipId))])
  const wordings = await listWordings(tx)
  return consents.map((consent) => {
    const { purpose, wordingVersion, wordingLanguage, withdrawals, closedAt, givenAt } = consent
    const words = wordings.find(
      (one) => one.purpose === purpose && one.version === wordingVersion && one.language === wordingLanguage
    )
    const changes = [...withdrawals.map(({ at }) => at), ...(closedAt ? [closedAt] : [])]
    return {
      id: consent.id,
      version: 1 + changes.length,
      updatedAt: new Date(Math.max(givenAt.getTime(), ...changes.map((at) => at.getTime()))),
      status: consent.status,
      memberNumber: labels.get(consent.membershipId)?.number ?? null,
      organisationId: consent.organisationId,
      purpose,
      scopes: standingScopes(consent),
      wordingVersion,
      wordingLanguage,
      wording: words?.text ?? null,
      how: consent.how,
      voice: consent.voice,
      givenAt,
      validTo: consent.validTo
    }
  })
}
