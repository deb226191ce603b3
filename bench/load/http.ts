/**
 * The load of one HTTP figure, in a process of its own: raw sockets, requests from templates, and of an answer no more is
 * read than its status and its length. Started by `inProcess`.
 */
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeHistogram } from './histogram.ts'
import { answer } from './process.ts'
import { compile, type Lists, type Template } from './template.ts'

export type HttpJob = {
  port: number
  connections: number
  warmSeconds: number
  seconds: number
  /** ends after so many in all, whatever the time */
  requests?: number
  /** pause of each connection between an answer and its next request */
  thinkMs?: number
  templates: Template[]
  lists: Lists
  /** what every answer must have in it beside a status of 2xx */
  expect?: string
}

/** Latencies in milliseconds, processor time of this process in seconds; `all` are those of the warm-up too. */
export type HttpResult = {
  done: number
  all: number
  seconds: number
  p50: number
  p99: number
  bytes: number
  /** the first answer that was no success, and how many there were */
  refused: { count: number; first: string } | null
  processor: number
}

type Answer = { status: number; bytes: number; text: () => string; fits: boolean }

answer<HttpJob, HttpResult>(async (job) => {
  const cursors = new Map<string, number>()
  const latencies = makeHistogram()
  const begin = performance.now() + job.warmSeconds * 1000
  const end = begin + job.seconds * 1000
  let done = 0
  let all = 0
  let bytes = 0
  let last = begin
  let refused: HttpResult['refused'] = null
  let processor = process.cpuUsage()
  setTimeout(() => (processor = process.cpuUsage()), job.warmSeconds * 1000)

  const client = async (n: number): Promise<void> => {
    const send = await open(job.port, job.expect)
    // every connection has its share of the templates, so that with few connections too all people take part
    const { templates, connections } = job
    let own = templates
      .filter((_, i) => (templates.length >= connections ? i % connections : i) === n % templates.length)
      .map((template) => compile(template, job.lists, cursors))
    for (let i = 0; own.length > 0; i += 1) {
      const sent = performance.now()
      if (sent >= end || all >= (job.requests ?? Number.POSITIVE_INFINITY)) break
      const bytesToSend = own[i % own.length]!()
      if (bytesToSend === null) {
        own = own.filter((_, k) => k !== i % own.length)
        continue
      }
      const got = await send(bytesToSend)
      const now = performance.now()
      all += 1
      if (got.status < 200 || got.status > 299 || !got.fits) {
        refused ??= { count: 0, first: `${got.status} ${got.text().slice(0, 500)}` }
        refused.count += 1
        // a load that is only refused measures nothing
        if (refused.count > 100) break
      }
      if (sent >= begin && now <= end) {
        done += 1
        bytes = got.bytes
        last = now
        latencies.record((now - sent) * 1000)
      }
      if (job.thinkMs) await sleep(job.thinkMs)
    }
    send.close()
  }
  await Promise.all(Array.from({ length: job.connections }, (_, n) => client(n)))
  const { user, system } = process.cpuUsage(processor)
  return {
    done,
    all,
    // all requests may have been used up before the end
    seconds: (performance.now() < end ? last - begin : end - begin) / 1000,
    p50: latencies.at(0.5) / 1000,
    p99: latencies.at(0.99) / 1000,
    bytes,
    refused,
    processor: (user + system) / 1e6
  }
})

/** One connection with one request at a time on it. */
async function open(
  port: number,
  expect: string | undefined
): Promise<((bytes: Buffer) => Promise<Answer>) & { close(): void }> {
  let take: ((answer: Answer) => void) | null = null
  let fail: ((error: Error) => void) | null = null
  let rest: Buffer = Buffer.alloc(0)
  const read = (length: number, buffer: Uint8Array): boolean => {
    const fresh = Buffer.from(buffer.buffer, buffer.byteOffset, length)
    const seen = rest.length === 0 ? fresh : Buffer.concat([rest, fresh])
    const whole = lengthOf(seen)
    // the buffer is used again for what comes next
    if (whole === null || seen.length < whole) rest = seen === fresh ? Buffer.from(fresh) : seen
    else {
      rest = Buffer.alloc(0)
      take?.({
        status: (seen[9]! - 48) * 100 + (seen[10]! - 48) * 10 + (seen[11]! - 48),
        bytes: whole,
        text: () => seen.toString('latin1'),
        fits: expect === undefined || seen.includes(expect)
      })
    }
    return true
  }
  const socket = net.connect({ port, host: '127.0.0.1', onread: { buffer: new Uint8Array(65_536), callback: read } })
  socket.setNoDelay(true)
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.on('error', (error) => fail?.(error))
  socket.on('close', () => fail?.(new Error('the service closed a connection')))
  const send = (bytes: Buffer) =>
    new Promise<Answer>((resolve, reject) => {
      take = resolve
      fail = reject
      socket.write(bytes)
    })
  return Object.assign(send, {
    close: () => {
      fail = null
      socket.destroy()
    }
  })
}

/** Of the whole answer in bytes; null: the head is not complete yet. */
function lengthOf(seen: Buffer): number | null {
  const head = seen.indexOf('\r\n\r\n')
  if (head < 0) return null
  // content-length, in whatever case
  const at = seen.indexOf('ontent-')
  for (let from = at; from >= 0 && from < head; from = seen.indexOf('ontent-', from + 1)) {
    if ((seen[from + 7]! | 32) !== 108) continue
    let length = 0
    for (let i = from + 15; seen[i] !== 13; i += 1) length = length * 10 + (seen[i]! - 48)
    return head + 4 + length
  }
  throw new Error('an answer without content-length')
}
