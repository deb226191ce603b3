import { getTableColumns } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { onDuplicate } from '../../db/errors.ts'
import { DomainError, refuseFaults } from '../../shared/errors.ts'
import { audit } from '../audit/index.ts'
import { findOrCreatePersons } from '../identity/index.ts'
import { type Limits, openAccounts, setAccountStatus } from '../ledger/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { freshOf, type NewMember, newPersonOf, rowOf } from './adding.ts'
import { kindOf, limitsFor } from './limits.ts'
import { type Membership, requireAdmin } from './memberships.ts'
import { takeNumbers } from './numbers.ts'
import { profileOf, refuseImpossible } from './profile.ts'
import { memberships } from './tables.ts'

export type ImportedMember = NewMember & {
  /** The number that the older system gave; left out: the next free one. */
  number?: number | null | undefined
  status: 'applied' | 'active' | 'paused' | 'suspended' | 'left'
  joinedOn?: string | null | undefined
  leftOn?: string | null | undefined
  /** The account's own; left out: those of the policy. */
  limits?: Limits | undefined
}

const accountStatusOf = {
  applied: 'frozen',
  active: 'open',
  paused: 'open',
  suspended: 'frozen',
  left: 'open'
} as const

/**
 * Brings in many members at once, in the order given, with a handful of statements. They come as they were where they come
 * from: what the policy asks of newcomers is not asked of them. The account of one who has left stays open, so that hours
 * brought in can be moved; who brings them in closes it after that.
 */
export async function addMembers(tx: Tx, rows: readonly ImportedMember[]): Promise<Membership[]> {
  requireAdmin(tx)
  if (rows.length === 0) return []
  const { rules } = await currentPolicy(tx)
  const date = today(tx, rules)
  for (const row of rows) refuseImpossible(row, date)
  const numbers = await numbersFor(tx, rows)
  const persons = await findOrCreatePersons(
    tx.db,
    rows.map((row) => newPersonOf(row, rules.locale))
  )
  const accountIds = await openAccounts(
    tx,
    rows.map(({ limits, supported = false }) => ({
      kind: 'member' as const,
      limits: limits ?? limitsFor(rules, kindOf(supported)),
      byHand: limits !== undefined
    })),
    'brought in with its member'
  )
  const added = rows.map((row, i) =>
    rowOf(tx, { ...row, roles: row.roles ?? [], personId: persons[i]!, number: numbers[i]!, accountId: accountIds[i]! })
  )
  await insertMany(tx, added)
  for (let start = 0; start < rows.length; start += batchSize) {
    const part = added.slice(start, start + batchSize)
    const fields = (i: number) => Object.keys(profileOf(rows[start + i]!))
    await audit(tx, ...part.map(({ id, status }, i) => freshOf(id, 'added', status, fields(i))))
  }
  for (const { status, accountId } of added)
    if (accountStatusOf[status as keyof typeof accountStatusOf] === 'frozen')
      await setAccountStatus(tx, accountId, 'frozen', `brought in as ${status}`)
  return added
}

/** Rows in one statement: PostgreSQL takes at most 65,535 parameters. */
const batchSize = 1000

const columns = Object.entries(getTableColumns(memberships)).map(
  ([field, column]) => [field as keyof Membership, column.name] as const
)

/** As one JSON parameter: 36 parameters for each row took three times as long. */
async function insertMany(tx: Tx, rows: readonly Membership[]): Promise<void> {
  const taken = (detail: string) => () => new DomainError('already-exists', detail)
  const plain = rows.map((row) => Object.fromEntries(columns.map(([field, name]) => [name, row[field]])))
  const insert = tx.client.query(
    'INSERT INTO members.memberships SELECT * FROM json_populate_recordset(null::members.memberships, $1)',
    [JSON.stringify(plain)]
  )
  await onDuplicate(
    'memberships_number',
    onDuplicate(
      'memberships_person',
      onDuplicate('memberships_external', insert, taken('An external id is taken.')),
      taken('One of these people has a membership here already.')
    ),
    taken('A member number is taken.')
  )
}

/** Given numbers as they are; the others follow after the highest known. */
async function numbersFor(tx: Tx, rows: readonly ImportedMember[]): Promise<number[]> {
  const given = rows.flatMap((row) => row.number ?? [])
  const seen = new Set<number>()
  const wrong = given.filter((number) => number < 1 || number > 999_999_999 || seen.has(number) || !seen.add(number))
  refuseFaults(
    wrong.map((number) => ({
      pointer: '/number',
      detail: `Number ${number} comes twice or cannot be a member number.`
    }))
  )
  const highest = given.reduce((a, b) => Math.max(a, b), 0)
  let next = await takeNumbers(tx, rows.length - given.length, highest)
  return rows.map((row) => row.number ?? next++)
}
