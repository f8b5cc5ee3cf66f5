/** What was written on paper has a time of day: which moment that was, in the region's own zone. */
import { timeOfDay } from './format.ts'

const DAY_S = 86_400

/** Input: `14:03`, `1403` or `14:03:20`. Output: the last such moment that is not ahead, in whole seconds; null for what is no time. */
export function readTimeOfDay(text: string, nowMs: number, timeZone: string): number | null {
  const [, hours, minutes, seconds = '0'] = /^(\d{1,2})[:.]?(\d{2})(?:[:.](\d{2}))?$/.exec(text.trim()) ?? []
  if (hours === undefined || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return null
  const asked = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)
  const agoS = (secondsOf(nowMs, timeZone) - asked + DAY_S) % DAY_S
  const atMs = Math.floor(nowMs / 1_000) * 1_000 - agoS * 1_000
  // Between the two the zone's clocks may have been set.
  const offS = asked - secondsOf(atMs, timeZone)
  return atMs + (offS > DAY_S / 2 ? offS - DAY_S : offS < -DAY_S / 2 ? offS + DAY_S : offS) * 1_000
}

function secondsOf(ms: number, timeZone: string): number {
  const [hours, minutes, seconds] = timeOfDay(ms, timeZone).split(':').map(Number) as [number, number, number]
  return hours * 3_600 + minutes * 60 + seconds
}
