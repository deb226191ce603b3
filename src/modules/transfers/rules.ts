import type { Tx } from '../../db/client.ts'
import { type Actor, hasRole, isStaff } from '../../shared/actor.ts'
import { DomainError, type Fault } from '../../shared/errors.ts'
import { type AccountKind, accountKindsOf, type TransferKind } from '../ledger/index.ts'
import { accountsOf } from '../members/index.ts'
import type { Policy } from '../timebanks/index.ts'

/** What a posting that stands on nothing but itself needs to know before it goes to the ledger. */
export type Ground = {
  timebankId: string
  actor: Actor
  policy: Policy
  /** in the timebank's zone */
  today: string
  /** opens a transaction that reads, where memory does not do */
  read<T>(work: (tx: Tx) => Promise<T>): Promise<T>
}

const holders: readonly AccountKind[] = ['member', 'organisation']

/**
 * Kinds of transfers that may be posted by themselves, and between what accounts. All others belong to something that says
 * why hours move (an exchange, somebody who leaves) and are posted by that.
 */
const fits = {
  gift: { debit: holders, credit: holders },
  donation: { debit: holders, credit: ['community_pot'] },
  grant: { debit: ['community_pot'], credit: holders },
  joining_credit: { debit: ['community_pot'], credit: ['member'] },
  write_off: { debit: ['community_pot'], credit: holders },
  opening: { debit: ['opening', 'community_pot', ...holders], credit: ['opening', 'community_pot', ...holders] }
} as const satisfies Partial<Record<TransferKind, { debit: readonly AccountKind[]; credit: readonly AccountKind[] }>>

export const directKinds = Object.keys(fits) as [keyof typeof fits]
export type DirectKind = keyof typeof fits

export const isDirect = (kind: TransferKind): kind is DirectKind => kind in fits

/** A movement between two accounts that somebody asks for by their numbers. */
export type Movement = {
  debitAccount: number
  creditAccount: number
  kind: DirectKind
  onBehalfOf?: string | undefined
}

/**
 * Everything that speaks against such movements, with where each stands (`at` gives the pointer). Nobody's hours are taken
 * without their word: staff post from an account of a member or an organisation only what these have told them, by phone or
 * on a slip, and say for whom.
 */
export async function faultsOf(
  ground: Ground,
  movements: readonly { movement: Movement; at: string }[]
): Promise<Fault[]> {
  const { timebankId, actor, read } = ground
  const numbers = movements.flatMap(({ movement }) => [movement.debitAccount, movement.creditAccount])
  const kinds = await accountKindsOf(timebankId, numbers, read)
  const named = movements.flatMap(({ movement }) => movement.onBehalfOf ?? [])
  const accounts = named.length === 0 ? new Map<string, number>() : await accountsOf(timebankId, named, read)
  return movements.flatMap(({ movement, at }) => {
    const { debitAccount, creditAccount, kind, onBehalfOf } = movement
    const [debit, credit] = [kinds.get(debitAccount), kinds.get(creditAccount)]
    const fault = (field: string, detail: string): Fault[] => [{ pointer: `${at}/${field}`, detail }]
    // accounts that are not there are the ledger's to refuse
    if (debit === undefined || credit === undefined) return []
    const fit: { debit: readonly AccountKind[]; credit: readonly AccountKind[] } = fits[kind]
    if (!fit.debit.includes(debit))
      return fault('debitAccount', `A ${words(kind)} does not come from a ${words(debit)}.`)
    if (!fit.credit.includes(credit))
      return fault('creditAccount', `A ${words(kind)} does not go to a ${words(credit)}.`)
    if (kind === 'opening') {
      if (!hasRole(actor, 'admin')) return fault('kind', 'Opening balances are for admins.')
      return debit === 'opening' || credit === 'opening' ? [] : fault('kind', 'One side is the opening account.')
    }
    if (onBehalfOf !== undefined && accounts.get(onBehalfOf) !== debitAccount)
      return fault('onBehalfOf', 'Is not the holder of the debited account.')
    if (!holders.includes(debit)) return []
    if (onBehalfOf === undefined) return fault('onBehalfOf', 'Say whose hours these are.')
    return toldUs(actor) ? [] : fault('onBehalfOf', consentNeeded)
  })
}

/** Whether staff write down what somebody told them. */
export const toldUs = (actor: Actor): boolean =>
  isStaff(actor) && (actor.source === 'phone' || actor.source === 'paper_slip')

export const consentNeeded =
  'Hours of others are moved on their word only: say how it reached you (Commonhours-Source: phone or paper_slip).'

/** Throws where faults were found: the date alone has a code of its own. */
export function refuseAll(dates: readonly Fault[], others: readonly Fault[]): void {
  const faults = [...others, ...dates]
  if (faults.length === 0) return
  const code = others.length > 0 ? 'transfer-not-allowed' : 'future-service-date'
  throw new DomainError(code, faults.map(({ detail }) => detail).join(' '), { errors: faults })
}

const words = (name: string): string => name.replaceAll('_', ' ')
