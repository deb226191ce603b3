import type { Problem, TrialBalance } from '../ledger/index.ts'
import type { Applied } from './apply.ts'
import type { BalanceCheck } from './checks.ts'
import type { Delimiter, Encoding, Fault, ImportKind, Parsed, Rounded, Skipped } from './parse/index.ts'
import type { Plan } from './plan.ts'
import type { Remark } from './plan-members.ts'
import type { AnonymousSide } from './planned.ts'

/**
 * `imported`; `tried`: a dry run that would have gone through; `refused`: nothing was written, because of `refusedBecause`.
 */
export type Outcome = 'imported' | 'tried' | 'refused'

/** All that an import did or would do. Holds no names of people, no e-mail addresses and no phone numbers. Minutes. */
export type ImportReport = {
  kind: ImportKind
  timebank: string
  outcome: Outcome
  refusedBecause: string | null
  dryRun: boolean
  file: { sha256: string; encoding: Encoding; delimiter: Delimiter }
  rows: { read: number; blank: number; members: number; history: number; skipped: number; refused: number }
  totals: Parsed['totals']
  errors: Fault[]
  warnings: Fault[]
  skipped: Skipped[]
  rounded: Rounded[]
  ignoredColumns: string[]
  /** null where nothing was even tried */
  done: Done | null
}

export type Done = {
  members: {
    added: number
    alreadyHere: number
    /** lines of members who were brought in before and have been erased since */
    erased: number[]
    withoutEmail: number
    /** members whose number is not that of the file; `wanted` null: the file's code holds none */
    renumbered: { line: number; wanted: number | null; given: number }[]
    byStatus: Record<string, number>
    openings: Applied['openings']
    draftRequests: number
    /** lines whose wishes were not taken over */
    wishesLeftOut: number[]
    /** lines whose date of last sign-in was not taken over */
    lastSeenLeftOut: number
    remarks: Remark[]
  } | null
  history: {
    added: number
    alreadyHere: number
    /** known rows of which an anonymous side is now named */
    completed: number
    minutes: number
    organisationsAdded: string[]
    anonymousSides: AnonymousSide[]
    differing: Plan['differingHistory']
    futureLines: number[]
    /** lines in which an organisation paid and nothing says for what */
    perhapsGrants: number[]
  } | null
  balanceCheck: BalanceCheck
  trialBalance: TrialBalance
  problems: Problem[]
}

/** Of a file that was read; `done` is filled in when the import has been tried. */
export function reportOf(parsed: Parsed, options: { timebank: string; sha256: string; dryRun: boolean }): ImportReport {
  return {
    kind: parsed.kind,
    timebank: options.timebank,
    outcome: 'refused',
    refusedBecause: null,
    dryRun: options.dryRun,
    file: { sha256: options.sha256, encoding: parsed.encoding, delimiter: parsed.delimiter },
    rows: {
      read: parsed.rowsRead,
      blank: parsed.blankRows,
      members: parsed.members.length,
      history: parsed.history.length,
      skipped: parsed.skipped.length,
      refused: parsed.refused.length
    },
    totals: parsed.totals,
    errors: parsed.faults.filter((fault) => fault.severity === 'error'),
    warnings: parsed.faults.filter((fault) => fault.severity === 'warning'),
    skipped: parsed.skipped,
    rounded: parsed.rounded,
    ignoredColumns: parsed.ignoredColumns,
    done: null
  }
}

export function doneOf(
  parsed: Parsed,
  plan: Plan,
  applied: Applied,
  checked: Pick<Done, 'balanceCheck' | 'trialBalance' | 'problems'>
): Done {
  return {
    members: isOfMembers(parsed.kind) ? membersDone(plan, applied) : null,
    history: isOfMembers(parsed.kind) ? null : historyDone(parsed, plan, applied),
    ...checked
  }
}

export const isOfMembers = (kind: ImportKind): boolean => !kind.endsWith('-transfers')

function membersDone(plan: Plan, applied: Applied): Done['members'] {
  const byStatus: Record<string, number> = {}
  for (const { record } of plan.newMembers) byStatus[record.status] = (byStatus[record.status] ?? 0) + 1
  return {
    added: plan.newMembers.length,
    alreadyHere: plan.knownMembers.length,
    erased: plan.erasedMembers.map((record) => record.line),
    withoutEmail: plan.newMembers.filter((member) => member.email === null).length,
    renumbered: plan.newMembers.flatMap(({ record, number }) => {
      const given = applied.members.get(record.line)!.number
      return number === null ? [{ line: record.line, wanted: record.number, given }] : []
    }),
    byStatus,
    openings: applied.openings,
    draftRequests: applied.draftRequests,
    wishesLeftOut: applied.wishesLeftOut,
    lastSeenLeftOut: plan.newMembers.filter(({ record }) => record.lastSeenOn !== null).length,
    remarks: plan.memberRemarks
  }
}

function historyDone(parsed: Parsed, plan: Plan, applied: Applied): Done['history'] {
  return {
    added: applied.historyAdded,
    alreadyHere: plan.knownHistory.length + plan.completedHistory.length,
    completed: applied.historyCompleted,
    minutes: parsed.totals.historyMinutes,
    organisationsAdded: applied.organisations,
    anonymousSides: plan.anonymousSides,
    differing: plan.differingHistory,
    futureLines: plan.futureLines,
    perhapsGrants: plan.perhapsGrants
  }
}
