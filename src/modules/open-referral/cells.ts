import type { Category, Cell, Slot } from '../listings/index.ts'

/** What may be told of a category: enough members stand behind the whole, and behind each part. */
export type Published = { category: Category; languages: string[]; areas: string[]; slots: Slot[] }

/** Who has something in common. `members` is null where they are enough already and need no telling apart. */
type Crowd = { members: Set<number> | null; spellings: Map<string, number> }
type Crowds = Map<string, Crowd>

/** Two spellings of one area are one; nothing else is taken for it, so that what is shown was written by all of them. */
const fold = (value: string): string => value.normalize('NFC').toLowerCase().replace(/\s+/g, ' ').trim()

/**
 * The categories of a tree (in its order, each after what it grows from) with enough members. One with too few, or closed, adds
 * its members to the one above it, or is left out at the top. Nobody learns from a category that others were added to it.
 */
export function rollUp(tree: readonly Category[], cells: readonly Cell[], least: number): Published[] {
  const crowds = new Map<string, Crowds>(tree.map(({ id }) => [id, new Map()]))
  for (const { categoryId, kind, value, offers, members } of cells) {
    const crowd = { members: members && new Set(members), spellings: new Map([[value, offers]]) }
    const own = crowds.get(categoryId)
    if (own) add(own, `${kind}|${fold(value)}`, crowd)
  }
  const published: Published[] = []
  for (const category of tree.toReversed()) {
    const own = crowds.get(category.id)!
    if (!category.closed && isEnough(own.get('person|'), least)) published.unshift(told(category, own, least))
    else if (category.parentId !== null) for (const [key, crowd] of own) add(crowds.get(category.parentId)!, key, crowd)
  }
  return published
}

const isEnough = (crowd: Crowd | undefined, least: number): boolean =>
  crowd !== undefined && (crowd.members?.size ?? least) >= least

function add(into: Crowds, key: string, crowd: Crowd): void {
  const there = into.get(key)
  const { members, spellings } = crowd
  if (!there) {
    into.set(key, { members: members && new Set(members), spellings: new Map(spellings) })
    return
  }
  there.members = there.members && members ? new Set([...there.members, ...members]) : null
  for (const [spelling, count] of spellings) there.spellings.set(spelling, (there.spellings.get(spelling) ?? 0) + count)
}

function told(category: Category, crowds: Crowds, least: number): Published {
  const of = (kind: Cell['kind']): string[] =>
    [...crowds]
      .filter(([key, crowd]) => key.startsWith(`${kind}|`) && isEnough(crowd, least))
      .map(([, { spellings }]) => mostUsed(spellings))
      .sort()
  return { category, languages: of('language'), areas: of('area'), slots: of('slot') as Slot[] }
}

const mostUsed = (spellings: Map<string, number>): string =>
  [...spellings].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]![0]
