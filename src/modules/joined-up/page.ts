import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { addDays, dateIn } from '../../shared/clock.ts'
import { notFound } from '../../shared/errors.ts'
import { wordsFor } from '../../shared/words/index.ts'
import { resolveMember } from '../members/index.ts'
import { parseRule } from '../schedule/index.ts'
import { mayActFor } from '../supporters/index.ts'
import { currentPolicy, dayEnd, today } from '../timebanks/index.ts'
import { type Open, openAround } from './open.ts'
import { distinct, type Overlap, overlapsOf, whole } from './picture.ts'
import type { JoinedUpView } from './schemas.ts'
import { stateOf } from './states.ts'

/** From so many different people who come to one person on, the page says so. */
const manyPeople = 4
const visitDays = 28

/** Oneself, whom one supports in the scope `view`, and anybody for staff; for others there is no such page. */
async function pageOwner(tx: Tx, ref: string): Promise<string> {
  const { id, status } = await resolveMember(tx, ref)
  const may = id === tx.actor.membershipId || isStaff(tx.actor) || (await mayActFor(tx, id, 'view'))
  if (!may || status === 'erased') throw notFound('member')
  return id
}

/** All that is open around one person, as it is now, for them and for whom they let see it. */
export async function pageOf(tx: Tx, ref: string): Promise<JoinedUpView> {
  const memberId = await pageOwner(tx, ref)
  const { rules } = await currentPolicy(tx)
  const day = today(tx, rules)
  // that the person has said no, nobody else learns from what is missing here before it is closed with the others
  const open = await openAround(tx, memberId, day, memberId !== tx.actor.membershipId)
  const window = { from: addDays(day, 1 - visitDays), to: day }
  const { locale, visits } = await visitsOf(tx, memberId, window)
  const { words } = wordsFor(...(locale === null ? [] : [locale]), rules.locale)
  const overlaps = overlapsOf(open)
  const overlapping = new Map(overlaps.flatMap(({ those }) => those.map((one) => [one.id, those] as const)))
  const counted = whole(open)
  const here = new Set(open.map(({ id }) => id))
  const giving = distinct(open.map(({ givesId }) => givesId))
  return {
    memberId,
    asOf: tx.now,
    contributions: open.map((one) => ({
      kind: one.kind,
      kindText: words.joinedUp.kinds[one.kind],
      id: one.id,
      partOf: one.partOf !== null && here.has(one.partOf) ? one.partOf : null,
      organisation: one.organisation,
      category: one.category,
      title: one.title,
      state: stateOf(one),
      stateText: words.joinedUp.states[stateOf(one)],
      since: one.since,
      next: nextOf(one, open, day),
      until: untilOf(one, rules.timeZone),
      people: peopleOf(one),
      overlap: overlapping.has(one.id),
      overlapsWith: (overlapping.get(one.id) ?? []).map(({ id }) => id).filter((id) => id !== one.id)
    })),
    overlaps: overlaps.map(({ category, those }) => ({
      category,
      contributions: those.map(({ id }) => id),
      organisations: distinct(those.map(({ organisation }) => organisation?.name ?? null)).sort()
    })),
    attention: attentionTo(open, overlaps, giving, words.joinedUp.attention),
    figures: {
      agencies: distinct(open.map(({ organisation }) => organisation?.id ?? null)).length,
      contributions: counted.length,
      people: distinct(open.flatMap(({ asksId, givesId }) => [asksId, givesId])).length,
      peopleWhoCome: giving.length,
      visits: { value: visits, ...window },
      categoriesWithOverlap: overlaps.length
    }
  }
}

const peopleOf = (one: Open): JoinedUpView['contributions'][number]['people'] => [
  ...(one.asksId === null
    ? []
    : [{ part: 'asks' as const, name: one.asksName ?? '', capacity: 'professional' as const }]),
  ...(one.givesId === null ? [] : [{ part: 'gives' as const, name: one.givesName ?? '', capacity: one.givesCapacity! }])
]

type Next = { on: string; startsAt: Date | null }

/** When next, of it or of what belongs to it; else the first day that was asked for, where that is still to come. */
export function nextOf(
  one: Pick<Open, 'id' | 'firstOn' | 'nextAt' | 'nextOn'>,
  open: readonly Open[],
  day: string
): Next | null {
  const planned = [one, ...open.filter(({ partOf }) => partOf === one.id)]
    .flatMap(({ nextAt, nextOn }) => (nextAt === null ? [] : [{ on: nextOn!, startsAt: nextAt }]))
    .sort((a, b) => a.startsAt.getTime() - b.startsAt.getTime())[0]
  if (planned) return planned
  return one.firstOn !== null && one.firstOn >= day ? { on: one.firstOn, startsAt: null } : null
}

/** The last day, where there is one: of a budget, of a rule that ends, of what takes place once. */
function untilOf({ until, firstOn, rrule, kind }: Open, timeZone: string): string | null {
  if (until !== null) return until
  if (rrule === null) return kind === 'arrangement' ? firstOn : null
  const last = parseRule(rrule).rule.until
  if (last === null) return null
  return 'date' in last
    ? last.date
    : 'local' in last
      ? last.local.slice(0, 10)
      : dateIn(timeZone, new Date(last.instant))
}

type AttentionWords = ReturnType<typeof wordsFor>['words']['joinedUp']['attention']

function attentionTo(
  open: readonly Open[],
  overlaps: readonly Overlap<Open>[],
  giving: readonly string[],
  words: AttentionWords
): JoinedUpView['attention'] {
  const asked = open.filter(({ asked }) => asked)
  return [
    ...(asked.length === 0
      ? []
      : [
          {
            code: 'answer_wanted' as const,
            text: words.answerWanted(asked.length),
            contributions: asked.map(({ id }) => id)
          }
        ]),
    ...overlaps.map(({ category, those }) => ({
      code: 'overlap' as const,
      text: words.overlap(category.name, those.length),
      contributions: those.map(({ id }) => id)
    })),
    ...(giving.length < manyPeople
      ? []
      : [
          {
            code: 'many_people' as const,
            text: words.manyPeople(giving.length),
            contributions: open.filter(({ givesId }) => givesId !== null).map(({ id }) => id)
          }
        ])
  ]
}

const happens = "'agreed', 'awaiting_risk', 'awaiting_vetting', 'awaiting_guardian', 'ready', 'reported', 'disputed'"

/**
 * How often somebody came for their work or for an organisation in these days: what is settled by its service date, what was
 * planned by when it began, each once. With the language of who asks, since that is a row that is wanted too.
 */
async function visitsOf(
  tx: Tx,
  memberId: string,
  { from, to }: { from: string; to: string }
): Promise<{ locale: string | null; visits: number }> {
  const [begin, end] = [await dayEnd(tx, addDays(from, -1)), await dayEnd(tx, to)]
  const { rows } = await tx.client.query<{ locale: string | null; visits: number }>({
    name: 'joined_up.visits',
    text: `SELECT (SELECT p.locale FROM identity.persons p WHERE p.id = $7) AS locale,
                  (SELECT count(*)::integer FROM (
                    SELECT x.id FROM exchanges.exchanges x
                     WHERE x.timebank_id = $1 AND x.receiver_id = $2 AND x.status = 'settled'
                       AND x.performed_on BETWEEN $3 AND $4
                       AND x.provider_capacity <> 'citizen' AND x.receiver_capacity = 'citizen'
                    UNION
                    SELECT coalesce(x.id, s.id) FROM schedule.slots l
                      LEFT JOIN schedule.sessions s
                             ON l.subject = 'session' AND s.timebank_id = $1 AND s.id = l.subject_id
                      LEFT JOIN schedule.arrangements a ON a.timebank_id = $1 AND a.id = s.arrangement_id
                      LEFT JOIN exchanges.exchanges x ON x.timebank_id = $1
                            AND x.id = CASE l.subject WHEN 'session' THEN s.exchange_id ELSE l.subject_id END
                     WHERE l.timebank_id = $1 AND l.member_id = $2 AND l.starts_at >= $5 AND l.starts_at < $6 AND NOT l.off
                       AND (x.id IS NULL OR x.status IN (${happens}))
                       AND (a.kind = 'pair' AND a.receiver_id = $2 AND s.status IN ('planned', 'held')
                              AND a.receiver_capacity = 'citizen' AND a.provider_capacity <> 'citizen'
                            OR l.subject = 'appointment' AND x.receiver_id = $2
                              AND x.receiver_capacity = 'citizen' AND x.provider_capacity <> 'citizen')) v) AS visits`,
    values: [tx.timebankId, memberId, from, to, begin, end, tx.actor.personId]
  })
  return rows[0]!
}
