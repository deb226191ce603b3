// Both are escaped in JSON, and no number, id or date has them.
const betweenFields = '\u001f'
const betweenRows = '\u001e'

/**
 * SQL that gives all rows as one text, in any order. The driver reads it as one value instead of one for each field, which on
 * a page of fifty rows with fifteen fields takes it 25 µs instead of 150, and the database no longer.
 * `columns` are expressions that are never null; texts that people write go through `to_json`, so that none of them can
 * hold what stands between fields.
 */
export const packedRows = (columns: readonly string[]): string =>
  `string_agg(concat_ws(E'\\x1f', ${columns.join(', ')}), E'\\x1e')`

/** Null: there was no row. */
export const unpackRows = (text: string | null): string[][] =>
  text === null ? [] : text.split(betweenRows).map((row) => row.split(betweenFields))

/** A nullable expression for `packedRows`: null is an empty text. */
export const orEmpty = (expression: string): string => `coalesce(${expression}::text, '')`

/** An instant as the database writes it on connections in UTC, `2026-01-15 10:00:00.123456+00`. */
export const instantFrom = (text: string): Date => new Date(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`)
