import type { HistoryRecord, AnonymousSide as NamelessSide } from './parse/index.ts'

export type SideName = NamelessSide['side']

/** A member by id, an organisation by key, or nobody who can be identified. */
export type PlannedSide = { memberId: string } | { organisation: string } | null

/** `unnamed`: the file names nobody; `unknown`: it names somebody who is not here; `same`: both sides are one party. */
export type AnonymousSide = { line: number; side: SideName; why: 'unnamed' | 'unknown' | 'same'; ref: string | null }

export type PlannedExchange = {
  record: HistoryRecord
  externalId: string
  provider: PlannedSide
  receiver: PlannedSide
  anonymous: AnonymousSide[]
}

/** Where the file only has a date: noon of it. */
export const instantOf = (record: HistoryRecord): string => record.recordedAt ?? `${record.performedOn}T12:00:00Z`

export const secondOf = (instant: string | Date): number => Math.floor(new Date(instant).getTime() / 1000)
