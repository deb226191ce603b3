import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { listEvents } from '../../../src/modules/audit/index.ts'
import {
  blankListingsOf,
  closeListingsOf,
  createDraftRequests,
  type DraftRequest,
  listingsTasks,
  rebuildWords
} from '../../../src/modules/listings/index.ts'
import { addMember, type Client, makeStage, ok, type Stage, setUp } from '../../support/app.ts'
import { asService } from './support.ts'

let stage: Stage
let admin: Client
let ann: Client
let bev: Client
let garden: string
let organisation: string

before(async () => {
  stage = await makeStage('listings-leaving')
  admin = await setUp(stage)
  ann = await addMember(stage, admin, { name: 'Ann' })
  bev = await addMember(stage, admin, { name: 'Bev' })
  garden = ok(await admin.get('categories/gardening')).id
  organisation = ok(await admin.post('organisations', { name: 'Library', kind: 'charity' }), 201).id
})
after(() => stage.close())

const make = async (who: Client, list: 'offers' | 'requests', more: Record<string, unknown> = {}): Promise<string> =>
  ok(
    await who.post(list, {
      categoryId: garden,
      title: 'Weeding',
      mode: 'do',
      setting: 'outdoors',
      area: 'Riverside',
      latitude: 51.5,
      longitude: -3.2,
      ...more
    }),
    201
  ).id

const rows = <T>(sql: string, values: unknown[] = []): Promise<T[]> =>
  asService(stage, admin, async (tx) => (await tx.client.query(sql, values)).rows as T[])

const force = (list: string, id: string, set: string) => rows(`UPDATE listings.${list} SET ${set} WHERE id = $1`, [id])

const statusOf = async (list: string, id: string): Promise<string | undefined> =>
  (await rows<{ status: string }>(`SELECT status FROM listings.${list} WHERE id = $1`, [id]))[0]?.status

const all = {
  offers: { draft: 'closed', open: 'closed', paused: 'closed', closed: 'closed', expired: 'expired' },
  requests: {
    draft: 'withdrawn',
    open: 'withdrawn',
    matched: 'withdrawn',
    in_progress: 'in_progress',
    fulfilled: 'fulfilled',
    withdrawn: 'withdrawn',
    expired: 'expired'
  }
} as const

describe('a member who goes', () => {
  test("what they offer and ask for ends, and the trail says so; what is an organisation's or somebody else's stays", async () => {
    const made: { list: 'offers' | 'requests'; id: string; from: string; to: string }[] = []
    for (const list of ['offers', 'requests'] as const)
      for (const [from, to] of Object.entries(all[list])) {
        const id = await make(ann, list)
        await force(list, id, `status = '${from}'`)
        made.push({ list, id, from, to })
      }
    const others = await make(bev, 'offers', { open: true })
    const theirs = await make(ann, 'offers', { open: true })
    await force('offers', theirs, `organisation_id = '${organisation}'`)
    const close = () => asService(stage, admin, (tx) => closeListingsOf(tx, ann.memberId))
    assert.equal(await close(), made.filter(({ from, to }) => from !== to).length)
    for (const { list, id, from, to } of made) {
      assert.equal(await statusOf(list, id), to)
      const [event] = await asService(stage, admin, (tx) =>
        listEvents(tx, { subjectType: list.slice(0, -1), subjectId: id, before: null }, 1)
      )
      if (from === to) assert.match(event!.action, /created$/)
      else
        assert.deepEqual(
          [event?.action, event?.onBehalfOf, event?.changes],
          [list === 'offers' ? 'offer.closed' : 'request.withdrawn', ann.memberId, { status: [from, to] }]
        )
    }
    assert.deepEqual([await statusOf('offers', others), await statusOf('offers', theirs)], ['open', 'open'])
    assert.equal(await close(), 0)
  })

  test('erasure takes words and places, from the search too, and its words from the vocabulary', async () => {
    const secret = { title: 'Xylophone lessons', description: 'In my zeppelin hangar' }
    const ids = [await make(ann, 'offers', { ...secret, open: true }), await make(ann, 'offers', secret)]
    const wish = await make(ann, 'requests', { title: 'Quokka feeding', description: 'Ask for the zeppelin' })
    const shared = await make(bev, 'offers', { title: 'Xylophone repairs', open: true })
    const vocabulary = async (): Promise<string[]> =>
      (
        await rows<{ word: string }>(
          "SELECT word FROM listings.words WHERE word IN ('xylophone', 'zeppelin', 'quokka') ORDER BY word"
        )
      ).map(({ word }) => word)
    assert.deepEqual(await vocabulary(), ['quokka', 'xylophone', 'zeppelin'])
    const blank = () => asService(stage, admin, (tx) => blankListingsOf(tx, ann.memberId))
    assert.ok((await blank()) >= 3)
    assert.equal(await blank(), 0)
    const left = await rows(
      `SELECT DISTINCT title, description, area, latitude, longitude, coarse_latitude AS cell, search::text, folded
         FROM (SELECT * FROM listings.offers UNION ALL SELECT (jsonb_populate_record(null::listings.offers, to_jsonb(r))).* FROM listings.requests r) l
        WHERE membership_id = $1 AND organisation_id IS NULL`,
      [ann.memberId]
    )
    const nothing = { description: '', area: null, latitude: null, longitude: null, cell: null }
    assert.deepEqual(left, [{ title: 'Removed', ...nothing, search: "'removed':1A", folded: 'removed ' }])
    assert.deepEqual(ok(await bev.get('offers?q=zeppelin')).items, [])
    const [event] = await asService(stage, admin, (tx) =>
      listEvents(tx, { subjectType: 'request', subjectId: wish, before: null }, 1)
    )
    assert.deepEqual(
      [event?.action, event?.changes],
      ['request.blanked', { fields: ['title', 'description', 'area', 'latitude', 'longitude'] }]
    )
    assert.equal(await statusOf('offers', ids[0]!), 'open')

    assert.ok((await asService(stage, admin, rebuildWords)) >= 2)
    assert.deepEqual(await vocabulary(), ['xylophone'])
    assert.equal(await asService(stage, admin, rebuildWords), 0)
    await rows("DELETE FROM listings.words WHERE word = 'xylophone'")
    await force('offers', shared, "title = 'Xylophone and quokka repairs'")
    await listingsTasks(stage.database)['listings.words']!({})
    assert.deepEqual(await vocabulary(), ['quokka', 'xylophone'])
  })
})

describe('many drafts at once', () => {
  const draft = (more: Partial<DraftRequest> = {}): DraftRequest => ({
    memberId: bev.memberId,
    categoryId: garden,
    title: 'Help with boxes',
    mode: 'do',
    setting: 'any',
    ...more
  })

  test('2,500 come in the order given, audited, and found by words', async () => {
    const drafts = Array.from({ length: 2500 }, (_, i) =>
      draft({
        title: `Wish ${i}`,
        description: i === 7 ? 'Marimba' : '',
        memberId: i % 2 ? ann.memberId : bev.memberId
      })
    )
    const ids = await asService(stage, admin, (tx) => createDraftRequests(tx, drafts))
    const stored = await rows<{ id: string; title: string; owner: string; status: string }>(
      "SELECT id, title, membership_id AS owner, status FROM listings.requests WHERE title LIKE 'Wish %' ORDER BY id"
    )
    assert.deepEqual(
      stored,
      drafts.map(({ title, memberId }, i) => ({ id: ids[i], title, owner: memberId, status: 'draft' }))
    )
    const [audited] = await rows<{ n: number }>(
      "SELECT count(*)::integer AS n FROM audit.events WHERE action = 'request.created' AND subject_id = ANY ($1)",
      [ids]
    )
    assert.equal(audited?.n, 2500)
    assert.equal(ok(await ann.get('requests?mine=true&q=marimbb')).items[0]?.id, ids[7])
    assert.deepEqual(await asService(stage, admin, (tx) => createDraftRequests(tx, [])), [])
  })

  test('one owner who is not active, or a closed category, refuses all', async () => {
    const paused = await addMember(stage, admin, { name: 'Paula' })
    ok(await admin.post(`members/${paused.memberId}/pause`))
    const closed = ok(await admin.post('categories', { name: 'No longer' }), 201).id
    ok(await admin.post(`categories/${closed}/closure`))
    for (const [more, code] of [
      [{ memberId: paused.memberId }, 'party-not-active'],
      [{ categoryId: closed }, 'category-closed']
    ] as const)
      await assert.rejects(
        asService(stage, admin, (tx) => createDraftRequests(tx, [draft({ title: 'All or none' }), draft(more)])),
        { code }
      )
    assert.deepEqual(await rows("SELECT id FROM listings.requests WHERE title = 'All or none'"), [])
  })
})
