import type { Words } from './types.ts'

const somebody = (who: string | null) => who ?? 'Somebody'
const about = (what: string | null) => (what === null ? '' : `: ${what}`)
const at = (when: string | null) => (when === null ? '' : ` (${when})`)
const until = (when: string | null) => (when === null ? '' : ` (stands until ${when})`)

export const en: Words = {
  notices: {
    'service-request.received': () =>
      'You are asked whether you would like something that an agency has asked for with you in mind. Please look, and say yes or no.',
    'circle.proposed': ({ when }) =>
      `You are asked into a circle, in which everybody gives and everybody receives. Please say whether you would like to${when === null ? '' : `, until ${when}`}.`,
    'circle.going-ahead': () => 'All have agreed to a circle: it goes ahead, and its exchanges have begun.',
    'circle.closed': () => 'A circle that you were asked into does not go ahead.',
    'budget.proposed': () =>
      'Hours are proposed to be set aside in a budget that concerns you. Please look at it, write what you would like to do with them, and say whether you agree.',
    'budget.held': () => 'Somebody else holds a budget of hours that concerns you from now on.',
    'budget.agreed': () => 'Somebody has agreed to a budget of hours that concerns you.',
    'budget.allocated': () => 'Hours have been put into a budget that concerns you.',
    'budget.returned': () => 'Hours of a budget that concerns you have gone back to who gave them.',
    'budget.ended': () => 'A budget of hours that concerns you has ended.',
    'budget.reconciled': () => 'A budget of hours that concerns you is closed: its statement has been looked at.',
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
    'exchange.reversed': ({ what }) => `An exchange has been taken back${about(what)}.`,
    'arrangement.proposed': ({ who, what }) => `${somebody(who)} proposes to meet you${about(what)}.`,
    'arrangement.begun': ({ what }) => `A broker has set up a group that you lead${about(what)}.`,
    'arrangement.agreed': ({ who, what }) => `${somebody(who)} has agreed to meet${about(what)}.`,
    'arrangement.approved': ({ what }) => `A broker has let an arrangement go ahead${about(what)}.`,
    'arrangement.declined': ({ what }) => `An arrangement will not come about${about(what)}.`,
    'arrangement.changed': ({ what }) =>
      `An arrangement of yours has been changed${about(what)}. Please look at its dates.`,
    'arrangement.cancelled': ({ what }) => `An arrangement has been called off${about(what)}.`,
    'arrangement.ended': ({ what }) => `An arrangement has ended${about(what)}.`,
    'arrangement.registered': ({ what }) => `A broker has entered you in a group${about(what)}.`,
    'arrangement.place-given': ({ what }) => `A place has become free, and it is yours${about(what)}.`,
    'session.changed': ({ what, when }) => `A session has another time or place${about(what)}${at(when)}.`,
    'session.skipped': ({ what, when }) => `A session will not take place${about(what)}${at(when)}.`,
    'session.restored': ({ what, when }) => `A session takes place after all${about(what)}${at(when)}.`,
    'session.no-show': ({ what, when }) =>
      `It was noted that somebody did not come to a session${about(what)}${at(when)}. Please say if it was otherwise.`,
    'session.reminder': ({ what, when }) => `A session is near${about(what)}${at(when)}.`,
    'appointment.set': ({ what, when }) =>
      `When and where an exchange takes place has been set${about(what)}${at(when)}.`,
    'appointment.removed': ({ what }) => `An exchange has no fixed time any more${about(what)}.`,
    'appointment.reminder': ({ what, when }) => `An exchange is near${about(what)}${at(when)}.`,
    'exchange.changed': ({ who, what }) =>
      `${somebody(who)} has changed the proposal of an exchange${about(what)}. Please answer it as it is now.`,
    'exchange.accepted': ({ who, what }) =>
      `${somebody(who)} accepts the time as you saw it, and the hours have moved${about(what)}.`,
    'exchange.kept': ({ what }) => `A broker has decided that an exchange stands as it was reported${about(what)}.`,
    'exchange.corrected': ({ what }) =>
      `A broker has corrected an exchange: another record stands for it${about(what)}.`,
    'exchange.no-show': ({ what }) => `An exchange has been closed, as one side did not come${about(what)}.`,
    'exchange.queried': ({ what }) => `There is a question about an exchange of yours${about(what)}.`,
    'exchange.answered': ({ what }) => `A question about an exchange of yours has been answered${about(what)}.`,
    'offer.expiring': ({ what, when }) =>
      `An offer of yours ends soon${about(what)}${until(when)}. To keep it, give it a later day.`,
    'request.expiring': ({ what, when }) =>
      `A request of yours ends soon${about(what)}${until(when)}. To keep it, give it a later day.`,
    'conversation.message': ({ who, what }) => `${somebody(who)} has written to you${about(what)}.`,
    'conversation.invited': ({ who, what }) =>
      `${somebody(who)} wishes you to take part in a conversation, as a broker${about(what)}.`,
    'conversation.broker-added': ({ what }) =>
      `A broker takes part in a conversation of yours from now on, as one of you wished${about(what)}.`,
    'conversation.shown': ({ what }) =>
      `Somebody with whom you wrote has shown what was written to the brokers, and they have looked at it${about(what)}.`,
    'conversation.report-closed': ({ what }) => `A broker has dealt with what you reported${about(what)}.`,
    'support.proposed': ({ who }) =>
      `${somebody(who)} would like you to stand by them. Please say whether you would like to.`,
    'support.noted': ({ who }) => `A broker has asked ${somebody(who)}, in your name, to stand by you.`,
    'support.entered': ({ who }) =>
      `A broker has noted a guardian (${somebody(who)}). Please tell the broker if it should be otherwise.`,
    'support.accepted': ({ who }) => `${somebody(who)} supports you from now on.`,
    'support.changed': ({ who }) =>
      `What may be done between you and ${somebody(who)}, as supporter, has been changed.`,
    'support.revoked': ({ who }) => `The support between you and ${somebody(who)} has been taken back.`,
    'support.ended': ({ who }) => `The support between you and ${somebody(who)} has ended.`,
    'support.expired': ({ who }) => `The time of the support between you and ${somebody(who)} is over.`,
    'consent.given': ({ what }) =>
      `Somebody has noted what an organisation may learn of you or do${about(what)}. You can take it back at any time.`,
    'consent.withdrawn': ({ what }) => `What an organisation was allowed has been taken back${about(what)}.`,
    'thanks.given': ({ who, what }) => `${somebody(who)} thanks you${about(what)}.`,
    'match.suggested': ({ what }) => `A broker suggests somebody for your request${about(what)}.`,
    'match.proposed': ({ who, what }) => `${somebody(who)} proposes that you come together${about(what)}.`,
    'match.accepted': ({ who, what }) => `${somebody(who)} has said yes${about(what)}.`,
    'match.closed': ({ what }) => `A proposal is no longer open${about(what)}.`
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
    read_report: 'Open what was reported, and talk with those concerned.',
    contact_person: 'Speak with the person, and ask whether they would like it.',
    decide_service_request: 'Decide whether to take it up.',
    go_on_or_end: 'Ask whether it can go on, or how it should end.',
    look_for_help_again: 'Nobody has helped for long: look for a helper, or ask how it goes.'
  },
  mails: {
    greeting: (name) => `Hello ${name},`,
    several: (timebank, count) => `${timebank}: news for you (${count})`,
    open: 'Look at it',
    more: (count) => `More in your inbox: ${count}`,
    why: (timebank) =>
      `You get this mail as a member of ${timebank}. How you are told, and how often, is for you to choose in your settings.`,
    stop: (topics) => `No more mails about ${topics}`,
    topics: {
      exchanges: 'exchanges',
      listings: 'your offers and requests',
      matches: 'suggestions for you',
      messages: 'messages',
      sessions: 'dates',
      circles: 'circles of exchanges',
      thanks: 'thanks',
      support: 'your supporters and what organisations may learn'
    }
  },
  unsubscribe: {
    title: 'Fewer mails',
    ask: (topics) => `Should no more mails come about ${topics}? You find everything in your inbox all the same.`,
    button: 'No more of these mails',
    done: (topics) => `No more mails will come about ${topics}. You can change this in your settings at any time.`
  },
  // version 1 of what people have agreed to: to say it otherwise, a timebank adds a version of its own
  consentWordings: {
    referral:
      'The organisation named here has asked us to help find people and activities for you. You decide whether we do, and what it may learn. You choose each of these by itself: that we may get in touch with you about it (contact); that the organisation learns how far it has come (share_status), on which days you took part and for how long (share_attendance), and what came of it (share_outcome); and that it sees which other organisations are involved, by name and kind of help (see_others_involved). You can say no, and nobody is told that you did. You can take back all of it or any part at any time, as easily as you gave it, and it holds from that moment. You can see who has looked at what. Whether you agree makes no difference to any help you are entitled to.',
    joined_up:
      'You have one page of all that is under way around you here. It is yours. You decide whether the organisation named here may see its part of it, and which other organisations are involved, by name and kind of help (see_others_involved). You can say no, and nobody is told that you did. You can take it back at any time, as easily as you gave it, and it holds from that moment. You can see who has looked at what. Whether you agree makes no difference to any help you are entitled to.'
  },
  signInLink: ({ name, url, code, minutes }) => ({
    subject: 'Your sign-in link for Commonhours',
    text: `Hello ${name},

Somebody, most likely you, has asked to sign in to Commonhours with this e-mail address.
Open this link to sign in. It works once, within ${minutes} minutes:

${url}

Where you are asked for a code instead, use this one:

${code}

If it was not you, there is nothing you need to do: nobody can sign in without this mail.
`
  }),
  statement: {
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
    tooManyLines: 'There is too much to print here. Please ask us for it.',
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
  },
  joinedUp: {
    kinds: {
      service_request: 'Asked for by an agency',
      exchange: 'Help',
      arrangement: 'Meetings',
      budget: 'Hours set aside'
    },
    states: {
      asked: 'Waits for your yes or no',
      proposed: 'Proposed, waits for an answer',
      with_broker: 'Is being looked at by the broker',
      agreed: 'Agreed, not begun yet',
      under_way: 'Under way',
      on_hold: 'On hold for now',
      to_confirm: 'Has taken place, waits to be confirmed',
      unclear: 'Is being cleared up'
    },
    attention: {
      answerWanted: (count) => (count === 1 ? 'One thing waits for an answer.' : `${count} things wait for an answer.`),
      overlap: (category, count) => `${category}: ${count} contributions are open at the same time.`,
      manyPeople: (count) => `${count} different people come.`
    }
  },
  openReferral: {
    organization:
      'A timebank: people give each other time. One hour is one hour, whoever gives it, and everybody has something to give.',
    service: (category, timebank) => `${category}: help by members of ${timebank}`,
    serviceDescription: (category, timebank) =>
      `Several members of ${timebank} offer time for this: ${category}. Who helps whom, and when, they agree between themselves, with a broker where they wish.`,
    fees: 'No money. Members give each other time: an hour received is an hour that one can give to somebody else.',
    eligibility: (timebank) =>
      `For members of ${timebank}; whoever would like to give and receive time can ask to join.`,
    application: (timebank) => `Get in touch with ${timebank}, or sign in as a member.`,
    location: 'Where the timebank can be reached. The help itself takes place where those concerned agree.',
    taxonomy: (timebank) => `Categories of ${timebank}`,
    taxonomyDescription: (timebank) => `The categories in which members of ${timebank} give each other time.`
  },
  starterCategories: {
    'everyday-help': 'Everyday help',
    shopping: 'Shopping and errands',
    lifts: 'Lifts by car',
    housework: 'Housework',
    'small-repairs': 'Small repairs at home',
    gardening: 'Gardening',
    cooking: 'Cooking and baking',
    sewing: 'Sewing and mending',
    pets: 'Looking after pets',
    'forms-and-letters': 'Forms and letters',
    moving: 'Moving and carrying',
    learning: 'Learning',
    languages: 'Languages and conversation',
    'computers-and-phones': 'Computers and phones',
    music: 'Music and singing',
    'arts-and-crafts': 'Arts and crafts',
    'reading-and-numbers': 'Reading, writing and numbers',
    'work-skills': 'Skills for work',
    homework: 'Homework with children',
    prevention: 'Prevention and wellbeing',
    'walking-together': 'Walking together',
    exercise: 'Exercise and movement',
    'healthy-eating': 'Healthy eating',
    'preventing-falls': 'Preventing falls at home',
    relaxation: 'Relaxation and calm',
    'peer-support': 'Support among peers',
    caring: 'Caring',
    visiting: 'Visits and company',
    'phone-calls': 'Friendly phone calls',
    'going-along': 'Going along to appointments',
    'bringing-meals': 'Bringing meals',
    respite: 'Giving carers a break',
    'personal-care': 'Personal care',
    'minding-children': 'Minding children',
    environment: 'Environment',
    'community-garden': 'Community garden',
    'litter-picking': 'Litter picking',
    'repair-and-reuse': 'Repair and reuse',
    nature: 'Nature and wildlife',
    'saving-energy': 'Saving energy at home',
    'community-safety': 'Community safety',
    'looking-out': 'Neighbours looking out for each other',
    'checking-in': 'Daily check-in calls',
    'walking-home': 'Walking home in company',
    'walking-to-school': 'Walking children to school',
    mediation: 'Mediation between neighbours',
    uncategorised: 'Uncategorised'
  },
  matching: {
    reasons: {
      sameCategory: (name) => `The same category: ${name}`,
      nearCategory: (name) => `A related category: ${name}`,
      words: (list) => `Both speak of: ${list}`,
      gifts: (list) => `Among gifts and skills: ${list}`,
      interests: (list) => `Is interested in: ${list}`,
      closeBy: 'Close by',
      distance: (kilometres) => `About ${kilometres} km away`,
      area: (name) => `In the same area: ${name}`,
      availability: (list) => `Times that suit both: ${list}`,
      language: (list) => `A language in common: ${list}`,
      setting: 'Suits where it takes place',
      mode: 'Suits how it is done',
      settingAndMode: 'Suits where it takes place and how it is done',
      earlier: 'You have had an exchange with each other before',
      couldGive: 'May like to give',
      couldReceive: 'Has given much and could receive',
      recent: 'Recently active'
    },
    slot: (day, part) => `${day} ${part}`,
    days: {
      mon: 'Monday',
      tue: 'Tuesday',
      wed: 'Wednesday',
      thu: 'Thursday',
      fri: 'Friday',
      sat: 'Saturday',
      sun: 'Sunday'
    },
    parts: { morning: 'morning', afternoon: 'afternoon', evening: 'evening' },
    fillers:
      'help helping helps need needs needed please want wants wanted would like looking somebody someone anybody anyone offer offering can could some time hour hours every with for and the from about into'
  }
}
