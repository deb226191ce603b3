import type { FollowUpStep } from '../follow-up-steps.ts'
import type { JoinedUpKind, JoinedUpState } from '../joined-up.ts'
import type { NoticeKind, NoticeTopic } from '../notice-kinds.ts'

/** What is known of a notice's subject when it is told; null where there is nothing to say, or it may not be said. */
export type NoticeFacts = {
  /** display name of who did it, or of the other side */
  who: string | null
  /** title or category of what it is about */
  what: string | null
  /** day, or day and time, written in the language */
  when: string | null
}

/** A mail in plain text. */
type Letter = { subject: string; text: string }

/** Everything that stands on a statement but names, dates and figures. What it has of the ledger's kinds, the ledger asks for. */
export type StatementWords = {
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
  /** said instead of the lines where they would fill a book */
  tooManyLines: string
  noLines: string
  /** what stands between the balance and what may be spent */
  setAside(hours: string, available: string): string
  /** said where the closing balance is below zero */
  belowZero: string
  page(page: number, pages: number): string
  correction(what: string): string
  kinds: Record<
    | 'exchange'
    | 'gift'
    | 'grant'
    | 'donation'
    | 'joining_credit'
    | 'opening'
    | 'surplus'
    | 'preparation'
    | 'leaving'
    | 'write_off'
    | 'budget_allocation'
    | 'budget_return'
    | 'clearing'
    | 'import'
    | 'session',
    string
  >
  /** accounts without a name of their own */
  accounts: Record<'member' | 'organisation' | 'community_pot' | 'budget' | 'clearing' | 'opening', string>
}

/** Why somebody may suit a request or an offer. Lists come as one text, in the language. */
type MatchingWords = {
  reasons: {
    sameCategory(name: string): string
    nearCategory(name: string): string
    words(list: string): string
    gifts(list: string): string
    interests(list: string): string
    closeBy: string
    /** whole ones */
    distance(kilometres: number): string
    area(name: string): string
    availability(list: string): string
    language(list: string): string
    setting: string
    mode: string
    settingAndMode: string
    earlier: string
    couldGive: string
    couldReceive: string
    recent: string
  }
  /** a part of the week */
  slot(day: string, part: string): string
  days: Record<'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun', string>
  parts: Record<'morning' | 'afternoon' | 'evening', string>
  /** with blanks between: words that say nothing of what is offered or asked for */
  fillers: string
}

/** All that the service says to people in one language. Another language is one more file of this shape. */
export type Words = {
  /** one sentence for each kind of notice: in the inbox, and in mails */
  notices: Record<NoticeKind, (facts: NoticeFacts) => string>
  matching: MatchingWords
  /** what a broker is advised to do next */
  followUps: Record<FollowUpStep, string>
  /** mails of notices */
  mails: {
    greeting(name: string): string
    /** subject of a mail that tells of several things */
    several(timebank: string, count: number): string
    /** words of the link to one of them */
    open: string
    /** that the inbox has so many more */
    more(count: number): string
    /** why one gets it, and where to change that */
    why(timebank: string): string
    /** words of the link that stops mails of these topics; `stop` of `topics` */
    stop(topics: string): string
    /** in the middle of a sentence */
    topics: Record<NoticeTopic, string>
  }
  /** the page that a mail's link to stop mails leads to */
  unsubscribe: {
    title: string
    ask(topics: string): string
    button: string
    done(topics: string): string
  }
  /** What somebody is shown who is asked whether an organisation may learn or do something; kept as version 1, and so never changed. */
  consentWordings: Record<'referral' | 'joined_up', string>
  signInLink(values: { name: string; url: string; code: string; minutes: number }): Letter
  statement: StatementWords
  /** names of the categories that a new timebank begins with, by their slugs */
  starterCategories: Record<string, string>
  /** the page of all that is open around a person */
  joinedUp: {
    kinds: Record<JoinedUpKind, string>
    states: Record<JoinedUpState, string>
    attention: {
      answerWanted(count: number): string
      overlap(category: string, count: number): string
      manyPeople(count: number): string
    }
  }
  /** what directories of services are told of a timebank */
  openReferral: {
    /** of the timebank, where it says nothing of itself */
    organization: string
    service(category: string, timebank: string): string
    serviceDescription(category: string, timebank: string): string
    fees: string
    eligibility(timebank: string): string
    application(timebank: string): string
    /** of the place of the timebank, beside a service */
    location: string
    taxonomy(timebank: string): string
    taxonomyDescription(timebank: string): string
  }
}
