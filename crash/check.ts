import pg from 'pg'
import type { Town } from '../test/support/town.ts'
import type { Clients } from './clients.ts'

export type Findings = {
  acknowledged: number
  /** acknowledged, and not there as it was told */
  lost: number
  /** there, and not acknowledged (once): every request is repeated until it is answered, so nothing else may be there */
  doubled: number
  /** accounts whose balance is not that of all that was acknowledged */
  wrongBalances: number
  sum: number
  sound: boolean
  details: string[]
}

type Row = { id: string; debit: number; credit: number; minutes: number }
type ExchangeRow = { id: string; status: string; transfer: string | null; reversal: string | null }

/** Compares the database, while nothing is under way, with everything that the clients were told. */
export async function check(databaseUrl: string, serviceUrl: string, town: Town, clients: Clients): Promise<Findings> {
  const { transfers, exchanges, balances } = await readAll(databaseUrl, town.timebankId)
  const details: string[] = []
  const note = (text: string): 1 => {
    if (details.length < 20) details.push(text)
    return 1
  }
  let lost = 0
  let doubled = 0
  const expected = new Map<number, number>()
  const unclaimed = new Map(transfers)

  const claim = (why: string, id: string | null, row: Omit<Row, 'id'>): void => {
    const found = id === null ? undefined : unclaimed.get(id)
    if (!found || found.debit !== row.debit || found.credit !== row.credit || found.minutes !== row.minutes)
      lost += note(`${why}: transfer ${id} ${found ? 'is another one' : 'is not there'}`)
    else unclaimed.delete(found.id)
    expected.set(row.debit, (expected.get(row.debit) ?? 0) - row.minutes)
    expected.set(row.credit, (expected.get(row.credit) ?? 0) + row.minutes)
  }
  for (const told of clients.transfers.values()) claim('posted', told.id, told)
  for (const told of clients.exchanges.values()) {
    const row = exchanges.get(told.id)
    exchanges.delete(told.id)
    if (row?.status !== told.status) {
      lost += note(`exchange ${told.id} was answered as ${told.status} and is ${row?.status ?? 'not there'}`)
      continue
    }
    if (told.status === 'settled' || told.status === 'reversed') claim('settled', row.transfer, told)
    if (told.status === 'reversed')
      claim('reversed', row.reversal, { debit: told.credit, credit: told.debit, minutes: told.minutes })
  }
  for (const id of clients.refusals) if (transfers.has(id)) doubled += note(`refused and posted: ${id}`)
  for (const id of unclaimed.keys()) doubled += note(`transfer ${id} is of nobody`)
  for (const id of exchanges.keys()) doubled += note(`exchange ${id} is of nobody`)
  let wrongBalances = 0
  for (const [account, balance] of balances)
    if (balance !== (expected.get(account) ?? 0))
      wrongBalances += note(`account ${account} has ${balance}, and was told ${expected.get(account) ?? 0}`)

  const get = async (where: string) => {
    const answer = await fetch(`${serviceUrl}/v1/timebanks/${town.slug}/${where}`, {
      headers: { authorization: `Bearer ${town.broker.token}` }
    })
    if (!answer.ok) throw new Error(`${where}: ${answer.status} ${await answer.text()}`)
    return answer.json() as Promise<{ sound?: boolean; sum?: { balanceMinutes: number } }>
  }
  return {
    acknowledged: clients.transfers.size + clients.exchanges.size + clients.refusals.size,
    lost,
    doubled,
    wrongBalances,
    sum: (await get('trial-balance')).sum!.balanceMinutes,
    sound: (await get('verify')).sound === true,
    details
  }
}

async function readAll(url: string, timebank: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const rows = await client.query<Row>(
      `SELECT id, debit_account AS debit, credit_account AS credit, minutes FROM ledger.transfers WHERE timebank_id = $1`,
      [timebank]
    )
    const exchanges = await client.query<ExchangeRow>(
      `SELECT id, status, transfer_id AS transfer, reversal_transfer_id AS reversal
         FROM exchanges.exchanges WHERE timebank_id = $1`,
      [timebank]
    )
    const accounts = await client.query<{ id: number; balance: string }>(
      'SELECT id, (credits - debits)::text AS balance FROM ledger.accounts WHERE timebank_id = $1',
      [timebank]
    )
    return {
      transfers: new Map(rows.rows.map((row) => [row.id, row])),
      exchanges: new Map(exchanges.rows.map((row) => [row.id, row])),
      balances: new Map(accounts.rows.map(({ id, balance }) => [id, Number(balance)]))
    }
  } finally {
    await client.end()
  }
}
