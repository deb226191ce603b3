import type { ServiceRequestIn } from './resources.ts'

/** Where in a ServiceRequest stands what a field of the service's own is read from; the longest beginning counts. */
const places: readonly [field: string, place: string][] = [
  ['/kind', '/subject'],
  ['/person', '/subject'],
  ['/person/memberNumber', '/subject/identifier/value'],
  ['/person/contact', 'Patient'],
  ['/person/contact/name', 'Patient/name'],
  ['/person/contact/phone', 'Patient/telecom'],
  ['/person/contact/email', 'Patient/telecom'],
  ['/externalId', '/identifier/0'],
  ['/requester', '/requester'],
  ['/category', '/category'],
  ['/categoryId', '/category'],
  ['/title', '/code/text'],
  ['/whatMatters', '/extension'],
  ['/canOffer', '/extension'],
  ['/accessNeeds', '/extension'],
  ['/knownRisks', '/extension'],
  ['/helpersNeeded', '/extension'],
  ['/budgetId', '/extension'],
  ['/estimatedMinutes', '/quantityQuantity'],
  ['/occurrence', '/occurrenceTiming'],
  ['/occurrence/firstOn', '/occurrenceTiming/event'],
  ['/occurrence/rrule', '/occurrenceTiming/repeat'],
  ['/setting', '/locationCode/0/coding'],
  ['/area', '/locationCode/0/text'],
  ['/priority', '/priority'],
  ['/consent', 'Consent'],
  ['/consent/scopes', 'Consent/provision/code'],
  ['/consent/wording', 'Consent/policyRule'],
  ['/consent/wording/text', 'Consent/sourceAttachment'],
  ['/consent/givenAt', 'Consent/dateTime'],
  ['/consent/how', 'Consent/extension'],
  ['/consent/givenBy', 'Consent/extension']
]

/** The place in what was sent of a fault that was found in what it means. */
export function placeOf(field: string, resource: ServiceRequestIn): string {
  const [, place = ''] =
    places
      .filter(([beginning]) => field === beginning || field.startsWith(`${beginning}/`))
      .sort(([a], [b]) => b.length - a.length)[0] ?? []
  const [, type, rest = ''] = /^(Patient|Consent)(.*)$/.exec(place) ?? []
  if (type === undefined) {
    const isOnce = place.startsWith('/occurrenceTiming') && resource.occurrenceDateTime !== undefined
    return isOnce ? '/occurrenceDateTime' : place
  }
  const i = (resource.contained ?? []).findIndex(({ resourceType }) => resourceType === type)
  return i === -1 ? '/contained' : `/contained/${i}${rest}`
}
