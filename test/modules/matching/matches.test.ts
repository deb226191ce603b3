import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { inTimebank, type Tx } from '../../../src/db/client.ts'
import { matchesTold, matchingTasks } from '../../../src/modules/matching/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { type Client, foundAnother, ok, refused } from '../../support/app.ts'
import { type Json, type MatchingTown, makeMatchingTown, namesOf } from './town.ts'

const day = 24 * 60 * 60 * 1000

let town: MatchingTown
let broker: Client
let rhian: Client
let gwen: Client
let hal: Client
let timebankId: string

before(async () => {
  town = await makeMatchingTown('matches')
  broker = await town.member('Bron', { roles: ['broker'] })
  rhian = await town.member('Rhian')
  gwen = await town.member('Gwen')
  hal = await town.member('Hal')
  timebankId = ok(await rhian.get('/v1/me')).memberships[0].timebankId
})

after(() => town.stage.close())

const expire = () => matchingTasks(town.stage.database)['matching.expire']!({})

const asService = <T>(work: (tx: Tx) => Promise<T>): Promise<T> =>
  inTimebank(town.stage.database, timebankId, systemActor, work)

/** A request of Rhian's and an offer of Gwen's. */
const pair = async (more: Record<string, unknown> = {}) => ({
  requestId: (await town.request(rhian, 'Weeds everywhere', { estimatedMinutes: 60, ...more })).id,
  offerId: (await town.offer(gwen, 'Weeding')).id
})

const proposed = async (who: Client, body: Json): Promise<Json> => ok(await who.post('matches', body), 201)
const get = async (who: Client, id: string): Promise<Json> => ok(await who.get(`matches/${id}`))
const noticesOf = async (who: Client, subjectId: string): Promise<string[]> =>
  ok(await who.get('notices?limit=200'))
    .items.filter((notice: Json) => notice.subjectId === subjectId)
    .map(({ kind }: Json) => kind)
    .reverse()

/** Later, and tokens that are valid then. */
async function later<T>(ms: number, work: () => Promise<T>): Promise<T> {
  town.stage.clock.now = new Date(Date.now() + ms)
  try {
    return await work()
  } finally {
    town.stage.clock.now = null
  }
}

describe('from proposal to exchange', () => {
  test('the owner of a request proposes, the other accepts, and an exchange is proposed from their side', async () => {
    const match = await proposed(rhian, await pair())
    assert.equal(match.status, 'proposed')
    assert.equal(match.proposedBy, 'receiver')
    assert.equal(match.provider.member.displayName, 'Gwen')
    const accepted = ok(await gwen.post(`matches/${match.id}/acceptance`))
    assert.equal(accepted.status, 'accepted')
    const exchange = ok(await gwen.get(`exchanges/${accepted.exchangeId}`))
    assert.deepEqual(
      [exchange.status, exchange.proposedBy, exchange.proposedMinutes, exchange.requestId, exchange.offerId],
      ['proposed', 'provider', 60, match.request.id, match.offer.id]
    )
    const [found] = ok(await rhian.get(`matches?state=all&exchangeId=${exchange.id}`)).items
    assert.equal(found.id, match.id)
    ok(await rhian.post(`exchanges/${exchange.id}/agreement`))
    assert.equal(ok(await rhian.get(`requests/${match.request.id}`)).status, 'matched')
    assert.deepEqual(await noticesOf(gwen, match.id), ['match.proposed'])
    assert.deepEqual(await noticesOf(rhian, match.id), ['match.accepted'])
  })

  test('the owner of an offer proposes to the owner of a request', async () => {
    const match = await proposed(gwen, await pair())
    assert.equal(match.proposedBy, 'provider')
    const accepted = ok(await rhian.post(`matches/${match.id}/acceptance`, { minutes: 45, performedOn: '2030-01-15' }))
    const exchange = ok(await gwen.get(`exchanges/${accepted.exchangeId}`))
    assert.deepEqual(
      [exchange.proposedBy, exchange.proposedMinutes, exchange.performedOn],
      ['receiver', 45, '2030-01-15']
    )
  })

  test('a member without an offer proposes themselves, and is proposed to', async () => {
    const { requestId } = await pair()
    const offered = await proposed(hal, { requestId })
    assert.equal(offered.provider.member.displayName, 'Hal')
    assert.equal(offered.offer, null)
    ok(await rhian.post(`matches/${offered.id}/acceptance`))
    const asked = await proposed(rhian, { requestId: (await pair()).requestId, memberId: hal.memberId })
    ok(await hal.post(`matches/${asked.id}/acceptance`))
  })

  test('a notice is told with the other side, as far as they show themselves, and the title of the request', async () => {
    const shy = await town.member('Shy giver', { profile: { profileVisibility: 'staff' } })
    const { requestId } = await pair()
    const offer = await town.offer(shy, 'Weeding')
    const match = await proposed(rhian, { requestId, offerId: offer.id })
    const toldTo = (who: Client) =>
      asService(async (tx) => {
        const told = (await matchesTold(tx, who.memberId, [match.id])).get(match.id)
        return [told?.who, told?.what]
      })
    assert.deepEqual(await toldTo(shy), ['Rhian', 'Weeds everywhere'])
    assert.deepEqual(await toldTo(rhian), [null, 'Weeds everywhere'])
    assert.equal((await get(rhian, match.id)).provider.member, null)
    ok(await shy.post(`matches/${match.id}/acceptance`))
    assert.deepEqual(await toldTo(rhian), ['Shy giver', 'Weeds everywhere'])
  })

  test('for an organisation answers who acts for it, and the exchange is its own', async () => {
    const clerk = await town.member('Clerk')
    const house = await town.organisation('The House', clerk)
    const offer = await town.offer(clerk, 'Lawns', { organisationId: house.id })
    const match = await proposed(rhian, { requestId: (await pair()).requestId, offerId: offer.id })
    assert.deepEqual([match.provider.organisation.name, match.provider.member], ['The House', null])
    assert.deepEqual(await noticesOf(clerk, match.id), ['match.proposed'])
    const { exchangeId } = ok(await clerk.post(`matches/${match.id}/acceptance`))
    const { provider } = ok(await rhian.get(`exchanges/${exchangeId}`))
    assert.deepEqual([provider.capacity, provider.organisationId], ['organisation', house.id])
  })

  test('minutes are needed where neither listing has any', async () => {
    const match = await proposed(rhian, await pair({ estimatedMinutes: null }))
    refused(await gwen.post(`matches/${match.id}/acceptance`), 400, 'validation-failed')
    ok(await gwen.post(`matches/${match.id}/acceptance`, { minutes: 30 }))
  })

  test('staff propose and accept for those who are not online, and the audit says for whom', async () => {
    const match = await proposed(broker, { ...(await pair()), proposedBy: 'receiver' })
    refused(await broker.post('matches', await pair()), 400, 'validation-failed')
    ok(await broker.post(`matches/${match.id}/acceptance`))
    const events = ok(await town.admin.get(`audit?subjectType=match&subjectId=${match.id}`)).items
    assert.deepEqual(
      events.map((event: Json) => [event.action, event.onBehalfOf]),
      [
        ['match.accepted', gwen.memberId],
        ['match.proposed', rhian.memberId]
      ]
    )
  })
})

describe('suggestions', () => {
  test('a broker suggests to the owner, who proposes; the one suggested hears of it only then', async () => {
    const both = await pair()
    const match = ok(await broker.post('matches/suggestions', both), 201)
    assert.deepEqual([match.status, match.suggested], ['suggested', true])
    refused(await gwen.get(`matches/${match.id}`), 404, 'not-found')
    assert.ok(!ok(await gwen.get('matches?state=all')).items.some(({ id }: Json) => id === match.id))
    assert.deepEqual(await noticesOf(rhian, match.id), ['match.suggested'])
    refused(await gwen.post(`matches/${match.id}/proposal`), 404, 'not-found')
    const taken = ok(await rhian.post(`matches/${match.id}/proposal`))
    assert.deepEqual([taken.id, taken.status, taken.proposedBy], [match.id, 'proposed', 'receiver'])
    const atGwens = await get(gwen, match.id)
    assert.deepEqual([atGwens.status, atGwens.suggested], ['proposed', false])
    refused(await rhian.post(`matches/${match.id}/proposal`), 409, 'wrong-state')
    refused(await broker.post('matches/suggestions', both), 409, 'already-exists')
  })

  test('only staff suggest', async () => {
    refused(await rhian.post('matches/suggestions', await pair()), 403, 'forbidden')
  })

  test('a suggestion that its receiver puts aside stands as before to staff and is taken up by the other side all the same', async () => {
    const both = await pair()
    const match = ok(await broker.post('matches/suggestions', both), 201)
    assert.equal(ok(await rhian.post(`matches/${match.id}/decline`)).status, 'declined')
    assert.equal((await get(broker, match.id)).status, 'suggested')
    const taken = await proposed(gwen, both)
    assert.deepEqual([taken.id, taken.proposedBy, taken.status], [match.id, 'provider', 'proposed'])
  })

  test('staff take a suggestion back', async () => {
    const match = ok(await broker.post('matches/suggestions', await pair()), 201)
    refused(await rhian.post(`matches/${match.id}/withdrawal`), 403, 'forbidden')
    assert.equal(ok(await broker.post(`matches/${match.id}/withdrawal`)).status, 'withdrawn')
  })
})

describe('saying no leaves no trace that others can see', () => {
  /** Two proposals of one moment: one is declined, the other is not answered. */
  async function twins() {
    const requestId = (await town.request(rhian, 'Weeds', { estimatedMinutes: 60 })).id
    const declined = await proposed(rhian, { requestId, offerId: (await town.offer(gwen, 'Weeding')).id })
    const silent = await proposed(rhian, { requestId, offerId: (await town.offer(hal, 'Weeding')).id })
    assert.equal(ok(await gwen.post(`matches/${declined.id}/decline`)).status, 'declined')
    return { requestId, declined, silent }
  }
  /** All that differs anyway taken out. */
  const face = ({
    id: _id,
    offer: _offer,
    provider: _provider,
    proposedAt: _at,
    expiresAt: _until,
    createdAt: _made,
    ...rest
  }: Json) => rest

  test('the one who asked, and staff, see the same as of one that nobody has answered, before and after its time', async () => {
    const { requestId, declined, silent } = await twins()
    for (const who of [rhian, broker, town.admin]) {
      assert.deepEqual(face(await get(who, declined.id)), face(await get(who, silent.id)))
      const listed = ok(await who.get(`matches?requestId=${requestId}`)).items
      assert.deepEqual(
        listed.map(({ status }: Json) => status),
        ['proposed', 'proposed']
      )
    }
    assert.equal((await get(gwen, declined.id)).status, 'declined')
    assert.deepEqual(ok(await gwen.get(`matches?requestId=${requestId}`)).items, [])
    await later(15 * day, expire)
    for (const who of [rhian, broker, town.admin, gwen, hal]) {
      const items = ok(await who.get(`matches?state=all&requestId=${requestId}`)).items
      assert.ok(items.every(({ status }: Json) => status === 'expired'))
    }
    assert.deepEqual(await noticesOf(rhian, declined.id), await noticesOf(rhian, silent.id))
    assert.deepEqual(await noticesOf(rhian, declined.id), ['match.closed'])
    const { rows } = await asService((tx) =>
      tx.client.query(
        'SELECT status, proposed_by, expires_at - proposed_at AS waited, closed_at, exchange_id, suggested_by FROM matching.matches WHERE id = ANY ($1)',
        [[declined.id, silent.id]]
      )
    )
    assert.equal(rows.length, 2)
    assert.deepEqual(rows[0], rows[1])
  })

  test('the audit does not know of it, and notes the end in the same words', async () => {
    const { declined, silent } = await twins()
    await later(15 * day, expire)
    const actionsOf = async (id: string) =>
      ok(await town.admin.get(`audit?subjectType=match&subjectId=${id}`)).items.map(({ action, changes }: Json) => [
        action,
        changes
      ])
    assert.deepEqual(await actionsOf(declined.id), await actionsOf(silent.id))
    assert.deepEqual(
      (await actionsOf(declined.id)).map(([action]: Json) => action),
      ['match.expired', 'match.proposed']
    )
  })

  test('nothing else that one may try tells the two apart: asking again, candidates, one more proposal, taking it back', async () => {
    const { requestId, declined, silent } = await twins()
    const problems = []
    for (const { offer } of [declined, silent])
      problems.push(refused(await rhian.post('matches', { requestId, offerId: offer.id }), 409, 'already-exists'))
    const [first, second] = problems.map(({ instance: _instance, requestId: _request, ...rest }: Json) => rest)
    assert.deepEqual(first, second)
    const names = namesOf(await town.candidates(rhian, requestId, '?limit=50'))
    assert.ok(!names.includes('Gwen') && !names.includes('Hal'))
    for (const match of [declined, silent])
      assert.equal(ok(await rhian.post(`matches/${match.id}/withdrawal`)).status, 'withdrawn')
    for (const { offer } of [declined, silent])
      refused(await rhian.post('matches', { requestId, offerId: offer.id }), 409, 'already-exists')
  })

  test('those who have said no count among those asked: one more cannot be asked in their place', async () => {
    const requestId = (await town.request(rhian, 'Weeds', { estimatedMinutes: 60 })).id
    const asked = []
    for (let i = 0; i < 5; i += 1) asked.push(await town.member(`Asked ${i}`))
    for (const who of asked) {
      const match = await proposed(rhian, { requestId, memberId: who.memberId })
      ok(await who.post(`matches/${match.id}/decline`))
    }
    const problem = refused(await rhian.post('matches', { requestId, memberId: hal.memberId }), 409, 'conflict')
    assert.equal(problem.most, 5)
  })

  test('who has said no may still say yes while its time is not over', async () => {
    const { declined } = await twins()
    assert.equal(ok(await gwen.post(`matches/${declined.id}/acceptance`)).status, 'accepted')
  })
})

describe('who may', () => {
  test('strangers see nothing of a match, and the asking side cannot answer', async () => {
    const match = await proposed(rhian, await pair())
    for (const step of ['acceptance', 'decline', 'withdrawal', 'proposal'])
      refused(await hal.post(`matches/${match.id}/${step}`), 404, 'not-found')
    refused(await hal.get(`matches/${match.id}`), 404, 'not-found')
    refused(await rhian.post(`matches/${match.id}/acceptance`), 403, 'own-confirmation')
    refused(await rhian.post(`matches/${match.id}/decline`), 403, 'own-confirmation')
    refused(await gwen.post(`matches/${match.id}/withdrawal`), 403, 'forbidden')
  })

  test('a broker who is a side is a side like any other', async () => {
    const requestId = (await town.request(broker, 'My own weeds', { estimatedMinutes: 30 })).id
    const match = await proposed(broker, { requestId, memberId: hal.memberId })
    refused(await broker.post(`matches/${match.id}/acceptance`), 403, 'own-confirmation')
    ok(await hal.post(`matches/${match.id}/acceptance`))
  })

  test('nobody proposes for others, to themselves, or about what they cannot see', async () => {
    const both = await pair()
    refused(await hal.post('matches', both), 404, 'not-found')
    refused(await rhian.post('matches', { ...both, proposedBy: 'provider' }), 403, 'forbidden')
    refused(await rhian.post('matches', { requestId: both.requestId }), 422, 'same-party')
    refused(await rhian.post('matches', { requestId: both.requestId, offerId: both.requestId }), 404, 'not-found')
    const shy = await town.member('Shy', { profile: { profileVisibility: 'staff' } })
    refused(await rhian.post('matches', { requestId: both.requestId, memberId: shy.memberId }), 404, 'not-found')
    const draft = await town.request(hal, 'Not yet', { open: false })
    refused(await gwen.post('matches', { requestId: draft.id }), 404, 'not-found')
    refused(await rhian.post('matches', { ...both, memberId: gwen.memberId }), 400, 'validation-failed')
  })

  test('where the other side has proposed already, that is what is answered', async () => {
    const both = await pair()
    const match = await proposed(gwen, both)
    assert.equal(refused(await rhian.post('matches', both), 409, 'conflict').match, match.id)
  })

  test('another timebank sees nothing', async () => {
    const match = await proposed(rhian, await pair())
    const other = await foundAnother(town.stage, town.admin, 'elsewhere')
    refused(await other.get(`matches/${match.id}`), 404, 'not-found')
    assert.deepEqual(ok(await other.get('matches?state=all')).items, [])
  })
})

describe('ends', () => {
  test('what nobody answers expires after the days of the policy, and cannot be answered then even before the job has run', async () => {
    await town.change({ matchExpiresDays: 3 })
    const match = await proposed(rhian, await pair())
    await later(2 * day, expire)
    assert.equal((await get(rhian, match.id)).status, 'proposed')
    await asService((tx) =>
      tx.client.query("UPDATE matching.matches SET expires_at = now() - interval '1 second' WHERE id = $1", [match.id])
    )
    refused(await gwen.post(`matches/${match.id}/acceptance`), 409, 'wrong-state')
    await expire()
    assert.equal((await get(gwen, match.id)).status, 'expired')
    await town.change({ matchExpiresDays: 14 })
  })

  test('it expires with the request or the offer, and when one of the two leaves', async () => {
    const both = await pair()
    const match = await proposed(rhian, both)
    ok(await rhian.post(`requests/${both.requestId}/withdrawal`))
    refused(await gwen.post(`matches/${match.id}/acceptance`), 409, 'conflict')
    await expire()
    assert.equal((await get(rhian, match.id)).status, 'expired')

    const mia = await town.member('Mia')
    const asked = await proposed(rhian, { requestId: (await pair()).requestId, memberId: mia.memberId })
    ok(await mia.post('members/me/departure', {}))
    assert.equal((await get(rhian, asked.id)).status, 'expired')
    assert.deepEqual(await noticesOf(rhian, asked.id), ['match.closed'])
  })
})

describe('two at once', () => {
  test('of two who accept the last place one has it; the place is free again when nothing comes of it', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { requestId, offerId } = await pair()
      const matches = [
        await proposed(rhian, { requestId, offerId }),
        await proposed(rhian, { requestId, memberId: hal.memberId })
      ]
      const who = [gwen, hal]
      const answers = await Promise.all(who.map((one, i) => one.post(`matches/${matches[i].id}/acceptance`)))
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409])
      const won = answers.findIndex(({ status }) => status === 200)
      const lost = 1 - won
      refused(answers[lost]!, 409, 'conflict')
      ok(await rhian.post(`exchanges/${answers[won]!.body.exchangeId}/decline`))
      ok(await who[lost]!.post(`matches/${matches[lost].id}/acceptance`))
    }
  })

  test('a request for two takes two at once', async () => {
    const { requestId, offerId } = await pair({ helpersNeeded: 2 })
    const first = await proposed(rhian, { requestId, offerId })
    const second = await proposed(rhian, { requestId, memberId: hal.memberId })
    const answers = await Promise.all([
      gwen.post(`matches/${first.id}/acceptance`),
      hal.post(`matches/${second.id}/acceptance`)
    ])
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200]
    )
  })

  test('the same proposal twice at once is one, and so are two sides that propose to each other at once', async () => {
    const both = await pair()
    const answers = await Promise.all([rhian.post('matches', both), rhian.post('matches', both)])
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409])
    const again = await pair()
    const crossed = await Promise.all([rhian.post('matches', again), gwen.post('matches', again)])
    assert.deepEqual(crossed.map(({ status }) => status).sort(), [201, 409])
  })

  test('accepted and withdrawn at once it is one of the two', async () => {
    const match = await proposed(rhian, await pair())
    const answers = await Promise.all([
      gwen.post(`matches/${match.id}/acceptance`),
      rhian.post(`matches/${match.id}/withdrawal`)
    ])
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409])
  })
})

describe('requests that wait', () => {
  test('staff see those that need more than have said yes, oldest first, page by page', async () => {
    const { requestId, offerId } = await pair({ helpersNeeded: 2 })
    const match = await proposed(rhian, { requestId, offerId })
    ok(await gwen.post(`matches/${match.id}/acceptance`))
    await proposed(rhian, { requestId, memberId: hal.memberId })
    const all: Json[] = []
    for (let cursor = ''; ; ) {
      const page = ok(await broker.get(`matching/requests?limit=3${cursor}`))
      all.push(...page.items)
      if (page.next === null) break
      cursor = `&cursor=${page.next}`
    }
    const ids = all.map((item) => item.requestId)
    assert.deepEqual(ids, [...new Set(ids)].sort())
    const mine = all.find((item) => item.requestId === requestId)
    assert.deepEqual([mine.helpersNeeded, mine.placesTaken, mine.asked], [2, 1, 1])
    assert.ok(all.every(({ helpersNeeded, placesTaken }) => placesTaken < helpersNeeded))
    refused(await rhian.get('matching/requests'), 403, 'forbidden')
  })
})
