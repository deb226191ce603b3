import { type Fault, refuseFaults } from '../../shared/errors.ts'
import { categoryOfSdoh, impliedCodes, type Names, sdohCategories, systems } from './codes.ts'
import { ruleOf } from './recurrence.ts'
import type { Coding, ConsentIn, Extension, PatientIn, Reference, ServiceRequestIn } from './resources.ts'

/** What a ServiceRequest asks for: the body of `POST service-requests`. */
export type Asked = {
  kind: 'own_need' | 'referral'
  externalId?: { system: string; value: string }
  person?: { memberNumber?: number; contact?: Contact }
  /** id or short name */
  category: string
  title: string
  whatMatters?: string
  canOffer?: string
  accessNeeds?: string
  knownRisks?: string
  helpersNeeded?: number
  estimatedMinutes?: number
  occurrence?: { firstOn?: string; rrule?: string }
  setting?: string
  area?: string
  priority: string
  budgetId?: string
  consent?: Claim
}
export type Contact = { name: string; phone?: string; email?: string; preferredContact?: string }
export type Claim = {
  scopes: string[]
  wording: { version?: string; text?: string }
  givenAt: string
  how?: string
  givenBy: string
}

/** Without what was not said. */
function said<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}

/** Ids of the affiliation of the professional who asks, and of their organisation. */
export type Asking = { affiliationId: string; organisationId: string }

/** Faults with where they stand, under one place. */
type Faults = { add(at: string, detail: string): void; under(at: string): Faults; all: Fault[] }

export function faultsAt(prefix: string, all: Fault[] = []): Faults {
  return {
    all,
    add: (at, detail) => all.push({ pointer: prefix + at, detail }),
    under: (at) => faultsAt(prefix + at, all)
  }
}

/**
 * Reads a ServiceRequest of the SDOH Clinical Care guide. Throws with every fault and its place.
 * @param asking who asks, for `requester` to agree with
 */
export function readServiceRequest(resource: ServiceRequestIn, names: Names, asking: Asking): Asked {
  const faults = faultsAt('')
  const { patient, consent } = containedOf(resource, faults)
  const about = subjectOf(resource.subject, patient, names, faults)
  const extensions = extensionsOf(resource.extension, names, faults)
  const { setting, area } = placeOf(resource, names, faults)
  checkRequester(resource, names, asking, faults)
  checkPerformer(resource.performer?.[0], names, faults)
  checkCode(resource, faults)
  const { kind, person } = about
  const asked: Asked = {
    kind,
    category: categoryOf(resource.category, names, faults),
    title: resource.code.text,
    priority: resource.priority ?? 'routine',
    ...said({
      externalId: identifierOf(resource.identifier?.[0]),
      person,
      ...extensions,
      estimatedMinutes: minutesOf(resource, faults),
      occurrence: occurrenceOf(resource, names, faults),
      setting,
      area: area ?? (kind === 'own_need' ? resource.subject.display : undefined),
      consent: consent && consentOf(consent, patient?.resource.id, names, faults.under(consent.at))
    })
  }
  checkConsentIsMeant(resource, consent, faults)
  refuseFaults(faults.all)
  return asked
}

const identifierOf = (identifier: { system: string; value: string } | undefined) =>
  identifier && { system: identifier.system, value: identifier.value }

type Contained<T> = { resource: T; at: string } | undefined

function containedOf(resource: ServiceRequestIn, faults: Faults) {
  const contained = (resource.contained ?? []).map((inner, i) => ({ resource: inner, at: `/contained/${i}` }))
  const ids = contained.map(({ resource: { id } }) => id)
  for (const [i, { resource: inner, at }] of contained.entries()) {
    if (inner.id === undefined) faults.add(`${at}/id`, 'What is contained has an id, to be referred to.')
    else if (ids.indexOf(inner.id) !== i) faults.add(`${at}/id`, 'Two contained resources have this id.')
    if (contained.findIndex((other) => other.resource.resourceType === inner.resourceType) !== i)
      faults.add(at, `One ${inner.resourceType} at most is contained.`)
  }
  const find = (type: string) => contained.find(({ resource: inner }) => inner.resourceType === type)
  return {
    patient: find('Patient') as Contained<PatientIn>,
    consent: find('Consent') as Contained<ConsentIn>
  }
}

type About = Pick<Asked, 'kind' | 'person'>

function subjectOf(subject: Reference, patient: Contained<PatientIn>, names: Names, faults: Faults): About {
  if (subject.type === 'Location' || subject.type === 'Group') {
    if (subject.reference !== undefined || subject.identifier !== undefined)
      faults.add('/subject', 'A need of your own says `type` and, in `display`, where.')
    if (patient) faults.add(patient.at, 'A need of your own is about nobody.')
    return { kind: 'own_need' }
  }
  if (subject.display !== undefined)
    faults.add('/subject/display', 'A name is taken in a contained Patient only, for a first contact.')
  if (subject.type !== undefined && subject.type !== 'Patient')
    faults.add('/subject/type', 'Patient, or for a need of your own Location or Group.')
  if (subject.identifier) {
    if (subject.reference !== undefined) faults.add('/subject', 'Either `identifier` or `reference`.')
    if (patient) faults.add(patient.at, 'Who is named by member number is not described as well.')
    return { kind: 'referral', person: memberOf(subject.identifier, '/subject/identifier', names, faults) }
  }
  if (patient && subject.reference === `#${patient.resource.id}`)
    return { kind: 'referral', person: personOf(patient.resource, names, faults.under(patient.at)) }
  faults.add('/subject', 'A Patient by `identifier` (member number), or one that is contained, by `reference`.')
  return { kind: 'referral' }
}

type Person = NonNullable<Asked['person']>

function memberOf(identifier: { system: string; value: string }, at: string, names: Names, faults: Faults): Person {
  if (identifier.system !== names.memberNumber) {
    faults.add(
      `${at}/system`,
      `The only identifier of a person that is taken is the member number: ${names.memberNumber}. National and other identifiers are not.`
    )
    return {}
  }
  if (/^[1-9]\d{0,8}$/.test(identifier.value)) return { memberNumber: Number(identifier.value) }
  faults.add(`${at}/value`, 'A member number is a whole number.')
  return {}
}

function personOf(patient: PatientIn, names: Names, faults: Faults): Person {
  const identifier = patient.identifier?.[0]
  if (identifier) {
    if (patient.name) faults.add('/name', 'Who has a member number is not described as well.')
    if (patient.telecom) faults.add('/telecom', 'Who has a member number is not described as well.')
    return memberOf(identifier, '/identifier/0', names, faults)
  }
  const name = patient.name?.[0]
  const whole = name?.text ?? [...(name?.prefix ?? []), ...(name?.given ?? []), name?.family ?? ''].join(' ').trim()
  if (whole === '') faults.add('/name', 'A member number, or a name and how to reach them.')
  const telecom = patient.telecom ?? []
  const isEmail = ({ system }: { system: string }) => system === 'email'
  const emails = telecom.filter(isEmail)
  const phones = telecom.filter((each) => !isEmail(each))
  if (phones.length > 1) faults.add('/telecom', 'One phone number.')
  if (emails.length > 1) faults.add('/telecom', 'One e-mail address.')
  const first = telecom.find(({ rank }) => rank === 1)
  const preferred = patient.extension?.[0]
  if (preferred && preferred.url !== names.extensions.preferredContact)
    faults.add('/extension/0/url', 'No extension of a Patient that is known here.')
  return {
    contact: {
      name: whole,
      ...said({
        phone: phones[0]?.value,
        email: emails[0]?.value,
        preferredContact: preferred?.valueString ?? (first && (isEmail(first) ? 'email' : 'phone'))
      })
    }
  }
}

const extensionFields = {
  whatMatters: 'valueString',
  canOffer: 'valueString',
  accessNeeds: 'valueString',
  knownRisks: 'valueString',
  helpersNeeded: 'valueInteger',
  budget: 'valueId'
} as const

function extensionsOf(extensions: Extension[] = [], names: Names, faults: Faults) {
  const found: { -readonly [name in keyof typeof extensionFields]?: string | number } = {}
  for (const [i, extension] of extensions.entries()) {
    const at = `/extension/${i}`
    const name = (Object.keys(extensionFields) as (keyof typeof extensionFields)[]).find(
      (key) => names.extensions[key] === extension.url
    )
    if (!name) faults.add(`${at}/url`, 'No extension of a ServiceRequest that is known here.')
    else if (name in found) faults.add(at, 'Comes twice.')
    else {
      const value = (extension as Record<string, unknown>)[extensionFields[name]]
      if (value === undefined) faults.add(at, `Has its value in ${extensionFields[name]}.`)
      else found[name] = value as string | number
    }
  }
  const text = (value: string | number | undefined) => (value === undefined ? undefined : String(value))
  return {
    whatMatters: text(found.whatMatters),
    canOffer: text(found.canOffer),
    accessNeeds: text(found.accessNeeds),
    knownRisks: text(found.knownRisks),
    helpersNeeded: found.helpersNeeded === undefined ? undefined : Number(found.helpersNeeded),
    budgetId: text(found.budget)
  }
}

const isImplied = ({ system, code }: Coding): boolean =>
  impliedCodes.some((implied) => implied.system === system && implied.code === code)

/** The timebank's own category, or that which an SDOH category stands for. */
function categoryOf(categories: ServiceRequestIn['category'], names: Names, faults: Faults): string {
  const own = new Set<string>()
  const standing = new Set<string>()
  for (const [i, { coding }] of categories.entries())
    for (const [j, each] of coding.entries()) {
      const at = `/category/${i}/coding/${j}`
      if (each.system === names.category) {
        if (each.code === undefined) faults.add(`${at}/code`, 'The short name or id of a category.')
        else own.add(each.code)
      } else if (each.system === systems.sdohCategory) {
        const known = sdohCategories.includes(each.code ?? '')
        if (!known) faults.add(`${at}/code`, 'Is no SDOH category of the guide.')
        const category = categoryOfSdoh(each.code ?? '')
        if (category) standing.add(category)
      } else if (!isImplied(each)) faults.add(`${at}/system`, `${names.category} or ${systems.sdohCategory}.`)
    }
  const found = own.size > 0 ? own : standing
  if (found.size === 1) return [...found][0] as string
  faults.add(
    '/category',
    found.size === 0
      ? `A category of the timebank's (${names.category}): what is sent stands for none of them.`
      : "One category of the timebank's."
  )
  return ''
}

function checkCode(resource: ServiceRequestIn, faults: Faults): void {
  for (const [i, coding] of (resource.code.coding ?? []).entries())
    if (!isImplied(coding))
      faults.add(
        `/code/coding/${i}`,
        'What is asked for is said in `text`, and its kind in `category`: other codes could be diagnoses.'
      )
}

function minutesOf({ quantityQuantity: quantity }: ServiceRequestIn, faults: Faults): number | undefined {
  if (!quantity) return undefined
  const minutes = quantity.value * (quantity.code === 'h' ? 60 : 1)
  if (!Number.isInteger(minutes)) faults.add('/quantityQuantity/value', 'Whole minutes.')
  return minutes
}

const dayOf = (dateTime: string | undefined): string | undefined => dateTime?.slice(0, 10)

function occurrenceOf(
  { occurrenceDateTime, occurrenceTiming: timing }: ServiceRequestIn,
  names: Names,
  faults: Faults
): Asked['occurrence'] {
  if (!timing) return occurrenceDateTime === undefined ? undefined : said({ firstOn: dayOf(occurrenceDateTime) })
  if (occurrenceDateTime !== undefined)
    faults.add('/occurrenceDateTime', 'Either occurrenceDateTime or occurrenceTiming.')
  const at = '/occurrenceTiming'
  const firstOn = dayOf(timing.event?.[0] ?? timing.repeat?.boundsPeriod?.start)
  if (firstOn === undefined) faults.add(`${at}/event`, 'The first day, here or in repeat.boundsPeriod.start.')
  const whole = timing.extension?.[0]
  if (whole) {
    if (whole.url !== names.extensions.rule) faults.add(`${at}/extension/0/url`, `${names.extensions.rule}.`)
    if (timing.repeat) faults.add(`${at}/repeat`, 'Either a repeat or the extension with the rule.')
    return said({ firstOn, rrule: whole.valueString })
  }
  if (!timing.repeat) return said({ firstOn })
  const { rule, faults: repeatFaults } = ruleOf(timing.repeat)
  for (const fault of repeatFaults) faults.add(`${at}/repeat/${fault.at}`, fault.detail)
  return said({ firstOn, rrule: rule })
}

function placeOf({ locationCode }: ServiceRequestIn, names: Names, faults: Faults) {
  const place = locationCode?.[0]
  const coding = place?.coding?.[0]
  if (coding && (coding.system !== names.setting || coding.code === undefined))
    faults.add('/locationCode/0/coding/0', `A setting of ${names.setting}.`)
  return { setting: coding?.code, area: place?.text }
}

/** Who asks is named by the request (or the client); the resource may say so too, but not otherwise. */
function checkRequester(resource: ServiceRequestIn, names: Names, asking: Asking, faults: Faults): void {
  const { requester } = resource
  if (!requester) return
  const { reference } = requester
  if (reference === undefined || !reference.startsWith('#'))
    checkAsking(requester.identifier, requester.type, reference, '/requester', names, asking, faults)
  else checkContainedAsking(resource, reference, names, asking, faults)
}

function checkContainedAsking(
  resource: ServiceRequestIn,
  reference: string,
  names: Names,
  asking: Asking,
  faults: Faults
): void {
  const i = (resource.contained ?? []).findIndex(({ id }) => reference === `#${id}`)
  const inner = resource.contained?.[i]
  if (inner?.resourceType !== 'PractitionerRole' && inner?.resourceType !== 'Organization')
    faults.add('/requester/reference', 'Refers to no PractitionerRole or Organization that is contained.')
  else
    checkAsking(
      inner.identifier?.[0],
      inner.resourceType,
      undefined,
      `/contained/${i}/identifier`,
      names,
      asking,
      faults
    )
}

export function checkAsking(
  identifier: { system: string; value: string } | undefined,
  type: string | undefined,
  reference: string | undefined,
  at: string,
  names: Names,
  asking: Asking,
  faults: Faults
): void {
  const own =
    type === 'Organization'
      ? { system: names.organisation, id: asking.organisationId }
      : { system: names.affiliation, id: asking.affiliationId }
  const named =
    identifier === undefined
      ? reference?.replace(/^(.*\/)?(PractitionerRole|Organization)\//, '')
      : identifier.system === own.system
        ? identifier.value
        : undefined
  if (named?.toLowerCase() !== own.id)
    faults.add(
      at,
      'Is not who asks: the professional of Commonhours-Professional, or of the client, by their affiliation, or their organisation.'
    )
}

function checkPerformer(performer: Reference | undefined, names: Names, faults: Faults): void {
  if (performer && performer.identifier?.system !== names.timebankName)
    faults.add('/performer/0', `The timebank, by identifier (${names.timebankName}), or nobody: it chooses who helps.`)
}

function checkConsentIsMeant(resource: ServiceRequestIn, consent: Contained<ConsentIn>, faults: Faults): void {
  const info = resource.supportingInfo?.[0]
  if (info && (!consent || info.reference !== `#${consent.resource.id}`))
    faults.add('/supportingInfo/0', 'A Consent that is contained; no other information about a person is taken.')
}

const hasCode = (coded: { coding: Coding[] }, system: string, code: string): boolean =>
  coded.coding.some((each) => each.system === system && each.code === code)

function consentOf(
  { resource: consent }: { resource: ConsentIn },
  patientId: string | undefined,
  names: Names,
  faults: Faults
): Claim {
  if (!hasCode(consent.scope, systems.consentScope, 'patient-privacy'))
    faults.add('/scope', `${systems.consentScope}#patient-privacy.`)
  if (!consent.category.some((category) => hasCode(category, systems.actCode, 'IDSCL')))
    faults.add('/category', `${systems.actCode}#IDSCL.`)
  const about = consent.patient
  if (about.reference !== undefined && about.reference !== `#${patientId}`)
    faults.add('/patient', 'Is the subject of the request.')
  const scopes: string[] = []
  for (const [i, { coding }] of consent.provision.code.entries())
    for (const [j, { system, code }] of coding.entries())
      if (system === names.consentScope && code !== undefined) scopes.push(code)
      else faults.add(`/provision/code/${i}/coding/${j}`, `A code of ${names.consentScope}.`)
  const extensions = new Map<string, string>()
  for (const [i, { url, valueCode }] of (consent.extension ?? []).entries())
    if (url === names.extensions.way || url === names.extensions.voice) extensions.set(url, valueCode)
    else faults.add(`/extension/${i}/url`, 'No extension of a Consent that is known here.')
  const words = consent.sourceAttachment
    ? Buffer.from(consent.sourceAttachment.data, 'base64').toString('utf8')
    : undefined
  return {
    scopes: [...new Set(scopes)],
    // the words themselves say more than the name of a policy
    wording: words === undefined ? said({ version: consent.policyRule?.coding[0]?.code }) : { text: words },
    givenAt: consent.dateTime.length === 10 ? `${consent.dateTime}T00:00:00Z` : consent.dateTime,
    ...said({ how: extensions.get(names.extensions.way) }),
    givenBy: extensions.get(names.extensions.voice) ?? 'self'
  }
}
