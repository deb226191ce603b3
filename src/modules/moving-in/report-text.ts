import { hoursText } from '../../shared/minutes.ts'
import type { TrialBalance } from '../ledger/index.ts'
import type { BalanceCheck } from './checks.ts'
import type { AnonymousSide } from './planned.ts'
import type { Done, ImportReport } from './report.ts'
import { lineList, printable, table, wrapped } from './table.ts'

/** The report as an operator reads it. */
export function reportText(report: ImportReport): string {
  const { done } = report
  const parts = [
    headOf(report),
    faultsOf(report),
    done?.members ? membersOf(done.members) : [],
    done?.history ? historyOf(done.history) : [],
    done ? balanceCheckOf(report, done.balanceCheck) : [],
    done ? trialBalanceText(done.trialBalance) : [],
    conclusionOf(report)
  ]
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

function headOf({ kind, timebank, file, rows, totals, skipped, rounded, ignoredColumns }: ImportReport): string[] {
  const ofSound = rows.refused > 0 ? ', without the faulty rows' : ''
  const separator = file.delimiter === '\t' ? 'tab' : file.delimiter
  const figures = [
    `${rows.read} rows read`,
    ...(rows.members > 0 ? [`${rows.members} members`] : []),
    ...(rows.history > 0 ? [`${rows.history} transfers`] : []),
    ...(rows.skipped > 0 ? [`${rows.skipped} that bring nothing`] : []),
    `${rows.refused} faulty`,
    ...(rows.blank > 0 ? [`${rows.blank} blank`] : [])
  ]
  const lines = [`${kind} into ${timebank} (${file.encoding}, separated by "${separator}")`, `  ${figures.join(', ')}`]
  if (rows.members > 0)
    lines.push(
      `  balances in the file${ofSound}: ${time(totals.balanceMinutes)}, ${totals.balanceSeconds} seconds as written`
    )
  if (rows.history > 0) lines.push(`  time in the file${ofSound}: ${time(totals.historyMinutes)}`)
  if (ignoredColumns.length > 0) lines.push(`  columns not read: ${ignoredColumns.map(printable).join(', ')}`)
  for (const [reason, at] of grouped(
    skipped,
    (row) => row.reason,
    (row) => row.line
  ))
    lines.push(...wrapped(`brings nothing (${reason}): line ${lineList(at)}`, 2))
  if (rounded.length > 0) {
    lines.push('', 'Rounded to whole minutes')
    lines.push(
      ...table(
        ['line', 'seconds', 'minutes'],
        rounded.map((row) => [row.line, row.seconds, row.minutes])
      )
    )
  }
  return lines
}

function faultsOf({ errors, warnings }: ImportReport): string[] {
  const lines: string[] = []
  for (const [title, faults] of [
    ['Faulty rows', errors],
    ['Warnings', warnings]
  ] as const) {
    if (faults.length === 0) continue
    if (lines.length > 0) lines.push('')
    lines.push(`${title} (${faults.length})`)
    lines.push(
      ...table(
        ['line', 'column', 'reason'],
        faults.map((fault) => [fault.line, fault.column, fault.reason])
      )
    )
  }
  return lines
}

function membersOf(members: NonNullable<Done['members']>): string[] {
  const { openings } = members
  const lines = [
    'Members',
    ...figures([
      ['added', members.added],
      ...Object.entries(members.byStatus).map(([status, count]): [string, number] => [`  ${status}`, count]),
      ['already here, left as they are', members.alreadyHere],
      ['without e-mail', members.withoutEmail],
      ['draft requests from their wishes', members.draftRequests]
    ])
  ]
  lines.push(
    `  opening balances: ${openings.credited} credited with ${time(openings.creditedMinutes)}, ${openings.debited} debited with ${time(openings.debitedMinutes)}`
  )
  lines.push(...atLines('brought in before and erased since, not brought back', members.erased))
  lines.push(...atLines('wishes not taken over, because the member is not active', members.wishesLeftOut))
  if (members.lastSeenLeftOut > 0)
    lines.push(`  not taken over: when ${members.lastSeenLeftOut} of them last signed in to the older system`)
  if (members.renumbered.length > 0) {
    lines.push('', 'Another member number than in the file')
    lines.push(
      ...table(
        ['line', 'in the file', 'here'],
        members.renumbered.map((row) => [row.line, row.wanted ?? 'none', row.given])
      )
    )
  }
  if (members.remarks.length > 0) {
    lines.push('', 'Remarks on members')
    lines.push(
      ...table(
        ['line', 'field', 'remark'],
        members.remarks.map((row) => [row.line, row.column, row.reason])
      )
    )
  }
  return lines
}

function historyOf(history: NonNullable<Done['history']>): string[] {
  const lines = [
    'History',
    ...figures([
      ['exchanges added', history.added],
      ['already here', history.alreadyHere],
      ['of these with a side that is identified now', history.completed],
      ['sides without a name', history.anonymousSides.length]
    ])
  ]
  lines.push('  It is kept as settled exchanges and moves no hours: they are part of the opening balances.')
  lines.push(...atLines('dates that are still to come, kept as they are', history.futureLines))
  lines.push(...atLines('paid by an organisation, without a title: may be grants, not help', history.perhapsGrants))
  for (const name of history.organisationsAdded)
    lines.push(`  organisation added with a balance of 0:00: ${printable(name)}`)
  if (history.differing.length > 0) {
    lines.push('', 'Recorded with other minutes, not changed')
    lines.push(
      ...table(
        ['line', 'in the file', 'here'],
        history.differing.map((row) => [row.line, row.fileMinutes, row.recordedMinutes])
      )
    )
  }
  lines.push(...anonymousOf(history.anonymousSides))
  return lines
}

function anonymousOf(sides: readonly AnonymousSide[]): string[] {
  const lines: string[] = []
  const unnamed = sides.filter((side) => side.why === 'unnamed')
  const others = sides.filter((side) => side.why !== 'unnamed')
  if (sides.length > 0) lines.push('', 'Kept with an anonymous party')
  for (const side of ['receiver', 'provider'] as const) {
    const at = unnamed.filter((anonymous) => anonymous.side === side).map(({ line }) => line)
    lines.push(...atLines(`the file names no ${side} who can be identified`, at))
  }
  const reasons = { unknown: 'is not a member here', same: 'is on both sides' }
  for (const [what, at] of grouped(
    others,
    (side) => `${side.ref ?? 'the organisation'} ${reasons[side.why as 'same']}`,
    (side) => side.line
  ))
    lines.push(...atLines(what, at))
  return lines
}

function balanceCheckOf({ kind }: ImportReport, check: BalanceCheck): string[] {
  const ofHistory = kind.endsWith('-transfers')
  const lines = [
    ofHistory
      ? 'Balance check: the history of each member against the balance here'
      : 'Balance check: the file against the ledger',
    `  ${check.compared} members compared, ${check.equal} equal, ${check.different.length} different`,
    `  in the file ${time(check.inFile)}, here ${time(check.here)}`
  ]
  if (check.different.length > 0) {
    const why = ofHistory
      ? 'The older system moved hours that are not in this list, or hours have moved here since. Nothing is posted.'
      : 'These members were here before; their balance is not changed.'
    const rows = check.different.map((d) => [d.number, d.line ?? '', d.inFile, d.here, d.here - d.inFile])
    lines.push(`  ${why}`, ...table(['member', 'line', 'in the file', 'here', 'difference'], rows))
  }
  return lines
}

/** All kinds of accounts with their sums; the last line is zero where the books are sound. */
export function trialBalanceText({ kinds, sum }: TrialBalance): string[] {
  const rows = kinds.map((row) => [row.kind, row.accounts, row.debits, row.credits, row.balance])
  return [
    'Trial balance (minutes)',
    ...table(
      ['accounts of', 'accounts', 'debits', 'credits', 'balance'],
      [...rows, ['all', sum.accounts, sum.debits, sum.credits, sum.balance]]
    )
  ]
}

function conclusionOf({ outcome, refusedBecause, dryRun, rows, done }: ImportReport): string[] {
  if (outcome === 'imported') {
    const left = rows.refused > 0 ? ` ${rows.refused} faulty rows were left out (see above).` : ''
    return [`Imported; the books are sound.${left}`]
  }
  if (outcome === 'tried') return ['Dry run: all of this was tried and taken back; nothing was written.']
  const refusal = `Refused: ${refusedBecause ?? 'nothing to import'}. Nothing was written.`
  if (dryRun && done)
    return [refusal, 'Dry run: what is shown above would become of the sound rows, with --skip-faulty.']
  return [refusal]
}

const time = (minutes: number): string => `${hoursText(minutes)} h (${minutes} min)`

const figures = (rows: [string, number][]): string[] =>
  rows.map(([what, count]) => `  ${what.padEnd(46)}${String(count).padStart(8)}`)

const atLines = (what: string, lines: readonly number[]): string[] =>
  lines.length === 0 ? [] : wrapped(`${printable(what)} (${lines.length}): line ${lineList(lines)}`, 2)

/** In the order of first appearance. */
function grouped<T, V>(items: readonly T[], keyOf: (item: T) => string, value: (item: T) => V): Map<string, V[]> {
  const groups = new Map<string, V[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group) group.push(value(item))
    else groups.set(keyOf(item), [value(item)])
  }
  return groups
}
