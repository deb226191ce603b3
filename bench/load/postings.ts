import type pg from 'pg'
import { freshId } from './template.ts'

/** A posting function as the catalogue has it: calls are put together by the names of its parameters. */
export type PostingFunction = { name: string; parameters: { name: string; type: string }[] }

export type PostingsWork = {
  kind: 'postings'
  posting: PostingFunction
  /** operations in one call */
  size: number
  timebanks: string[]
  /** whether one call has operations of several timebanks */
  mixed: boolean
  accounts: { first: number; count: number }
  /** takes part in so many of the transfers, on either side in turn */
  hot?: { account: number; share: number }
}

/** What a parameter is for the nth transfer between two accounts; those that are not here are null. */
const values: Record<string, (transfer: Transfer) => string | number> = {
  p_timebank: ({ timebank }) => timebank,
  p_actor: () => '00000000-0000-7000-8000-000000000000',
  p_id: () => freshId(),
  p_operation: () => 1,
  p_debit: ({ debit }) => debit,
  p_credit: ({ credit }) => credit,
  p_minutes: () => 1 + Math.floor(Math.random() * 240),
  p_kind: () => 1,
  p_performed_on: () => '2026-01-15',
  p_fingerprint: () => Math.floor(Math.random() * 2 ** 53),
  p_force: () => 'false',
  p_source: () => 2,
  p_together: () => 'false',
  p_keep: () => 'true'
}

type Transfer = { timebank: string; debit: number; credit: number }

/** One call of the function by a named statement, with arrays written as PostgreSQL reads them. Gives how many were posted. */
export function postingCall(client: pg.Client, work: PostingsWork): () => Promise<number> {
  const { posting, size } = work
  const places = posting.parameters.map(({ type }, i) => `$${i + 1}::${type}`)
  // no more than the codes comes back: reading hundreds of columns would be the driver's time, not the function's
  const text = `SELECT code FROM ${posting.name}(${places.join(', ')})`
  const next = transfers(work)
  return async () => {
    const batch = next()
    const { rows } = await client.query<[number]>({
      name: 'post',
      text,
      values: posting.parameters.map(({ name, type }) => {
        const value = values[name]
        if (!type.endsWith('[]')) return value ? value(batch[0]!) : null
        return `{${batch.map((transfer) => (value ? value(transfer) : 'NULL')).join(',')}}`
      }),
      rowMode: 'array'
    })
    const refused = rows.find(([code]) => code !== 0)
    if (refused) throw new Error(`${posting.name} answered ${refused[0]}`)
    return size
  }
}

function transfers({ size, timebanks, mixed, accounts, hot }: PostingsWork): () => Transfer[] {
  const any = (count: number) => Math.floor(Math.random() * count)
  let turn = 0
  return () => {
    const one = timebanks[any(timebanks.length)]!
    return Array.from({ length: size }, () => {
      const timebank = mixed ? timebanks[any(timebanks.length)]! : one
      let debit = any(accounts.count)
      // another one than the first
      let credit = (debit + 1 + any(accounts.count - 1)) % accounts.count
      if (hot && Math.random() < hot.share) {
        turn += 1
        const at = hot.account - accounts.first
        if (turn % 2) [debit, credit] = [at, debit === at ? credit : debit]
        else [debit, credit] = [debit === at ? credit : debit, at]
      }
      return { timebank, debit: accounts.first + debit, credit: accounts.first + credit }
    })
  }
}
