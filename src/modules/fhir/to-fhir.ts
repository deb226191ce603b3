import { dataAbsent, type Names, profiles, sdohOfCategory, systems } from './codes.ts'
import type { Asked } from './from-fhir.ts'
import { repeatOf } from './recurrence.ts'
import { type OurStatus, serviceRequestStatusOf, taskStatusOf } from './status.ts'

/** JSON of a FHIR resource. */
export type Resource = { resourceType: string; id?: string } & Record<string, unknown>

/** A service request as its agency may see it. */
export type Told = {
  id: string
  /** rises with everything that the agency may know of, and with nothing else */
  version: number
  /** null: the person has not agreed to share it */
  status: OurStatus | null
  subStatus: string | null
  reason: string | null
  outcome: string | null
  /** when it was taken, and when what the agency may know of it last changed */
  createdAt: Date
  updatedAt: Date
  /** null: not said */
  affiliationId: string | null
  professional: string | null
  organisationId: string
  timebank: string
  categorySlug: string
  /** minutes of help so far, where attendance is shared */
  minutesGiven: number | null
  asked: Asked
}

/** Without what is undefined or null, so that no element is there without a value. */
function compact<T extends Record<string, unknown>>(fields: T): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null))
}

const coded = (system: string, code: string, display?: string) => ({
  coding: [compact({ system, code, display })]
})

const meta = (told: { version: number; updatedAt: Date }, profile: string, subsetted = false) =>
  compact({
    versionId: String(told.version),
    lastUpdated: told.updatedAt.toISOString(),
    profile: [profile],
    tag: subsetted ? [{ system: systems.observationValue, code: 'SUBSETTED' }] : undefined
  })

const requesterOf = (told: Told, names: Names) =>
  told.affiliationId === null
    ? logical('Organization', names.organisation, told.organisationId)
    : {
        ...logical('PractitionerRole', names.affiliation, told.affiliationId),
        ...compact({ display: told.professional })
      }

const logical = (type: string, system: string, value: string) => ({
  type,
  identifier: { system, value }
})

const timebankOf = (told: Told, names: Names) => logical('Organization', names.timebankName, told.timebank)

/** The person by member number or, before they have one here, as contained; of a need of the agency's own where it is. */
function subjectOf({ asked }: Told, names: Names, whole: boolean): Record<string, unknown> {
  if (asked.kind === 'own_need') return compact({ type: 'Location', display: whole ? asked.area : undefined })
  const number = asked.person?.memberNumber
  if (number !== undefined) return logical('Patient', names.memberNumber, String(number))
  return whole && asked.person?.contact
    ? { reference: '#person' }
    : { extension: [{ url: dataAbsent, valueCode: 'masked' }], type: 'Patient' }
}

function patientOf({ asked: { person } }: Told, names: Names): Resource | null {
  const contact = person?.contact
  if (!contact) return null
  const telecom = (['phone', 'email'] as const).flatMap((system) =>
    contact[system] === undefined ? [] : [{ system, value: contact[system] }]
  )
  return {
    resourceType: 'Patient',
    id: 'person',
    ...(contact.preferredContact === undefined
      ? {}
      : { extension: [{ url: names.extensions.preferredContact, valueString: contact.preferredContact }] }),
    name: [{ text: contact.name }],
    ...(telecom.length === 0 ? {} : { telecom })
  }
}

/** What the agency said of the consent when it asked, as it said it. */
function consentIn(told: Told, names: Names): Resource | null {
  const { consent } = told.asked
  if (!consent) return null
  const { version, text } = consent.wording
  return {
    resourceType: 'Consent',
    id: 'consent',
    extension: [
      ...(consent.how === undefined ? [] : [{ url: names.extensions.way, valueCode: consent.how }]),
      { url: names.extensions.voice, valueCode: consent.givenBy }
    ],
    status: 'active',
    ...consentKind,
    patient: subjectOf(told, names, true),
    dateTime: consent.givenAt,
    organization: [logical('Organization', names.organisation, told.organisationId)],
    ...(text === undefined
      ? {}
      : { sourceAttachment: { contentType: 'text/plain', data: Buffer.from(text).toString('base64') } }),
    policyRule: coded(names.wording, version ?? 'as-attached'),
    provision: { type: 'permit', code: consent.scopes.map((scope) => coded(names.consentScope, scope)) }
  }
}

const consentKind = {
  scope: coded(systems.consentScope, 'patient-privacy', 'Privacy Consent'),
  category: [coded(systems.actCode, 'IDSCL', 'information disclosure')]
}

/** Our category and, for systems that know those of the guide only, what is nearest there. */
function categoriesOf(slug: string, names: Names) {
  const sdoh = sdohOfCategory[slug] ?? 'sdoh-category-unspecified'
  return [coded(names.category, slug), coded(systems.sdohCategory, sdoh)]
}

function occurrenceOf({ occurrence }: Asked, names: Names): Record<string, unknown> {
  if (!occurrence) return {}
  const { firstOn, rrule } = occurrence
  if (rrule === undefined) return compact({ occurrenceDateTime: firstOn })
  const repeat = repeatOf(rrule)
  return {
    occurrenceTiming: compact({
      extension: repeat ? undefined : [{ url: names.extensions.rule, valueString: rrule }],
      event: firstOn === undefined ? undefined : [firstOn],
      repeat
    })
  }
}

/**
 * The ServiceRequest of the guide.
 * @param whole false: as one of a list, with its title and no other words (tagged SUBSETTED)
 */
export function serviceRequestOf(told: Told, names: Names, whole = true): Resource {
  const { asked } = told
  const patient = whole ? patientOf(told, names) : null
  const consent = whole ? consentIn(told, names) : null
  const contained = [patient, consent].filter((resource) => resource !== null)
  const words = ['whatMatters', 'canOffer', 'accessNeeds', 'knownRisks'] as const
  const extension = [
    ...words.flatMap((name) =>
      whole && asked[name] !== undefined ? [{ url: names.extensions[name], valueString: asked[name] }] : []
    ),
    ...(asked.helpersNeeded === undefined
      ? []
      : [{ url: names.extensions.helpersNeeded, valueInteger: asked.helpersNeeded }]),
    ...(asked.budgetId === undefined ? [] : [{ url: names.extensions.budget, valueId: asked.budgetId }])
  ]
  return {
    resourceType: 'ServiceRequest',
    id: told.id,
    meta: meta(told, profiles.ServiceRequest, !whole),
    ...(contained.length === 0 ? {} : { contained }),
    ...(extension.length === 0 ? {} : { extension }),
    ...(asked.externalId === undefined ? {} : { identifier: [asked.externalId] }),
    status: serviceRequestStatusOf(told.status),
    intent: 'order',
    category: categoriesOf(told.categorySlug, names),
    priority: asked.priority,
    // of what was entered in error, or is of somebody erased, no words are left
    code: asked.title === '' ? { extension: [{ url: dataAbsent, valueCode: 'masked' }] } : { text: asked.title },
    subject: subjectOf(told, names, whole),
    ...(asked.estimatedMinutes === undefined
      ? {}
      : { quantityQuantity: { value: asked.estimatedMinutes, unit: 'min', system: systems.units, code: 'min' } }),
    ...occurrenceOf(asked, names),
    authoredOn: told.createdAt.toISOString(),
    requester: requesterOf(told, names),
    performer: [timebankOf(told, names)],
    ...locationOf(asked, names, whole),
    ...(consent ? { supportingInfo: [{ reference: '#consent' }] } : {})
  }
}

function locationOf({ setting, area, kind }: Asked, names: Names, whole: boolean): Record<string, unknown> {
  const text = whole && kind === 'referral' ? area : undefined
  if (setting === undefined && text === undefined) return {}
  return { locationCode: [compact({ ...(setting === undefined ? {} : coded(names.setting, setting)), text })] }
}

/** The reasons and outcomes in words, for `text`, which the guide wants beside a reason. */
export const wordsOf = (code: string): string => code.replaceAll('_', ' ')

/**
 * The Task of the guide by which the ServiceRequest is followed. It has the id of its ServiceRequest. A status that the
 * person has not agreed to share is not there; why is said beside it, as R4 does where a code has no value for that.
 */
export function taskOf(told: Told, names: Names): Resource {
  const status = taskStatusOf(told.status)
  const shared = status !== null
  return {
    resourceType: 'Task',
    id: told.id,
    meta: meta(told, profiles.Task),
    ...(shared ? { status } : { _status: { extension: [{ url: dataAbsent, valueCode: 'masked' }] } }),
    ...(shared && told.reason !== null
      ? { statusReason: { ...coded(names.reason, told.reason), text: wordsOf(told.reason) } }
      : {}),
    ...(shared && told.subStatus !== null
      ? { businessStatus: { ...coded(names.subStatus, told.subStatus), text: wordsOf(told.subStatus) } }
      : {}),
    intent: 'order',
    priority: told.asked.priority,
    code: coded(systems.taskCode, 'fulfill', 'Fulfill the focal request'),
    ...(told.asked.title === '' ? {} : { description: told.asked.title }),
    focus: { reference: `ServiceRequest/${told.id}` },
    for: subjectOf(told, names, false),
    authoredOn: told.createdAt.toISOString(),
    lastModified: told.updatedAt.toISOString(),
    requester: requesterOf(told, names),
    owner: timebankOf(told, names),
    ...outputOf(told, names)
  }
}

function outputOf({ outcome, minutesGiven }: Told, names: Names): Record<string, unknown> {
  const output = [
    ...(outcome === null
      ? []
      : [
          {
            type: coded(names.output, 'outcome'),
            valueCodeableConcept: { ...coded(`${names.output}-outcome`, outcome), text: wordsOf(outcome) }
          }
        ]),
    ...(minutesGiven === null
      ? []
      : [
          {
            type: coded(names.output, 'minutes-given'),
            valueQuantity: { value: minutesGiven, unit: 'min', system: systems.units, code: 'min' }
          }
        ])
  ]
  return output.length === 0 ? {} : { output }
}

/** A consent that is kept here, of one person to one agency. */
export type ConsentTold = {
  id: string
  version: number
  status: 'given' | 'withdrawn' | 'expired' | 'superseded'
  memberNumber: number | null
  organisationId: string
  purpose: string
  scopes: string[]
  wordingVersion: number
  wordingLanguage: string
  wording: string | null
  how: string
  voice: string
  givenAt: Date
  validTo: string | null
  /** when it last changed */
  updatedAt: Date
}

/** The Consent of the guide. */
export function consentOf(consent: ConsentTold, names: Names): Resource {
  const purposes: Record<string, string> = { referral: 'TREAT', joined_up: 'COORD' }
  return {
    resourceType: 'Consent',
    id: consent.id,
    meta: meta(consent, profiles.Consent),
    extension: [
      { url: names.extensions.way, valueCode: consent.how },
      { url: names.extensions.voice, valueCode: consent.voice }
    ],
    status: consent.status === 'given' ? 'active' : 'inactive',
    ...consentKind,
    patient:
      consent.memberNumber === null
        ? { type: 'Patient', extension: [{ url: dataAbsent, valueCode: 'unknown' }] }
        : logical('Patient', names.memberNumber, String(consent.memberNumber)),
    dateTime: consent.givenAt.toISOString(),
    organization: [logical('Organization', names.organisation, consent.organisationId)],
    sourceAttachment: compact({
      contentType: 'text/plain',
      language: consent.wordingLanguage,
      data: consent.wording === null ? undefined : Buffer.from(consent.wording).toString('base64'),
      title: `${consent.purpose} ${consent.wordingVersion}`
    }),
    policyRule: coded(names.wording, `${consent.purpose}-${consent.wordingVersion}`),
    provision: {
      type: 'permit',
      ...(consent.validTo === null ? {} : { period: { end: consent.validTo } }),
      purpose: [{ system: systems.actReason, code: purposes[consent.purpose] ?? 'TREAT' }],
      ...(consent.scopes.length === 0 ? {} : { code: consent.scopes.map((scope) => coded(names.consentScope, scope)) })
    }
  }
}
