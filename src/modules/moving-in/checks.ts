import type { Tx } from '../../db/client.ts'
import { getAccounts } from '../ledger/index.ts'
import type { Applied } from './apply.ts'
import type { Parsed } from './parse/index.ts'
import type { Plan } from './plan.ts'
import { keyOf } from './sources.ts'

/** One member whose hours here are not those of the file. Minutes. */
export type Difference = { line: number | null; number: number; inFile: number; here: number }

/** Minutes; `equal` and `different` count members. */
export type BalanceCheck = {
  compared: number
  equal: number
  different: Difference[]
  /** Sum over the file, and over the same members here. */
  inFile: number
  here: number
}

/** Each member of the file against the ledger as it stands after the import. */
export async function checkBalances(tx: Tx, plan: Plan, applied: Applied): Promise<BalanceCheck> {
  const pairs = [
    ...plan.knownMembers.map(({ record, member }) => ({ record, number: member.number, accountId: member.accountId })),
    ...plan.newMembers.map(({ record }) => {
      const { number, accountId } = applied.members.get(record.line)!
      return { record, number, accountId }
    })
  ]
  const accounts = await getAccounts(
    tx,
    pairs.map(({ accountId }) => accountId)
  )
  return compare(
    pairs.map(({ record, number, accountId }) => ({
      line: record.line,
      number,
      inFile: record.balanceMinutes,
      here: accounts.get(accountId)!.balance
    }))
  )
}

/**
 * What the file's history comes to for each member (received less than given) against the balance here. They differ where
 * the older system knew more than its list of transfers: for the broker to know, not a fault.
 */
export async function checkHistory(tx: Tx, plan: Plan, parsed: Parsed): Promise<BalanceCheck> {
  const net = new Map<string, { number: number; accountId: number; inFile: number }>()
  const add = (ref: string, minutes: number): void => {
    const member = plan.snapshot.members.get(keyOf(ref))
    if (member) net.set(member.id, { ...member, inFile: (net.get(member.id)?.inFile ?? 0) + minutes })
  }
  for (const { provider, receiver, minutes } of parsed.history) {
    if (provider.kind === 'member') add(provider.ref, minutes)
    if (receiver.kind === 'member') add(receiver.ref, -minutes)
  }
  const known = [...net.values()]
  const accounts = await getAccounts(
    tx,
    known.map(({ accountId }) => accountId)
  )
  return compare(
    known.map(({ number, accountId, inFile }) => ({
      line: null,
      number,
      inFile,
      here: accounts.get(accountId)!.balance
    }))
  )
}

function compare(pairs: Difference[]): BalanceCheck {
  const different = pairs.filter(({ inFile, here }) => inFile !== here).sort((a, b) => a.number - b.number)
  return {
    compared: pairs.length,
    equal: pairs.length - different.length,
    different,
    inFile: pairs.reduce((sum, pair) => sum + pair.inFile, 0),
    here: pairs.reduce((sum, pair) => sum + pair.here, 0)
  }
}
