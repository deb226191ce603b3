import { isIPv6 } from 'node:net'
import { type SQL, sql } from 'drizzle-orm'
import type { Database } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { hashSecret } from './secrets.ts'

/** `limit` in `seconds`; a window that follows a used-up one within a day is twice as long, `doublings` times at most. */
type Throttle = { scope: string; limit: number; seconds: number; doublings: number }

const perAccount: Throttle = { scope: 'account', limit: 10, seconds: 15 * 60, doublings: 4 }
const perAddress: Throttle = { scope: 'address', limit: 50, seconds: 15 * 60, doublings: 4 }
const linksPerAccount: Throttle = { scope: 'account-links', limit: 20, seconds: 60 * 60, doublings: 0 }
const linksPerAsker: Throttle = { scope: 'account-address-links', limit: 5, seconds: 60 * 60, doublings: 0 }
const linksPerAddress: Throttle = { scope: 'address-links', limit: 30, seconds: 60 * 60, doublings: 0 }
const secretsPerAsker: Throttle = { scope: 'client-address', limit: 10, seconds: 60, doublings: 4 }
const secretsPerAddress: Throttle = { scope: 'address-clients', limit: 50, seconds: 60, doublings: 4 }

/**
 * Runs `check`, whose answer says whether the guess was right. Each guess is counted *before* it is checked and taken
 * back when it was right, so that guesses made at the same moment cannot slip past the limit. Unknown accounts count
 * just the same.
 */
export async function guardGuess(
  database: Database,
  email: string,
  address: string,
  check: () => Promise<boolean>
): Promise<boolean> {
  const place = placeOf(address)
  // the address first: one that is used up must not use up other people's accounts as well
  refuseOver(await count(database, perAddress, place))
  refuseOver(await count(database, perAccount, email))
  let right: boolean
  try {
    right = await check()
  } catch (error) {
    // nothing was learnt, so nothing counts
    await takeBack(database, perAddress, place)
    await takeBack(database, perAccount, email)
    throw error
  }
  if (right) {
    await takeBack(database, perAddress, place)
    await forgetGuesses(database, email)
  }
  return right
}

/** The account's owner has shown who they are. */
export async function forgetGuesses(database: Database, email: string): Promise<void> {
  await database.db.execute(
    sql`DELETE FROM identity.guesses WHERE scope = ${perAccount.scope} AND key_hash = ${keyHash(perAccount, email)}`
  )
}

/**
 * Counts a wish for a link. False: enough for now, of which the answer tells nothing. What one asker wishes beyond their own
 * limit does not count against the account: they would keep its owner from asking elsewhere.
 */
export async function countLinkRequest(database: Database, email: string, address: string): Promise<boolean> {
  const place = placeOf(address)
  refuseOver(await count(database, linksPerAddress, place))
  if (!(await count(database, linksPerAsker, `${email}|${place}`)).allowed) return false
  return (await count(database, linksPerAccount, email)).allowed
}

/**
 * Counts a secret that was no good for a client, there or not; beyond the limits it is refused with a time to wait. Unlike a
 * password it is looked at first: of 256 random bits nobody guesses one, and a system that goes on with an old secret shall
 * not keep those that have the new one from their tokens.
 */
export async function countWrongSecret(database: Database, clientId: string, address: string): Promise<void> {
  const place = placeOf(address)
  refuseOver(await count(database, secretsPerAddress, place))
  refuseOver(await count(database, secretsPerAsker, `${clientId.toLowerCase()}|${place}`))
}

/** Forgets windows that have no more bearing on the length of the next. */
export async function purgeGuesses(database: Database): Promise<void> {
  const now = database.clock().toISOString()
  await database.db.execute(
    sql`DELETE FROM identity.guesses WHERE window_ends < ${now}::timestamptz - interval '1 day'`
  )
}

type Count = { allowed: boolean; waitSeconds: number }

/** One statement, whose row lock makes all processes take turns. The window starts anew when the limit is reached. */
async function count(database: Database, throttle: Throttle, key: string): Promise<Count> {
  const { scope, limit, seconds, doublings } = throttle
  const now = sql`${database.clock().toISOString()}::timestamptz`
  const window = (doubled: SQL): SQL => sql`${now} + make_interval(secs => ${seconds}::float8 * 2 ^ (${doubled}))`
  const result = await database.db.execute(sql`
    INSERT INTO identity.guesses AS g (scope, key_hash, failures, doublings, window_ends)
    VALUES (${scope}, ${keyHash(throttle, key)}, 1, 0, ${window(sql`0`)})
    ON CONFLICT (scope, key_hash) DO UPDATE SET (failures, doublings, window_ends) = (
      SELECT n.failures, n.doublings,
             CASE WHEN n.running AND n.failures <> ${limit}::int THEN g.window_ends ELSE ${window(sql`n.doublings`)} END
        FROM (SELECT g.window_ends > ${now} AS running,
                     CASE WHEN g.window_ends > ${now} THEN least(g.failures + 1, ${limit}::int + 1) ELSE 1 END AS failures,
                     CASE WHEN g.window_ends > ${now} THEN g.doublings
                          WHEN g.failures >= ${limit}::int AND g.window_ends > ${now} - interval '1 day'
                          THEN least(g.doublings + 1, ${doublings}::int)
                          ELSE 0 END AS doublings) n)
    RETURNING g.failures <= ${limit}::int AS allowed, ceil(extract(epoch FROM g.window_ends - ${now}))::int AS wait`)
  const row = result.rows[0]
  return { allowed: row?.['allowed'] === true, waitSeconds: Math.max(1, Number(row?.['wait'])) }
}

async function takeBack(database: Database, throttle: Throttle, key: string): Promise<void> {
  await database.db.execute(sql`
    UPDATE identity.guesses SET failures = greatest(failures - 1, 0)
     WHERE scope = ${throttle.scope} AND key_hash = ${keyHash(throttle, key)}`)
}

function refuseOver({ allowed, waitSeconds }: Count): void {
  if (!allowed) throw new DomainError('too-many-guesses', undefined, { retryAfterSeconds: waitSeconds })
}

const keyHash = ({ scope }: Throttle, key: string): string => hashSecret(`${scope}|${key}`)

/** One connection's worth of addresses: an IPv4 address, or the /64 of an IPv6 one, which belongs to one household. */
export function placeOf(address: string): string {
  const bare = address.split('%')[0] ?? ''
  if (!isIPv6(bare)) return bare
  // the URL parser writes addresses in one way only: lower case, shortest, no dotted part
  const [head = '', tail] = new URL(`http://[${bare}]`).hostname.slice(1, -1).split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups = [...left, ...Array(8 - left.length - right.length).fill('0'), ...right] as string[]
  const mapped = groups.slice(0, 5).every((group) => group === '0') && groups[5] === 'ffff'
  if (!mapped) return `${groups.slice(0, 4).join(':')}::/64`
  const [high, low] = groups.slice(6).map((group) => Number.parseInt(group, 16)) as [number, number]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
