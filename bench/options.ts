import { parseArgs } from 'node:util'

export type Options = {
  quick: boolean
  /** of each figure, after its warm-up */
  seconds: number
  warmSeconds: number
  /** transfers in the timebank that is read */
  transfers: number
  /** exchanges that wait for their confirmation */
  exchanges: number
  out: string
  /** only the sections whose names begin so */
  only: string[]
}

export function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      out: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] }
    }
  })
  const { quick } = values
  return {
    quick,
    seconds: Number(values.seconds ?? (quick ? 2 : 8)),
    warmSeconds: quick ? 1 : 2,
    transfers: quick ? 100_000 : 1_000_000,
    exchanges: quick ? 4000 : 20_000,
    // a short run, or a part, is no record
    out: values.out ?? (quick || values.only.length > 0 ? '' : 'BENCHMARKS.md'),
    only: values.only
  }
}
