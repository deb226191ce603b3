import type { AccountKind, TransferKind } from '../../kinds.ts'

/** Everything that stands on a statement but names, dates and figures; one file for each language. */
export type Words = {
  /** of the whole page, and of the document */
  title: string
  /** a member's number */
  number(number: number): string
  account(number: number): string
  period(from: string | null, to: string | null): string
  /** date on which the statement was made */
  issued(date: string): string
  openingBalance: string
  earned: string
  spent: string
  closingBalance: string
  date: string
  whatAndWho: string
  balance: string
  noLines: string
  /** what stands between the balance and what may be spent */
  setAside(hours: string, available: string): string
  /** said where the closing balance is below zero */
  belowZero: string
  page(page: number, pages: number): string
  correction(what: string): string
  kinds: Record<TransferKind, string>
  /** accounts without a name of their own */
  accounts: Record<AccountKind, string>
}
