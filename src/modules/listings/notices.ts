import type { Tx } from '../../db/client.ts'
import { addJob } from '../../db/jobs.ts'
import { findMembership } from '../members/index.ts'
import { currentPolicy } from '../timebanks/index.ts'
import { listingsExpiringWithin, noteExpiryNotices } from './expiry.ts'
import { getListing, kinds } from './listings.ts'
import type { Kind } from './vocabulary.ts'

export const noticeTask = 'listings.notice'

/** Long enough to answer, short enough to be remembered. */
const noticeDays = 7

/** Puts a notice for each listing that expires soon into the queue, in the transaction that notes that it was given. */
export async function queueNotices(tx: Tx): Promise<void> {
  const due = await listingsExpiringWithin(tx, noticeDays)
  for (const { kind, id } of due) await addJob(tx.db, noticeTask, { timebank: tx.timebankId, kind, id })
  await noteExpiryNotices(tx, due)
}

/** The mail to the owner; null where there is no longer anything to say, or no address: brokers speak to those who have none. */
export async function noticeFor(
  tx: Tx,
  kind: Kind,
  id: string
): Promise<{ to: string; subject: string; text: string } | null> {
  const listing = await getListing(tx, kind, id)
  const owner = await findMembership(tx, listing.membershipId)
  const stands = (kinds[kind].expires as readonly string[]).includes(listing.status)
  if (!stands || listing.expiresOn === null || owner?.status !== 'active' || owner.email === null) return null
  const { rules } = await currentPolicy(tx)
  const language = rules.locale.slice(0, 2)
  const write = texts[language as keyof typeof texts] ?? texts.en
  return { to: owner.email, ...write(kind, owner.displayName, listing.title, listing.expiresOn) }
}

type Write = (kind: Kind, name: string, title: string, day: string) => { subject: string; text: string }

const texts = {
  en: (kind, name, title, day) => ({
    subject: `Your ${kind} stands until ${day}`,
    text: `Hello ${name},\n\nYour ${kind} "${title}" stands until ${day}. To keep it, give it a later day. Otherwise there is nothing to do.\n`
  }),
  cy: (kind, name, title, day) => ({
    subject: `Mae eich ${kind === 'offer' ? 'cynnig' : 'cais'} yn sefyll tan ${day}`,
    text: `Helo ${name},\n\nMae eich ${kind === 'offer' ? 'cynnig' : 'cais'} "${title}" yn sefyll tan ${day}. I'w gadw, rhowch ddyddiad diweddarach iddo. Fel arall nid oes dim i'w wneud.\n`
  }),
  es: (kind, name, title, day) => ({
    subject: `Su ${kind === 'offer' ? 'oferta' : 'petición'} vale hasta el ${day}`,
    text: `Hola, ${name}:\n\nSu ${kind === 'offer' ? 'oferta' : 'petición'} «${title}» vale hasta el ${day}. Para mantenerla, póngale una fecha posterior. Si no, no hay nada que hacer.\n`
  })
} satisfies Record<string, Write>
