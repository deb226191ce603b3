import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { compiled, freePort, startService } from '../test/support/process.ts'
import { startProxy } from '../test/support/proxy.ts'
import { gifts } from './gifts.ts'
import type { Ground } from './ground.ts'
import { httpFigure } from './http-figure.ts'
import { request, type Template } from './load/template.ts'
import type { Options } from './options.ts'
import type { Figure, Section } from './report.ts'

type Count = { trips: number; statements: number }

/** The server's messages: ReadyForQuery ends a round trip, CommandComplete a statement. */
const readyForQuery = 'Z'.charCodeAt(0)
const commandComplete = 'C'.charCodeAt(0)

/**
 * How often a posting goes to the database and back, and how many statements it runs there: a second service on the same
 * database, through a proxy that reads what the server answers. The job queue's own connections are left out.
 */
export async function tripFigures(ground: Ground, options: Options): Promise<Section> {
  const { town, server, service } = ground
  const count: Count = { trips: 0, statements: 0 }
  const readers = new WeakMap<object, (chunk: Buffer) => void>()
  const { host, port: target, user, database } = server.connection
  const proxy = await startProxy({ path: path.join(host, `.s.PGSQL.${target}`) }, (connection, chunk) => {
    if (!connection.opening?.includes('application_name\0commonhours\0')) return
    const read = readers.get(connection) ?? messageReader(count)
    readers.set(connection, read)
    read(chunk)
  })
  const data = mkdtempSync(path.join(os.tmpdir(), 'commonhours-trips-'))
  const port = await freePort()
  const second = await startService(
    data,
    port,
    // the tokens are those of the first
    { DATABASE_URL: `postgres://${user}@127.0.0.1:${proxy.port}/${database}`, PUBLIC_URL: service.url },
    [],
    compiled
  )
  const lists = { members: town.members.map(({ id }) => id) }
  const figures: Figure[] = []
  const take = async (name: string, connections: number, templates: Template[], requests: number) => {
    const job = { connections, templates, lists, port, warmSeconds: 0, seconds: 30 }
    // prepares the statements
    await httpFigure(ground, options, { name, ...job, requests: 600 })
    const before = { ...count }
    const figure = await httpFigure(ground, options, { name, ...job, requests })
    if (figure.failed) figures.push(figure)
    else {
      // each connection may finish what it had begun
      const each = (what: keyof Count) => ((count[what] - before[what]) / requests).toFixed(2)
      figures.push({ name, value: `${each('trips')} trips, ${each('statements')} statements` })
    }
  }
  try {
    const own = gifts(town)
    await take('a single posting, 1 connection', 1, own, 500)
    await take('a single posting, 64 connections', 64, own, 6400)
    const read = town.members.map(({ accountId, token }) =>
      request({ method: 'GET', path: () => `/v1/timebanks/${town.slug}/accounts/${accountId}/statement`, token })
    )
    await take("a page of a member's statement, 1 connection", 1, read, 500)
    const system = [
      request({ method: 'GET', path: () => `/v1/timebanks/${town.slug}/agency`, token: await agencyToken(ground) })
    ]
    await take("what an agency's system may do here, 1 connection", 1, system, 500)
    await take("what an agency's system may do here, 64 connections", 64, system, 6400)
  } finally {
    second.child.kill('SIGTERM')
    await second.exited
    await proxy.close()
    rmSync(data, { recursive: true, force: true })
  }
  return { title: 'Round trips to the database', figures }
}

/** An agency with a professional and a system of its own, and that system's token. */
async function agencyToken({ service, town }: Ground): Promise<string> {
  const post = async (path: string, body: object): Promise<Record<string, string>> => {
    const headers = { authorization: `Bearer ${town.broker.token}`, 'content-type': 'application/json' }
    const answer = await fetch(`${service.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
    return (await answer.json()) as Record<string, string>
  }
  const organisations = `/v1/timebanks/${town.slug}/organisations`
  const { id } = await post(organisations, { name: 'Agency', kind: 'health_board' })
  const who = { memberId: town.broker.id, professional: true, actsFor: true }
  const { id: professionalId } = await post(`${organisations}/${id}/affiliations`, who)
  const made = await post(`${organisations}/${id}/clients`, {
    name: 'System',
    scopes: ['webhooks'],
    professionalId,
    requestsPerMinute: 100_000
  })
  const { access_token } = await post('/oauth/token', {
    grant_type: 'client_credentials',
    client_id: made['id'],
    client_secret: made['clientSecret']
  })
  return access_token!
}

/** Follows the messages of one connection, whatever pieces they come in: a type, a length, and what it says. */
function messageReader(count: Count): (chunk: Buffer) => void {
  let head: number[] = []
  let skip = 0
  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (skip > 0) {
        const step = Math.min(skip, chunk.length - at)
        at += step
        skip -= step
        continue
      }
      head.push(chunk[at]!)
      at += 1
      if (head.length < 5) continue
      const [type, ...length] = head
      skip = Buffer.from(length).readUInt32BE() - 4
      head = []
      if (type === readyForQuery) count.trips += 1
      if (type === commandComplete) count.statements += 1
    }
  }
}
