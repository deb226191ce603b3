/** More than this is left for the statement after: arrays of this length are still cheap, and nobody waits long. */
const mostAtOnce = 200

/**
 * Lets callers share a statement. `run` gets what was asked for and gives one answer for each, in the same order.
 *
 * One statement is under way at a time, and what is asked for meanwhile makes up the next: the busier the service, the more
 * share one. There is no timer. On an idle service a call is sent at the end of the present turn of the event loop, together
 * with what else this turn has brought in.
 *
 * Where `run` fails, all that shared it fail with the same error, so it must be given nothing that may spoil the statement
 * for the others: check what callers send before you ask. Those that wait for the next statement are not concerned.
 */
export function sharing<Asked, Answer>(
  run: (asked: readonly Asked[]) => Promise<readonly Answer[]>,
  most = mostAtOnce
): (asked: Asked) => Promise<Answer> {
  type Waiting = { asked: Asked; resolve(answer: Answer): void; reject(error: unknown): void }
  let waiting: Waiting[] = []
  let busy = false

  const next = async (): Promise<void> => {
    const batch = waiting.slice(0, most)
    waiting = waiting.slice(most)
    try {
      const answers = await run(batch.map(({ asked }) => asked))
      if (answers.length !== batch.length) throw new Error(`${batch.length} asked, ${answers.length} answers`)
      for (const [i, { resolve }] of batch.entries()) resolve(answers[i] as Answer)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
    busy = waiting.length > 0
    if (busy) setImmediate(next)
  }

  return (asked) =>
    new Promise((resolve, reject) => {
      waiting.push({ asked, resolve, reject })
      if (busy) return
      busy = true
      setImmediate(next)
    })
}
