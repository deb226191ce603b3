import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Category, Cell } from '../../../src/modules/listings/index.ts'
import { rollUp } from '../../../src/modules/open-referral/cells.ts'

type Offer = { category: number; member: number; languages: string[]; area: string | null }
type Tree = { parent: number | null; closed: boolean }[]

const treeOf = fc
  .array(fc.record({ up: fc.nat(), top: fc.boolean(), closed: fc.boolean() }), { minLength: 1, maxLength: 8 })
  .map(
    (nodes): Tree =>
      nodes.map(({ up, top, closed }, i) => ({
        parent: top || i === 0 ? null : up % i,
        closed: closed && up % 3 === 0
      }))
  )
const offersOf = fc.array(
  fc.record({
    category: fc.nat(7),
    member: fc.nat(19),
    languages: fc.subarray(['cy', 'en', 'es']),
    area: fc.constantFrom(null, 'Riverside', 'riverside ', 'RIVERSIDE', 'Hill Top')
  }),
  { maxLength: 80, size: 'max' }
)

/** In tree order: each branch after what it grows from. */
function ordered(tree: Tree, parent: number | null = null): Category[] {
  return tree.flatMap((node, i) =>
    node.parent === parent
      ? [
          { id: `c${i}`, parentId: parent === null ? null : `c${parent}`, closed: node.closed } as Category,
          ...ordered(tree, i)
        ]
      : []
  )
}

/** What the statement gives: distinct members by category and value, named where they are, or may be, few. */
function cellsOf(offers: Offer[], few: number): Cell[] {
  const sets = new Map<string, Set<number>>()
  const note = (key: string, member: number) => sets.set(key, (sets.get(key) ?? new Set()).add(member))
  for (const { category, member, languages, area } of offers) {
    note(`c${category}|person|`, member)
    for (const language of languages) note(`c${category}|language|${language}`, member)
    if (area !== null) note(`c${category}|area|${area}`, member)
  }
  return [...sets].map(([key, members]) => {
    const [categoryId, kind, value] = key.split('|') as [string, Cell['kind'], string]
    // where a few are enough the database may not have noticed
    const noticed = members.size >= few && members.size % 2 === 0
    return { categoryId, kind, value, offers: members.size, members: noticed ? null : [...members] }
  })
}

/** The rule told again, with all offers in hand: the offers that each published category stands for. */
function standsFor(tree: Tree, offers: Offer[], least: number): Map<number, Offer[]> {
  const published = new Map<number, Offer[]>()
  const visit = (i: number): Offer[] => {
    const here = offers.filter(({ category }) => category === i)
    const below = tree.flatMap((node, j) => (node.parent === i ? visit(j) : []))
    const all = [...here, ...below]
    if (tree[i]!.closed || new Set(all.map(({ member }) => member)).size < least) return all
    published.set(i, all)
    return []
  }
  for (const [i, node] of tree.entries()) if (node.parent === null) visit(i)
  return published
}

const persons = (offers: Offer[]): number => new Set(offers.map(({ member }) => member)).size

test('each category that is published, and each language and area in it, stands for enough distinct people', () => {
  let several = 0
  fc.assert(
    fc.property(treeOf, offersOf, fc.integer({ min: 3, max: 6 }), (tree, all, least) => {
      const offers = all.filter(({ category }) => category < tree.length)
      const published = rollUp(ordered(tree), cellsOf(offers, least), least)
      const expected = standsFor(tree, offers, least)
      several += Number(published.length > 1)
      assert.deepEqual(
        published.map(({ category }) => category.id),
        ordered(tree)
          .map(({ id }) => id)
          .filter((id) => expected.has(Number(id.slice(1))))
      )
      for (const { category, languages, areas } of published) {
        const behind = expected.get(Number(category.id.slice(1)))!
        assert.ok(persons(behind) >= least)
        const spoken = ['cy', 'en', 'es'].filter(
          (code) => persons(behind.filter((offer) => offer.languages.includes(code))) >= least
        )
        assert.deepEqual(languages, spoken)
        const inArea = (name: string) =>
          persons(behind.filter(({ area }) => area?.trim().toLowerCase() === name)) >= least
        assert.deepEqual(
          areas.map((area) => area.trim().toLowerCase()),
          ['hill top', 'riverside'].filter(inArea)
        )
      }
    }),
    { numRuns: 600 }
  )
  assert.ok(several > 100, `${several} runs with more than one published category`)
})

test('of several spellings of an area the one that most have written is shown', () => {
  const category = { id: 'c', parentId: null, closed: false } as Category
  const cell = (value: string, members: number[]): Cell => ({
    categoryId: 'c',
    kind: 'area',
    value,
    offers: members.length,
    members
  })
  const everybody: Cell = { categoryId: 'c', kind: 'person', value: '', offers: 5, members: null }
  const published = rollUp([category], [everybody, cell('RIVERSIDE', [1]), cell('Riverside', [2, 3, 4, 5])], 5)
  assert.deepEqual(published[0]!.areas, ['Riverside'])
  assert.deepEqual(rollUp([category], [everybody, cell('Riverside', [1, 2, 3, 4])], 5)[0]!.areas, [])
})
