import type { Tx } from '../../db/client.ts'
import { addDays, endOfDay } from '../../shared/clock.ts'
import { refuseFaults } from '../../shared/errors.ts'
import { type Ratio, ratioOf } from '../../shared/ratio.ts'
import { consentSql } from '../consents/index.ts'
import { currentPolicy } from '../timebanks/index.ts'

type Told = (Ratio & { suppressed: false }) | { value: null; n: null; d: null; suppressed: true }
export type Figures = {
  /** referrals asked for in the months */
  received: number
  /** accepted, of all that were decided */
  acceptance: Told
  /** completed, of all that came to an end after they were accepted */
  completion: Told
  /** neither decided against nor ended */
  open: { value: number | null; suppressed: boolean }
}

type Count = 'received' | 'accepted' | 'rejected' | 'completed' | 'failed' | 'open'
/** Of a month; `hidden…`: of those whose status the agency may not read. */
type Counts = Record<Count | 'hidden' | 'hiddenCompleted' | 'hiddenFailed' | 'hiddenOpen', number>

const monthAfter = (month: string): string => addDays(`${month}-28`, 4).slice(0, 7)

/**
 * Referrals of whole months of the timebank's zone, by when they were asked for, as they stand now: of the whole timebank for
 * staff, of its own for an agency. Acceptance = ever accepted / (ever accepted + rejected): what was called off before a
 * decision is in neither. Completion = completed / (completed + failed). To an agency nothing is told that fewer than the
 * policy's `smallestPublishedCell` make up, nor what would give it away by subtraction: both n and d − n have to be as many,
 * and so, in every single month, have those of which it may not read how they stand: the rest it can count by itself, and any
 * months it can take from any others.
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
                  count(*) FILTER (WHERE is_open)::integer AS open,
                  count(*) FILTER (WHERE hidden)::integer AS hidden,
                  count(*) FILTER (WHERE hidden AND status = 'completed')::integer AS "hiddenCompleted",
                  count(*) FILTER (WHERE hidden AND status = 'failed')::integer AS "hiddenFailed",
                  count(*) FILTER (WHERE hidden AND is_open)::integer AS "hiddenOpen"
             FROM (SELECT r.status,
                          date_trunc('month', r.created_at, $5) AS month,
                          r.status IN ('requested', 'accepted', 'in_progress', 'on_hold') AS is_open,
                          NOT r.status_open AND NOT ${consentSql('r.timebank_id', 'r.membership_id', 'r.organisation_id', "'share_status'", '$6')} AS hidden,
                          EXISTS (SELECT FROM service_requests.history h
                                   WHERE h.timebank_id = $1 AND h.service_request_id = r.id AND h.status = 'accepted') AS accepted
                     FROM service_requests.requests r
                    WHERE r.timebank_id = $1 AND r.kind = 'referral' AND r.status <> 'entered_in_error'
                      AND r.created_at >= $2 AND r.created_at < $3
                      AND ($4::uuid IS NULL OR r.organisation_id = $4)) x
            GROUP BY month`,
    values: [
      tx.timebankId,
      begin(from),
      begin(monthAfter(to)),
      agency?.organisationId ?? null,
      rules.timeZone,
      tx.now.toISOString()
    ]
  })
  const sum = (count: Count) => rows.reduce((total, row) => total + row[count], 0)
  const [received, accepted, rejected] = [sum('received'), sum('accepted'), sum('rejected')]
  const [completed, failed, open] = [sum('completed'), sum('failed'), sum('open')]
  const least = agency ? rules.smallestPublishedCell : 0
  const enough = (...parts: ((row: Counts) => number)[]) =>
    rows.every((row) => row.hidden === 0 || parts.every((part) => part(row) >= least))
  const shownOpen =
    open >= least &&
    enough(
      (row) => row.hiddenOpen,
      (row) => row.hidden - row.hiddenOpen
    )
  const shownEnds = enough(
    (row) => row.hiddenCompleted,
    (row) => row.hiddenFailed
  )
  return {
    received,
    acceptance: told(accepted, rejected, least),
    completion: shownEnds ? told(completed, failed, least) : none,
    open: { value: shownOpen ? open : null, suppressed: !shownOpen }
  }
}

const none: Told = { value: null, n: null, d: null, suppressed: true }

/** Not told where fewer than `least` are in it or in the rest. */
const told = (n: number, rest: number, least: number): Told =>
  n < least || rest < least ? none : { ...ratioOf(n, n + rest), suppressed: false }
