import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createStarterCategories, getCategory, listCategories } from '../../../src/modules/listings/index.ts'
import { addMember, type Client, foundAnother, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'
import { asService } from './support.ts'

let stage: Stage
let admin: Client
let broker: Client
let ann: Client

before(async () => {
  stage = await makeStage('categories')
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { roles: ['broker'] })
  ann = await addMember(stage, admin)
})

after(() => stage.close())

// biome-ignore lint/suspicious/noExplicitAny: bodies of answers
type Json = any
const bySlug = async (slug: string): Promise<Json> => ok(await ann.get(`categories/${slug}`))
const add = async (name: string, parentId: string | null = null, more: object = {}): Promise<Json> =>
  ok(await broker.post('categories', { name, parentId, ...more }), 201)

describe('the starter tree', () => {
  test('has two levels, about 45 categories, and a place for what has none', async () => {
    const { items } = ok(await ann.get('categories'))
    assert.ok(items.length >= 40 && items.length <= 50, String(items.length))
    assert.equal(Math.max(...items.map((c: Json) => c.depth)), 2)
    const top = items.filter((c: Json) => c.parentId === null).map((c: Json) => c.slug)
    assert.deepEqual(top, [
      'everyday-help',
      'learning',
      'prevention',
      'caring',
      'environment',
      'community-safety',
      'uncategorised'
    ])
    assert.equal(new Set(items.map((c: Json) => c.slug)).size, items.length)
  })

  test('comes in tree order: each category after the one it hangs below', async () => {
    const seen = new Set<string | null>([null])
    for (const { id, parentId } of ok(await ann.get('categories')).items) {
      assert.ok(seen.has(parentId))
      seen.add(id)
    }
  })

  for (const [slug, risk, vetting, minors, home] of [
    ['personal-care', 'high', true, false, true],
    ['minding-children', 'high', true, true, false],
    ['lifts', 'medium', false, false, false],
    ['housework', 'low', false, false, true],
    ['gardening', 'low', false, false, false],
    ['uncategorised', 'low', false, false, false]
  ] as const)
    test(`${slug}: risk ${risk}${vetting ? ', vetting' : ''}${minors ? ', minors' : ''}${home ? ', home' : ''}`, async () => {
      const found = await bySlug(slug)
      assert.deepEqual([found.risk, found.vetting, found.minors, found.home], [risk, vetting, minors, home])
    })

  for (const [locale, gardening, nothing] of [
    ['en-GB', 'Gardening', 'Uncategorised'],
    ['cy', 'Garddio', 'Heb gategori'],
    ['es-ES', 'Jardinería', 'Sin categoría'],
    ['fr', 'Gardening', 'Uncategorised']
  ] as const)
    test(`speaks ${locale}, with the same short names`, async () => {
      const slug = `tree-${locale.toLowerCase()}`
      const other = await foundAnother(stage, admin, slug)
      const tree = await asService(stage, other, async (tx) => {
        await tx.client.query('SET LOCAL ROLE NONE')
        await tx.client.query('DELETE FROM listings.categories WHERE timebank_id = $1', [tx.timebankId])
        await createStarterCategories(tx, locale)
        return listCategories(tx)
      })
      const nameOf = (wanted: string) => tree.find((c) => c.slug === wanted)?.name
      assert.equal(nameOf('gardening'), gardening)
      assert.equal(nameOf('uncategorised'), nothing)
      assert.deepEqual(
        tree.map((c) => c.slug),
        ok(await other.get('categories')).items.map((c: Json) => c.slug)
      )
    })
})

describe('flags in force', () => {
  test('are the highest risk of a category and all above it, and whatever one of them asks for', async () => {
    const top = await add('Water', null, { risk: 'medium', vetting: true })
    const middle = await add('Boats', top.id, { minors: true })
    const low = await add('Canoes', middle.id, { risk: 'low', home: true })
    assert.deepEqual(
      [low.risk, low.vetting, low.minors, low.home, low.own],
      ['medium', true, true, true, { risk: 'low', vetting: false, minors: false, home: true, closed: false }]
    )
    ok(await broker.patch(`categories/${top.id}`, { risk: 'high' }, 1))
    assert.equal((await bySlug('canoes')).risk, 'high')
    const forExchanges = await asService(stage, admin, (tx) => getCategory(tx, low.id))
    assert.deepEqual([forExchanges.risk, forExchanges.vetting, forExchanges.closed], ['high', true, false])
  })

  test('a closed category closes everything below it, and can be taken into use again', async () => {
    const top = await add('Winter')
    const below = await add('Skating', top.id)
    assert.equal(ok(await broker.post(`categories/${top.id}/closure`, { reason: 'No ice any more' })).closed, true)
    assert.deepEqual([(await bySlug('skating')).closed, (await bySlug('skating')).own.closed], [true, false])
    refused(await broker.post('categories', { name: 'Skiing', parentId: below.id }), 422, 'category-closed')
    ok(await broker.patch(`categories/${top.id}`, { closed: false }, 2))
    assert.equal((await bySlug('skating')).closed, false)
  })

  test('closing twice is closing once', async () => {
    const once = await add('Fireworks')
    const first = ok(await broker.post(`categories/${once.id}/closure`))
    assert.equal(ok(await broker.post(`categories/${once.id}/closure`)).rowVersion, first.rowVersion)
  })

  test('the place for what has none can be neither closed nor moved', async () => {
    const { id } = await bySlug('uncategorised')
    refused(await admin.post(`categories/${id}/closure`), 409, 'conflict')
    refused(await admin.patch(`categories/${id}`, { parentId: (await bySlug('learning')).id }, 1), 409, 'conflict')
  })
})

describe('the tree', () => {
  test('has at most four levels, by adding and by moving', async () => {
    const a = await add('Level one')
    const b = await add('Level two', a.id)
    const c = await add('Level three', b.id)
    const d = await add('Level four', c.id)
    const refusal = refused(
      await broker.post('categories', { name: 'Level five', parentId: d.id }),
      400,
      'validation-failed'
    )
    assert.equal(refusal.errors[0].pointer, '/parentId')
    const branch = await add('Branch')
    await add('Twig', branch.id)
    refused(await broker.patch(`categories/${branch.id}`, { parentId: c.id }, 1), 400, 'validation-failed')
    assert.equal(ok(await broker.patch(`categories/${branch.id}`, { parentId: b.id }, 1)).depth, 3)
  })

  test('has no circle', async () => {
    const a = await add('Circle a')
    const b = await add('Circle b', a.id)
    const c = await add('Circle c', b.id)
    for (const below of [a, b, c])
      refused(await broker.patch(`categories/${a.id}`, { parentId: below.id }, 1), 400, 'validation-failed')
  })

  test('two moves at the same moment make no circle either', async () => {
    const a = await add('Race a')
    const b = await add('Race b')
    const both = await Promise.all([
      broker.patch(`categories/${a.id}`, { parentId: b.id }, 1),
      admin.patch(`categories/${b.id}`, { parentId: a.id }, 1)
    ])
    assert.deepEqual(both.map((answer) => answer.status).sort(), [200, 400])
  })

  test('an unknown parent, a taken short name and a name without letters are refused', async () => {
    refused(
      await broker.post('categories', { name: 'Orphan', parentId: '01890000-0000-7000-8000-000000000000' }),
      400,
      'validation-failed'
    )
    refused(await broker.post('categories', { name: 'Gardening' }), 409, 'already-exists')
    refused(await broker.post('categories', { name: '???' }), 400, 'validation-failed')
    refused(
      await broker.post('categories', { name: 'Id', slug: 'a1890000-0000-7000-8000-000000000000' }),
      400,
      'validation-failed'
    )
  })

  test('short names are made of the name and stay when it changes', async () => {
    const made = await add('Jardín & Huerto')
    assert.equal(made.slug, 'jardin-huerto')
    const renamed = ok(await broker.patch(`categories/${made.id}`, { name: 'Orchard' }, 1))
    assert.deepEqual([renamed.name, renamed.slug, renamed.rowVersion], ['Orchard', 'jardin-huerto', 2])
  })

  test('an edit from an old version is 412, without a version 428', async () => {
    const made = await add('Versions')
    ok(await broker.patch(`categories/${made.id}`, { position: 5 }, 1))
    refused(await broker.patch(`categories/${made.id}`, { position: 6 }, 1), 412, 'precondition-failed')
    refused(await broker.call('PATCH', `categories/${made.id}`, { position: 6 }), 428, 'precondition-required')
  })

  test('members read it and do not write it; unknown fields are named', async () => {
    refused(await ann.post('categories', { name: 'Mine' }), 403, 'forbidden')
    refused(await ann.patch('categories/gardening', { name: 'Mine' }, 1), 403, 'forbidden')
    refused(await ann.post('categories/gardening/closure'), 403, 'forbidden')
    refused(await ann.get('categories/nothing-like-it'), 404, 'not-found')
    const body = refused(await broker.post('categories', { name: 'X', rate: 2 }), 400, 'validation-failed')
    assert.equal(body.errors[0].pointer, '/rate')
  })
})
