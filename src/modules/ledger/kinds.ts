import type { Source } from '../../shared/actor.ts'

/** Kinds of accounts. The first of kind `community_pot` and of kind `opening` are opened with the timebank's books. */
export const accountKinds = ['member', 'organisation', 'community_pot', 'budget', 'clearing', 'opening'] as const
export type AccountKind = (typeof accountKinds)[number]

/** A frozen account takes part in nothing new; what is held may still be settled or released. A closed one is empty. */
export const accountStatuses = ['open', 'frozen', 'closed'] as const
export type AccountStatus = (typeof accountStatuses)[number]

/** What the journal stores for each operation. */
export const operationNumbers = { transfer: 1, hold: 2, settle: 3, release: 4, reverse: 5 } as const
export type OperationName = keyof typeof operationNumbers
export const operationNames = Object.keys(operationNumbers) as [OperationName]

/**
 * Why hours move, as the journal stores it. A number never changes its meaning and is never used again:
 * a new kind gets the next number. Only `exchange` and `session` are hours of help; `preparation` is credited time of an
 * exchange that is not service.
 */
export const transferKinds = {
  exchange: 1,
  gift: 2,
  grant: 3,
  donation: 4,
  joining_credit: 5,
  opening: 6,
  surplus: 7,
  preparation: 8,
  leaving: 9,
  write_off: 10,
  budget_allocation: 11,
  budget_return: 12,
  clearing: 13,
  import: 14,
  session: 15
} as const
export type TransferKind = keyof typeof transferKinds

/** Through what a step reached us, as the journal stores it; 0 where it was recorded before this was kept. */
export const sourceNumbers = {
  web: 1,
  api: 2,
  script: 3,
  phone: 4,
  paper_slip: 5,
  import: 6,
  system: 7
} as const satisfies Record<Source, number>
/** `unknown`: recorded before this was kept. */
export type TransferSource = Source | 'unknown'

const turned = <K extends string>(numbers: Record<K, number>): Map<number, K> =>
  new Map(Object.entries<number>(numbers).map(([name, number]) => [number, name as K]))

const namesOfOperations = turned<OperationName>(operationNumbers)
const transferKindNames = turned<TransferKind>(transferKinds)

const sourceNames = new Map<number, TransferSource>([[0, 'unknown'], ...turned<Source>(sourceNumbers)])

export const operationName = (number: number): OperationName => known(namesOfOperations, number, 'operation')
export const transferKindName = (number: number): TransferKind => known(transferKindNames, number, 'kind of transfer')
export const sourceName = (number: number): TransferSource => known(sourceNames, number, 'source')
export const sourceNumber = (source: TransferSource): number => (source === 'unknown' ? 0 : sourceNumbers[source])

function known<T>(names: Map<number, T>, number: number, what: string): T {
  const name = names.get(number)
  // a newer version of the service has written it
  if (name === undefined) throw new Error(`the journal holds an unknown ${what}: ${number}`)
  return name
}
