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

/** What is in the database. */
export type There = { transfers: Row[]; exchanges: ExchangeRow[]; balances: Map<number, number> }

/** What the clients were told. */
export type ToldSoFar = Pick<Clients, 'transfers' | 'exchanges' | 'refusals'>

/** Compares the database, while nothing is under way, with everything that the clients were told. */
export async function check(databaseUrl: string, serviceUrl: string, town: Town, clients: Clients): Promise<Findings> {
  const compared = compare(await readAll(databaseUrl, town.timebankId), clients)
  const get = async (where: string) => {
    const answer = await fetch(`${serviceUrl}/v1/timebanks/${town.slug}/${where}`, {
      headers: { authorization: `Bearer ${town.broker.token}` }
    })
    if (!answer.ok) throw new Error(`${where}: ${answer.status} ${await answer.text()}`)
    return answer.json() as Promise<{ sound?: boolean; sum?: { balanceMinutes: number } }>
  }
  return {
    acknowledged: clients.transfers.size + clients.exchanges.size + clients.refusals.size,
    ...compared,
    sum: (await get('trial-balance')).sum!.balanceMinutes,
    sound: (await get('verify')).sound === true
  }
}

/** Every transfer must be claimed by exactly one answer, and every answer find its transfers. */
export function compare(
  there: There,
  told: ToldSoFar
): Pick<Findings, 'lost' | 'doubled' | 'wrongBalances' | 'details'> {
  const details: string[] = []
  const note = (text: string): 1 => {
    if (details.length < 20) details.push(text)
    return 1
  }
  let lost = 0
  let doubled = 0
  const expected = new Map<number, number>()
  const unclaimed = new Map(there.transfers.map((row) => [row.id, row]))
  const exchanges = new Map(there.exchanges.map((row) => [row.id, row]))

  const claim = (why: string, id: string | null, row: Omit<Row, 'id'>): void => {
    const found = id === null ? undefined : unclaimed.get(id)
    if (!found || found.debit !== row.debit || found.credit !== row.credit || found.minutes !== row.minutes)
      lost += note(`${why}: transfer ${id} ${found ? 'is another one' : 'is not there'}`)
    else unclaimed.delete(found.id)
    expected.set(row.debit, (expected.get(row.debit) ?? 0) - row.minutes)
    expected.set(row.credit, (expected.get(row.credit) ?? 0) + row.minutes)
  }
  for (const transfer of told.transfers.values()) claim('posted', transfer.id, transfer)
  for (const exchange of told.exchanges.values()) {
    const row = exchanges.get(exchange.id)
    exchanges.delete(exchange.id)
    if (row?.status !== exchange.status) {
      lost += note(`exchange ${exchange.id} was answered as ${exchange.status} and is ${row?.status ?? 'not there'}`)
      continue
    }
    const { debit, credit, minutes } = exchange
    if (row.status === 'settled' || row.status === 'reversed') claim('settled', row.transfer, exchange)
    if (row.status === 'reversed') claim('reversed', row.reversal, { debit: credit, credit: debit, minutes })
  }
  for (const { id } of there.transfers) if (told.refusals.has(id)) doubled += note(`refused and posted: ${id}`)
  for (const id of unclaimed.keys())
    if (!told.refusals.has(id)) doubled += note(`transfer ${id} was acknowledged to nobody`)
  for (const id of exchanges.keys()) doubled += note(`exchange ${id} was acknowledged to nobody`)
  let wrongBalances = 0
  for (const [account, balance] of there.balances) {
    const right = expected.get(account) ?? 0
    if (balance !== right) wrongBalances += note(`account ${account} has ${balance} and should have ${right}`)
  }
  return { lost, doubled, wrongBalances, details }
}

async function readAll(url: string, timebank: string): Promise<There> {
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
      transfers: rows.rows,
      exchanges: exchanges.rows,
      balances: new Map(accounts.rows.map(({ id, balance }) => [id, Number(balance)]))
    }
  } finally {
    await client.end()
  }
}
