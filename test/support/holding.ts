// biome-ignore lint/suspicious/noExplicitAny: whoever asks knows the columns
type Rows = (text: string, values?: unknown[]) => Promise<any[]>

/** Every table but the database's own, with its schema, as SQL names it. */
export const everyTable = async (rows: Rows): Promise<string[]> => {
  const tables = await rows(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
      WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`
  )
  return tables.map(({ name }) => name)
}

/** The tables in which these words stand anywhere, in small or capital letters; asked as the owner, who sees every row. */
export async function tablesHolding(rows: Rows, words: string): Promise<string[]> {
  const holding: string[] = []
  for (const name of await everyTable(rows)) {
    const found = await rows(`SELECT FROM ${name} t WHERE strpos(lower(t::text), lower($1)) > 0 LIMIT 1`, [words])
    if (found.length > 0) holding.push(name)
  }
  return holding
}
