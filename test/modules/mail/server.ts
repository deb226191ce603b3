import { type AddressInfo, createServer, type Socket } from 'node:net'

/** A mail as it came: `headers` unfolded, `subject` decoded, `html` null where there is no such part. */
export type Received = {
  from: string
  to: string
  headers: string
  subject: string
  text: string
  html: string | null
  raw: string
}

type Options = {
  refuse?: boolean
  /** another answer than `250 ok` to an address */
  answer?: (to: string) => string | undefined
}

/** As much of a mail server as it takes to receive (RFC 5321), on a port of its own. */
export async function startMailServer(options: Options = {}) {
  const mails: Received[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    serve(socket, mails, options)
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mails,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise<void>((done) => server.close(() => done()))
    }
  }
}

function serve(socket: Socket, mails: Received[], { refuse, answer }: Options): void {
  let buffer = ''
  let data = false
  let [from, to] = ['', '']
  const say = (line: string) => socket.write(`${line}\r\n`)
  const command = (line: string) => {
    const verb = line.slice(0, 4).toUpperCase()
    const address = /<([^>]*)>/.exec(line)?.[1] ?? ''
    if (verb === 'EHLO' || verb === 'HELO') return say('250 mail.example')
    if (verb === 'MAIL') {
      from = address
      return say('250 ok')
    }
    if (verb === 'RCPT') {
      to = address
      return say(refuse ? `550 <${address}> is unknown here` : (answer?.(address) ?? '250 ok'))
    }
    if (verb === 'DATA') {
      data = true
      return say('354 go on')
    }
    if (verb === 'QUIT') {
      say('221 bye')
      return socket.end()
    }
    return say(verb === 'RSET' ? '250 ok' : '502 not known')
  }
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    buffer += chunk
    for (;;) {
      const end = buffer.indexOf(data ? '\r\n.\r\n' : '\r\n')
      if (end < 0) return
      const part = buffer.slice(0, end)
      buffer = buffer.slice(end + (data ? 5 : 2))
      if (data) {
        mails.push({ from, to, ...read(part) })
        data = false
        say('250 taken')
      } else command(part)
    }
  })
  say('220 mail.example')
}

type Part = { headers: string; body: string }

function split(raw: string): Part {
  const [headers = '', ...rest] = raw.split('\r\n\r\n')
  return { headers: headers.replace(/\r\n[ \t]+/g, ' '), body: rest.join('\r\n\r\n') }
}

function read(stuffed: string): Omit<Received, 'from' | 'to'> {
  const raw = stuffed.replace(/^\.\./gm, '.')
  const whole = split(raw)
  const boundary = /^content-type: *multipart\/alternative;.*boundary="?([^";\r\n]+)/im.exec(whole.headers)?.[1]
  const parts =
    boundary === undefined
      ? [whole]
      : whole.body
          .split(`--${boundary}`)
          .slice(1, -1)
          .map((part) => split(part.replace(/^\r\n/, '').replace(/\r\n$/, '')))
  const ofType = (type: string) =>
    parts.find(({ headers }) => new RegExp(`^content-type: *${type}`, 'im').test(headers))
  const html = ofType('text/html')
  return {
    headers: whole.headers.replaceAll('\r\n', '\n'),
    subject: words(/^subject: *(.*)$/im.exec(whole.headers)?.[1] ?? ''),
    text: decoded(ofType('text/plain') ?? whole),
    html: html ? decoded(html) : null,
    raw
  }
}

function decoded({ headers, body }: Part): string {
  const encoding = /^content-transfer-encoding: *(\S+)/im.exec(headers)?.[1]?.toLowerCase()
  const text =
    encoding === 'base64'
      ? Buffer.from(body, 'base64').toString('utf8')
      : encoding === 'quoted-printable'
        ? quotedPrintable(body.replace(/=\r\n/g, ''))
        : body
  return text.replaceAll('\r\n', '\n')
}

const quotedPrintable = (text: string): string =>
  Buffer.from(
    text.replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1'
  ).toString('utf8')

/** Encoded words of a header (RFC 2047). */
const words = (header: string): string =>
  header
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([qb])\?([^?]*)\?=/gi, (_, how: string, text: string) =>
      how.toLowerCase() === 'b'
        ? Buffer.from(text, 'base64').toString('utf8')
        : quotedPrintable(text.replaceAll('_', ' '))
    )
