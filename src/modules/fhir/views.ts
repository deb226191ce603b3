import type { ListedView, ServiceRequestView } from '../service-requests/index.ts'
import type { Asked } from './from-fhir.ts'
import type { Told } from './to-fhir.ts'

/** Without what is null. */
function said<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as never
}

/** One of a list, as REST gives it to the agency. */
export function toldOfListed(view: ListedView, timebank: string): Told {
  const { externalId, person, occurrence } = view
  return {
    id: view.id,
    version: view.rowVersion,
    status: view.status,
    subStatus: view.subStatus,
    reason: view.reason,
    outcome: view.outcome,
    createdAt: view.createdAt,
    updatedAt: view.updatedAt,
    affiliationId: view.professional.affiliationId,
    professional: view.professional.name === '' ? null : view.professional.name,
    organisationId: view.organisation.id,
    timebank,
    categorySlug: view.category.slug,
    minutesGiven: null,
    asked: {
      kind: view.kind,
      category: view.category.slug,
      title: view.title,
      priority: view.priority,
      helpersNeeded: view.helpersNeeded,
      setting: view.setting,
      ...said({
        externalId,
        estimatedMinutes: view.estimatedMinutes,
        budgetId: view.budgetId,
        person: person && said({ memberNumber: person.memberNumber }),
        occurrence: occurrence && said(occurrence)
      })
    }
  }
}

/** One with everything that the agency has written, as REST gives it. */
export function toldOf(view: ServiceRequestView, timebank: string): Told {
  const listed = toldOfListed(view, timebank)
  const { whatMatters, canOffer, area, accessNeeds, knownRisks, contact, consent, attendance } = view
  const person = { ...listed.asked.person, ...(contact ? { contact: withName(contact) } : {}) }
  return {
    ...listed,
    minutesGiven: attendance?.reduce((sum, { minutes }) => sum + minutes, 0) ?? null,
    asked: {
      ...listed.asked,
      ...said({ whatMatters, canOffer, area, accessNeeds, knownRisks }),
      ...(view.kind === 'referral' ? { person } : {}),
      ...(consent ? { consent: claimOf(consent) } : {})
    }
  }
}

const withName = ({ name, ...ways }: NonNullable<ServiceRequestView['contact']>) => ({ name, ...said(ways) })

function claimOf(consent: NonNullable<ServiceRequestView['consent']>): NonNullable<Asked['consent']> {
  const { scopes, wording, givenAt, how, givenBy } = consent
  return { scopes, wording: said(wording), givenAt: givenAt.toISOString(), how, givenBy }
}
