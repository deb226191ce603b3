import { isEmail } from '../identity/index.ts'
import type { Limits } from '../ledger/index.ts'
import { isMinorOn, limitsFor } from '../members/index.ts'
import type { MemberRecord } from './parse/index.ts'
import type { KnownMember, Snapshot } from './snapshot.ts'
import { keyOf, openingId } from './sources.ts'

/** Something about a line that a broker should know. Never holds a name, an e-mail address or a phone number. */
export type Remark = { line: number; column: string; reason: string }

export type PlannedMember = {
  record: MemberRecord
  /** null: the next free one */
  number: number | null
  email: string | null
  /** false: the address is kept as contact only */
  signIn: boolean
  dateOfBirth: string | null
  locale: string | null
  /** undefined: those of the policy */
  limits: Limits | undefined
  openingId: string
}

export type KnownRecord = { record: MemberRecord; member: KnownMember }

export type MembersPlan = {
  /** to be added, in the order of the file */
  newMembers: PlannedMember[]
  /** brought in by an earlier import; they are left as they are */
  knownMembers: KnownRecord[]
  /** brought in by an earlier import and erased since: not brought back */
  erasedMembers: MemberRecord[]
  memberRemarks: Remark[]
}

/** Greater ones are taken for something else, such as telephone numbers. */
const greatestNumber = 9_999_999

export function planMembers(records: readonly MemberRecord[], snapshot: Snapshot): MembersPlan {
  const plan: MembersPlan = { newMembers: [], knownMembers: [], erasedMembers: [], memberRemarks: [] }
  const taken = new Set(snapshot.numbers)
  for (const record of records) {
    const remark = (column: string, reason: string): void => {
      plan.memberRemarks.push({ line: record.line, column, reason })
    }
    const known = snapshot.members.get(keyOf(record.externalId))
    const id = openingId(snapshot.timebankId, snapshot.source, record.externalId)
    if (known) {
      plan.knownMembers.push({ record, member: known })
      if (known.name !== record.name) remark('name', `differs from that of member ${known.number} here; not changed`)
    } else if (snapshot.broughtIn.has(id)) {
      plan.erasedMembers.push(record)
    } else {
      const number = freeNumber(record, taken)
      if (number !== null) taken.add(number)
      plan.newMembers.push(planMember(record, number, id, snapshot, remark))
    }
  }
  return plan
}

function freeNumber({ number }: MemberRecord, taken: ReadonlySet<number>): number | null {
  return number !== null && number >= 1 && number <= greatestNumber && !taken.has(number) ? number : null
}

type Tell = (column: string, reason: string) => void

function planMember(
  record: MemberRecord,
  number: number | null,
  id: string,
  snapshot: Snapshot,
  remark: Tell
): PlannedMember {
  const holder = record.email === null ? undefined : snapshot.emails.get(record.email)
  if (holder !== undefined)
    remark('e-mail', `member ${holder} here signs in with this address; kept as contact, without a login`)
  const usable = record.email === null || isEmail(record.email)
  if (!usable) remark('e-mail', 'not an address that mail can be sent to; the member is kept without e-mail')
  return {
    record,
    number,
    email: usable ? record.email : null,
    signIn: holder === undefined,
    dateOfBirth: possibleBirth(record.dateOfBirth, snapshot, remark),
    locale: localeOf(record.language),
    limits: limitsOf(record, snapshot, remark),
    openingId: id
  }
}

function possibleBirth(date: string | null, { today, policy }: Snapshot, remark: Tell): string | null {
  if (date === null) return null
  if (date > today || date < '1890-01-01') {
    remark('date of birth', 'cannot be; left out')
    return null
  }
  if (!policy.minorsAllowed && isMinorOn(date, today))
    remark('date of birth', "under 18, and the timebank's policy has no minors; brought in all the same")
  return date
}

/** `ES` and `pt-BR` as they are kept for people: `es`, `pt-BR`. */
function localeOf(language: string | null): string | null {
  const [first = '', ...rest] = language?.split('-') ?? []
  return /^[a-z]{2,3}$/i.test(first) ? [first.toLowerCase(), ...rest].join('-') : null
}

/**
 * A limit of the older system refused, and goes on to: it becomes the hard one. The policy's soft limit stays where it is
 * met before the hard one, and moves to it otherwise. Where the file has none, those of the policy hold.
 */
function limitsOf(
  { floorMinutes, ceilingMinutes, balanceMinutes }: MemberRecord,
  { policy }: Snapshot,
  remark: Tell
): Limits | undefined {
  const limits = { ...limitsFor(policy, 'member') }
  if (floorMinutes !== null) {
    limits.floorHard = floorMinutes
    limits.floorSoft = Math.max(floorMinutes, limits.floorSoft ?? floorMinutes)
  }
  if (ceilingMinutes !== null) {
    limits.ceilingHard = ceilingMinutes
    limits.ceilingSoft = Math.min(ceilingMinutes, limits.ceilingSoft ?? ceilingMinutes)
  }
  if (balanceMinutes < (limits.floorHard ?? -Infinity) || balanceMinutes > (limits.ceilingHard ?? Infinity))
    remark('balance', 'lies outside the hard limits of the account; kept as it is')
  return floorMinutes === null && ceilingMinutes === null ? undefined : limits
}
