import { sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { words } from './tables.ts'

const kept = sql`length(word) BETWEEN 3 AND 40`

/** Keeps the words for the search's look-up of those alike; in order, so that two writers cannot block each other. */
export async function rememberWords(
  tx: Tx,
  written: readonly { title: string; description?: string | undefined }[]
): Promise<void> {
  // each by itself: all in one would be longer than a tsvector can be
  const texts = written.map(({ title, description = '' }) => `${title} ${description}`)
  await tx.db.execute(sql`
    INSERT INTO ${words} (timebank_id, word)
    SELECT DISTINCT ${tx.timebankId}::uuid, word
      FROM unnest(${sql.param(texts)}::text[]) written, unnest(tsvector_to_array(to_tsvector('simple', search.fold(written)))) word
     WHERE ${kept}
     ORDER BY word
    ON CONFLICT DO NOTHING`)
}

/**
 * Makes the vocabulary that of the listings as they are now, and says how many words went: those of texts that have been
 * edited or erased. It blocks no writer. A word that is written again while its last use goes may be missed until the next
 * time, which adds what is missing; before it removes anything, so that it never waits for a writer who waits for it.
 */
export async function rebuildWords(tx: Tx): Promise<number> {
  const used = sql`
    SELECT DISTINCT word
      FROM (SELECT search FROM listings.offers WHERE timebank_id = ${tx.timebankId}
             UNION ALL
            SELECT search FROM listings.requests WHERE timebank_id = ${tx.timebankId}) written,
           unnest(tsvector_to_array(search)) word
     WHERE ${kept}`
  await tx.db.execute(sql`
    INSERT INTO ${words} (timebank_id, word)
    SELECT ${tx.timebankId}::uuid, word FROM (${used} EXCEPT SELECT word FROM ${words} WHERE timebank_id = ${tx.timebankId}) missing
     ORDER BY word
    ON CONFLICT DO NOTHING`)
  const { rowCount } = await tx.db.execute(sql`
    WITH used AS MATERIALIZED (${used})
    DELETE FROM ${words} w
     WHERE w.timebank_id = ${tx.timebankId} AND NOT EXISTS (SELECT FROM used WHERE used.word = w.word)`)
  return rowCount ?? 0
}
