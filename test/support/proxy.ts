import net from 'node:net'

/** Where a proxy leads to: a port of this machine, or a unix socket. */
export type Target = { port: number } | { path: string }

export type Proxy = {
  port: number
  /** Resets all connections at once, and those that come within the next milliseconds; tells how many were open. */
  cut(deafMs?: number): number
  close(): Promise<void>
}

/** What the server behind it sends on one connection; `opening` is what the client said first. */
export type Watch = (connection: { opening: Buffer | null }, chunk: Buffer) => void

/** A small TCP proxy that passes everything on, until it is told to cut. `watch` sees what comes back. */
export async function startProxy(target: Target, watch?: Watch): Promise<Proxy> {
  const open = new Set<net.Socket>()
  let deafUntil = 0
  const server = net.createServer((client) => {
    if (Date.now() < deafUntil) {
      client.resetAndDestroy()
      return
    }
    const upstream = net.connect(target)
    const connection: { opening: Buffer | null } = { opening: null }
    if (watch) {
      client.once('data', (chunk) => (connection.opening = chunk))
      upstream.on('data', (chunk) => watch(connection, chunk))
    }
    for (const [from, to] of [
      [client, upstream],
      [upstream, client]
    ] as const) {
      from.setNoDelay(true)
      open.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        open.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (deafMs = 0): number => {
    deafUntil = Date.now() + deafMs
    const count = open.size / 2
    // a reset and not an orderly end: what was on its way is lost. Unix sockets know no reset
    for (const socket of open) {
      if (socket.remoteAddress === undefined) socket.destroy()
      else socket.resetAndDestroy()
    }
    return count
  }
  return {
    port: (server.address() as net.AddressInfo).port,
    cut,
    close: async () => {
      cut()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}
