import pg from 'pg'

/** Texts that came at least so often are worth a plan that the connection keeps. */
const uses = 3
/** Bounded, since lists of varying length make ever new texts, and each kept plan costs every connection memory. */
const mostTexts = 5000
const mostNamed = 400

const seen = new Map<string, number>()
const names = new Map<string, string>()

function nameOf(text: string): string | undefined {
  const known = names.get(text)
  if (known || names.size >= mostNamed) return known
  const count = (seen.get(text) ?? 0) + 1
  if (count < uses) {
    if (seen.size >= mostTexts) seen.clear()
    seen.set(text, count)
    return undefined
  }
  seen.delete(text)
  const name = `q${names.size}`
  names.set(text, name)
  return name
}

/**
 * The connection as transactions see it: statements with parameters that come again and again are prepared under a name, so
 * that they are parsed and planned once per connection and not at every call (a third to a half of what a short statement
 * costs). `send` sends them; without a connection there is nothing else to be done with it.
 */
export function namingStatements(client: pg.PoolClient | null, send: pg.PoolClient['query']): pg.PoolClient {
  const sending = send as (...args: unknown[]) => unknown
  const query = (config: unknown, values?: unknown[], ...rest: unknown[]) => {
    const sent = (typeof config === 'string' ? { text: config } : config) as { text?: unknown; name?: unknown }
    if (typeof sent.text === 'string' && sent.name === undefined && Array.isArray(values) && values.length > 0) {
      const name = nameOf(sent.text)
      if (name) return sending({ ...sent, name }, values, ...rest)
    }
    return sending(config, values, ...rest)
  }
  return Object.create(client ?? pg.Client.prototype, { query: { value: query } }) as pg.PoolClient
}
