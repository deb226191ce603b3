import type { HistoryRecord, Party } from './parse/index.ts'
import { type AnonymousSide, instantOf, type PlannedExchange, type PlannedSide, type SideName } from './planned.ts'
import { isOrWasUnnamed, sameRows } from './same-rows.ts'
import type { KnownExchange, Snapshot } from './snapshot.ts'
import { keyOf, organisationKey } from './sources.ts'

export type HistoryPlan = {
  /** to be recorded, oldest first */
  newHistory: PlannedExchange[]
  /** recorded, with a side that was anonymous and can be identified now; under the external id that it has here */
  completedHistory: PlannedExchange[]
  /** recorded by an earlier import, and left as it is */
  knownHistory: HistoryRecord[]
  /** recorded with other minutes than the file has now: not changed */
  differingHistory: { line: number; fileMinutes: number; recordedMinutes: number }[]
  /** of all rows, known ones too unless what is recorded has the name */
  anonymousSides: AnonymousSide[]
  /** to be added, name by key */
  newOrganisations: Map<string, string>
  /** rows with a date after today */
  futureLines: number[]
  /** rows in which an organisation paid for nothing that has a title: perhaps hours given, and no help received */
  perhapsGrants: number[]
}

export function planHistory(records: readonly HistoryRecord[], snapshot: Snapshot): HistoryPlan {
  const plan: HistoryPlan = {
    newHistory: [],
    completedHistory: [],
    knownHistory: [],
    differingHistory: [],
    anonymousSides: [],
    newOrganisations: new Map(),
    futureLines: records.filter((record) => record.performedOn > snapshot.today).map((record) => record.line),
    perhapsGrants: records
      .filter((record) => record.receiver.kind === 'organisation' && record.description === '')
      .map((record) => record.line)
  }
  const rows = records.map((record) => planExchange(record, snapshot, plan))
  const same = sameRows(rows, snapshot)
  for (const planned of rows) {
    const { record } = planned
    const known = same.get(planned)
    plan.anonymousSides.push(...planned.anonymous.filter(({ side, why }) => why !== 'unnamed' || !isNamed(known, side)))
    if (!known) plan.newHistory.push(planned)
    else if (isOrWasUnnamed(record, known) && completes(planned, known))
      plan.completedHistory.push({ ...planned, externalId: known.externalId })
    else plan.knownHistory.push(record)
    if (known && known.minutes !== record.minutes)
      plan.differingHistory.push({ line: record.line, fileMinutes: record.minutes, recordedMinutes: known.minutes })
  }
  // exchanges are listed by the order of recording: that of the older system
  plan.newHistory.sort((a, b) => compare(instantOf(a.record), instantOf(b.record)) || a.record.line - b.record.line)
  return plan
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function planExchange(record: HistoryRecord, snapshot: Snapshot, plan: HistoryPlan): PlannedExchange {
  const { line, externalId } = record
  const provider = sideOf(record.provider, snapshot)
  const receiver = sideOf(record.receiver, snapshot)
  const anonymous: AnonymousSide[] = []
  if (provider !== null && receiver !== null && identity(provider) === identity(receiver)) {
    // nobody helps themselves (R1); the row is kept, its sides are not
    for (const side of ['receiver', 'provider'] as const)
      anonymous.push({ line, side, why: 'same', ref: refOf(record[side]) })
    return { record, externalId, provider: null, receiver: null, anonymous }
  }
  for (const side of ['receiver', 'provider'] as const) {
    const planned = side === 'receiver' ? receiver : provider
    const party = record[side]
    const ref = refOf(party)
    if (planned === null) anonymous.push({ line, side, why: ref === null ? 'unnamed' : 'unknown', ref })
    else if ('organisation' in planned && !snapshot.organisations.has(planned.organisation))
      plan.newOrganisations.set(planned.organisation, plan.newOrganisations.get(planned.organisation) ?? party.label)
  }
  return { record, externalId, provider, receiver, anonymous }
}

const isNamed = (known: KnownExchange | undefined, side: SideName): boolean =>
  known !== undefined && (known[`${side}Id`] ?? known[`${side}OrganisationId`]) !== null

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
  const open = { provider: !isNamed(known, 'provider'), receiver: !isNamed(known, 'receiver') }
  if (open.provider && open.receiver) return provider !== null || receiver !== null
  const named = open.provider ? provider : open.receiver ? receiver : null
  if (named === null) return false
  return !('memberId' in named) || ![known.providerId, known.receiverId].includes(named.memberId)
}
