/** Clients in a process of their own. They go on whatever dies around them, until they are told to stop. */
import { type FlowKind, runFlow, type Told, type World } from './flows.ts'

export type ToClient =
  | { order: 'begin'; world: World; kinds: FlowKind[]; flows: number }
  /** finish what has been begun, and begin nothing */
  | { order: 'rest' }

export type FromClient =
  | { report: 'told'; told: Told[]; sentAt: number }
  | { report: 'resting' }
  | { report: 'failed'; why: string }

let going = false

process.on('message', (message: ToClient) => {
  if (message.order === 'rest') {
    going = false
    return
  }
  going = true
  const { world, kinds, flows } = message
  const send = (report: FromClient) => void process.send?.(report)
  const one = async (): Promise<void> => {
    while (going) {
      const kind = kinds[Math.floor(Math.random() * kinds.length)]!
      await runFlow(world, kind, (told, sentAt) => send({ report: 'told', told, sentAt }))
    }
  }
  Promise.all(Array.from({ length: flows }, one)).then(
    () => send({ report: 'resting' }),
    (error: Error) => send({ report: 'failed', why: error.stack ?? error.message })
  )
})
