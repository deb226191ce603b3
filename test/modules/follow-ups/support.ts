import { followUpsTasks } from '../../../src/modules/follow-ups/index.ts'
import { beginSession, makeIdentity } from '../../../src/modules/identity/index.ts'
import { addDays, dateIn } from '../../../src/shared/clock.ts'
import {
  addMember,
  type Client,
  clientOf,
  type MemberOptions,
  makeStage,
  ok,
  type Stage,
  setUp
} from '../../support/app.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the tests, which know their shape
export type Json = any

const dayMs = 24 * 60 * 60 * 1000

const methodsOf = (call: Client['call']): Pick<Client, 'call' | 'get' | 'post' | 'patch' | 'put'> => ({
  call,
  get: (where, headers) => call('GET', where, undefined, headers),
  post: (where, body, headers) => call('POST', where, body, { 'idempotency-key': crypto.randomUUID(), ...headers }),
  patch: (where, body, rowVersion) => call('PATCH', where, body, { 'if-match': `"${rowVersion}"` }),
  put: (where, body, headers) => call('PUT', where, body, headers)
})

/** A timebank with a clock that the tests move, and what they do again and again. */
export async function makeQueue(name: string) {
  const stage: Stage = await makeStage(name)
  // at noon, so that parts of days that the tests let pass begin no other date, whenever they run
  const started = Math.ceil(Date.now() / dayMs) * dayMs + dayMs / 2
  stage.clock.now = new Date(started)
  let passed = 0
  const identity = makeIdentity({ database: stage.database, issuer: 'http://commonhours.test' })
  /** Tokens end after some minutes: when days have passed a client takes a new one. */
  const stayingSignedIn = (client: Client): Client => {
    if (client.token === '') return client
    let [inner, since] = [client, passed]
    const call: Client['call'] = async (...asked) => {
      if (since !== passed) {
        const { accessToken } = await beginSession(identity, client.personId, 'password')
        ;[inner, since] = [clientOf(stage.app, client.timebank, accessToken), passed]
      }
      return inner.call(...asked)
    }
    return { ...client, ...methodsOf(call) }
  }
  const admin = stayingSignedIn(await setUp(stage))
  const garden: string = ok(await admin.get('categories/gardening')).id
  const today = () => dateIn('Europe/London', new Date(started + passed))
  const shift = (days: number) => {
    passed += days * dayMs
    stage.clock.now = new Date(started + passed)
  }
  /** The hourly job, at the present moment of the tests. */
  const look = () => followUpsTasks(stage.database)['follow-ups.look']!({})
  return {
    stage,
    admin,
    /** An active member who stays signed in, whatever time passes. */
    member: async (options: MemberOptions = {}) => stayingSignedIn(await addMember(stage, admin, options)),
    garden,
    /** The admin with a token of this moment. */
    freshAdmin: async (): Promise<Client> => {
      const { accessToken } = await beginSession(identity, admin.personId, 'password')
      return clientOf(stage.app, admin.timebank, accessToken)
    },
    today,
    inDays: (days: number) => addDays(today(), days),
    look,
    shift,
    /** Lets days pass, and then the hour of the job come. */
    pass: async (days: number) => {
      shift(days)
      await look()
    },
    policy: async (rules: Record<string, unknown>) => {
      const { version } = ok(await admin.get('policy'))
      ok(await admin.patch('policy', { rules, why: 'For one test' }, version))
    },
    /** Of any state, unless the query says otherwise; of one kind about one member. */
    about: async (kind: string, { memberId }: Client, query = '&state=all&sort=opened'): Promise<Json[]> =>
      ok(await admin.get(`follow-ups?limit=200&kind=${kind}&memberId=${memberId}${query}`)).items,
    note: (id: string, outcome: string, by: Client = admin) => by.post(`follow-ups/${id}/outcome`, { outcome }),
    request: async (by: Client, more: Record<string, unknown> = {}): Promise<Json> =>
      ok(
        await by.post('requests', {
          categoryId: garden,
          title: 'Somebody to mow',
          mode: 'do',
          open: true,
          setting: 'outdoors',
          ...more
        }),
        201
      ),
    offer: async (by: Client, more: Record<string, unknown> = {}): Promise<Json> =>
      ok(
        await by.post('offers', {
          categoryId: garden,
          title: 'Mowing',
          mode: 'do',
          open: true,
          setting: 'outdoors',
          ...more
        }),
        201
      ),
    between: (provider: Client, receiver: Client, more: Record<string, unknown> = {}) => ({
      provider: { memberId: provider.memberId },
      receiver: { memberId: receiver.memberId },
      categoryId: garden,
      minutes: 60,
      ...more
    })
  }
}

export type Queue = Awaited<ReturnType<typeof makeQueue>>
