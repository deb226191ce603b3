import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { onDuplicate } from '../../db/errors.ts'
import { isStaff } from '../../shared/actor.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { isUuid, newId } from '../../shared/ids.ts'
import { wordsFor } from '../../shared/words/index.ts'
import { audit } from '../audit/index.ts'
import { type StarterCategory, starterTree } from './starter.ts'
import { categories } from './tables.ts'
import { type Risk, risks } from './vocabulary.ts'

export type Flags = { risk: Risk; vetting: boolean; minors: boolean; home: boolean; closed: boolean }

/**
 * A category as it counts. Its flags are those in force: the highest risk of itself and everything above it, and vetting,
 * minors, home and closed wherever one of them says so. `own` is what it says itself.
 */
export type Category = Flags & {
  id: string
  parentId: string | null
  /** 1 at the top */
  depth: number
  slug: string
  name: string
  description: string | null
  position: number
  own: Flags
  createdAt: Date
  rowVersion: number
}

export type CategoryInput = {
  parentId?: string | null | undefined
  /** Stays for good; made of the name where it is not given. */
  slug?: string | undefined
  name: string
  description?: string | null | undefined
  risk?: Risk | undefined
  vetting?: boolean | undefined
  minors?: boolean | undefined
  home?: boolean | undefined
  position?: number | undefined
}

/** `closed: false` takes it into use again; closing has its own verb. */
export type CategoryChange = Omit<CategoryInput, 'slug' | 'name'> & {
  name?: string | undefined
  closed?: false | undefined
}

export const maxDepth = 4
const maxCategories = 500

/** Where imports put what names no category. */
const fallbackSlug = 'uncategorised'

/** The tree that a new timebank begins with, in its language. One statement. */
export async function createStarterCategories(tx: Tx, locale: string): Promise<void> {
  const { starterCategories } = wordsFor(locale).words
  const rowsOf = (branch: StarterCategory[], parentId: string | null): (typeof categories.$inferInsert)[] =>
    branch.flatMap(({ slug, risk = 'low', vetting = false, minors = false, home = false, children = [] }, i) => {
      const row = {
        timebankId: tx.timebankId,
        id: newId(),
        parentId,
        slug,
        name: starterCategories[slug] ?? slug,
        risk,
        vetting,
        minors,
        home,
        position: (i + 1) * 10
      }
      return [row, ...rowsOf(children, row.id)]
    })
  await tx.db.insert(categories).values(rowsOf(starterTree, null))
}

/** The whole tree in its order, each branch after what it grows from. */
export async function listCategories(tx: Tx): Promise<Category[]> {
  const rows = await tx.db.select().from(categories).where(eq(categories.timebankId, tx.timebankId))
  const byParent = new Map<string | null, typeof rows>()
  for (const row of rows) byParent.set(row.parentId, [...(byParent.get(row.parentId) ?? []), row])
  const branch = (parent: Category | null): Category[] =>
    (byParent.get(parent?.id ?? null) ?? [])
      .sort((a, b) => a.position - b.position || (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id < b.id ? -1 : 1))
      .flatMap((row) => {
        const category = inForce(row, parent)
        return [category, ...branch(category)]
      })
  return branch(null)
}

function inForce(row: typeof categories.$inferSelect, parent: Category | null): Category {
  const { timebankId: _, risk, vetting, minors, home, closed, ...rest } = row
  const own: Flags = { risk: risk as Risk, vetting, minors, home, closed }
  return {
    ...rest,
    depth: (parent?.depth ?? 0) + 1,
    ...(parent ? below(parent, own) : own),
    own
  }
}

/** What a category says itself, under what is said above it. */
const below = (above: Flags, own: Flags): Flags => ({
  risk: risks[Math.max(risks.indexOf(own.risk), risks.indexOf(above.risk))]!,
  vetting: own.vetting || above.vetting,
  minors: own.minors || above.minors,
  home: own.home || above.home,
  closed: own.closed || above.closed
})

/**
 * SQL of a scalar: what a category and everything above it say themselves, from itself up. For statements of higher modules
 * that bring it along; `flagsInForce` makes the flags of it. Null: there is no such category. Joins rather than recursion,
 * which costs three times as much.
 */
export function flagsPath(timebank: string, category: string): string {
  const levels = Array.from({ length: maxDepth }, (_, i) => `c${i}`)
  const flags = levels.map((c) => `${c}.risk, ${c}.vetting, ${c}.minors, ${c}.home, ${c}.closed`)
  const above = levels
    .slice(1)
    .map((c, i) => `LEFT JOIN listings.categories ${c} ON ${c}.timebank_id = ${timebank} AND ${c}.id = c${i}.parent_id`)
  return `(SELECT json_build_array(${flags.join(', ')})
    FROM listings.categories c0 ${above.join(' ')}
    WHERE c0.timebank_id = ${timebank} AND c0.id = ${category})`
}

/** What `flagsPath` gives: risk, vetting, minors, home and closed of each level, null above the top. */
export type FlagsPath = (Risk | boolean | null)[]

/** The flags in force of a path; not-found where there was no such category. */
export function flagsInForce(path: FlagsPath | null): Flags {
  if (!path) throw notFound('category')
  const levels: Flags[] = []
  for (let at = 0; at < path.length && path[at] !== null; at += 5) {
    const [risk, vetting, minors, home, closed] = path.slice(at, at + 5)
    levels.push({ risk, vetting, minors, home, closed } as Flags)
  }
  return levels.reduceRight(below)
}

export async function categoryNames(tx: Tx, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await tx.db
    .select({ id: categories.id, name: categories.name })
    .from(categories)
    .where(and(eq(categories.timebankId, tx.timebankId), inArray(categories.id, [...new Set(ids)])))
  return new Map(rows.map(({ id, name }) => [id, name]))
}

export async function findCategory(tx: Tx, idOrSlug: string): Promise<Category | null> {
  const key = isUuid(idOrSlug) ? 'id' : 'slug'
  return (await listCategories(tx)).find((category) => category[key] === idOrSlug.toLowerCase()) ?? null
}

export async function getCategory(tx: Tx, idOrSlug: string): Promise<Category> {
  const found = await findCategory(tx, idOrSlug)
  if (!found) throw notFound('category')
  return found
}

/** A category and everything below it. */
export async function withDescendants(tx: Tx, idOrSlug: string): Promise<string[] | null> {
  const tree = await listCategories(tx)
  const key = isUuid(idOrSlug) ? 'id' : 'slug'
  const top = tree.find((category) => category[key] === idOrSlug.toLowerCase())
  return top ? branchOf(tree, top).map(({ id }) => id) : null
}

/** In tree order whatever hangs below comes after, and deeper. */
function branchOf(tree: Category[], top: Category): Category[] {
  const from = tree.indexOf(top)
  const end = tree.findIndex((category, i) => i > from && category.depth <= top.depth)
  return tree.slice(from, end === -1 ? undefined : end)
}

export async function createCategory(tx: Tx, input: CategoryInput): Promise<Category> {
  const tree = await treeToChange(tx)
  if (tree.length >= maxCategories)
    throw new DomainError('conflict', `A timebank has at most ${maxCategories} categories.`)
  const {
    parentId = null,
    slug = slugOf(input.name),
    name,
    description = null,
    risk,
    vetting,
    minors,
    home,
    position
  } = input
  // an address takes an id or a slug, so that one must not look like the other
  if (isUuid(slug)) throw wrong('/slug', 'A short name cannot look like an id.')
  const parent = parentOf(tree, parentId)
  if (parent?.closed) throw wrong('/parentId', 'The category above it is closed.', 'category-closed')
  if ((parent?.depth ?? 0) >= maxDepth) throw tooDeep()
  const flags = { risk: risk ?? 'low', vetting: vetting ?? false, minors: minors ?? false, home: home ?? false }
  const row = {
    timebankId: tx.timebankId,
    id: newId(),
    parentId,
    slug,
    name,
    description,
    position: position ?? 0,
    ...flags
  }
  await onDuplicate('categories_slug', tx.db.insert(categories).values(row), () =>
    wrong('/slug', `There is a category "${slug}" already.`, 'already-exists')
  )
  await audit(tx, {
    action: 'category.created',
    subject: { type: 'category', id: row.id },
    changes: { slug, ...flags }
  })
  return getCategory(tx, row.id)
}

/** `expected` is the row version that the change was made from. */
export async function updateCategory(
  tx: Tx,
  idOrSlug: string,
  change: CategoryChange,
  expected: number
): Promise<Category> {
  const tree = await treeToChange(tx)
  const category = find(tree, idOrSlug)
  if (category.rowVersion !== expected) throw new DomainError('precondition-failed')
  const { parentId } = change
  if (parentId !== undefined && parentId !== category.parentId) checkMove(tree, category, parentId)
  const next = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
  return store(tx, category, next, 'category.updated')
}

/** Takes it, and all below it, out of use: what stands in it stays there, and nothing new is put into it. */
export async function closeCategory(tx: Tx, idOrSlug: string, reason: string | null = null): Promise<Category> {
  const category = find(await treeToChange(tx), idOrSlug)
  if (category.slug === fallbackSlug) throw new DomainError('conflict', 'Imports need this category.')
  if (category.own.closed) return category
  return store(tx, category, { closed: true }, 'category.closed', reason)
}

/** Changes of the tree take turns: two moves that are each right could make a circle together. */
async function treeToChange(tx: Tx): Promise<Category[]> {
  const { actor } = tx
  if (!isStaff(actor) && !(actor.operator && actor.personId === null)) throw new DomainError('forbidden')
  await tx.db.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`categories|${tx.timebankId}`}, 0))`)
  return listCategories(tx)
}

function checkMove(tree: Category[], category: Category, parentId: string | null): void {
  if (category.slug === fallbackSlug) throw new DomainError('conflict', 'This category stays at the top.')
  const parent = parentOf(tree, parentId)
  const branch = branchOf(tree, category)
  if (parent && branch.includes(parent)) throw wrong('/parentId', 'A category cannot hang below itself.')
  const height = Math.max(...branch.map(({ depth }) => depth)) - category.depth
  if ((parent?.depth ?? 0) + 1 + height > maxDepth) throw tooDeep()
}

async function store(
  tx: Tx,
  category: Category,
  next: Record<string, unknown>,
  action: string,
  reason: string | null = null
): Promise<Category> {
  await tx.db
    .update(categories)
    .set({ ...next, rowVersion: category.rowVersion + 1 })
    .where(and(eq(categories.timebankId, tx.timebankId), eq(categories.id, category.id)))
  const before = { ...category, ...category.own } as Record<string, unknown>
  await audit(tx, {
    action,
    subject: { type: 'category', id: category.id },
    changes: Object.fromEntries(Object.entries(next).map(([name, value]) => [name, [before[name], value]])),
    reason
  })
  return getCategory(tx, category.id)
}

function find(tree: Category[], idOrSlug: string): Category {
  const found = tree.find(({ id, slug }) => id === idOrSlug.toLowerCase() || slug === idOrSlug)
  if (!found) throw notFound('category')
  return found
}

function parentOf(tree: Category[], parentId: string | null): Category | null {
  if (parentId === null) return null
  const parent = tree.find(({ id }) => id === parentId.toLowerCase())
  if (!parent) throw wrong('/parentId', 'There is no such category here.')
  return parent
}

const wrong = (
  pointer: string,
  detail: string,
  code: 'validation-failed' | 'category-closed' | 'already-exists' = 'validation-failed'
) => new DomainError(code, detail, { errors: [{ pointer, detail }] })

const tooDeep = () => wrong('/parentId', `The tree has at most ${maxDepth} levels.`)

/** `Help with bees` → `help-with-bees`. */
function slugOf(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  const slug = plain
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 60)
    .replace(/-+$/, '')
  if (slug.length < 2) throw wrong('/slug', 'Give a short name of letters, digits and hyphens.')
  return slug
}
