import { type ChildProcess, fork } from 'node:child_process'
import path from 'node:path'
import type { FromClient, ToClient } from './client.ts'
import type { FlowKind, Told, World } from './flows.ts'

/** Several processes of clients, and the record of all that they were told. */
export type Clients = {
  begin(): void
  /** resolves when everything that was begun has got its answer */
  rest(): Promise<void>
  /** seconds from then to the first success of a request that was sent after it; null: none yet */
  firstSuccessAfter(time: number): number | null
  transfers: Map<string, Told & { what: 'transfer' }>
  exchanges: Map<string, Told & { what: 'exchange' }>
  refusals: Set<string>
  stop(): void
}

export function startClients(world: World, kinds: FlowKind[], count: { processes: number; flows: number }): Clients {
  const children = Array.from({ length: count.processes }, () =>
    fork(path.join(import.meta.dirname, 'client.ts'), { execArgv: ['--import', 'tsx'] })
  )
  const transfers: Clients['transfers'] = new Map()
  const exchanges: Clients['exchanges'] = new Map()
  const refusals: Clients['refusals'] = new Set()
  let successes: { sentAt: number; at: number }[] = []
  let failure: Error | null = null
  let resting = new Map<ChildProcess, () => void>()

  const fail = (error: Error) => {
    failure ??= error
    for (const rested of resting.values()) rested()
  }
  for (const child of children) {
    child.on('error', fail)
    child.on('exit', (code, signal) => code !== 0 && signal !== 'SIGTERM' && fail(new Error('a client has ended')))
    child.on('message', (message: FromClient) => {
      if (message.report === 'failed') fail(new Error(message.why))
      else if (message.report === 'resting') resting.get(child)?.()
      else {
        successes.push({ sentAt: message.sentAt, at: Date.now() })
        for (const told of message.told) {
          if (told.what === 'transfer') transfers.set(told.id, told)
          else if (told.what === 'exchange') exchanges.set(told.id, told)
          else refusals.add(told.id)
        }
      }
    })
  }
  const order = (message: ToClient) => {
    for (const child of children) child.send(message)
  }
  return {
    begin: () => order({ order: 'begin', world, kinds, flows: count.flows }),
    rest: async () => {
      const all = children.map((child) => new Promise<void>((resolve) => resting.set(child, resolve)))
      order({ order: 'rest' })
      if (!failure) await Promise.all(all)
      resting = new Map()
      successes = []
      if (failure) throw failure
    },
    firstSuccessAfter: (time) => {
      if (failure) throw failure
      const first = successes.find(({ sentAt }) => sentAt >= time)
      return first ? (first.at - time) / 1000 : null
    },
    transfers,
    exchanges,
    refusals,
    stop: () => {
      for (const child of children) child.kill('SIGTERM')
    }
  }
}
