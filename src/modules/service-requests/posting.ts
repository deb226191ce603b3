import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { DomainError, type Fault, refuseFaults } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { fundsBudget } from '../budgets/index.ts'
import type { ConsentScope } from '../consents/index.ts'
import { findCategory, type Setting } from '../listings/index.ts'
import { findAffiliation, membersByNumber, organisationParty } from '../members/index.ts'
import { addNotices } from '../notices/index.ts'
import { seriesFaults } from '../schedule/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { playLater } from './play.ts'
import type { ServiceRequest, Texts } from './service-requests.ts'
import { requests, texts } from './tables.ts'
import type { claimedVoices, claimedWays, Kind, Priority } from './vocabulary.ts'
import { nextInstant, remember, tellAgency } from './writing.ts'

export type Contact = {
  name: string
  phone?: string | null | undefined
  email?: string | null | undefined
  preferredContact?: string | null | undefined
}

/** What can be changed until it is decided. */
export type Contents = {
  /** id or short name */
  categoryId?: string | undefined
  category?: string | undefined
  title: string
  whatMatters?: string | null | undefined
  canOffer?: string | null | undefined
  helpersNeeded?: number | undefined
  estimatedMinutes?: number | null | undefined
  occurrence?: { firstOn: string; rrule?: string | null | undefined } | null | undefined
  setting?: Setting | undefined
  area?: string | null | undefined
  priority?: Priority | undefined
  accessNeeds?: string | null | undefined
  knownRisks?: string | null | undefined
}

/** What is left out stays as it is. */
export type ContentsChange = { [K in keyof Contents]?: Contents[K] | undefined }

export type Claim = {
  scopes: readonly ConsentScope[]
  /** of the timebank's wording, or the words themselves where they were the agency's */
  wording: { version?: string | undefined; text?: string | undefined }
  givenAt: Date
  how: (typeof claimedWays)[number]
  givenBy: (typeof claimedVoices)[number]
}

export type NewServiceRequest = Contents & {
  kind: Kind
  person?: { memberNumber?: number | undefined; contact?: Contact | undefined } | undefined
  externalId?: { system: string; value: string } | undefined
  requester?: { organisationId: string; professionalId: string } | undefined
  consent?: Claim | undefined
  budgetId?: string | null | undefined
}

/** What the first answer says, whatever has become of it since. */
export type Receipt = Pick<
  ServiceRequest,
  'id' | 'kind' | 'organisationId' | 'affiliationId' | 'externalSystem' | 'externalValue' | 'createdAt'
> & { replayed: boolean }

const fault = (pointer: string, detail: string): Fault => ({ pointer, detail: `${pointer.slice(1)}: ${detail}` })

/**
 * What an agency asks for. One external id of an agency is one request (R5): whoever names it again gets the first answer,
 * whatever else they say. A member number that nobody has is taken as it is: the broker finds out whom it is about.
 */
export async function createServiceRequest(tx: Tx, input: NewServiceRequest): Promise<Receipt> {
  const { agency } = tx.actor
  const organisationId = agency?.organisationId ?? input.requester?.organisationId
  const repeated = organisationId === undefined ? null : await firstOf(tx, organisationId, input)
  if (repeated) return repeated
  const faults: Fault[] = []
  const requester = await requesterOf(tx, input, faults)
  const category = await categoryOf(tx, input, faults)
  if (category === undefined && faults.length === 0) faults.push(fault('/categoryId', 'is needed.'))
  faults.push(...occurrenceFaults(input), ...pairFaults(tx, input))
  if (requester && input.budgetId && !(await fundsBudget(tx, requester.organisationId, input.budgetId)))
    faults.push(fault('/budgetId', 'is no open budget that the organisation funds.'))
  refuseFaults(faults)
  const number = input.person?.memberNumber ?? null
  const membershipId = number === null ? null : await memberOf(tx, number)
  const at = await nextInstant(tx)
  const { consent, externalId } = input
  const [row] = await tx.db
    .insert(requests)
    .values({
      timebankId: tx.timebankId,
      id: newId(),
      ...requester!,
      clientId: agency?.clientId ?? null,
      kind: input.kind,
      status: 'requested',
      subStatus: input.kind === 'referral' ? 'awaiting_contact' : 'awaiting_decision',
      externalSystem: externalId?.system ?? null,
      externalValue: externalId?.value ?? null,
      claimedNumber: number,
      membershipId,
      ...{ helpersNeeded: 1, setting: 'any', priority: 'routine', ...stored(input) },
      categoryId: category!,
      budgetId: input.budgetId ?? null,
      ...(consent
        ? {
            claimedScopes: [...new Set(consent.scopes)],
            claimedAt: consent.givenAt,
            claimedHow: consent.how,
            claimedBy: consent.givenBy,
            claimedWording: consent.wording.version ?? null
          }
        : {}),
      createdAt: tx.now,
      updatedAt: at,
      agencyAt: at,
      statusAt: tx.now
    })
    .onConflictDoNothing()
    .returning()
  // another one with this external id has come first, a moment ago
  if (!row) return (await firstOf(tx, requester!.organisationId, input))!
  const request = row as ServiceRequest
  const contact = input.person?.contact
  await tx.db.insert(texts).values({
    timebankId: tx.timebankId,
    serviceRequestId: request.id,
    ...(storedTexts(input) as Pick<Texts, 'title'>),
    wording: consent?.wording.text ?? null,
    contactName: contact?.name ?? null,
    contactPhone: contact?.phone ?? null,
    contactEmail: contact?.email ?? null,
    contactPreferred: contact?.preferredContact ?? null
  })
  await remember(tx, request, agency ? 'agency' : 'broker')
  await audit(tx, {
    action: 'service-request.created',
    subject: { type: 'service-request', id: request.id },
    onBehalfOf: membershipId,
    changes: { organisationId: request.organisationId, kind: request.kind, priority: request.priority }
  })
  if (membershipId !== null) await tellPerson(tx, request)
  await tellAgency(tx, request)
  await playLater(tx, request.id)
  return { ...request, replayed: false }
}

/** That there is something about them to say yes or no to. */
export const tellPerson = (tx: Tx, { id, membershipId }: ServiceRequest): Promise<void> =>
  addNotices(tx, [{ membershipId: membershipId!, kind: 'service-request.received', subjectId: id }])

async function firstOf(tx: Tx, organisationId: string, { externalId }: NewServiceRequest): Promise<Receipt | null> {
  if (!externalId) return null
  const [row] = await tx.db
    .select()
    .from(requests)
    .where(
      and(
        eq(requests.timebankId, tx.timebankId),
        eq(requests.organisationId, organisationId),
        eq(requests.externalSystem, externalId.system),
        eq(requests.externalValue, externalId.value)
      )
    )
  return row ? { ...(row as ServiceRequest), replayed: true } : null
}

type Requester = Pick<ServiceRequest, 'organisationId' | 'affiliationId' | 'professionalId'>

/** The agency's own, and a professional of it today: who asks, unless another is named. */
async function requesterOf(tx: Tx, { requester }: NewServiceRequest, faults: Fault[]): Promise<Requester | null> {
  const { agency } = tx.actor
  if (!agency && !isStaff(tx.actor)) throw new DomainError('forbidden')
  const organisationId = requester?.organisationId ?? agency?.organisationId
  const affiliationId = requester?.professionalId ?? agency?.affiliationId
  if (organisationId === undefined || affiliationId === undefined) {
    faults.push(fault('/requester', 'is needed: say for which organisation and professional.'))
    return null
  }
  const before = faults.length
  if (agency && organisationId !== agency.organisationId)
    faults.push(fault('/requester/organisationId', "is not the client's own organisation."))
  else if (!agency && !(await isActive(tx, organisationId)))
    faults.push(fault('/requester/organisationId', 'is no active organisation of this timebank.'))
  const affiliation = await findAffiliation(tx, affiliationId)
  const day = today(tx, (await currentPolicy(tx)).rules)
  const covers =
    affiliation?.organisationId === organisationId &&
    affiliation.professional &&
    affiliation.status === 'accepted' &&
    affiliation.validFrom <= day &&
    (affiliation.validTo === null || affiliation.validTo >= day)
  if (!covers)
    faults.push(fault('/requester/professionalId', 'is no professional affiliation to it that is valid today.'))
  return faults.length > before ? null : { organisationId, affiliationId, professionalId: affiliation!.membershipId }
}

const isActive = (tx: Tx, organisationId: string): Promise<boolean> =>
  organisationParty(tx, organisationId).then(
    ({ status }) => status === 'active',
    () => false
  )

/** The id of a category in use; undefined where none was named. */
export async function categoryOf(
  tx: Tx,
  { categoryId, category }: Pick<Contents, 'categoryId' | 'category'>,
  faults: Fault[]
): Promise<string | undefined> {
  const named = categoryId ?? category
  if (named === undefined) return undefined
  const pointer = categoryId === undefined ? '/category' : '/categoryId'
  const found = await findCategory(tx, named)
  if (!found) faults.push(fault(pointer, 'is not one of this timebank.'))
  else if (found.closed) faults.push(fault(pointer, 'is closed.'))
  return found?.id
}

/** What a rule and its first day say together. */
export function occurrenceFaults({ occurrence }: Pick<ContentsChange, 'occurrence'>): Fault[] {
  if (!occurrence?.rrule) return []
  const series = { localStart: `${occurrence.firstOn}T12:00`, timeZone: 'UTC', rrule: occurrence.rrule }
  return seriesFaults(series).map(({ pointer, detail }) =>
    fault(pointer === '/startsAt' ? '/occurrence/firstOn' : '/occurrence/rrule', detail)
  )
}

/** What goes with what. */
function pairFaults(tx: Tx, { kind, person, consent, ...input }: NewServiceRequest): Fault[] {
  const faults: Fault[] = []
  if (input.categoryId !== undefined && input.category !== undefined)
    faults.push(fault('/category', 'goes in the place of categoryId.'))
  if (kind === 'own_need') {
    if (person) faults.push(fault('/person', 'is for a referral.'))
    if (consent) faults.push(fault('/consent', 'is for a referral.'))
    return faults
  }
  const named = [person?.memberNumber, person?.contact].filter((one) => one !== undefined)
  if (named.length !== 1) faults.push(fault('/person', 'is needed for a referral: either memberNumber or contact.'))
  if (!consent) faults.push(fault('/consent', 'is needed for a referral: what the person has agreed to.'))
  else {
    if ((consent.wording.version === undefined) === (consent.wording.text === undefined))
      faults.push(fault('/consent/wording', 'has either version or text.'))
    if (consent.givenAt > tx.now) faults.push(fault('/consent/givenAt', 'lies in the future.'))
  }
  return faults
}

/** Whom a number belongs to, as far as they are here. */
async function memberOf(tx: Tx, number: number): Promise<string | null> {
  const found = (await membersByNumber(tx, [number])).get(number)
  return found && ['active', 'paused', 'applied', 'screening'].includes(found.status) ? found.id : null
}

/** As it is stored; what was not given is left out. */
export function stored(input: ContentsChange) {
  const { helpersNeeded, estimatedMinutes, occurrence, setting, priority } = input
  return defined({
    helpersNeeded,
    estimatedMinutes,
    ...(occurrence === undefined ? {} : { firstOn: occurrence?.firstOn ?? null, rrule: occurrence?.rrule ?? null }),
    setting,
    priority
  })
}

export function storedTexts(input: ContentsChange) {
  const { title, whatMatters, canOffer, area, accessNeeds, knownRisks } = input
  return defined({ title, whatMatters, canOffer, area, accessNeeds, knownRisks })
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

const defined = <T extends object>(fields: T): Defined<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>
