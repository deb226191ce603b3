import type { Tx } from '../../db/client.ts'
import { ratioOf } from '../../shared/ratio.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { contributionsSql } from './open.ts'
import type { FiguresView } from './schemas.ts'

const mostCombinations = 10

type Row = {
  people: number
  severalAgencies: number
  withOverlap: number
  agencies: number
  peopleInvolved: number
  combinations: FiguresView['combinations'] | null
  suppressed: number
}

/**
 * How many agencies and people are around people, as things stand now; formulas in the README. One statement over what is open,
 * whatever the history behind it. Which organisations meet in which category is told where enough people make it up.
 */
export async function figuresOf(tx: Tx): Promise<FiguresView> {
  const { rules } = await currentPolicy(tx)
  const { rows } = await tx.client.query<Row>({
    name: 'joined_up.figures',
    text: `WITH ${contributionsSql('all')},
      people AS (
        SELECT c.member_id, count(DISTINCT c.organisation_id) AS agencies, count(DISTINCT i.id) AS involved
          FROM contributions c
          LEFT JOIN LATERAL (VALUES (c.asks_id), (c.gives_id)) AS i (id) ON i.id IS NOT NULL
         GROUP BY c.member_id
      ), overlapping AS (
        SELECT c.member_id, c.category_id,
               array_agg(DISTINCT c.organisation_id ORDER BY c.organisation_id)
                 FILTER (WHERE c.organisation_id IS NOT NULL) AS organisations
          FROM contributions c
         WHERE c.part_of IS NULL AND c.category_id IS NOT NULL
         GROUP BY c.member_id, c.category_id
        HAVING count(DISTINCT c.source) > 1
      ), combinations AS (
        SELECT category_id, organisations, count(*)::integer AS people FROM overlapping GROUP BY category_id, organisations
      ), largest AS (
        SELECT g.name AS category, b.people,
               ARRAY (SELECT o.name FROM members.organisations o
                       WHERE o.timebank_id = $1 AND o.id = ANY (b.organisations) ORDER BY o.name) AS organisations
          FROM combinations b
          JOIN listings.categories g ON g.timebank_id = $1 AND g.id = b.category_id
         WHERE b.people >= $3
         ORDER BY b.people DESC, g.name, b.organisations LIMIT ${mostCombinations}
      )
      SELECT count(*)::integer AS people,
             count(*) FILTER (WHERE p.agencies > 1)::integer AS "severalAgencies",
             (SELECT count(DISTINCT o.member_id)::integer FROM overlapping o) AS "withOverlap",
             coalesce(sum(p.agencies), 0)::integer AS agencies,
             coalesce(sum(p.involved), 0)::integer AS "peopleInvolved",
             (SELECT json_agg(json_build_object('category', l.category, 'organisations', l.organisations, 'people', l.people)
                              ORDER BY l.people DESC, l.category, l.organisations) FROM largest l) AS combinations,
             (SELECT count(*)::integer FROM combinations b WHERE b.people < $3) AS suppressed
        FROM people p`,
    values: [tx.timebankId, today(tx, rules), rules.smallestPublishedCell]
  })
  const { people, severalAgencies, withOverlap, agencies, peopleInvolved, combinations, suppressed } = rows[0]!
  return {
    asOf: tx.now,
    people,
    severalAgencies: ratioOf(severalAgencies, people),
    withOverlap: ratioOf(withOverlap, people),
    meanAgencies: ratioOf(agencies, people),
    meanPeopleInvolved: ratioOf(peopleInvolved, people),
    combinations: combinations ?? [],
    suppressedCombinations: suppressed
  }
}
