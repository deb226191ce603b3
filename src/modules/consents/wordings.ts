import type { Tx } from '../../db/client.ts'
import { refuseFaults } from '../../shared/errors.ts'
import { languages, wordsFor } from '../../shared/words/index.ts'
import { audit } from '../audit/index.ts'
import { currentPolicy } from '../timebanks/index.ts'
import { wordings } from './tables.ts'
import { type ConsentPurpose, consentPurposes } from './vocabulary.ts'

/** The words that somebody is shown who is asked for consent, in one language. `addedAt` is null for those that are built in. */
export type Wording = {
  purpose: ConsentPurpose
  version: number
  language: string
  text: string
  addedBy: string | null
  addedAt: Date | null
}

const builtIn: readonly Wording[] = consentPurposes.flatMap((purpose) =>
  languages.map((language) => ({
    purpose,
    version: 1,
    language,
    text: wordsFor(language).words.consentWordings[purpose],
    addedBy: null,
    addedAt: null
  }))
)

async function added(tx: Tx, purpose: ConsentPurpose | undefined): Promise<Wording[]> {
  const { rows } = await tx.client.query<Wording>({
    name: 'consents.wordings',
    text: `SELECT purpose, version, language, text, added_by AS "addedBy", added_at AS "addedAt"
             FROM consents.wordings WHERE timebank_id = $1 AND ($2::text IS NULL OR purpose = $2)`,
    values: [tx.timebankId, purpose ?? null]
  })
  return rows
}

/** All of them, by purpose, the newest version first; a timebank has few. */
export async function listWordings(tx: Tx, purpose?: ConsentPurpose | undefined): Promise<Wording[]> {
  const all = [
    ...builtIn.filter((wording) => purpose === undefined || wording.purpose === purpose),
    ...(await added(tx, purpose))
  ]
  const order = ({ purpose: of, version, language }: Wording) =>
    `${consentPurposes.indexOf(of)} ${String(1_000_000 - version).padStart(7, '0')} ${language}`
  return all.sort((a, b) => (order(a) < order(b) ? -1 : 1))
}

/**
 * Adds the next version of the words for a purpose, in one or more languages. Consents keep the version that was shown; new
 * ones are asked for with the newest. Two at once get two versions.
 */
export async function addWording(
  tx: Tx,
  purpose: ConsentPurpose,
  texts: readonly { language: string; text: string }[]
): Promise<Wording[]> {
  await tx.client.query({
    name: 'consents.hold_wordings',
    text: "SELECT pg_advisory_xact_lock(hashtextextended('consents.wordings|' || $1 || '|' || $2, 0))",
    values: [tx.timebankId, purpose]
  })
  const version = Math.max(1, ...(await added(tx, purpose)).map((wording) => wording.version)) + 1
  const { membershipId } = tx.actor
  const rows = texts.map((text) => ({ purpose, version, ...text, addedBy: membershipId, addedAt: tx.now }))
  await tx.db.insert(wordings).values(rows.map((row) => ({ timebankId: tx.timebankId, ...row })))
  await audit(tx, {
    action: 'consent-wording.added',
    subject: { type: 'consent-wording', id: `${purpose}:${version}` },
    changes: { languages: texts.map(({ language }) => language) }
  })
  return rows
}

/** The language in which an existing version was shown: the one named, or the first of the timebank's own that it has. */
export async function languageShown(
  tx: Tx,
  purpose: ConsentPurpose,
  version: number,
  language: string | undefined
): Promise<string> {
  const having = (await listWordings(tx, purpose))
    .filter((wording) => wording.version === version)
    .map((wording) => wording.language)
  if (having.length === 0)
    refuseFaults([
      { pointer: '/wordingVersion', detail: `There is no version ${version} of the words for this purpose.` }
    ])
  if (language !== undefined) {
    if (!having.includes(language))
      refuseFaults([{ pointer: '/language', detail: `Version ${version} of the words is in ${having.join(', ')}.` }])
    return language
  }
  const own = (await currentPolicy(tx)).rules.locale.split('-')[0]!
  return [own, 'en', ...having].find((wanted) => having.includes(wanted))!
}
