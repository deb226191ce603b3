import pg from 'pg'

/** A statement for the connection; under a name it is parsed and planned once per connection. */
export type Statement = {
  name?: string
  text: string
  values?: unknown[]
  rowMode?: 'array'
  types?: pg.CustomTypesConfig
}

/** What pg's own queries do, beyond what its types tell. */
type Inner = {
  name?: string
  text: string
  submit(connection: unknown): Error | null
  handleRowDescription(message: unknown): void
  handleDataRow(message: unknown): void
  handleCommandComplete(message: unknown, connection: unknown): void
  handleReadyForQuery(connection: unknown): void
}

type Connection = {
  stream: { cork(): void; uncork(): void; destroy(error: Error): void }
  submittedNamedStatements: Record<string, string>
  parsedStatements: Record<string, string>
  sync(): void
}

/**
 * Sends several statements at once and waits for all their answers: one write, one round trip, one answer.
 *
 * In the protocol they are executed one after the other up to one Sync. The database passes over everything between a
 * statement that fails and the Sync, so that nothing runs as if what was before it had happened: not even a COMMIT. Where
 * none of them is a BEGIN, they are one transaction, which the Sync ends. Only statements that the extended protocol takes
 * belong here: each text holds one, and none is a COPY.
 *
 * The error that is thrown is that of the statement that failed.
 */
export function together(client: pg.ClientBase, statements: readonly Statement[]): Promise<pg.QueryResult[]> {
  return new Promise((resolve, reject) => {
    const results: pg.QueryResult[] = []
    let failed: unknown
    const queries = statements.map((statement) => {
      const take = (error: Error | undefined, result: unknown): void => {
        if (error) {
          failed = error
          reject(error)
        } else results.push(result as pg.QueryResult)
      }
      const config = { types: pg.types as pg.CustomTypesConfig, ...statement, queryMode: 'extended' }
      return new pg.Query(config, take as never) as unknown as Inner
    })
    let at = 0
    const current = (): Inner => {
      const query = queries[at]
      if (!query) throw new Error('the database answered more statements than were sent')
      return query
    }
    const next = (): void => {
      at += 1
    }
    const all = {
      // by these the client keeps account of what is prepared on the connection
      get name() {
        return queries[at]?.name
      },
      get text() {
        return queries[at]?.text
      },
      submit(connection: Connection): Error | null {
        const unsynced = Object.assign(Object.create(connection), { sync: () => {} })
        connection.stream.cork()
        for (const query of queries) {
          const fault = query.submit(unsynced)
          failed ??= fault
          // a fault of our own, such as a value that cannot be sent: nothing of what waits here may go out without it
          if (failed) {
            connection.stream.destroy(failed as Error)
            reject(failed)
            return null
          }
        }
        connection.sync()
        connection.stream.uncork()
        return null
      },
      handleRowDescription: (message: unknown) => current().handleRowDescription(message),
      handleDataRow: (message: unknown) => current().handleDataRow(message),
      handleCommandComplete(message: unknown, connection: unknown) {
        current().handleCommandComplete(message, connection)
        next()
      },
      handleEmptyQuery: next,
      handleError(error: Error, connection: Connection) {
        // those behind it have not been parsed
        for (const { name } of queries.slice(at)) if (name) delete connection.submittedNamedStatements[name]
        reject(error)
      },
      handleReadyForQuery(connection: unknown) {
        for (const query of queries) query.handleReadyForQuery(connection)
        resolve(results)
      }
    }
    // a connection that is shared takes nothing that may keep a portal open, and believes it of pg's own queries only
    client.query(Object.setPrototypeOf(all, pg.Query.prototype) as pg.Submittable)
  })
}
