import type { Words } from './types.ts'

export const es: Words = {
  title: 'Extracto de horas',
  number: (number) => `Número de miembro ${number}`,
  account: (number) => `Cuenta ${number}`,
  period: (from, to) =>
    from !== null && to !== null
      ? `Del ${from} al ${to}`
      : from !== null
        ? `Desde el ${from}`
        : to !== null
          ? `Hasta el ${to}`
          : 'Desde el principio',
  issued: (date) => `Hecho el ${date}`,
  openingBalance: 'Saldo anterior',
  earned: 'Ganadas',
  spent: 'Gastadas',
  closingBalance: 'Saldo final',
  date: 'Fecha',
  whatAndWho: 'Qué, y con quién',
  balance: 'Saldo',
  noLines: 'En este tiempo no entraron ni salieron horas.',
  setAside: (hours, available) =>
    `De esto, ${hours} están reservadas para lo que se ha acordado; ${available} se pueden usar.`,
  belowZero:
    'Un saldo por debajo de cero significa que hasta ahora ha recibido más tiempo del que ha dado. Un banco de tiempo lo necesita: alguien tiene que ser el primero en recibir.',
  page: (page, pages) => `Página ${page} de ${pages}`,
  correction: (what) => `Corrección: ${what}`,
  kinds: {
    exchange: 'Intercambio',
    gift: 'Regalo',
    grant: 'Del fondo común',
    donation: 'Al fondo común',
    joining_credit: 'Crédito de bienvenida',
    opening: 'Saldo traído',
    surplus: 'Sobrante de un grupo',
    preparation: 'Tiempo de preparación',
    leaving: 'Al dejar el banco de tiempo',
    write_off: 'Saldo cancelado',
    budget_allocation: 'Presupuesto dado',
    budget_return: 'Presupuesto devuelto',
    clearing: 'Con otro banco de tiempo',
    import: 'De un sistema anterior',
    session: 'Sesión'
  },
  accounts: {
    member: 'Miembro',
    organisation: 'Organización',
    community_pot: 'Fondo común',
    budget: 'Presupuesto',
    clearing: 'Otro banco de tiempo',
    opening: 'Saldos iniciales'
  }
}
