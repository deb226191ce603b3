import type { Category } from '../listings/index.ts'

/** How near a category is to another, 0 to 100. */
export const closenessOf = { same: 100, line: 60, sibling: 40 } as const

/**
 * Categories in which candidates are looked for, with how near each is: the same, those right above and below it, and those
 * beside it under the same one. Closed ones are left out. What stands in `uncategorised` has nothing in common by that.
 */
export function nearCategories(tree: readonly Category[], categoryId: string): Map<string, number> {
  const near = new Map<string, number>()
  const here = tree.find(({ id }) => id === categoryId)
  if (!here || here.slug === 'uncategorised') return near
  for (const { id, parentId, closed } of tree) {
    if (closed) continue
    if (id === here.id) near.set(id, closenessOf.same)
    else if (id === here.parentId || parentId === here.id) near.set(id, closenessOf.line)
    else if (parentId !== null && parentId === here.parentId) near.set(id, closenessOf.sibling)
  }
  return near
}
