import type { Words } from './types.ts'

const somebody = (who: string | null) => who ?? 'Rhywun'
const about = (what: string | null) => (what === null ? '' : `: ${what}`)

export const cy: Words = {
  notices: {
    'exchange.proposed': ({ who, what }) => `Mae ${who ?? 'rhywun'} yn cynnig cyfnewid${about(what)}.`,
    'exchange.agreed': ({ who, what }) => `Mae ${who ?? 'rhywun'} wedi cytuno i gyfnewid${about(what)}.`,
    'exchange.approved': ({ what }) => `Mae brocer wedi caniatáu i gyfnewid fynd yn ei flaen${about(what)}.`,
    'exchange.declined': ({ what }) => `Ni fydd cyfnewid yn digwydd${about(what)}.`,
    'exchange.cancelled': ({ what }) => `Mae cyfnewid wedi'i ganslo${about(what)}.`,
    'exchange.reported': ({ who, what }) =>
      `${somebody(who)}: mae cyfnewid wedi digwydd${about(what)}. Cadarnhewch hynny, neu dywedwch os oedd yn wahanol.`,
    'exchange.confirmed': ({ who, what }) => `Mae ${who ?? 'rhywun'} wedi cadarnhau cyfnewid${about(what)}.`,
    'exchange.auto-confirmed': ({ what }) =>
      `Mae cyfnewid yn cyfrif fel un a gadarnhawyd, gan nad oes neb wedi ateb${about(what)}.`,
    'exchange.recorded': ({ what }) => `Mae brocer wedi cofnodi cyfnewid o'ch eiddo${about(what)}.`,
    'exchange.settled': ({ what }) => `Mae oriau cyfnewid wedi symud${about(what)}.`,
    'exchange.disputed': ({ who, what }) =>
      `Mae ${who ?? 'rhywun'} yn dweud bod cyfnewid yn wahanol${about(what)}. Bydd brocer yn edrych arno.`,
    'exchange.reversed': ({ what }) => `Mae cyfnewid wedi'i dynnu'n ôl${about(what)}.`
  }
}
