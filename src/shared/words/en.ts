import type { Words } from './types.ts'

const somebody = (who: string | null) => who ?? 'Somebody'
const about = (what: string | null) => (what === null ? '' : `: ${what}`)

export const en: Words = {
  notices: {
    'exchange.proposed': ({ who, what }) => `${somebody(who)} proposes an exchange${about(what)}.`,
    'exchange.agreed': ({ who, what }) => `${somebody(who)} has agreed to an exchange${about(what)}.`,
    'exchange.approved': ({ what }) => `A broker has let an exchange go ahead${about(what)}.`,
    'exchange.declined': ({ what }) => `An exchange will not take place${about(what)}.`,
    'exchange.cancelled': ({ what }) => `An exchange has been called off${about(what)}.`,
    'exchange.reported': ({ who, what }) =>
      `${somebody(who)} reports that an exchange has taken place${about(what)}. Please confirm it, or say that it was otherwise.`,
    'exchange.confirmed': ({ who, what }) => `${somebody(who)} has confirmed an exchange${about(what)}.`,
    'exchange.auto-confirmed': ({ what }) => `An exchange counts as confirmed, as nobody has answered${about(what)}.`,
    'exchange.recorded': ({ what }) => `A broker has recorded an exchange of yours${about(what)}.`,
    'exchange.settled': ({ what }) => `The hours of an exchange have moved${about(what)}.`,
    'exchange.disputed': ({ who, what }) =>
      `${somebody(who)} says that an exchange was otherwise${about(what)}. A broker will look at it.`,
    'exchange.reversed': ({ what }) => `An exchange has been taken back${about(what)}.`
  }
}
