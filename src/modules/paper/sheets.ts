import { and, asc, desc, eq, lt, sql } from 'drizzle-orm'
import { actAs, type Tx } from '../../db/client.ts'
import type { Actor } from '../../shared/actor.ts'
import { DomainError, type Fault, notFound, type ProblemFigures } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { record, recordGroup } from '../exchanges/index.ts'
import { eventSheets, sheetLines } from './tables.ts'

type Common = { slipNumber?: string | undefined }

/** A line of a sheet with all that is common to the sheet: an exchange of two, or a session of several. */
export type SheetLine =
  | (Common & { kind: 'exchange' } & Parameters<typeof record>[1])
  | (Common & { kind: 'group' } & Parameters<typeof recordGroup>[1])

export type NewSheet = { title: string; lines: readonly SheetLine[]; atomic: boolean; dryRun: boolean }

/** Why a line was refused; `errors` point into the line. */
type Problem = { code: string; detail: string; errors: Fault[]; figures: ProblemFigures }

/** `would_record`: of a sheet that is not saved. */
export type LineOutcome = {
  line: number
  status: 'recorded' | 'would_record' | 'refused'
  exchangeId: string | null
  groupId: string | null
  given: SheetLine
  problem: Problem | null
}

export type Sheet = Omit<typeof eventSheets.$inferSelect, 'timebankId'>
/** `sheet`: null where nothing was saved. */
export type Recorded = { sheet: Sheet | null; lines: LineOutcome[] }

/**
 * Records a sheet of an event, line by line in its order, each as a broker records one exchange or group. Every line gets its
 * answer. What is refused takes nothing of the others with it, unless the sheet is `atomic`; a `dryRun` saves nothing.
 */
export async function recordSheet(tx: Tx, { title, lines, atomic, dryRun }: NewSheet): Promise<Recorded> {
  if (tx.actor.slipNumber !== undefined) {
    const detail = 'A sheet has no slip number of its own; give each line its slip.'
    throw new DomainError('validation-failed', detail, { errors: [{ parameter: 'commonhours-slip', detail }] })
  }
  await tx.client.query('SAVEPOINT sheet')
  const outcomes: LineOutcome[] = []
  for (const [i, line] of lines.entries()) outcomes.push(await recordLine(tx, i + 1, line))
  const refused = outcomes.filter(({ status }) => status === 'refused').length
  if (dryRun || (atomic && refused > 0)) {
    await tx.client.query('ROLLBACK TO SAVEPOINT sheet')
    return { sheet: null, lines: outcomes.map(notSaved) }
  }
  return { sheet: await keep(tx, title, atomic, outcomes), lines: outcomes }
}

const notSaved = (outcome: LineOutcome): LineOutcome =>
  outcome.status === 'refused' ? outcome : { ...outcome, status: 'would_record', exchangeId: null, groupId: null }

async function recordLine(tx: Tx, line: number, given: SheetLine): Promise<LineOutcome> {
  const { kind: _, slipNumber, ...input } = given
  const slip: Partial<Actor> = slipNumber === undefined ? {} : { source: 'paper_slip', slipNumber }
  const forLine = actAs(tx, { ...tx.actor, ...slip }, tx.now)
  await tx.client.query('SAVEPOINT line')
  try {
    const ids =
      given.kind === 'group'
        ? { exchangeId: null, groupId: (await recordGroup(forLine, input as typeof given)).id }
        : { exchangeId: (await record(forLine, input as typeof given)).id, groupId: null }
    await tx.client.query('RELEASE SAVEPOINT line')
    return { line, status: 'recorded', ...ids, given, problem: null }
  } catch (error) {
    if (!(error instanceof DomainError) || error.status >= 500) throw error
    await tx.client.query('ROLLBACK TO SAVEPOINT line')
    const { code, message: detail, errors, figures } = error
    return {
      line,
      status: 'refused',
      exchangeId: null,
      groupId: null,
      given,
      problem: { code, detail, errors, figures }
    }
  }
}

async function keep(tx: Tx, title: string, atomic: boolean, outcomes: readonly LineOutcome[]): Promise<Sheet> {
  const id = newId()
  const recorded = outcomes.filter(({ status }) => status === 'recorded').length
  const [sheet] = await tx.db
    .insert(eventSheets)
    .values({
      timebankId: tx.timebankId,
      id,
      title,
      atomic,
      source: tx.actor.source,
      recorded,
      refused: outcomes.length - recorded,
      recordedBy: tx.actor.membershipId,
      recordedAt: tx.now
    })
    .returning()
  await tx.db.insert(sheetLines).values(
    outcomes.map(({ line, status, exchangeId, groupId, given: { description, ...given }, problem }) => ({
      timebankId: tx.timebankId,
      sheetId: id,
      line,
      status,
      exchangeId,
      groupId,
      given,
      description,
      problem
    }))
  )
  await audit(tx, {
    action: 'event-sheet.recorded',
    subject: { type: 'event-sheet', id },
    changes: { recorded, refused: outcomes.length - recorded }
  })
  return sheet!
}

/** Newest first, keyset by id (uuid v7). One more than `limit` where there are more. */
export function listSheets(tx: Tx, before: string | null, limit: number): Promise<Sheet[]> {
  return tx.db
    .select()
    .from(eventSheets)
    .where(and(eq(eventSheets.timebankId, tx.timebankId), before === null ? undefined : lt(eventSheets.id, before)))
    .orderBy(desc(eventSheets.id))
    .limit(limit + 1)
}

/** A sheet as it was handed in, with what came of each line then. */
export async function getSheet(tx: Tx, id: string): Promise<Recorded> {
  const [sheet] = await tx.db
    .select()
    .from(eventSheets)
    .where(and(eq(eventSheets.timebankId, tx.timebankId), eq(eventSheets.id, id)))
  if (!sheet) throw notFound('event sheet')
  const lines = await tx.db
    .select()
    .from(sheetLines)
    .where(and(eq(sheetLines.timebankId, tx.timebankId), eq(sheetLines.sheetId, id)))
    .orderBy(asc(sheetLines.line))
  return {
    sheet,
    lines: lines.map(({ line, status, exchangeId, groupId, given, description, problem }) => ({
      line,
      status: status as 'recorded',
      exchangeId,
      groupId,
      given: { ...given, description } as SheetLine,
      problem: problem as Problem | null
    }))
  }
}

/** When a member is erased: what was written about what they gave or received goes. */
export async function blankSheetsOf(tx: Tx, membershipId: string): Promise<void> {
  await tx.db
    .update(sheetLines)
    .set({ description: '' })
    .where(
      and(
        eq(sheetLines.timebankId, tx.timebankId),
        sql`${sheetLines.given}::text ILIKE ${`%${membershipId}%`}`,
        sql`${sheetLines.description} <> ''`
      )
    )
}
