import { komunitinAccounts, komunitinTransfers } from './komunitin.ts'
import { readRows } from './rows.ts'
import { spreadsheet } from './spreadsheet.ts'
import { timeoverflowMembers, timeoverflowTransfers } from './timeoverflow.ts'
import type { ImportKind, Parsed, ParseOptions } from './types.ts'

export type {
  AnonymousSide,
  Delimiter,
  Encoding,
  Fault,
  HistoryRecord,
  ImportKind,
  MemberRecord,
  Parsed,
  ParseOptions,
  Party,
  Rounded,
  Skipped
} from './types.ts'
export { importKinds } from './types.ts'

/** Turns the bytes of an exported file into records and faults. Never throws for what a file holds. */
export function parseImport(kind: ImportKind, bytes: Uint8Array, options: ParseOptions = {}): Parsed {
  switch (kind) {
    case 'timeoverflow-members':
      return readRows(kind, bytes, timeoverflowMembers, options)
    case 'timeoverflow-transfers':
      return readRows(kind, bytes, timeoverflowTransfers, options)
    case 'komunitin-accounts':
      return readRows(kind, bytes, komunitinAccounts, options)
    case 'komunitin-transfers':
      return readRows(kind, bytes, komunitinTransfers, options)
    case 'spreadsheet':
      return readRows(kind, bytes, spreadsheet, options)
  }
}
