import { and, asc, desc, eq, getTableColumns, inArray, lt, sql } from 'drizzle-orm'
import type { Database, Queries, Tx } from '../../db/client.ts'
import { onDuplicate } from '../../db/errors.ts'
import { dateIn, endOfDay } from '../../shared/clock.ts'
import { DomainError, refuseFaults } from '../../shared/errors.ts'
import { audit } from '../audit/index.ts'
import { contradictionsOf, defaultPolicy, type Policy, policySchema } from './policy.ts'
import { policies, timebanks } from './tables.ts'

export type Timebank = typeof timebanks.$inferSelect
export type PolicyVersion = { version: number; rules: Policy; changedAt: Date; changedBy: string | null; why: string }

/** Makes the tenant's own row, in the tenant's first transaction; its id is that of the transaction. */
export async function createTimebank(tx: Tx, name: string, slug: string, sandbox = false): Promise<Timebank> {
  const insert = tx.db.insert(timebanks).values({ id: tx.timebankId, name, slug, sandbox }).returning()
  const [row] = await onDuplicate('timebanks_slug_unique', insert, () => new DomainError('slug-taken'))
  return row!
}

export async function listTimebanks(db: Queries, after: string | null, limit: number): Promise<Timebank[]> {
  return db
    .select()
    .from(timebanks)
    .where(after === null ? undefined : lt(timebanks.id, after))
    .orderBy(desc(timebanks.id))
    .limit(limit + 1)
}

export async function findTimebank(db: Queries, slugOrId: string): Promise<Timebank | null> {
  const column = /^[0-9a-f-]{36}$/i.test(slugOrId) ? timebanks.id : timebanks.slug
  const [row] = await db.select().from(timebanks).where(eq(column, slugOrId))
  return row ?? null
}

/** What anybody of the installation may know of other timebanks, by id. */
export async function timebankNames(
  db: Queries,
  ids: readonly string[]
): Promise<Map<string, { id: string; slug: string; name: string }>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .select({ id: timebanks.id, slug: timebanks.slug, name: timebanks.name })
    .from(timebanks)
    .where(inArray(timebanks.id, [...ids]))
  return new Map(rows.map((row) => [row.id, row]))
}

export async function getTimebank(tx: Tx): Promise<Timebank> {
  const [row] = await tx.db.select().from(timebanks).where(eq(timebanks.id, tx.timebankId))
  return row!
}

export async function renameTimebank(tx: Tx, name: string): Promise<Timebank> {
  const [row] = await tx.db.update(timebanks).set({ name }).where(eq(timebanks.id, tx.timebankId)).returning()
  await audit(tx, { action: 'timebank.renamed', subject: { type: 'timebank', id: tx.timebankId } })
  return row!
}

/** The first version, from the defaults and what the founder chose. */
export async function createPolicy(tx: Tx, chosen: Partial<Policy>, why: string): Promise<PolicyVersion> {
  return addVersion(tx, 1, merged(defaultPolicy, chosen), why)
}

/** SQL of a scalar, the version in force: for statements of higher modules that bring it along. */
export const versionInForce = (timebank: string): string =>
  `(SELECT max(p.version) FROM timebanks.policies p WHERE p.timebank_id = ${timebank})`

/** The policy in force. */
export async function currentPolicy(tx: Tx): Promise<PolicyVersion> {
  const { rows } = await tx.client.query<{ version: number | null }>({
    name: 'timebanks.version_in_force',
    text: `SELECT ${versionInForce('$1')} AS version`,
    values: [tx.timebankId]
  })
  const version = rows[0]?.version ?? null
  const policy = version === null ? null : await policyAt(tx, version)
  if (!policy) throw new Error('a timebank without a policy')
  return policy
}

/**
 * The policy in force when the request's caller was looked up, a moment before the transaction: for hot paths. Where nobody has
 * looked, it is read like `currentPolicy`.
 */
export async function policyInForce(tx: Tx): Promise<PolicyVersion> {
  const looked = tx.policyVersion === null ? null : await policyAt(tx, tx.policyVersion)
  return looked ?? currentPolicy(tx)
}

/** The same for who has no transaction at hand: `read` opens one where the version is not remembered. */
export async function policyFor(
  timebank: { id: string; policyVersion: number | null },
  read: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>
): Promise<PolicyVersion> {
  return versions.get(`${timebank.id}/${timebank.policyVersion}`) ?? read(policyInForce)
}

/** The policy that something was made under. */
export async function policyAt(tx: Tx, version: number): Promise<PolicyVersion | null> {
  const key = `${tx.timebankId}/${version}`
  const known = versions.get(key)
  if (known) return known
  const [row] = await tx.db
    .select({ ...getTableColumns(policies), transaction: sql<string | null>`pg_current_xact_id_if_assigned()::text` })
    .from(policies)
    .where(and(eq(policies.timebankId, tx.timebankId), eq(policies.version, version)))
  if (!row) return null
  const policy = read(row)
  if (row.transaction === null || addedIn.get(tx.client) !== row.transaction) {
    if (versions.size >= versionsKept) versions.clear()
    versions.set(key, policy)
  }
  return policy
}

/**
 * A version never changes once it is committed, and every exchange looks its own up. What the present transaction has added
 * may yet be rolled back and made again otherwise: that is not kept. Bounded.
 */
const versions = new Map<string, PolicyVersion>()
const versionsKept = 5000
/** The last transaction of a connection that has added a version. */
const addedIn = new WeakMap<Tx['client'], string>()

export async function listPolicyVersions(tx: Tx, after: number | null, limit: number): Promise<PolicyVersion[]> {
  const rows = await tx.db
    .select()
    .from(policies)
    .where(and(eq(policies.timebankId, tx.timebankId), after === null ? undefined : lt(policies.version, after)))
    .orderBy(desc(policies.version))
    .limit(limit + 1)
  return rows.map(read)
}

/** Adds a version with some rules changed. `expected` is the version that the change was made from. */
export async function changePolicy(
  tx: Tx,
  change: Partial<Policy>,
  why: string,
  expected: number
): Promise<PolicyVersion> {
  const current = await currentPolicy(tx)
  if (current.version !== expected) throw new DomainError('precondition-failed')
  const added = addVersion(tx, current.version + 1, merged(current.rules, change), why)
  const next = await onDuplicate('policies_timebank_id_version_pk', added, () => new DomainError('precondition-failed'))
  await audit(tx, {
    action: 'policy.changed',
    subject: { type: 'policy', id: String(next.version) },
    changes: Object.fromEntries(
      Object.keys(change).map((name) => [name, [current.rules[name as keyof Policy], next.rules[name as keyof Policy]]])
    ),
    reason: why
  })
  return next
}

/** Today's calendar date in the timebank's time zone. */
export const today = ({ now }: Pick<Tx, 'now'>, policy: Policy): string => dateIn(policy.timeZone, now)

/** The instant at which a calendar date has ended in the timebank's time zone, as it is under the policy of now. */
export async function dayEnd(tx: Tx, date: string): Promise<Date> {
  const { rules } = await currentPolicy(tx)
  return endOfDay(rules.timeZone, date)
}

/** Parsing costs more than reading; by content, since a version that was rolled back may be made again otherwise. Bounded. */
const parsed = new Map<string, Policy>()
const parsedKept = 1000

/** A version may have been kept before a rule existed: the default fills the gap. */
function read(row: typeof policies.$inferSelect): PolicyVersion {
  const { version, changedAt, changedBy, why } = row
  const key = JSON.stringify(row.rules)
  let rules = parsed.get(key)
  if (!rules) {
    rules = Object.freeze(policySchema.parse({ ...defaultPolicy, ...row.rules }))
    if (parsed.size >= parsedKept) parsed.clear()
    parsed.set(key, rules)
  }
  return { version, rules, changedAt, changedBy, why }
}

function merged(base: Policy, change: Partial<Policy>): Policy {
  const policy = policySchema.parse({ ...base, ...change })
  refuseFaults(contradictionsOf(policy).map(({ rule, detail }) => ({ pointer: `/rules/${rule}`, detail })))
  return policy
}

async function addVersion(tx: Tx, version: number, rules: Policy, why: string): Promise<PolicyVersion> {
  const [row] = await tx.db
    .insert(policies)
    .values({ timebankId: tx.timebankId, version, rules, why, changedBy: tx.actor.personId, changedAt: tx.now })
    .returning({ ...getTableColumns(policies), transaction: sql<string>`pg_current_xact_id()::text` })
  addedIn.set(tx.client, row!.transaction)
  return read(row!)
}

/** For nightly work over all timebanks. */
export async function everyTimebank(database: Database): Promise<Timebank[]> {
  return database.db.select().from(timebanks).orderBy(asc(timebanks.id))
}
