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
  },
  followUps: {
    find_helper: 'Look for somebody who could help, or talk with the member about what they ask for.',
    ask_for_answer: 'Ask whether the message has been seen. What it says stays between the two.',
    renew_offer: 'Ask whether the offer still stands: move its last day, or let it end.',
    renew_request: 'Ask whether help is still wanted: move the last day, or let the request end.',
    first_contact: 'Get in touch with the new member, and help a first exchange along.',
    talk_about_giving: 'Talk about what they would like to give, or whether hours from the community pot would help.',
    talk_about_asking: 'Talk about what they could ask for, or whether they would like to pass hours on.',
    remind_to_confirm: 'Remind the side that has not answered yet to confirm, or to say how it was.',
    confirm_in_person: 'This is never confirmed by silence: hear the side that has not answered, and confirm for them.',
    decide_dispute: 'Hear both sides, and decide.',
    decide_query: 'Hear what is unclear about the exchange, and decide whether it stands.',
    look_and_approve: 'Look at what has been agreed, and let it go ahead or call it off.',
    make_contact: 'Ask how they are, and what they would like to give or to ask for.',
    contact_then_leave: 'Get in touch once more. If they want to go, or nobody can be reached, end the membership.',
    read_report: 'Open what was reported, and talk with those concerned.'
  }
}
