import { type Database, inTimebank } from '../../db/client.ts'
import { systemActor } from '../../shared/actor.ts'
import { notFound } from '../../shared/errors.ts'
import { isUuid } from '../../shared/ids.ts'
import { type Category, listCategories, offerCells } from '../listings/index.ts'
import { currentPolicy, findTimebank, type Policy, type Timebank, today } from '../timebanks/index.ts'
import { type Published, rollUp } from './cells.ts'

/** However small a timebank lets its published cells be: nothing here stands for one or two people. */
const neverFewerThan = 3

/** How long what has been added up is told again, and again how long others may keep it: five minutes in all. */
export const keptSeconds = 150
const mostKept = 1000

/** What a timebank publishes, as it is known here; `rules` are those in force. */
export type Offered = {
  timebank: Timebank
  rules: Policy
  tree: readonly Category[]
  published: readonly Published[]
}

type Kept = { version: number; name: string; until: number; offered: Promise<Offered> }
const keptBy = new WeakMap<Database, Map<string, Kept>>()

/**
 * What a timebank publishes, for anybody. One answer to a timebank that does not exist and to one that does not publish. It is
 * added up anew after `keptSeconds`, and by one of those who ask at the same time: 200,000 offers take about a second. A change of
 * the policy counts at once.
 */
export async function offeredBy(database: Database, timebankRef: string): Promise<Offered> {
  const known = isUuid(timebankRef) || /^[a-z][a-z0-9-]{2,49}$/.test(timebankRef)
  const timebank = known ? await findTimebank(database.db, timebankRef) : null
  if (!timebank) throw notFound('timebank')
  const { id, name } = timebank
  const { version, rules } = await inTimebank(database, id, systemActor, currentPolicy, { readOnly: true })
  if (!rules.openReferral) throw notFound('timebank')
  const kept = keptBy.get(database) ?? new Map<string, Kept>()
  keptBy.set(database, kept)
  const now = database.clock().getTime()
  const before = kept.get(id)
  if (before && before.version === version && before.name === name && before.until > now) return before.offered
  const offered = addUp(database, timebank, rules)
  if (kept.size >= mostKept) kept.clear()
  kept.set(id, { version, name, until: now + keptSeconds * 1000, offered })
  // what has failed is tried again by the next
  offered.catch(() => kept.delete(id))
  return offered
}

const addUp = (database: Database, timebank: Timebank, rules: Policy): Promise<Offered> =>
  inTimebank(
    database,
    timebank.id,
    systemActor,
    async (tx) => {
      const least = Math.max(rules.smallestPublishedCell, neverFewerThan)
      const tree = await listCategories(tx)
      const published = rollUp(tree, await offerCells(tx, today(tx, rules), least), least)
      return { timebank, rules, tree, published }
    },
    { readOnly: true }
  )
