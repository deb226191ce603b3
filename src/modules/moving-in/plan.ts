import type { Parsed } from './parse/index.ts'
import { type HistoryPlan, planHistory } from './plan-history.ts'
import { type MembersPlan, planMembers } from './plan-members.ts'
import type { Snapshot } from './snapshot.ts'

/** What an import would do. Says nothing of faulty rows: they are not part of any plan. */
export type Plan = { source: Snapshot['source']; snapshot: Snapshot } & MembersPlan & HistoryPlan

/** Pure: what becomes of each record of the file, given what is there already. */
export function makePlan(parsed: Parsed, snapshot: Snapshot): Plan {
  return {
    source: snapshot.source,
    snapshot,
    ...planMembers(parsed.members, snapshot),
    ...planHistory(parsed.history, snapshot)
  }
}
