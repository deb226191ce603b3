/**
 * Kills the service and its database and cuts their connections, under load from other processes, and looks each time
 * whether anything that was acknowledged is lost, or there twice. Ends with 1 where that is so.
 *
 *     npm run crash                                  20 rounds: about three minutes
 *     npm run crash -- --rounds 100
 *     npm run crash -- --kind exchange --kind record only these requests
 */
import { parseArgs } from 'node:util'
import { build } from '../bench/ground.ts'
import { compiled } from '../test/support/process.ts'
import { campaign, isClean, type Round } from './campaign.ts'
import { type FlowKind, flowKinds } from './flows.ts'
import { faults } from './stage.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '20' }, kind: { type: 'string', multiple: true } }
})
const kinds = flowKinds.filter((kind) => values.kind === undefined || values.kind.includes(kind))
const say = (text: string): void => void process.stdout.write(`${text}\n`)

const columns: [head: string, width: number, cell: (round: Round) => string | number][] = [
  ['fault', 14, ({ fault }) => fault],
  ['acknowledged', 13, ({ acknowledged }) => acknowledged],
  ['lost', 5, ({ lost }) => lost],
  ['doubled', 8, ({ doubled }) => doubled],
  ['balances off', 13, ({ wrongBalances }) => wrongBalances],
  ['sum', 4, ({ sum }) => sum],
  ['verify', 7, ({ sound }) => (sound ? 'sound' : 'BROKEN')],
  ['first success', 14, ({ seconds }) => (seconds === null ? 'never' : `${seconds.toFixed(2)} s`)]
]

build()
say(`round  ${columns.map(([head, width]) => head.padEnd(width)).join(' ')}`)
let nth = 0
const rounds = await campaign({
  rounds: Array.from({ length: Number(values.rounds) }, (_, i) => faults[i % faults.length]!),
  program: compiled,
  kinds: kinds satisfies FlowKind[],
  onRound: (round) => {
    nth += 1
    say(`${String(nth).padStart(5)}  ${columns.map(([, width, cell]) => String(cell(round)).padEnd(width)).join(' ')}`)
    for (const detail of round.details) say(`       ${detail}`)
  }
})
const total = (what: 'lost' | 'doubled') => rounds.reduce((sum, round) => sum + round[what], 0)
const bad = rounds.filter((round) => !isClean(round)).length
say(
  `\n${rounds.length} rounds: lost ${total('lost')}, doubled ${total('doubled')}${bad ? `; ${bad} not clean` : '; all clean'}`
)
process.exitCode = bad === 0 ? 0 : 1
