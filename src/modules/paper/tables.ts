import { sql } from 'drizzle-orm'
import { boolean, check, date, foreignKey, integer, jsonb, pgSchema, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { id, instant, rowVersion, timebankId } from '../../db/columns.ts'
import { exchanges, groups } from '../exchanges/tables.ts'
import { memberships } from '../members/tables.ts'

export const paper = pgSchema('paper')

/** The sheet of an event, as it was handed in. */
export const eventSheets = paper.table(
  'event_sheets',
  {
    timebankId: timebankId(),
    id: id(),
    title: text('title').notNull(),
    atomic: boolean('atomic').notNull(),
    source: text('source').notNull(),
    recorded: integer('recorded').notNull(),
    refused: integer('refused').notNull(),
    /** Membership. */
    recordedBy: uuid('recorded_by'),
    recordedAt: instant('recorded_at').notNull()
  },
  (t) => [primaryKey({ columns: [t.timebankId, t.id] })]
)

/** A line of it, with what came of it. */
export const sheetLines = paper.table(
  'sheet_lines',
  {
    timebankId: timebankId(),
    sheetId: uuid('sheet_id').notNull(),
    /** From 1. */
    line: integer('line').notNull(),
    status: text('status').notNull(),
    exchangeId: uuid('exchange_id'),
    groupId: uuid('group_id'),
    /** As it was given, with what was common to the sheet: ids, minutes and dates. */
    given: jsonb('given').$type<Record<string, unknown>>().notNull(),
    description: text('description').notNull(),
    problem: jsonb('problem').$type<Record<string, unknown>>()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.sheetId, t.line] }),
    foreignKey({ columns: [t.timebankId, t.sheetId], foreignColumns: [eventSheets.timebankId, eventSheets.id] }),
    foreignKey({ columns: [t.timebankId, t.exchangeId], foreignColumns: [exchanges.timebankId, exchanges.id] }),
    foreignKey({ columns: [t.timebankId, t.groupId], foreignColumns: [groups.timebankId, groups.id] }),
    check('sheet_lines_outcome', sql`(${t.status} = 'recorded') = (num_nonnulls(${t.exchangeId}, ${t.groupId}) = 1)`),
    check('sheet_lines_status', sql`${t.status} in ('recorded', 'refused')`)
  ]
)

/** Statements that were made together to be posted: whose, and about which days. The pages themselves are not kept. */
export const statementRuns = paper.table(
  'statement_runs',
  {
    timebankId: timebankId(),
    id: id(),
    /** Service dates, both included. */
    fromDate: date('from_date').notNull(),
    toDate: date('to_date').notNull(),
    statements: integer('statements').notNull(),
    /** Membership, as is the other. */
    madeBy: uuid('made_by'),
    madeAt: instant('made_at').notNull(),
    postedOn: date('posted_on'),
    postedBy: uuid('posted_by'),
    rowVersion: rowVersion()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    check('statement_runs_period', sql`${t.fromDate} <= ${t.toDate}`)
  ]
)

export const statementRunMembers = paper.table(
  'statement_run_members',
  {
    timebankId: timebankId(),
    runId: uuid('run_id').notNull(),
    position: integer('position').notNull(),
    membershipId: uuid('membership_id').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.runId, t.position] }),
    foreignKey({ columns: [t.timebankId, t.runId], foreignColumns: [statementRuns.timebankId, statementRuns.id] }),
    foreignKey({ columns: [t.timebankId, t.membershipId], foreignColumns: [memberships.timebankId, memberships.id] })
  ]
)

/** Who wants statements by post though they have e-mail. */
export const postalChoices = paper.table(
  'postal_choices',
  { timebankId: timebankId(), membershipId: uuid('membership_id').notNull(), chosenAt: instant('chosen_at').notNull() },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.membershipId] }),
    foreignKey({ columns: [t.timebankId, t.membershipId], foreignColumns: [memberships.timebankId, memberships.id] })
  ]
)
