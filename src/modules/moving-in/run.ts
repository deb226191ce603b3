import { createHash } from 'node:crypto'
import { type Database, inTimebank, type Tx } from '../../db/client.ts'
import { notFound } from '../../shared/errors.ts'
import { audit } from '../audit/index.ts'
import { trialBalance, verifyBooks } from '../ledger/index.ts'
import { currentPolicy, findTimebank, type Timebank } from '../timebanks/index.ts'
import { type Applied, applyImport } from './apply.ts'
import { checkBalances, checkHistory } from './checks.ts'
import { type ImportKind, type Parsed, parseImport } from './parse/index.ts'
import { makePlan, type Plan } from './plan.ts'
import { type Done, doneOf, type ImportReport, isOfMembers, reportOf } from './report.ts'
import { takeSnapshot } from './snapshot.ts'
import { importActor, sourceOf } from './sources.ts'

export type ImportOptions = {
  /** Does everything, shows what came of it, and takes it back. */
  dryRun?: boolean
  /** Brings in what is sound where rows are faulty; otherwise one faulty row refuses the file. */
  skipFaulty?: boolean
  /** In which instants of the file become dates. Default: that of the timebank's policy. */
  timeZone?: string
}

/**
 * Brings an exported file into a timebank, by its short name or id: all of it in one transaction, or nothing.
 * A file that is refused is an answer, not an exception.
 */
export async function runImport(
  database: Database,
  timebankRef: string,
  kind: ImportKind,
  bytes: Uint8Array,
  options: ImportOptions = {}
): Promise<ImportReport> {
  const { dryRun = false, skipFaulty = false } = options
  const timebank = await findTimebank(database.db, timebankRef)
  if (!timebank) throw notFound('timebank')
  const timeZone = options.timeZone ?? (await timeZoneOf(database, timebank))
  const parsed = parseImport(kind, bytes, { timeZone })
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const report = reportOf(parsed, { timebank: timebank.slug, sha256, dryRun })
  report.refusedBecause = reasonToRefuse(parsed, skipFaulty)
  // a dry run shows what would become of the sound rows all the same
  if (parsed.members.length + parsed.history.length === 0 || (report.refusedBecause && !dryRun)) return report
  report.done = await inTransaction(database, timebank, dryRun, (tx) => bringIn(tx, parsed, sha256))
  if (report.refusedBecause === null) report.outcome = dryRun ? 'tried' : 'imported'
  return report
}

/** Plans from what is there at this moment. */
export async function planImport(tx: Tx, parsed: Parsed): Promise<Plan> {
  return makePlan(parsed, await takeSnapshot(tx, sourceOf(parsed.kind), parsed))
}

/** Why nothing is imported, or null. */
function reasonToRefuse({ faults, refused, members, history, skipped }: Parsed, skipFaulty: boolean): string | null {
  const lines = new Set(refused)
  const ofTheFile = faults.filter((fault) => fault.severity === 'error' && !lines.has(fault.line))
  if (ofTheFile.length > 0) return 'the file cannot be read as one of this kind'
  if (refused.length > 0 && !skipFaulty)
    return `${refused.length} of its rows ${refused.length === 1 ? 'is' : 'are'} faulty`
  if (refused.length > 0 && members.length + history.length + skipped.length === 0) return 'all of its rows are faulty'
  return null
}

const takenBack = Symbol('the end of a dry run')

async function inTransaction(
  database: Database,
  timebank: Timebank,
  dryRun: boolean,
  work: (tx: Tx) => Promise<Done>
): Promise<Done> {
  let done: Done | undefined
  try {
    await inTimebank(database, timebank.id, importActor, async (tx) => {
      done = await work(tx)
      if (dryRun) throw takenBack
    })
  } catch (error) {
    if (error !== takenBack) throw error
  }
  return done!
}

async function bringIn(tx: Tx, parsed: Parsed, sha256: string): Promise<Done> {
  // two imports at once would each plan without the other
  await tx.client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`moving-in ${tx.timebankId}`])
  const plan = await planImport(tx, parsed)
  const applied = await applyImport(tx, plan)
  await noteImport(tx, parsed, plan, applied, sha256)
  const balanceCheck = isOfMembers(parsed.kind)
    ? await checkBalances(tx, plan, applied)
    : await checkHistory(tx, plan, parsed)
  const problems = await verifyBooks(tx)
  const balance = await trialBalance(tx)
  if (problems.length > 0 || balance.sum.balance !== 0)
    throw new Error(
      `The books are not sound (${problems.length} problems; see the command verify); nothing was imported.`
    )
  const different = new Set(balanceCheck.different.map((difference) => difference.line))
  if (plan.newMembers.some(({ record }) => different.has(record.line)))
    throw new Error('A balance came out differently from the file; nothing was imported.')
  return doneOf(parsed, plan, applied, { balanceCheck, trialBalance: balance, problems })
}

/** Who was brought in is in the entries of the members; this one is about the file. None where it changed nothing. */
async function noteImport(tx: Tx, parsed: Parsed, plan: Plan, applied: Applied, sha256: string): Promise<void> {
  const counts = {
    members: plan.newMembers.length,
    history: applied.historyAdded,
    completed: applied.historyCompleted,
    organisations: applied.organisations.length,
    refused: parsed.refused.length
  }
  if (counts.members + counts.history + counts.completed === 0) return
  const { creditedMinutes, debitedMinutes } = applied.openings
  // hashes by which a repeat knows those who have been erased since; those with a balance have left a transfer
  const withoutBalance = plan.newMembers.filter(({ record }) => record.balanceMinutes === 0).map((m) => m.openingId)
  // transfers of Komunitin may name an account by its id instead of its code
  const sourceIds = plan.newMembers.flatMap(({ record }): [string, string][] =>
    record.sourceId === null ? [] : [[record.sourceId, applied.members.get(record.line)!.id]]
  )
  await audit(tx, {
    action: 'import.completed',
    subject: { type: 'import', id: sha256 },
    changes: {
      kind: parsed.kind,
      source: plan.source,
      ...counts,
      creditedMinutes,
      debitedMinutes,
      withoutBalance,
      ...(sourceIds.length > 0 ? { sourceIds: Object.fromEntries(sourceIds) } : {})
    }
  })
}

const timeZoneOf = (database: Database, timebank: Timebank): Promise<string> =>
  inTimebank(database, timebank.id, importActor, async (tx) => (await currentPolicy(tx)).rules.timeZone, {
    readOnly: true
  })
