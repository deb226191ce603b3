import { randomBytes } from 'node:crypto'
import { actAs, type Database, inTimebank, type Tx } from '../../db/client.ts'
import { type Actor, type Role, systemActor } from '../../shared/actor.ts'
import { addDays } from '../../shared/clock.ts'
import { noticeTopics } from '../../shared/notice-kinds.ts'
import {
  agree,
  approve,
  cancel,
  confirm,
  decline,
  propose,
  record,
  report,
  reverse,
  type SideInput
} from '../exchanges/index.ts'
import { foundTimebank } from '../founding/index.ts'
import { findOrCreatePersonByEmail, makeOperator, setPassword } from '../identity/index.ts'
import { createListing, findCategory } from '../listings/index.ts'
import { stopTopics } from '../mailings/index.ts'
import {
  activate,
  addAffiliation,
  addMember,
  addOrganisation,
  applyForMembership,
  membersByNumber,
  noteScreening,
  pause,
  startScreening
} from '../members/index.ts'
import { currentPolicy, listTimebanks, type Timebank, today } from '../timebanks/index.ts'
import { actorOf } from './actors.ts'
import { areas, bodies, people, things } from './names.ts'

type Player = { actor: Actor; memberId: string; thing: number }

/** The same year each time: a small generator with a fixed seed (mulberry32). */
function dice(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * sides)
  }
}

/**
 * A lively, made-up timebank, played through the same doors that people use, with the clock set back a year: members,
 * organisations, offers, requests, a citizen-led activity, and about 500 exchanges. Loaded only where there is no timebank
 * yet. Gives a text that tells how to look around, or null.
 */
export async function makeDemo(database: Database): Promise<((url: string) => string) | null> {
  if ((await listTimebanks(database.db, null, 1)).length > 0) return null
  const password = `demo-${randomBytes(6).toString('base64url')}`
  const start = addDays(database.clock().toISOString().slice(0, 10), -365)
  const timebank = await found({ ...database, clock: () => noon(start) }, password)
  // one transaction: all of the year or nothing of it, and one commit instead of thousands
  await inTimebank(database, timebank.id, systemActor, async (tx) => {
    const ada = (await membersByNumber(tx, [1])).get(1)!
    await mailNothing(tx, ada.id)
    const admin = actorOf(ada)
    const players = await addPeople(actAs(tx, admin, noon(start)), password)
    const organisations = await addBodies(actAs(tx, players[0]!.actor, noon(addDays(start, 7))), players)
    await addListings(tx, players)
    await playYear(tx, players, organisations, start)
    await addNewcomers(actAs(tx, admin, tx.now))
  })
  return (url) => `
  Commonhours is ready at ${url} with a made-up timebank, Rivertown.

  Sign in as ada@rivertown.example (admin and operator), bron@rivertown.example (broker)
  or ann@rivertown.example (member); the password of all three is ${password}

  The reference of all addresses is at ${url}/docs
`
}

/** Nobody is behind these addresses: what happens in the demo is in their inboxes, and no mail server is asked to take it. */
const mailNothing = (tx: Tx, membershipId: string): Promise<void> => stopTopics(tx, membershipId, noticeTopics)

const noon = (date: string): Date => new Date(`${date}T12:00:00Z`)

async function found(database: Database, password: string): Promise<Timebank> {
  const admin = { name: 'Ada Rowlands', email: 'ada@rivertown.example' }
  const row = await foundTimebank(
    database,
    systemActor,
    { name: 'Rivertown Timebank', slug: 'rivertown', locale: 'en', timeZone: 'Europe/London' },
    admin
  )
  await database.db.transaction(async (db) => {
    const personId = await findOrCreatePersonByEmail(db, { ...admin, locale: 'en' })
    await setPassword(db, personId, password)
    await makeOperator(db, personId)
  })
  return row
}

async function addPeople(tx: Tx, password: string): Promise<Player[]> {
  const roll = dice(7)
  const enter = async (name: string, email: string | null, roles: Role[] = []): Promise<Player> => {
    const [area, thing] = [areas[roll(areas.length)]!, roll(things.length)]
    const member = await addMember(tx, {
      displayName: name,
      email,
      roles,
      status: 'active',
      screeningDone: { references: 2, interview: 'in_person' },
      about: `Lives near ${area.name}.`,
      skills: [things[thing]!.skill],
      interests: [things[roll(things.length)]!.skill],
      languages: roll(4) === 0 ? ['cy', 'en'] : ['en'],
      area: area.name,
      latitude: area.latitude,
      longitude: area.longitude
    })
    await mailNothing(tx, member.id)
    return { actor: actorOf(member), memberId: member.id, thing }
  }
  const players = [await enter('Bron Ellis', 'bron@rivertown.example', ['broker'])]
  for (const [i, name] of people.entries()) {
    // every sixth has no e-mail address and is a member like all others
    players.push(await enter(name, i % 6 === 5 ? null : emailOf(name)))
  }
  for (const { actor } of players.slice(0, 2)) await setPassword(tx.db, actor.personId!, password)
  return players
}

const emailOf = (name: string): string => `${name.split(' ')[0]!.toLowerCase()}@rivertown.example`

async function addBodies(tx: Tx, players: Player[]): Promise<string[]> {
  const ids: string[] = []
  for (const [i, body] of bodies.entries()) {
    const { id: organisationId } = await addOrganisation(tx, body)
    for (const k of [1, 2]) {
      const membershipId = players[i * 2 + k]!.memberId
      await addAffiliation(tx, {
        organisationId,
        membershipId,
        professional: body.kind === 'health_board',
        actsFor: true
      })
    }
    ids.push(organisationId)
  }
  return ids
}

const categoryOf = async (tx: Tx, slug: string): Promise<string> => (await findCategory(tx, slug))!.id

async function addListings(tx: Tx, players: Player[]): Promise<void> {
  const roll = dice(11)
  for (const player of players.slice(1)) {
    const owner = actAs(tx, player.actor, tx.now)
    const give = things[player.thing]!
    const fields = { mode: give.mode, setting: give.setting, estimatedMinutes: 60 + 30 * roll(3) }
    if (roll(10) < 8)
      await createListing(owner, 'offer', {
        ...fields,
        title: give.offer,
        categoryId: await categoryOf(tx, give.slug),
        open: true
      })
    if (roll(10) < 4) {
      const want = things[roll(things.length)]!
      await createListing(owner, 'request', {
        ...fields,
        mode: want.mode,
        setting: want.setting,
        title: want.request,
        categoryId: await categoryOf(tx, want.slug),
        helpersNeeded: 1 + roll(2),
        open: true
      })
    }
  }
}

const days = 365

async function playYear(tx: Tx, players: Player[], organisations: string[], start: string): Promise<void> {
  const roll = dice(23)
  const broker = players[0]!
  const others = players.slice(1)
  // what is refused is undone: the year goes on in the same transaction
  const step = async <T>(day: number, player: Player, work: (tx: Tx) => Promise<T>): Promise<T> => {
    await tx.client.query('SAVEPOINT step')
    try {
      return await work(actAs(tx, player.actor, noon(addDays(start, day))))
    } catch (error) {
      await tx.client.query('ROLLBACK TO SAVEPOINT step')
      throw error
    } finally {
      await tx.client.query('RELEASE SAVEPOINT step')
    }
  }

  for (let day = 10; day < days - 3; day += 1) {
    const on = addDays(start, day)
    for (let n = roll(3); n > 0; n -= 1) {
      const provider = others[roll(others.length)]!
      const receiver = others[roll(others.length)]!
      if (provider === receiver) continue
      const thing = things[provider.thing]!
      const minutes = 30 + 15 * roll(8)
      const input = async (tx: Tx) => ({
        provider: { capacity: 'citizen' as const, memberId: provider.memberId },
        receiver: { capacity: 'citizen' as const, memberId: receiver.memberId },
        categoryId: await categoryOf(tx, thing.slug),
        description: thing.offer,
        minutes
      })
      if (roll(10) < 4) {
        // by phone to the broker; limits are what they are
        await step(day, broker, async (tx) => record(tx, { ...(await input(tx)), performedOn: on })).catch(ignoreLimits)
        continue
      }
      const { id } = await step(day, provider, async (tx) => propose(tx, await input(tx)))
      const turn = roll(20)
      if (turn === 0) await step(day, receiver, (tx) => decline(tx, id))
      if (turn === 0) continue
      const { status } = await step(day, receiver, (tx) => agree(tx, id))
      if (status === 'awaiting_risk') await step(day, broker, (tx) => approve(tx, id))
      if (turn === 1) await step(day, provider, (tx) => cancel(tx, id, 'It rained all day.'))
      if (turn === 1) continue
      await step(day + 1, provider, (tx) => report(tx, id, { minutes, performedOn: addDays(start, day + 1) }))
      // the last days' reports wait for the other side
      if (turn % 3 === 2 && day > days - 12) continue
      await step(day + 2, receiver, (tx) => confirm(tx, id)).catch(ignoreLimits)
      if (turn === 3) await step(day + 3, broker, (tx) => reverse(tx, id, 'It was entered twice.')).catch(ignoreStates)
    }
    // the growers give back what grows, and the link worker comes to whoever asks
    const guest = others[10 + roll(others.length - 10)]!
    const given = async (tx: Tx, provider: SideInput, slug: string, description: string) =>
      record(tx, {
        provider,
        receiver: { capacity: 'citizen', memberId: guest.memberId },
        categoryId: await categoryOf(tx, slug),
        description,
        minutes: 60,
        performedOn: on
      })
    if (day % 4 === 1) {
      const growers = { capacity: 'organisation', organisationId: organisations[0]! } as const
      await step(day, broker, (tx) =>
        given(tx, growers, 'healthy-eating', 'A box of vegetables, and how to cook them')
      ).catch(ignoreLimits)
    }
    if (day % 9 === 2) {
      const linkWorker = {
        capacity: 'professional',
        memberId: players[5]!.memberId,
        organisationId: organisations[2]!
      } as const
      await step(day, broker, (tx) =>
        given(tx, linkWorker, 'peer-support', 'A walk and a talk with the link worker')
      ).catch(ignoreLimits)
    }
    // the citizen-led activity: Saturdays at the waste ground, whoever comes gives time to the growers
    if (day % 14 === 6) {
      for (let n = 3 + roll(4); n > 0; n -= 1) {
        const digger = others[4 + roll(others.length - 4)]!
        await step(day, broker, async (tx) =>
          record(tx, {
            provider: { capacity: 'citizen', memberId: digger.memberId },
            receiver: { capacity: 'organisation', organisationId: organisations[0]! },
            categoryId: await categoryOf(tx, 'community-garden'),
            description: 'Saturday at the Riverbank Growers',
            minutes: 120,
            performedOn: on
          })
        ).catch(ignoreLimits)
      }
    }
  }
}

/** Whose account has reached its limit has to receive or give first, as in life. */
function ignoreLimits(error: unknown): void {
  if ((error as { code?: string }).code !== 'below-floor' && (error as { code?: string }).code !== 'above-ceiling')
    throw error
}

function ignoreStates(error: unknown): void {
  if ((error as { code?: string }).code !== 'wrong-state') throw error
}

/** People at every stage of joining, and one who takes a break. */
async function addNewcomers(tx: Tx): Promise<void> {
  const day = today(tx, (await currentPolicy(tx)).rules)
  for (const [i, name] of ['Marged Tilley', 'Sunil Rao', 'Petra Vondrak'].entries()) {
    const email = emailOf(name)
    const personId = await findOrCreatePersonByEmail(tx.db, { email, name, locale: 'en' })
    const { id } = await applyForMembership(tx, personId, { displayName: name, email })
    await mailNothing(tx, id)
    if (i > 0) await startScreening(tx, id)
    if (i > 1) {
      for (const kind of ['reference', 'reference', 'interview'] as const)
        await noteScreening(tx, id, { kind, heldOn: day, inPerson: true, satisfactory: true })
      await activate(tx, id)
      await pause(tx, id)
    }
  }
}
