import { createHmac } from 'node:crypto'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { certificate, key } from './certificate.ts'

export type Received = {
  path: string
  id: string
  timestamp: string
  signatures: string[]
  raw: string
  // biome-ignore lint/suspicious/noExplicitAny: the tests know its shape
  body: any
  headers: IncomingMessage['headers']
}

type Answering = (response: ServerResponse, received: Received) => void

/** A receiver of webhooks on loopback: it echoes challenges, and answers everything else as it is told, 204 where it is not. */
export async function openReceiver({ tls = false, host = '127.0.0.1', port: wanted = 0 } = {}) {
  const all: Received[] = []
  const sockets = new Set<Socket>()
  const state = { answer: (response) => response.writeHead(204).end(), underWay: 0, most: 0 } as {
    answer: Answering
    challenge?: Answering
    underWay: number
    most: number
  }
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    state.underWay += 1
    state.most = Math.max(state.most, state.underWay)
    response.on('close', () => {
      state.underWay -= 1
    })
    response.on('error', () => {})
    let raw = ''
    request.setEncoding('utf8')
    request.on('data', (part: string) => {
      raw += part
    })
    request.on('end', () => {
      const received: Received = {
        path: request.url ?? '',
        id: String(request.headers['webhook-id']),
        timestamp: String(request.headers['webhook-timestamp']),
        signatures: String(request.headers['webhook-signature']).split(' '),
        raw,
        body: raw === '' ? undefined : JSON.parse(raw),
        headers: request.headers
      }
      all.push(received)
      const { type, data } = received.body
      if (type !== 'endpoint.verification') state.answer(response, received)
      else if (state.challenge) state.challenge(response, received)
      else response.end(JSON.stringify({ challenge: data.challenge }))
    })
  }
  const server = tls ? https.createServer({ key, cert: certificate }, onRequest) : http.createServer(onRequest)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((ready) => server.listen(wanted, host, ready))
  const { port } = server.address() as AddressInfo
  const ofEvents = () => all.filter((one) => one.body.type !== 'endpoint.verification')
  return {
    state,
    port,
    url: `${tls ? 'https' : 'http'}://${host}:${port}/hook`,
    all,
    /** without challenges */
    events: ofEvents,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise<void>((done) => server.close(() => done()))
    }
  }
}

/** The signature by the specification, made without the service's own code. */
export const signatureOf = (secret: string, { id, timestamp, raw }: Received): string =>
  `v1,${createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64'))
    .update(`${id}.${timestamp}.${raw}`)
    .digest('base64')}`
