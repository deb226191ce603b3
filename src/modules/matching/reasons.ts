import { wordsFor } from '../../shared/words/index.ts'
import type { Candidate, Kind, PartName } from './candidates.ts'
import { closenessOf } from './nearness.ts'

/** In the order in which they are told. */
export const reasonCodes = [
  'category',
  'words',
  'gifts',
  'interests',
  'earlier',
  'distance',
  'area',
  'availability',
  'language',
  'setting',
  'balance',
  'recent'
] as const
export type ReasonCode = (typeof reasonCodes)[number]

export type Reason = { code: ReasonCode; text: string /** which part of the fit it tells of */; part: PartName }

export type Telling = {
  kind: Kind
  locales: readonly string[]
  /** one of the two asks: an earlier exchange is theirs to know of */
  own: boolean
  staff: boolean
  categoryName(id: string): string | null
  /** of the category that is asked about */
  topic: string | null
  area: string | null
}

/** Why this one fits, in words. */
export function reasonsFor(candidate: Candidate, telling: Telling): Reason[] {
  const { locale, words } = wordsFor(...telling.locales)
  const { reasons, slot, days, parts: partsOfDay } = words.matching
  const list = new Intl.ListFormat(locale, { type: 'unit', style: 'short' })
  const { parts } = candidate
  const told: Reason[] = []
  const tell = (part: PartName, code: ReasonCode, text: string | null | undefined) => {
    if (parts[part] > 0 && text) told.push({ code, text, part })
  }
  const profile = candidate.listing === null
  if (profile) {
    const said = [
      ...new Set([...(parts.category > 0 && telling.topic ? [telling.topic] : []), ...candidate.commonWords])
    ]
    const code = telling.kind === 'request' ? 'gifts' : 'interests'
    tell(parts.words > 0 ? 'words' : 'category', code, said.length > 0 ? reasons[code](list.format(said)) : null)
  } else {
    const name = candidate.category === null ? null : telling.categoryName(candidate.category)
    const same = parts.category === closenessOf.same
    tell('category', 'category', name && (same ? reasons.sameCategory(name) : reasons.nearCategory(name)))
    tell('words', 'words', reasons.words(list.format(candidate.commonWords)))
  }
  if (telling.own) tell('earlier', 'earlier', reasons.earlier)
  const { kilometres } = candidate
  if (kilometres !== null)
    tell('distance', 'distance', kilometres <= 1 ? reasons.closeBy : reasons.distance(kilometres))
  else if (telling.area !== null) tell('distance', 'area', reasons.area(telling.area))
  const slots = candidate.commonSlots.slice(0, 4).map((name) => {
    const [day, part] = name.split('_') as [keyof typeof days, keyof typeof partsOfDay]
    return slot(days[day], partsOfDay[part])
  })
  tell('availability', 'availability', reasons.availability(list.format(slots)))
  const names = new Intl.DisplayNames(locale, { type: 'language' })
  const tongues = [...new Set(candidate.commonLanguages.map((tag) => names.of(tag.split('-')[0]!) ?? tag))]
  tell('language', 'language', reasons.language(list.format(tongues)))
  const { sameMode, sameSetting } = candidate
  tell(
    'setting',
    'setting',
    sameMode && sameSetting ? reasons.settingAndMode : sameMode ? reasons.mode : reasons.setting
  )
  // of somebody's balance members learn nothing
  if (telling.staff) tell('balance', 'balance', telling.kind === 'request' ? reasons.couldGive : reasons.couldReceive)
  tell('recent', 'recent', reasons.recent)
  return told
}
