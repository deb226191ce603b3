import { setTimeout as sleep } from 'node:timers/promises'
import { makeTown, withDatabase } from '../test/support/town.ts'
import { check, type Findings } from './check.ts'
import { startClients } from './clients.ts'
import { type FlowKind, flowKinds } from './flows.ts'
import { type Fault, openStage } from './stage.ts'

export type Round = Findings & {
  fault: Fault
  /** from the fault to the first success of a request that was sent after it */
  seconds: number | null
}

export const isClean = ({ lost, doubled, wrongBalances, sum, sound, seconds }: Round): boolean =>
  lost === 0 && doubled === 0 && wrongBalances === 0 && sum === 0 && sound && seconds !== null

export type CampaignOptions = {
  /** what each round breaks, in this order; those that need a proxy before the database come in a part of their own */
  rounds: readonly Fault[]
  /** what node is given to run */
  program: readonly string[]
  kinds?: readonly FlowKind[]
  clients?: { processes: number; flows: number }
  onRound?: (round: Round) => void
}

/** So long a load runs before a fault, and after the first success. */
const loadMs = 2000
const patienceMs = 60_000

/**
 * Breaks something under load, round by round, and compares after each what the clients were told with what is there.
 * Members have floors that the load reaches, so that refusals are part of it.
 */
export async function campaign(options: CampaignOptions): Promise<Round[]> {
  const { rounds } = options
  const needsProxy = (fault: Fault) => fault === 'database cut'
  return [
    ...(await part(
      options,
      rounds.filter((fault) => !needsProxy(fault)),
      false
    )),
    ...(await part(options, rounds.filter(needsProxy), true))
  ]
}

async function part(options: CampaignOptions, faults: Fault[], proxied: boolean): Promise<Round[]> {
  if (faults.length === 0) return []
  const { program, kinds = flowKinds, clients: count = { processes: 2, flows: 12 }, onRound } = options
  const stage = await openStage(program, proxied)
  try {
    const policy = { memberFloorSoft: -600, memberFloorHard: -1200, memberCeilingSoft: 6000 }
    const town = await withDatabase(stage.databaseUrl, (database) =>
      makeTown(database, stage.url, { slug: 'rivertown', members: 20, policy })
    )
    const { slug, categoryId, broker, members } = town
    const clients = startClients({ url: stage.url, slug, categoryId, broker, members }, [...kinds], count)
    try {
      const results: Round[] = []
      for (const fault of faults) {
        clients.begin()
        await sleep(loadMs * (0.5 + Math.random()))
        const struck = Date.now()
        await stage.strike(fault)
        let seconds: number | null = null
        while (seconds === null && Date.now() < struck + patienceMs) {
          await sleep(5)
          seconds = clients.firstSuccessAfter(struck)
        }
        await sleep(loadMs / 2)
        await clients.rest()
        const round = { fault, seconds, ...(await check(stage.databaseUrl, stage.url, town, clients)) }
        results.push(round)
        onRound?.(round)
      }
      return results
    } finally {
      clients.stop()
    }
  } finally {
    await stage.stop()
  }
}
