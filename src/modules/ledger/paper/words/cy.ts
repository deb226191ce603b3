import type { Words } from './types.ts'

export const cy: Words = {
  title: 'Cyfriflen oriau',
  number: (number) => `Rhif aelod ${number}`,
  account: (number) => `Cyfrif ${number}`,
  period: (from, to) =>
    from !== null && to !== null
      ? `O ${from} hyd at ${to}`
      : from !== null
        ? `O ${from} ymlaen`
        : to !== null
          ? `Hyd at ${to}`
          : "O'r dechrau",
  issued: (date) => `Lluniwyd ar ${date}`,
  openingBalance: 'Balans cynt',
  earned: 'Enillwyd',
  spent: 'Gwariwyd',
  closingBalance: 'Balans wedyn',
  date: 'Dyddiad',
  whatAndWho: 'Beth, a gyda phwy',
  balance: 'Balans',
  noLines: 'Ni ddaeth oriau i mewn nac allan yn y cyfnod hwn.',
  setAside: (hours, available) =>
    `Mae ${hours} o hyn wedi'i neilltuo ar gyfer yr hyn y cytunwyd arno; mae ${available} ar gael i'w ddefnyddio.`,
  belowZero:
    'Mae balans o dan sero yn golygu eich bod wedi derbyn mwy o amser nag a roddwyd gennych hyd yma. Mae banc amser angen hynny: rhaid i rywun fod yn gyntaf i dderbyn.',
  page: (page, pages) => `Tudalen ${page} o ${pages}`,
  correction: (what) => `Cywiriad: ${what}`,
  kinds: {
    exchange: 'Cyfnewid',
    gift: 'Rhodd',
    grant: "O'r gronfa gymunedol",
    donation: "I'r gronfa gymunedol",
    joining_credit: 'Credyd ymuno',
    opening: 'Balans a ddygwyd i mewn',
    surplus: 'Gweddill gan grŵp',
    preparation: 'Amser paratoi',
    leaving: 'Wrth adael',
    write_off: 'Dilëwyd',
    budget_allocation: 'Cyllideb a roddwyd',
    budget_return: 'Cyllideb a ddychwelwyd',
    clearing: 'Gyda banc amser arall',
    import: 'O system hŷn',
    session: 'Sesiwn'
  },
  accounts: {
    member: 'Aelod',
    organisation: 'Sefydliad',
    community_pot: 'Y gronfa gymunedol',
    budget: 'Cyllideb',
    clearing: 'Banc amser arall',
    opening: 'Balansau agoriadol'
  }
}
