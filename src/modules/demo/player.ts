import { actAs, type Tx } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { withdrawConsent } from '../consents/index.ts'
import { agree, approve, confirm, propose, report } from '../exchanges/index.ts'
import { getRequest } from '../listings/index.ts'
import { getMembership, type Membership, membersByNumber } from '../members/index.ts'
import {
  accept,
  closeDue,
  complete,
  contactsOf,
  endWithout,
  fail,
  hold,
  linkPerson,
  noteContact,
  playLater,
  readServiceRequest,
  reject,
  type ServiceRequest,
  sayNo,
  sayYes,
  textsOf,
  verifyClaim
} from '../service-requests/index.ts'
import { currentPolicy, getTimebank, today } from '../timebanks/index.ts'
import { actorOf } from './actors.ts'
import { cast, firstNumber, helpers, type Path } from './cast.ts'

/** Everybody at the play: each acts with their own rights, by the same doors as people. */
type Play = { tx: Tx; request: ServiceRequest; path: Path; broker: Tx; as(membershipId: string): Promise<Tx> }

/**
 * Takes the next step of a service request in a sandbox, as the broker and the people would, and has the one after it taken a little
 * later. What is up to the agency is left to it. Refused in every other timebank.
 */
export async function playOn(tx: Tx, id: string): Promise<void> {
  if (!(await getTimebank(tx)).sandbox) throw new DomainError('forbidden', 'This is done in sandboxes only.')
  // of two at once the second goes on from where the first has come to
  await tx.client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`play|${tx.timebankId}|${id}`])
  const people = await membersByNumber(
    tx,
    Array.from({ length: firstNumber + cast.length + helpers.length }, (_, i) => i + 1)
  )
  const actor = (member: Membership): Tx => actAs(tx, actorOf(member), tx.now)
  const request = await readServiceRequest(tx, id)
  // nobody decides about themselves
  const broker = actor(people.get(request.membershipId === people.get(2)!.id ? 1 : 2)!)
  const number = await memberOf(broker, request)
  const path = cast[number - firstNumber]!.path
  const play: Play = {
    tx,
    request,
    path,
    broker,
    as: async (membershipId) => actor(await getMembership(tx, membershipId))
  }
  const goesOn =
    request.status === 'requested'
      ? await decide(play, number)
      : request.status === 'accepted' || request.status === 'in_progress'
        ? await help(play, [...people.values()].slice(-helpers.length))
        : false
  if (goesOn) await playLater(tx, id)
}

/** The number of whom it is about; the first of the cast where that is nobody of them. */
async function memberOf(broker: Tx, request: ServiceRequest): Promise<number> {
  const { contactName } = await textsOf(broker, request.id)
  const byName = cast.findIndex(({ name }) => name.toLowerCase() === contactName?.trim().toLowerCase())
  const number = request.claimedNumber ?? firstNumber + Math.max(byName, 0)
  return cast[number - firstNumber] ? number : firstNumber
}

/** The way to a decision: the person is found, spoken with and asked. */
async function decide({ request, path, broker, as }: Play, number: number): Promise<boolean> {
  const { id } = request
  if (request.kind === 'own_need') {
    await accept(broker, id, {})
    return true
  }
  if (request.closesAt !== null) {
    // elsewhere at the end of the day, with all that could not be arranged
    await closeDue(broker, request.closesAt)
    return false
  }
  if (request.membershipId === null) {
    await linkPerson(broker, id, number)
    return true
  }
  if (path === 'never_reached') {
    const tried = (await contactsOf(broker, id)).length
    if (tried < 2) await noteContact(broker, id, { way: 'phone', result: 'not_reached' })
    else await reject(broker, id, 'not_taken_up')
    return true
  }
  if (request.verifiedAt === null) {
    await verifyClaim(broker, id)
    await noteContact(broker, id, { way: 'phone', result: 'reached' })
    return true
  }
  const person = await as(request.membershipId)
  if (path === 'says_no') await sayNo(person, id)
  else if (path === 'outside_area') await reject(broker, id, 'outside_area')
  else if (request.consentedAt === null) {
    const scopes = path === 'shares_nothing' ? ['contact' as const] : ['contact' as const, ...request.claimedScopes!]
    await sayYes(person, id, { scopes: [...new Set(scopes)], wordingVersion: 1 })
  } else await accept(broker, id, { listing: { title: 'Somebody to lend a hand' } })
  return path !== 'outside_area'
}

/** From there to its end. */
async function help(play: Play, helping: readonly Membership[]): Promise<boolean> {
  const { request, path, broker, as } = play
  const { id } = request
  if (request.kind === 'referral' && path === 'put_on_hold') await hold(broker, id, 'waiting_for_person')
  else if (request.kind === 'referral' && path === 'needs_professional_service')
    await complete(broker, id, 'needs_professional_service')
  else if (request.kind === 'referral' && path === 'no_helper_found') await fail(broker, id, 'no_helper_found')
  else if (request.kind === 'referral' && path === 'withdraws_consent')
    await withdrawConsent(await as(request.membershipId!), { consentId: request.consentId! }, endWithout)
  else return lendAHand(play, helping)
  return false
}

type Hand = { id: string; status: string; provider_id: string }

/** One exchange after the other, until there were as many helpers as were asked for: proposed and agreed, reported, confirmed. */
async function lendAHand({ tx, request, broker, as }: Play, helping: readonly Membership[]): Promise<boolean> {
  const listing = await getRequest(broker, request.listingId!)
  const receiver = await as(listing.membershipId)
  const { rows } = await tx.client.query<Hand>({
    name: 'demo.hands',
    text: `SELECT id, status, provider_id FROM exchanges.exchanges
            WHERE timebank_id = $1 AND request_id = $2 AND status NOT IN ('declined', 'cancelled', 'reversed') ORDER BY id`,
    values: [tx.timebankId, listing.id]
  })
  const open = rows.find(({ status }) => status !== 'settled')
  const minutes = Math.min(request.estimatedMinutes ?? 60, 240)
  if (open) {
    const { id, status } = open
    if (status === 'awaiting_risk') await approve(broker, id)
    else if (status === 'reported') await confirm(receiver, id)
    else {
      const performedOn = today(tx, (await currentPolicy(tx)).rules)
      await report(await as(open.provider_id), id, { minutes, performedOn })
    }
    return true
  }
  const helper = helping.filter(({ id }) => id !== listing.membershipId)[rows.length]
  if (helper && rows.length < request.helpersNeeded) {
    const provider = actAs(tx, actorOf(helper), tx.now)
    const proposed = await propose(provider, {
      provider: { capacity: 'citizen', memberId: helper.id },
      receiver:
        listing.organisationId === null
          ? { capacity: 'citizen', memberId: listing.membershipId }
          : { capacity: 'organisation', organisationId: listing.organisationId, memberId: listing.membershipId },
      categoryId: listing.categoryId,
      requestId: listing.id,
      description: '',
      minutes
    })
    await agree(receiver, proposed.id)
    return true
  }
  // what was asked for once ends by itself, maybe at this moment; all else by the broker's word
  await complete(broker, request.id, 'goal_met').catch((error) => {
    if (!(error instanceof DomainError && error.code === 'wrong-state')) throw error
  })
  return false
}
