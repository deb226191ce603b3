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
  },
  followUps: {
    find_helper: 'Busque a alguien que pueda ayudar, o hable con la persona sobre lo que pide.',
    ask_for_answer: 'Pregunte si se ha visto el mensaje. Lo que dice queda entre las dos personas.',
    renew_offer: 'Pregunte si la oferta sigue en pie: cambie su último día o deje que termine.',
    renew_request: 'Pregunte si aún se desea la ayuda: cambie el último día o deje que la petición termine.',
    first_contact: 'Póngase en contacto con la persona recién llegada y ayude a que haga su primer intercambio.',
    talk_about_giving: 'Hable sobre lo que le gustaría dar, o si ayudarían unas horas del fondo común.',
    talk_about_asking: 'Hable sobre lo que podría pedir, o si le gustaría ceder horas a otras personas.',
    remind_to_confirm: 'Recuerde a la parte que aún no ha respondido que confirme o que diga cómo fue.',
    confirm_in_person:
      'Esto nunca se confirma con el silencio: escuche a la parte que no ha respondido y confirme en su nombre.',
    decide_dispute: 'Escuche a ambas partes y decida.',
    decide_query: 'Escuche qué no está claro en el intercambio y decida si se mantiene.',
    look_and_approve: 'Mire lo que se ha acordado y deje que siga adelante o cancélelo.',
    make_contact: 'Pregunte cómo está y qué le gustaría dar o pedir.',
    contact_then_leave:
      'Póngase en contacto una vez más. Si desea irse, o no se puede localizar a nadie, dé de baja la membresía.',
    read_report: 'Abra lo que se ha comunicado y hable con las personas afectadas.'
  }
}
