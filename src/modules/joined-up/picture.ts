type Category = { id: string; slug: string; name: string }

/** What of something that is open is needed to see where things meet. */
export type Standing = {
  id: string
  /** what it is counted with; see `Open` */
  partOf: string | null
  /** what cannot overlap with itself */
  source: string
  category: Category | null
}

export type Overlap<T> = { category: Category; those: T[] }

/** Those that count by themselves: what belongs to something that is open here too is counted with it. */
export function whole<T extends Pick<Standing, 'id' | 'partOf'>>(open: readonly T[]): T[] {
  const here = new Set(open.map(({ id }) => id))
  return open.filter(({ partOf }) => partOf === null || !here.has(partOf))
}

/** Where two or more stand in one category, of whatever organisations: the category itself, not what it rolls up to. */
export function overlapsOf<T extends Standing>(open: readonly T[]): Overlap<T>[] {
  const byCategory = new Map<string, Overlap<T>>()
  for (const one of whole(open)) {
    if (one.category === null) continue
    const found = byCategory.get(one.category.id)
    if (found) found.those.push(one)
    else byCategory.set(one.category.id, { category: one.category, those: [one] })
  }
  return [...byCategory.values()].filter(({ those }) => new Set(those.map(({ source }) => source)).size > 1)
}

export const distinct = (ids: readonly (string | null)[]): string[] => [
  ...new Set(ids.filter((id): id is string => id !== null))
]
