import type { HistoryRecord, AnonymousSide as NamelessSide, Party } from './parse/index.ts'
import type { KnownExchange, Snapshot } from './snapshot.ts'
import { keyOf, organisationKey } from './sources.ts'

type SideName = NamelessSide['side']

/** A member by id, an organisation by key, or nobody who can be identified. */
export type PlannedSide = { memberId: string } | { organisation: string } | null

/** `unnamed`: the file names nobody; `unknown`: it names somebody who is not here; `same`: both sides are one party. */
export type AnonymousSide = { line: number; side: SideName; why: 'unnamed' | 'unknown' | 'same'; ref: string | null }

export type PlannedExchange = { record: HistoryRecord; provider: PlannedSide; receiver: PlannedSide }

export type HistoryPlan = {
  /** to be recorded, oldest first */
  newHistory: PlannedExchange[]
  /** recorded, with a side that was anonymous and can be identified now */
  completedHistory: PlannedExchange[]
  /** recorded by an earlier import, and left as it is */
  knownHistory: HistoryRecord[]
  /** recorded with other minutes than the file has now: not changed */
  differingHistory: { line: number; fileMinutes: number; recordedMinutes: number }[]
  /** of all rows, known ones too */
  anonymousSides: AnonymousSide[]
  /** to be added, name by key */
  newOrganisations: Map<string, string>
  /** rows with a date after today */
  futureLines: number[]
}

export function planHistory(records: readonly HistoryRecord[], snapshot: Snapshot): HistoryPlan {
  const plan: HistoryPlan = {
    newHistory: [],
    completedHistory: [],
    knownHistory: [],
    differingHistory: [],
    anonymousSides: [],
    newOrganisations: new Map(),
    futureLines: records.filter((record) => record.performedOn > snapshot.today).map((record) => record.line)
  }
  for (const record of records) {
    const planned = planExchange(record, snapshot, plan)
    const known = snapshot.history.get(record.externalId)
    if (!known) plan.newHistory.push(planned)
    else if (completes(planned, known)) plan.completedHistory.push(planned)
    else plan.knownHistory.push(record)
    if (known && known.minutes !== record.minutes)
      plan.differingHistory.push({ line: record.line, fileMinutes: record.minutes, recordedMinutes: known.minutes })
  }
  // exchanges are listed by the order of recording: that of the older system
  plan.newHistory.sort((a, b) => compare(instantOf(a.record), instantOf(b.record)) || a.record.line - b.record.line)
  return plan
}

/** Where the file only has a date: noon of it. */
export const instantOf = (record: HistoryRecord): string => record.recordedAt ?? `${record.performedOn}T12:00:00Z`

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function planExchange(record: HistoryRecord, snapshot: Snapshot, plan: HistoryPlan): PlannedExchange {
  const { line } = record
  const provider = sideOf(record.provider, snapshot)
  const receiver = sideOf(record.receiver, snapshot)
  if (provider !== null && receiver !== null && identity(provider) === identity(receiver)) {
    // nobody helps themselves (R1); the row is kept, its sides are not
    for (const side of ['receiver', 'provider'] as const)
      plan.anonymousSides.push({ line, side, why: 'same', ref: refOf(record[side]) })
    return { record, provider: null, receiver: null }
  }
  for (const side of ['receiver', 'provider'] as const) {
    const planned = side === 'receiver' ? receiver : provider
    const party = record[side]
    const ref = refOf(party)
    if (planned === null) plan.anonymousSides.push({ line, side, why: ref === null ? 'unnamed' : 'unknown', ref })
    else if ('organisation' in planned && !snapshot.organisations.has(planned.organisation))
      plan.newOrganisations.set(planned.organisation, plan.newOrganisations.get(planned.organisation) ?? party.label)
  }
  return { record, provider, receiver }
}

/** Labels of anonymous parties may hold names: they go no further than this. */
const refOf = (party: Party): string | null => (party.kind === 'member' ? party.ref : null)

function sideOf(party: Party, snapshot: Snapshot): PlannedSide {
  if (party.kind === 'organisation') return { organisation: organisationKey(party.ref) }
  const member = party.kind === 'member' ? snapshot.members.get(keyOf(party.ref)) : undefined
  return member ? { memberId: member.id } : null
}

const identity = (side: NonNullable<PlannedSide>): string =>
  'memberId' in side ? side.memberId : `organisation ${side.organisation}`

/** Whether a side that is anonymous in what is recorded is known now, without making both sides one. */
function completes({ provider, receiver }: PlannedExchange, known: KnownExchange): boolean {
  const open = {
    provider: known.providerId === null && known.providerOrganisationId === null,
    receiver: known.receiverId === null && known.receiverOrganisationId === null
  }
  if (open.provider && open.receiver) return provider !== null || receiver !== null
  const named = open.provider ? provider : open.receiver ? receiver : null
  if (named === null) return false
  return !('memberId' in named) || ![known.providerId, known.receiverId].includes(named.memberId)
}
