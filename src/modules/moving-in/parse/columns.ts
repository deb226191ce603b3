import type { Row } from './table.ts'
import { fold, tidy } from './text.ts'

/** The columns of one kind of file, in the order in which it is exported. */
export type Layout<Key extends string> = {
  /** Each column's known headers in any language, besides the key itself. */
  columns: readonly { key: Key; headers: readonly string[] }[]
  /** Columns that some files have besides. Never found by position. */
  extra?: readonly { key: Key; headers: readonly string[] }[]
  /** A file without one of these cannot be read. An inner list: any of them will do. */
  required: readonly (Key | readonly Key[])[]
  /** `position`: headers are translated, so the place counts. `name`: columns may be moved or left out. */
  foundBy: 'position' | 'name'
  /** Whether a first row is a record already, because the file has no header. */
  looksLikeData: (cells: readonly string[]) => boolean
}

export type Columns<Key extends string> = {
  index: ReadonlyMap<Key, number>
  /** Texts of the header; empty where the file has none. */
  header: readonly string[]
  headerLine: number
  /** How many of the rows stand before the data. */
  dataFrom: number
  ignored: string[]
  remarks: string[]
  /** Required columns that the file has not. */
  missing: string[]
}

/** Finds which cell of a row holds what. */
export function findColumns<Key extends string>(rows: readonly Row[], layout: Layout<Key>): Columns<Key> {
  const first = rows[0]
  const width = layout.columns.length
  const positions = new Map(layout.columns.map(({ key }, i) => [key, i]))
  if (!first || (layout.looksLikeData(first.cells) && first.cells.length === width)) {
    const remarks = first ? ['the file has no header; the columns were taken by their places'] : []
    return { index: positions, header: [], headerLine: 1, dataFrom: 0, ignored: [], remarks, missing: [] }
  }
  const at = layout.foundBy === 'name' ? headerRow(rows, layout) : 0
  const remarks = rows.slice(0, at).map((row) => `line ${row.line} stands before the header and was not read`)
  const header = withoutBlankEnd(rows[at]!.cells.map(tidy))
  const place = { header, headerLine: rows[at]!.line, dataFrom: at + 1, remarks }
  const named = byName(header, layout)
  const byPlace = layout.foundBy === 'position' && header.length === width
  if (byPlace && !standsElsewhere(header, named.index, layout)) {
    return { ...place, index: positions, ignored: [], missing: [] }
  }
  if (byPlace) remarks.push('the columns are in another order than usual; they were taken by their names')
  if (header.length === width) takePlaces(named.index, header, layout, named.unknown, remarks)
  const used = new Set(named.index.values())
  const ignored = header.map((text, i) => (used.has(i) ? '' : text || `column ${i + 1}`)).filter((text) => text !== '')
  const missing = layout.required
    .filter((keys) => !alternatives(keys).some((key) => named.index.has(key)))
    .map((keys) => alternatives(keys).join(' or '))
  return { ...place, index: named.index, ignored, missing }
}

export const alternatives = <Key extends string>(keys: Key | readonly Key[]): readonly Key[] =>
  typeof keys === 'string' ? [keys] : keys

/** Among the first rows, the one in which most headers are known. */
function headerRow<Key extends string>(rows: readonly Row[], layout: Layout<Key>): number {
  const known = rows.slice(0, 10).map((row) => byName(row.cells, layout).index.size)
  const most = Math.max(...known)
  return most >= 3 ? known.indexOf(most) : 0
}

/** A header that is known stands where another column usually is, and is no name of that one: places cannot be trusted. */
function standsElsewhere<Key extends string>(
  header: readonly string[],
  index: ReadonlyMap<Key, number>,
  layout: Layout<Key>
): boolean {
  const isName = (text: string, column: { key: Key; headers: readonly string[] } | undefined) =>
    column !== undefined && [column.key, ...column.headers].map(fold).includes(fold(text))
  return layout.columns.some((column, usual) => {
    const found = index.get(column.key)
    if (found === undefined || found === usual) return false
    return !isName(header[usual] ?? '', column) && !isName(header[found] ?? '', layout.columns[found])
  })
}

function byName<Key extends string>(
  header: readonly string[],
  layout: Layout<Key>
): { index: Map<Key, number>; unknown: number[] } {
  const all = [...layout.columns, ...(layout.extra ?? [])]
  const folded = header.map(fold)
  const index = new Map<Key, number>()
  for (const { key, headers } of all) {
    const names = new Set([key, ...headers].map(fold))
    const found = folded.findIndex((text, i) => names.has(text) && ![...index.values()].includes(i))
    if (found >= 0) index.set(key, found)
  }
  const used = new Set(index.values())
  return { index, unknown: header.map((_, i) => i).filter((i) => !used.has(i)) }
}

/** A header that is not known takes the column that usually stands there, if nothing else has taken it. */
function takePlaces<Key extends string>(
  index: Map<Key, number>,
  header: readonly string[],
  layout: Layout<Key>,
  unknown: readonly number[],
  remarks: string[]
): void {
  for (const i of unknown) {
    const key = layout.columns[i]!.key
    if (index.has(key)) continue
    index.set(key, i)
    remarks.push(
      `the header of column ${i + 1} ("${header[i]!.slice(0, 40)}") is not known; read by its place as ${key}`
    )
  }
}

function withoutBlankEnd(cells: string[]): string[] {
  const last = cells.findLastIndex((cell) => cell !== '')
  return cells.slice(0, last + 1)
}
