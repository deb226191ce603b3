import { type Fault, refuseFaults } from '../../shared/errors.ts'
import { categoryOfSdoh, impliedCodes, type Names, sdohCategories, systems } from './codes.ts'
import { ruleOf } from './recurrence.ts'
import type { Coding, ConsentIn, Extension, PatientIn, Reference, ServiceRequestIn } from './resources.ts'

/** What a ServiceRequest asks for, in the service's own words; null: not said. */
export type Asked = {
  kind: 'own_need' | 'referral'
  externalId: { system: string; value: string } | null
  memberNumber: number | null
  contact: { name: string; phone: string | null; email: string | null; preferred: 'phone' | 'email' | null } | null
  /** id or short name */
  category: string
  title: string
  whatMatters: string | null
  canOffer: string | null
  accessNeeds: string | null
  knownRisks: string | null
  helpersNeeded: number | null
  estimatedMinutes: number | null
  firstOn: string | null
  rrule: string | null
  setting: string | null
  area: string | null
  priority: string
  budgetId: string | null
  consent: {
    scopes: string[]
    givenAt: string
    how: string | null
    givenBy: string
    wordingVersion: string | null
    wording: string | null
  } | null
}

/** Ids of the affiliation of the professional who asks, and of their organisation. */
export type Asking = { affiliationId: string; organisationId: string }

/** Faults with where they stand, under one place. */
type Faults = { add(at: string, detail: string): void; under(at: string): Faults; all: Fault[] }

function faultsAt(prefix: string, all: Fault[] = []): Faults {
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
  const asked: Asked = {
    ...about,
    externalId: resource.identifier?.[0]
      ? { system: resource.identifier[0].system, value: resource.identifier[0].value }
      : null,
    category: categoryOf(resource.category, names, faults),
    title: resource.code.text,
    ...extensions,
    estimatedMinutes: minutesOf(resource, faults),
    ...occurrenceOf(resource, names, faults),
    setting,
    area: area ?? (about.kind === 'own_need' ? (resource.subject.display ?? null) : null),
    priority: resource.priority ?? 'routine',
    consent: consent ? consentOf(consent, patient?.resource.id, names, faults.under(consent.at)) : null
  }
  checkConsentIsMeant(resource, consent, faults)
  refuseFaults(faults.all)
  return asked
}

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

type About = Pick<Asked, 'kind' | 'memberNumber' | 'contact'>

function subjectOf(subject: Reference, patient: Contained<PatientIn>, names: Names, faults: Faults): About {
  const ownNeed: About = { kind: 'own_need', memberNumber: null, contact: null }
  if (subject.type === 'Location' || subject.type === 'Group') {
    if (subject.reference !== undefined || subject.identifier !== undefined)
      faults.add('/subject', 'A need of your own says `type` and, in `display`, where.')
    if (patient) faults.add(patient.at, 'A need of your own is about nobody.')
    return ownNeed
  }
  const referral: About = { kind: 'referral', memberNumber: null, contact: null }
  if (subject.display !== undefined)
    faults.add('/subject/display', 'A name is taken in a contained Patient only, for a first contact.')
  if (subject.type !== undefined && subject.type !== 'Patient')
    faults.add('/subject/type', 'Patient, or for a need of your own Location or Group.')
  if (subject.identifier) {
    if (subject.reference !== undefined) faults.add('/subject', 'Either `identifier` or `reference`.')
    if (patient) faults.add(patient.at, 'Who is named by member number is not described as well.')
    return { ...referral, memberNumber: memberNumberOf(subject.identifier, '/subject/identifier', names, faults) }
  }
  if (!patient || subject.reference !== `#${patient.resource.id}`) {
    faults.add('/subject', 'A Patient by `identifier` (member number), or one that is contained, by `reference`.')
    return referral
  }
  return { ...referral, ...personOf(patient.resource, names, faults.under(patient.at)) }
}

function memberNumberOf(
  identifier: { system: string; value: string },
  at: string,
  names: Names,
  faults: Faults
): number | null {
  if (identifier.system !== names.memberNumber) {
    faults.add(
      `${at}/system`,
      `The only identifier of a person that is taken is the member number: ${names.memberNumber}. National and other identifiers are not.`
    )
    return null
  }
  if (/^[1-9]\d{0,8}$/.test(identifier.value)) return Number(identifier.value)
  faults.add(`${at}/value`, 'A member number is a whole number.')
  return null
}

function personOf(patient: PatientIn, names: Names, faults: Faults): Pick<Asked, 'memberNumber' | 'contact'> {
  const identifier = patient.identifier?.[0]
  if (identifier) {
    if (patient.name) faults.add('/name', 'Who has a member number is not described as well.')
    if (patient.telecom) faults.add('/telecom', 'Who has a member number is not described as well.')
    return { memberNumber: memberNumberOf(identifier, '/identifier/0', names, faults), contact: null }
  }
  const name = patient.name?.[0]
  const whole = name?.text ?? [...(name?.prefix ?? []), ...(name?.given ?? []), name?.family ?? ''].join(' ').trim()
  if (whole === '') faults.add('/name', 'A member number, or a name and how to reach them.')
  const telecom = patient.telecom ?? []
  const of = (wanted: readonly string[]) => telecom.filter(({ system }) => wanted.includes(system))
  const phones = of(['phone', 'sms'])
  const emails = of(['email'])
  if (phones.length > 1) faults.add('/telecom', 'One phone number.')
  if (emails.length > 1) faults.add('/telecom', 'One e-mail address.')
  const first = telecom.find(({ rank }) => rank === 1)
  return {
    memberNumber: null,
    contact: {
      name: whole,
      phone: phones[0]?.value ?? null,
      email: emails[0]?.value ?? null,
      preferred: first === undefined ? null : first.system === 'email' ? 'email' : 'phone'
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
  const text = (value: string | number | undefined): string | null => (value === undefined ? null : String(value))
  return {
    whatMatters: text(found.whatMatters),
    canOffer: text(found.canOffer),
    accessNeeds: text(found.accessNeeds),
    knownRisks: text(found.knownRisks),
    helpersNeeded: found.helpersNeeded === undefined ? null : Number(found.helpersNeeded),
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

function minutesOf({ quantityQuantity: quantity }: ServiceRequestIn, faults: Faults): number | null {
  if (!quantity) return null
  const minutes = quantity.value * (quantity.code === 'h' ? 60 : 1)
  if (!Number.isInteger(minutes)) faults.add('/quantityQuantity/value', 'Whole minutes.')
  return minutes
}

const dayOf = (dateTime: string | undefined): string | null => dateTime?.slice(0, 10) ?? null

function occurrenceOf(
  { occurrenceDateTime, occurrenceTiming: timing }: ServiceRequestIn,
  names: Names,
  faults: Faults
): Pick<Asked, 'firstOn' | 'rrule'> {
  if (!timing) return { firstOn: dayOf(occurrenceDateTime), rrule: null }
  if (occurrenceDateTime !== undefined)
    faults.add('/occurrenceDateTime', 'Either occurrenceDateTime or occurrenceTiming.')
  const at = '/occurrenceTiming'
  const firstOn = dayOf(timing.event?.[0] ?? timing.repeat?.boundsPeriod?.start)
  const whole = timing.extension?.[0]
  if (whole) {
    if (whole.url !== names.extensions.rule) faults.add(`${at}/extension/0/url`, `${names.extensions.rule}.`)
    if (timing.repeat) faults.add(`${at}/repeat`, 'Either a repeat or the extension with the rule.')
    return { firstOn, rrule: whole.valueString }
  }
  if (!timing.repeat) return { firstOn, rrule: null }
  const { rule, faults: repeatFaults } = ruleOf(timing.repeat)
  for (const fault of repeatFaults) faults.add(`${at}/repeat/${fault.at}`, fault.detail)
  return { firstOn, rrule: rule }
}

function placeOf({ locationCode }: ServiceRequestIn, names: Names, faults: Faults) {
  const place = locationCode?.[0]
  const coding = place?.coding?.[0]
  if (coding && (coding.system !== names.setting || coding.code === undefined))
    faults.add('/locationCode/0/coding/0', `A setting of ${names.setting}.`)
  return { setting: coding?.code ?? null, area: place?.text ?? null }
}

/** Who asks is named by the request (or the client); the resource may say so too, but not otherwise. */
function checkRequester(resource: ServiceRequestIn, names: Names, asking: Asking, faults: Faults): void {
  const { requester } = resource
  if (!requester) return
  const { reference } = requester
  if (reference === undefined || !reference.startsWith('#'))
    return checkAsking(requester.identifier, requester.type, reference, '/requester', names, asking, faults)
  const i = (resource.contained ?? []).findIndex(({ id }) => reference === `#${id}`)
  const inner = resource.contained?.[i]
  if (inner?.resourceType !== 'PractitionerRole' && inner?.resourceType !== 'Organization')
    faults.add('/requester/reference', 'Refers to no PractitionerRole or Organization that is contained.')
  else
    checkAsking(inner.identifier?.[0], inner.resourceType, undefined, `/contained/${i}/identifier`, names, asking, faults)
}

function checkAsking(
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
): Asked['consent'] {
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
  return {
    scopes: [...new Set(scopes)],
    givenAt: consent.dateTime,
    how: extensions.get(names.extensions.way) ?? null,
    givenBy: extensions.get(names.extensions.voice) ?? 'self',
    wordingVersion: consent.policyRule?.coding[0]?.code ?? null,
    wording: consent.sourceAttachment ? Buffer.from(consent.sourceAttachment.data, 'base64').toString('utf8') : null
  }
}
