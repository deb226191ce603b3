import type { Tx } from '../../db/client.ts'
import { addDays, endOfDay } from '../../shared/clock.ts'
import { refuseFaults } from '../../shared/errors.ts'
import { currentPolicy } from '../timebanks/index.ts'

export type Ratio = { value: number | null; n: number | null; d: number | null; suppressed: boolean }
export type Figures = {
  /** referrals asked for in the months */
  received: number
  /** accepted, of all that were decided */
  acceptance: Ratio
  /** completed, of all that came to an end after they were accepted */
  completion: Ratio
  /** neither decided against nor ended */
  open: { value: number | null; suppressed: boolean }
}

type Counts = { received: number; accepted: number; rejected: number; completed: number; failed: number; open: number }

const monthAfter = (month: string): string => addDays(`${month}-28`, 4).slice(0, 7)

/**
 * Referrals of whole months of the timebank's zone, by when they were asked for, as they stand now: of the whole timebank for
 * staff, of its own for an agency. Acceptance = ever accepted / (ever accepted + rejected): what was called off before a
 * decision is in neither. Completion = completed / (completed + failed). To an agency nothing is told that fewer than the
 * policy's `smallestPublishedCell` make up, nor what would give it away by subtraction: both n and d − n have to be as many.
 */
export async function referralFigures(tx: Tx, { from, to }: { from: string; to: string }): Promise<Figures> {
  if (to < from) refuseFaults([{ parameter: 'to', detail: 'to: must not be before from.' }])
  const { rules } = await currentPolicy(tx)
  const begin = (month: string) => endOfDay(rules.timeZone, addDays(`${month}-01`, -1))
  const { agency } = tx.actor
  const { rows } = await tx.client.query<Counts>({
    name: 'service_requests.figures',
    text: `SELECT count(*)::integer AS received,
                  count(*) FILTER (WHERE accepted)::integer AS accepted,
                  count(*) FILTER (WHERE status = 'rejected')::integer AS rejected,
                  count(*) FILTER (WHERE status = 'completed')::integer AS completed,
                  count(*) FILTER (WHERE status = 'failed')::integer AS failed,
                  count(*) FILTER (WHERE status IN ('requested', 'accepted', 'in_progress', 'on_hold'))::integer AS open
             FROM (SELECT r.status,
                          EXISTS (SELECT FROM service_requests.history h
                                   WHERE h.timebank_id = $1 AND h.service_request_id = r.id AND h.status = 'accepted') AS accepted
                     FROM service_requests.requests r
                    WHERE r.timebank_id = $1 AND r.kind = 'referral' AND r.status <> 'entered_in_error'
                      AND r.created_at >= $2 AND r.created_at < $3
                      AND ($4::uuid IS NULL OR r.organisation_id = $4)) x`,
    values: [tx.timebankId, begin(from), begin(monthAfter(to)), agency?.organisationId ?? null]
  })
  const { received, accepted, rejected, completed, failed, open } = rows[0]!
  const least = agency ? rules.smallestPublishedCell : 0
  const shownOpen = open >= least
  return {
    received,
    acceptance: ratio(accepted, rejected, least),
    completion: ratio(completed, failed, least),
    open: { value: shownOpen ? open : null, suppressed: !shownOpen }
  }
}

/** To 4 decimals, half up. */
function ratio(n: number, rest: number, least: number): Ratio {
  if (n < least || rest < least) return { value: null, n: null, d: null, suppressed: true }
  const d = n + rest
  return { value: d === 0 ? null : Math.floor((n * 10_000) / d + 0.5) / 10_000, n, d, suppressed: false }
}
