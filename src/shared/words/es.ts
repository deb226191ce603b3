import type { Words } from './types.ts'

const somebody = (who: string | null) => who ?? 'Alguien'
const about = (what: string | null) => (what === null ? '' : `: ${what}`)

export const es: Words = {
  notices: {
    'exchange.proposed': ({ who, what }) => `${somebody(who)} propone un intercambio${about(what)}.`,
    'exchange.agreed': ({ who, what }) => `${somebody(who)} ha aceptado un intercambio${about(what)}.`,
    'exchange.approved': ({ what }) => `Un gestor ha dado paso a un intercambio${about(what)}.`,
    'exchange.declined': ({ what }) => `Un intercambio no tendrá lugar${about(what)}.`,
    'exchange.cancelled': ({ what }) => `Se ha cancelado un intercambio${about(what)}.`,
    'exchange.reported': ({ who, what }) =>
      `${somebody(who)} indica que un intercambio ha tenido lugar${about(what)}. Confírmelo, o diga si fue de otro modo.`,
    'exchange.confirmed': ({ who, what }) => `${somebody(who)} ha confirmado un intercambio${about(what)}.`,
    'exchange.auto-confirmed': ({ what }) =>
      `Un intercambio cuenta como confirmado, ya que nadie ha respondido${about(what)}.`,
    'exchange.recorded': ({ what }) => `Un gestor ha anotado un intercambio suyo${about(what)}.`,
    'exchange.settled': ({ what }) => `Se han movido las horas de un intercambio${about(what)}.`,
    'exchange.disputed': ({ who, what }) =>
      `${somebody(who)} dice que un intercambio fue de otro modo${about(what)}. Un gestor lo mirará.`,
    'exchange.reversed': ({ what }) => `Se ha anulado un intercambio${about(what)}.`
  }
}
