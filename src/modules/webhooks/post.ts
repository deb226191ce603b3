import { Resolver } from 'node:dns/promises'
import http from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { AddressRule } from './addresses.ts'

/** Kinds of failure, and `answered` for an answer with any 2xx status. */
export const outcomes = [
  'answered',
  'status',
  'redirect',
  'gone',
  'timeout',
  'address_refused',
  'host_unknown',
  'connection',
  'tls',
  'challenge'
] as const
export type Outcome = (typeof outcomes)[number]

export type Answer = {
  outcome: Outcome
  status: number | null
  retryAfter: string | undefined
  /** What was read, where it was asked for. */
  body: string
}

/** How the outside is reached. */
export type Line = {
  rule: AddressRule
  /** Addresses of a name, by DNS. */
  resolve: (host: string, signal: AbortSignal) => Promise<string[]>
  /** For the name's look-up, the connection and the whole answer. */
  timeoutMs: number
  /** Instead of the system's certificate authorities. */
  ca?: string | undefined
}

const mostBytes = 65_536

/**
 * Posts once: no redirect is followed, and no more than 64 KB of the answer are read. The connection is made to addresses that were
 * checked, and the name is not looked up again: what it says a moment later makes no difference.
 */
export async function post(
  line: Line,
  url: string,
  headers: Record<string, string>,
  body: string,
  stopped: AbortSignal
): Promise<Answer> {
  stopped.throwIfAborted()
  const late = AbortSignal.timeout(line.timeoutMs)
  const signal = AbortSignal.any([late, stopped])
  const failed = (outcome: Outcome): Answer => ({ outcome, status: null, retryAfter: undefined, body: '' })
  const { hostname, protocol } = new URL(url)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  let addresses: string[]
  try {
    addresses = isIP(host) ? [host] : await orAborted(line.resolve(host, signal), signal)
  } catch {
    stopped.throwIfAborted()
    return failed(late.aborted ? 'timeout' : 'host_unknown')
  }
  const reachable = addresses.filter((address) => line.rule.mayReach(address, protocol === 'http:'))
  if (reachable.length === 0) return failed(addresses.length === 0 ? 'host_unknown' : 'address_refused')

  const progress = { connected: false, secured: protocol === 'http:' }
  try {
    return await exchange(line, url, reachable, headers, body, signal, progress)
  } catch {
    stopped.throwIfAborted()
    if (late.aborted) return failed('timeout')
    return failed(progress.connected && !progress.secured ? 'tls' : 'connection')
  }
}

function exchange(
  { ca }: Line,
  url: string,
  addresses: readonly string[],
  headers: Record<string, string>,
  body: string,
  signal: AbortSignal,
  progress: { connected: boolean; secured: boolean }
): Promise<Answer> {
  const known = addresses.map((address) => ({ address, family: isIP(address) }))
  const lookup: LookupFunction = (_host, { all }, give) =>
    all ? give(null, known) : give(null, known[0]!.address, known[0]!.family)
  return new Promise((resolve, reject) => {
    const request = (url.startsWith('http:') ? http : https).request(url, {
      method: 'POST',
      agent: false,
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      lookup,
      signal,
      ...(ca === undefined ? {} : { ca })
    })
    request.once('socket', (socket) => {
      socket.once('connect', () => {
        progress.connected = true
      })
      socket.once('secureConnect', () => {
        progress.secured = true
      })
    })
    request.on('error', reject)
    // whatever ends it without an answer and without an error, such as a change to another protocol
    request.once('close', () => reject(new Error('no answer')))
    request.once('response', (response) => {
      const chunks: Buffer[] = []
      let size = 0
      const done = () => {
        const status = response.statusCode!
        const text = Buffer.concat(chunks).subarray(0, mostBytes).toString('utf8')
        resolve({ outcome: outcomeOf(status), status, retryAfter: response.headers['retry-after'], body: text })
      }
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.length
        if (size < mostBytes) return
        done()
        request.destroy()
      })
      response.once('end', done)
      response.on('error', reject)
    })
    request.end(body)
  })
}

function outcomeOf(status: number): Outcome {
  if (status >= 200 && status < 300) return 'answered'
  if (status === 410) return 'gone'
  return status >= 300 && status < 400 ? 'redirect' : 'status'
}

const orAborted = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    work.then(resolve, reject)
  })

/**
 * By DNS, which can be left off: the system's own look-up takes one of the process's four threads for as long as a name server
 * lets it wait, and passwords are checked on the same ones.
 */
export async function resolveByDns(host: string, signal: AbortSignal): Promise<string[]> {
  const resolver = new Resolver({ timeout: 3000, tries: 2 })
  signal.addEventListener('abort', () => resolver.cancel(), { once: true })
  const found = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
  return found.flatMap((part) => (part.status === 'fulfilled' ? part.value : []))
}
