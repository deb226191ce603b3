import type { Words } from './types.ts'

export const en: Words = {
  title: 'Statement of hours',
  number: (number) => `Member number ${number}`,
  account: (number) => `Account ${number}`,
  period: (from, to) =>
    from !== null && to !== null
      ? `From ${from} to ${to}`
      : from !== null
        ? `From ${from}`
        : to !== null
          ? `Up to ${to}`
          : 'From the beginning',
  issued: (date) => `Made on ${date}`,
  openingBalance: 'Balance before',
  earned: 'Earned',
  spent: 'Spent',
  closingBalance: 'Balance after',
  date: 'Date',
  whatAndWho: 'What, and with whom',
  balance: 'Balance',
  noLines: 'No hours came in or went out in this time.',
  setAside: (hours, available) =>
    `${hours} of this is set aside for what has been agreed; ${available} is free to use.`,
  belowZero:
    'A balance below zero means that you have received more time than you have given so far. A timebank needs that: somebody has to be first to receive.',
  page: (page, pages) => `Page ${page} of ${pages}`,
  correction: (what) => `Correction: ${what}`,
  kinds: {
    exchange: 'Exchange',
    gift: 'Gift',
    grant: 'From the community pot',
    donation: 'To the community pot',
    joining_credit: 'Joining credit',
    opening: 'Balance brought in',
    surplus: 'Left over from a group',
    preparation: 'Preparation time',
    leaving: 'On leaving',
    write_off: 'Written off',
    budget_allocation: 'Budget given',
    budget_return: 'Budget returned',
    clearing: 'With another timebank',
    import: 'From an older system',
    session: 'Session'
  },
  accounts: {
    member: 'Member',
    organisation: 'Organisation',
    community_pot: 'Community pot',
    budget: 'Budget',
    clearing: 'Another timebank',
    opening: 'Opening balances'
  }
}
