import { parseHours, type Time } from './hours.ts'
import { emptyMember, numbersOf, readBalance, readDate, readMoved } from './members.ts'
import type { Outcome, RowReader, Source } from './rows.ts'
import { fold, longest, showable } from './text.ts'
import type { MemberRecord, Party } from './types.ts'

type AccountKey =
  | 'id'
  | 'created'
  | 'updated'
  | 'code'
  | 'status'
  | 'balance'
  | 'creditLimit'
  | 'maximumBalance'
  | 'key'
  | 'user.id'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const column = <Key extends string>(key: Key): { key: Key; headers: readonly string[] } => ({ key, headers: [] })
const startsWithId = (cells: readonly string[]): boolean => uuid.test((cells[0] ?? '').trim())

/** The list of accounts. It holds no names: the code stands in. Amounts are decimal hours, instants are in UTC. */
export const komunitinAccounts: Source<AccountKey> = {
  foundBy: 'name',
  columns: (
    [
      'id',
      'created',
      'updated',
      'code',
      'status',
      'balance',
      'creditLimit',
      'maximumBalance',
      'key',
      'user.id'
    ] as const
  ).map(column),
  required: ['code', 'balance'],
  looksLikeData: startsWithId,
  dates: ['created'],
  reader: ({ columnOf }) => {
    const numberOf = numbersOf(columnOf('code'))
    return (row) => readAccount(row, numberOf)
  }
}

const statuses: Record<string, MemberRecord['status']> = {
  active: 'active',
  '': 'active',
  disabled: 'paused',
  suspended: 'suspended',
  deleted: 'left'
}

function readAccount(row: RowReader<AccountKey>, numberOf: (code: string) => number | null): Outcome {
  const code = row.textUpTo('code', longest.code)
  if (code === '') row.refuse('code', 'no account code')
  const seen = code === '' ? null : row.seenAt(code.toUpperCase())
  if (seen?.identical) return { skip: `the same as line ${seen.line}` }
  if (seen) row.refuse('code', `line ${seen.line} has the same account code`)
  const written = row.text('status').toLowerCase()
  const status = statuses[written]
  if (!status) row.warn('status', 'an unknown status; the member is paused until a broker has looked')
  return {
    member: {
      ...emptyMember,
      line: row.line,
      externalId: code,
      sourceId: row.text('id').toLowerCase() || null,
      number: numberOf(code),
      name: code,
      joinedOn: readDate(row, 'created'),
      balanceMinutes: readBalance(row, 'balance', parseAmount, 'balance in hours'),
      floorMinutes: opposite(readLimit(row, 'creditLimit')),
      ceilingMinutes: readLimit(row, 'maximumBalance'),
      status: status ?? 'paused'
    }
  }
}

/** Amounts have as many decimals as the currency, three too, and never thousands separators. */
function parseAmount(text: string): Time | null {
  const time = parseHours(text)
  return time && { ...time, doubtful: false }
}

/** Minutes of a limit, or null where there is none. */
function readLimit(row: RowReader<AccountKey>, key: 'creditLimit' | 'maximumBalance'): number | null {
  if (row.text(key) === '') return null
  const time = parseAmount(row.text(key))
  if (time && time.minutes >= 0) return time.minutes
  row.warn(key, `${showable(row.raw(key))} is no limit in hours; left out`)
  return null
}

const opposite = (minutes: number | null): number | null => (minutes === null ? null : 0 - minutes)

type TransferKey =
  | 'id'
  | 'created'
  | 'updated'
  | 'state'
  | 'amount'
  | 'description'
  | 'hash'
  | 'authorization'
  | 'payer.id'
  | 'payer.code'
  | 'payee.id'
  | 'payee.code'
  | 'user.id'

/** The list of transfers in all states. The payer was helped, the payee gave the time. Only committed ones moved hours. */
export const komunitinTransfers: Source<TransferKey> = {
  foundBy: 'name',
  columns: (
    [
      'id',
      'created',
      'updated',
      'state',
      'amount',
      'description',
      'hash',
      'authorization',
      'payer.id',
      'payer.code',
      'payee.id',
      'payee.code',
      'user.id'
    ] as const
  ).map(column),
  required: ['id', 'created', 'state', 'amount', 'payer.code', 'payee.code'],
  looksLikeData: startsWithId,
  dates: ['created'],
  reader: () => readTransfer
}

const movedNothing = new Set(['new', 'pending', 'accepted', 'rejected', 'submitted', 'failed', 'deleted'])

function readTransfer(row: RowReader<TransferKey>): Outcome {
  const id = row.textUpTo('id', longest.code).toLowerCase()
  if (id === '') row.refuse('id', 'no id')
  const seen = id === '' ? null : row.seenAt(id)
  if (seen?.identical) return { skip: `the same as line ${seen.line}` }
  if (seen) row.refuse('id', `line ${seen.line} has the same id`)
  const state = row.text('state').toLowerCase()
  if (!seen && id !== '' && movedNothing.has(state)) return { skip: `${state}: no hours moved` }
  if (state !== 'committed') row.refuse('state', 'not a state of a transfer; whether hours moved is not clear')
  const moment = row.date('created')
  if (!moment) row.refuse('created', `${showable(row.raw('created'))} is no date`)
  const receiver = readParty(row, 'payer.id', 'payer.code')
  const provider = readParty(row, 'payee.id', 'payee.code')
  const minutes = readMoved(row, 'amount', parseAmount)
  const description = row.textUpTo('description', longest.description)
  if (!moment) return null
  if (minutes === 0) return { skip: 'less than half a minute: no hours moved' }
  if (receiver.kind === 'member' && provider.kind === 'member' && receiver.ref === provider.ref) {
    return { skip: 'both sides are the same account: no hours moved' }
  }
  return {
    history: {
      line: row.line,
      externalId: id,
      idStems: null,
      performedOn: moment.date,
      recordedAt: moment.instant,
      receiver,
      provider,
      minutes,
      description
    }
  }
}

/** The account's code, or its id where the code is empty; neither is somebody who cannot be identified. */
function readParty(row: RowReader<TransferKey>, idKey: TransferKey, codeKey: TransferKey): Party {
  const code = row.textUpTo(codeKey, longest.code)
  const ref = code || row.text(idKey).toLowerCase()
  return fold(ref) === '' ? { kind: 'anonymous', label: '' } : { kind: 'member', ref, label: code }
}
