import { and, eq, getTableColumns } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { addDays } from '../../shared/clock.ts'
import { DomainError, type Fault, notFound, refuseFaults } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { affiliationCovering, memberParty } from '../members/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { getCategory } from './categories.ts'
import { tellFollowers } from './follow.ts'
import { offers, requests } from './tables.ts'
import type { Kind, Mode, OfferStatus, RequestStatus, Setting, Slot } from './vocabulary.ts'
import { rememberWords } from './words.ts'

/** What an offer and a request have in common; `helpersNeeded` is null for an offer. */
export type Listing = {
  kind: Kind
  id: string
  /** The owner; for an organisation's listing the member who stands for it. */
  membershipId: string
  organisationId: string | null
  categoryId: string
  status: OfferStatus | RequestStatus
  title: string
  description: string
  mode: Mode
  setting: Setting
  availability: Slot[]
  languages: string[]
  area: string | null
  /** Rounded to 3 decimals, about 100 m. For the owner and staff; what others learn comes of its cell (see `tables.ts`). */
  latitude: number | null
  longitude: number | null
  estimatedMinutes: number | null
  helpersNeeded: number | null
  /** The last day on which it stands. */
  expiresOn: string | null
  openedAt: Date | null
  createdAt: Date
  rowVersion: number
  /** Of a request: something above follows what becomes of it. Told to nobody. */
  followed?: boolean
}
export type Offer = Listing & { kind: 'offer'; status: OfferStatus; helpersNeeded: null }
export type Request = Listing & { kind: 'request'; status: RequestStatus; helpersNeeded: number }

export type ListingFields = {
  categoryId: string
  title: string
  description?: string | undefined
  mode: Mode
  setting: Setting
  availability?: Slot[] | undefined
  languages?: string[] | undefined
  area?: string | null | undefined
  latitude?: number | null | undefined
  longitude?: number | null | undefined
  estimatedMinutes?: number | null | undefined
  expiresOn?: string | null | undefined
  /** Requests only. */
  helpersNeeded?: number | undefined
}

/** What is left out stays as it is. */
export type ListingChange = { [K in keyof ListingFields]?: ListingFields[K] | undefined }

export type NewListing = ListingFields & {
  /** On behalf of this member; for staff. */
  memberId?: string | undefined
  /** For this organisation, for which the owner acts. */
  organisationId?: string | undefined
  /** Opened at once, instead of kept as a draft. */
  open?: boolean | undefined
  /** A request's status is followed: each change of it queues a job. */
  followed?: boolean | undefined
}

/** All that tells offers from requests; the rest of this module is written once for both. */
export const kinds = {
  offer: {
    table: offers,
    standsDays: 180,
    editable: ['draft', 'open', 'paused'],
    expires: ['open'],
    moves: {
      open: { from: ['draft'], to: 'open', action: 'opened' },
      pause: { from: ['open'], to: 'paused', action: 'paused' },
      resume: { from: ['paused'], to: 'open', action: 'resumed' },
      close: { from: ['draft', 'open', 'paused'], to: 'closed', action: 'closed' }
    }
  },
  request: {
    table: requests as unknown as typeof offers,
    standsDays: 60,
    editable: ['draft', 'open', 'matched'],
    expires: ['open', 'matched'],
    moves: {
      open: { from: ['draft'], to: 'open', action: 'opened' },
      // by the service, while what it came of is put off
      rest: { from: ['open'], to: 'draft', action: 'put-off' },
      withdraw: { from: ['draft', 'open', 'matched'], to: 'withdrawn', action: 'withdrawn' },
      fulfil: { from: ['in_progress'], to: 'fulfilled', action: 'fulfilled' }
    }
  }
} as const
type MoveOf<K extends Kind> = keyof (typeof kinds)[K]['moves']
export type MoveName = MoveOf<'offer'> | MoveOf<'request'>

const longestDays = 730

/** Everything but what the search alone reads. */
export function columnsOf(kind: Kind) {
  const {
    search: _search,
    folded: _folded,
    coarseLatitude: _coarseLatitude,
    coarseLongitude: _coarseLongitude,
    expiryNoticedFor: _noticed,
    timebankId: _timebank,
    ...columns
  } = getTableColumns(kinds[kind].table)
  return columns
}

type Row = Omit<
  typeof offers.$inferSelect,
  'search' | 'folded' | 'coarseLatitude' | 'coarseLongitude' | 'expiryNoticedFor' | 'timebankId'
>

export const asListing = (kind: Kind, row: Row): Listing => ({ helpersNeeded: null, ...row, kind }) as Listing

const one = (tx: Tx, kind: Kind, id: string) =>
  and(eq(kinds[kind].table.timebankId, tx.timebankId), eq(kinds[kind].table.id, id))

/** Whoever asks; what somebody may see is for `readListing` to say. */
export async function getListing(tx: Tx, kind: Kind, id: string): Promise<Listing> {
  const [row] = await tx.db
    .select(columnsOf(kind))
    .from(kinds[kind].table)
    .where(one(tx, kind, id))
  if (!row) throw notFound(kind)
  return asListing(kind, row)
}

export const getOffer = async (tx: Tx, id: string): Promise<Offer> => (await getListing(tx, 'offer', id)) as Offer
export const getRequest = async (tx: Tx, id: string): Promise<Request> =>
  (await getListing(tx, 'request', id)) as Request

export async function lockListing(tx: Tx, kind: Kind, id: string): Promise<Listing> {
  const [row] = await tx.db
    .select(columnsOf(kind))
    .from(kinds[kind].table)
    .where(one(tx, kind, id))
    .for('no key update')
  if (!row) throw notFound(kind)
  return asListing(kind, row)
}

/** Staff, and the service itself in jobs and imports. */
export const seesAll = ({ actor }: Tx): boolean => isStaff(actor) || (actor.operator && actor.personId === null)

export const todayHere = async (tx: Tx): Promise<string> => today(tx, (await currentPolicy(tx)).rules)

async function actsFor(tx: Tx, membershipId: string, organisationId: string): Promise<boolean> {
  return (
    (await affiliationCovering(tx, { membershipId, organisationId, actsFor: true, on: await todayHere(tx) })) !== null
  )
}

/** One's own, or that of an organisation for which one acts today. */
export async function isOwn(tx: Tx, listing: Listing): Promise<boolean> {
  const { membershipId } = tx.actor
  if (membershipId === null) return false
  if (listing.membershipId === membershipId) return true
  return listing.organisationId !== null && (await actsFor(tx, membershipId, listing.organisationId))
}

/** Others see it while it is open and its owner takes part; to them everything else looks as if it were not there. */
export async function readListing(tx: Tx, kind: Kind, id: string): Promise<Listing> {
  const listing = await getListing(tx, kind, id)
  if (seesAll(tx) || (await isOwn(tx, listing))) return listing
  if (listing.status !== 'open' || (await memberParty(tx, listing.membershipId)).status !== 'active')
    throw notFound(kind)
  return listing
}

export async function lockOwn(tx: Tx, kind: Kind, id: string): Promise<Listing> {
  const listing = await lockListing(tx, kind, id)
  if (!seesAll(tx) && !(await isOwn(tx, listing))) throw notFound(kind)
  return listing
}

const fault = (field: string, detail: string): Fault => ({ pointer: `/${field}`, detail: `${field}: ${detail}` })

export async function createListing(tx: Tx, kind: Kind, input: NewListing): Promise<Listing> {
  const { memberId, organisationId = null, open = false, followed = false, ...fields } = input
  const ownerId = memberId ?? tx.actor.membershipId
  if (ownerId === null || (ownerId !== tx.actor.membershipId && !seesAll(tx)))
    throw new DomainError('forbidden', 'Only staff write on behalf of others.')
  await checkOwner(tx, ownerId, organisationId, memberId === undefined ? null : '/memberId')
  const day = await todayHere(tx)
  refuseFaults(faultsOf(fields, day))
  await checkCategory(tx, fields.categoryId)
  const stored = storable(kind, fields)
  const [row] = await tx.db
    .insert(kinds[kind].table)
    .values({
      ...stored,
      timebankId: tx.timebankId,
      id: newId(),
      membershipId: ownerId,
      organisationId,
      status: open ? 'open' : 'draft',
      createdAt: tx.now,
      ...(followed ? { followed } : {}),
      ...(open ? { openedAt: tx.now, expiresOn: stored.expiresOn ?? addDays(day, kinds[kind].standsDays) } : {})
    } as typeof offers.$inferInsert)
    .returning(columnsOf(kind))
  const listing = asListing(kind, row!)
  await rememberWords(tx, [listing])
  const entry = { subject: { type: kind, id: listing.id }, onBehalfOf: ownerId }
  await audit(tx, {
    action: `${kind}.created`,
    ...entry,
    changes: { status: listing.status, ...(organisationId ? { organisationId } : {}) }
  })
  return listing
}

/** Only active members give and ask, and for an organisation only those who act for it. */
export async function checkOwner(
  tx: Tx,
  membershipId: string,
  organisationId: string | null,
  pointer: string | null
): Promise<void> {
  const refuse = (code: 'party-not-active' | 'capacity-not-covered', detail: string, at: string | null) =>
    new DomainError(code, detail, at === null ? {} : { errors: [{ pointer: at, detail }] })
  if ((await memberParty(tx, membershipId)).status !== 'active')
    throw refuse('party-not-active', 'The member is not active.', pointer)
  if (organisationId !== null && !(await actsFor(tx, membershipId, organisationId)))
    throw refuse('capacity-not-covered', 'The member does not act for that organisation.', '/organisationId')
}

export async function checkCategory(tx: Tx, categoryId: string): Promise<void> {
  const category = await getCategory(tx, categoryId).catch((error: unknown) => {
    if (error instanceof DomainError && error.code === 'not-found')
      throw new DomainError('validation-failed', error.message, {
        errors: [fault('categoryId', 'is not one of this timebank.')]
      })
    throw error
  })
  if (category.closed)
    throw new DomainError('category-closed', undefined, { errors: [fault('categoryId', 'is closed.')] })
}

/** What no shape can say: pairs, and dates that depend on today. */
function faultsOf(fields: ListingChange, day: string): Fault[] {
  const { latitude = null, longitude = null, expiresOn } = fields
  const faults: Fault[] = []
  if ((latitude === null) !== (longitude === null))
    faults.push(fault(latitude === null ? 'latitude' : 'longitude', 'goes with the other coordinate.'))
  if (expiresOn && (expiresOn < day || expiresOn > addDays(day, longestDays)))
    faults.push(fault('expiresOn', `must lie between ${day} and ${addDays(day, longestDays)}.`))
  return faults
}

const rounded = (degrees: number | null): number | null => (degrees === null ? null : Math.round(degrees * 1000) / 1000)

/** As it is stored: coordinates rounded to about 100 m, lists without repeats, no field that was not given. */
function storable(kind: Kind, fields: ListingChange): Partial<Listing> {
  const { latitude, longitude, availability, languages, helpersNeeded, ...rest } = fields
  const stored = {
    ...rest,
    ...(latitude === undefined ? {} : { latitude: rounded(latitude) }),
    ...(longitude === undefined ? {} : { longitude: rounded(longitude) }),
    ...(availability === undefined ? {} : { availability: [...new Set(availability)] }),
    ...(languages === undefined ? {} : { languages: [...new Set(languages)] }),
    ...(helpersNeeded === undefined || kind === 'offer' ? {} : { helpersNeeded })
  }
  return Object.fromEntries(Object.entries(stored).filter(([, value]) => value !== undefined)) as Partial<Listing>
}

/** What is left out stays as it is. `expected` is the row version that the change was made from. */
export async function updateListing(
  tx: Tx,
  kind: Kind,
  id: string,
  change: ListingChange,
  expected: number
): Promise<Listing> {
  const before = await lockOwn(tx, kind, id)
  if (before.rowVersion !== expected) throw new DomainError('precondition-failed')
  if (!(kinds[kind].editable as readonly string[]).includes(before.status)) throw wrongState(before, 'changed')
  const next = storable(kind, change)
  refuseFaults(faultsOf({ ...before, ...next, expiresOn: next.expiresOn } as ListingChange, await todayHere(tx)))
  if (next.expiresOn === null && before.status !== 'draft')
    refuseFaults([fault('expiresOn', `is needed while it is ${before.status}.`)])
  if (next.categoryId !== undefined && next.categoryId !== before.categoryId) await checkCategory(tx, next.categoryId)
  const fields = (Object.keys(next) as (keyof Listing)[]).filter(
    (name) => JSON.stringify(next[name]) !== JSON.stringify(before[name])
  )
  if (fields.length === 0) return before
  const after = await store(tx, before, next)
  if (fields.includes('title') || fields.includes('description')) await rememberWords(tx, [after])
  await audit(tx, {
    action: `${kind}.updated`,
    subject: { type: kind, id },
    onBehalfOf: before.membershipId,
    changes: { fields }
  })
  return after
}

export async function store(tx: Tx, listing: Listing, next: Partial<Listing>): Promise<Listing> {
  const { kind } = listing
  const [row] = await tx.db
    .update(kinds[kind].table)
    .set({ ...next, rowVersion: listing.rowVersion + 1 } as Partial<typeof offers.$inferInsert>)
    .where(one(tx, kind, listing.id))
    .returning(columnsOf(kind))
  const after = asListing(kind, row!)
  if (after.status !== listing.status) await tellFollowers(tx, [after])
  return after
}

export function wrongState(listing: Listing, step: string): DomainError {
  const state = listing.status.replace('_', ' ')
  return new DomainError(
    'wrong-state',
    `${listing.kind === 'offer' ? 'An offer' : 'A request'} that is ${state} cannot be ${step}.`,
    { figures: { state: listing.status } }
  )
}
