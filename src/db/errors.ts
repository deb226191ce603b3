import pg from 'pg'

/** The database's own error behind whatever wrapped it (drizzle puts the query's parameters into its message). */
export function databaseError(error: unknown): pg.DatabaseError | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof pg.DatabaseError) return cause
  }
  return null
}

/** Runs `work`, turning the breach of one named unique key into what `otherwise` makes of it. */
export async function onDuplicate<T>(constraint: string, work: Promise<T>, otherwise: () => Error): Promise<T> {
  try {
    return await work
  } catch (error) {
    const cause = databaseError(error)
    throw cause?.code === '23505' && cause.constraint === constraint ? otherwise() : error
  }
}

/** The connection could not be had or was lost: nothing that the caller did, and worth a try a little later. */
export function isConnectionError(error: unknown): boolean {
  const codes = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOENT', 'ETIMEDOUT']
  const texts =
    /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable/
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (codes.includes(String((cause as { code?: unknown }).code)) || texts.test(cause.message)) return true
  }
  return false
}

/**
 * What is over a little later: deadlock, serialization failure, a lock that was not had in time, a prepared statement that a
 * migration made stale, a server that is starting or stopping, a lost connection.
 */
export function isPassing(error: unknown): boolean {
  const code = databaseError(error)?.code ?? ''
  return (
    ['40P01', '40001', '55P03', '0A000', '26000'].includes(code) || /^(08|57P)/.test(code) || isConnectionError(error)
  )
}

/** What may be logged of an error: of a database error its codes and where it happened, never its text or parameters. */
export function loggable(error: unknown): object {
  const cause = databaseError(error)
  const frames = (error instanceof Error ? (error.stack ?? '') : '')
    .split('\n')
    .filter((line) => line.startsWith('    at '))
  if (cause) return { code: cause.code, constraint: cause.constraint, stack: frames.join('\n') }
  const wrapped = error instanceof Error && error.cause !== undefined
  const message = error instanceof Error && !wrapped ? error.message : 'database error without a code'
  return { name: error instanceof Error ? error.name : typeof error, message, stack: frames.join('\n') }
}
