import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import { type NoticeTopic, noticeTopics } from '../../shared/notice-kinds.ts'
import { currentPolicy } from '../timebanks/index.ts'
import { type KeptPreferences, undeliveredTo, wayOf } from './preferences.ts'
import { type preferencesView, weekDays } from './schemas.ts'

type View = z.output<typeof preferencesView>

export async function preferencesViewOf(tx: Tx, kept: KeptPreferences): Promise<View> {
  const { rules } = await currentPolicy(tx)
  const { quiet, digestDay, digestHour, messageTexts, rowVersion } = kept
  const way = (topic: NoticeTopic) => ({ way: wayOf(kept, topic, rules), chosen: kept.choices[topic] !== undefined })
  return {
    topics: Object.fromEntries(noticeTopics.map((topic) => [topic, way(topic)])) as View['topics'],
    digestDay: weekDays[digestDay - 1]!,
    digestHour,
    quietHours: quiet && { from: timeOf(quiet.from), to: timeOf(quiet.to) },
    messageTexts,
    undelivered: await undeliveredTo(tx, kept.membershipId),
    rowVersion
  }
}

const two = (number: number): string => String(number).padStart(2, '0')
const timeOf = (minute: number): string => `${two(Math.floor(minute / 60))}:${two(minute % 60)}`
