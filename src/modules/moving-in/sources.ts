import { createHash } from 'node:crypto'
import type { Actor } from '../../shared/actor.ts'
import type { ImportKind } from './parse/index.ts'

/** The older system: with the number or code there, it is by what a repeated import knows a member again. */
export type SourceName = 'timeoverflow' | 'komunitin' | 'spreadsheet'

const sources: Record<ImportKind, SourceName> = {
  'timeoverflow-members': 'timeoverflow',
  'timeoverflow-transfers': 'timeoverflow',
  'komunitin-accounts': 'komunitin',
  'komunitin-transfers': 'komunitin',
  spreadsheet: 'spreadsheet'
}

export const sourceOf = (kind: ImportKind): SourceName => sources[kind]

/** The service itself, at the command line. */
export const importActor: Actor = {
  personId: null,
  membershipId: null,
  roles: [],
  operator: true,
  source: 'import'
}

/** Codes are compared without regard to case: RV007 and rv007 are one member. */
export const keyOf = (ref: string): string => ref.toUpperCase()

/** Names of organisations are unique without regard to case. */
export const organisationKey = (name: string): string => name.normalize('NFC').toLowerCase()

/**
 * The id of a member's opening transfer, the same at every import: the ledger itself refuses a second one, and an opening
 * without its member tells of somebody who has been erased since.
 */
export function openingId(timebankId: string, source: SourceName, externalId: string): string {
  const hash = createHash('sha256')
    .update(['opening', timebankId, source, keyOf(externalId)].join('\n'))
    .digest('hex')
  // version 8: made up by us; variant 10
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `a${hash.slice(17, 20)}`,
    hash.slice(20, 32)
  ].join('-')
}
