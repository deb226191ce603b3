import pg from 'pg'
import { serviceRequestsTasks } from '../../../src/modules/service-requests/index.ts'
import { type Agency, makeAgency } from '../../support/agency.ts'
import { type Answer, addMember, type Client, makeStage, ok, setUp } from '../../support/app.ts'

export type Json = Answer['body']
const day = 24 * 60 * 60 * 1000

/** A timebank with a broker, an agency and what tests of service requests ask of it again and again. */
export async function makeDesk(name: string) {
  const stage = await makeStage(name)
  const admin = await setUp(stage)
  const broker = await addMember(stage, admin, { name: 'Bron', roles: ['broker'] })
  const agency = await makeAgency(stage, admin, { name: 'Riverside Health Board' })
  let made = 0

  const own = (more: Record<string, unknown> = {}) => ({
    kind: 'own_need',
    category: 'gardening',
    title: 'Six pairs of hands for the hospital garden',
    ...more
  })

  const referral = (person: Client | number | { contact: unknown }, more: Record<string, unknown> = {}) => {
    made += 1
    return {
      kind: 'referral',
      person:
        typeof person === 'number'
          ? { memberNumber: person }
          : 'contact' in person
            ? person
            : { memberNumber: person.number },
      externalId: { system: 'https://health.example.org/referrals', value: `R-${made}` },
      category: 'walking-together',
      title: 'Somebody to walk with',
      whatMatters: 'To see the river again on Tuesdays',
      canOffer: 'Knows every bird by its song',
      knownRisks: 'Tires after half an hour of walking',
      estimatedMinutes: 60,
      consent: {
        scopes: ['contact', 'share_status'],
        wording: { version: '3' },
        givenAt: new Date(stage.clock.now ?? Date.now()).toISOString(),
        how: 'in_person',
        givenBy: 'self'
      },
      ...more
    }
  }

  const post = async (body: unknown, by: Client = agency.client): Promise<Json> =>
    ok(await by.post('service-requests', body), 201)

  const step = (by: Client, id: string, path: string, body?: unknown): Promise<Answer> =>
    by.post(`service-requests/${id}/${path}`, body)

  const yes = (scopes: readonly string[] = ['contact', 'share_status', 'share_attendance', 'share_outcome']) => ({
    answer: 'yes',
    scopes,
    wordingVersion: 1
  })

  const listing = { title: 'Company for a walk', mode: 'do', setting: 'outdoors' }

  /** A referral to which the person has said yes, taken up by the broker. */
  const accepted = async (
    person: Client,
    scopes?: readonly string[],
    more: Record<string, unknown> = {},
    of = agency
  ) => {
    const { id } = await post(referral(person, more), of.client)
    ok(await step(person, id, 'answer', yes(scopes)))
    return ok(await step(broker, id, 'acceptance', { listing }))
  }

  const tasks = serviceRequestsTasks(stage.database)

  const owner = new pg.Client({ connectionString: stage.ownerUrl })
  await owner.connect()
  const rows = async (text: string, values: unknown[] = []): Promise<Json[]> => (await owner.query(text, values)).rows

  return {
    stage,
    admin,
    broker,
    agency,
    own,
    referral,
    post,
    step,
    yes,
    listing,
    accepted,
    member: (memberName?: string): Promise<Client> =>
      addMember(stage, admin, memberName === undefined ? {} : { name: memberName }),
    anotherAgency: (agencyName: string): Promise<Agency> => makeAgency(stage, admin, { name: agencyName }),
    seen: async (id: string, of: Client = agency.client): Promise<Json> => ok(await of.get(`service-requests/${id}`)),
    /** waits until the service has done what is queued for this module */
    follow: async () => {
      for (let tries = 0; tries < 200; tries += 1) {
        const waiting = await rows(
          "SELECT last_error FROM graphile_worker.jobs WHERE task_identifier = 'service-requests.follow'"
        )
        if (waiting.length === 0) return
        if (waiting[0].last_error) throw new Error(waiting[0].last_error)
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
      throw new Error('the jobs have not been done')
    },
    /** the hourly job, so many days from now */
    hourly: async (days = 0) => {
      const before = stage.clock.now
      stage.clock.now = new Date((before ?? new Date()).getTime() + days * day)
      await tasks['service-requests.hourly']!({}).finally(() => {
        stage.clock.now = before
      })
    },
    rows,
    close: async () => {
      await owner.end()
      await stage.close()
    }
  }
}

export type Desk = Awaited<ReturnType<typeof makeDesk>>
