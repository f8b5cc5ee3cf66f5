/** Moments as these pages tell them: by the wall clock, in the time zone of whoever looks. */
const MOMENT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' })

export const momentWords = (ms: number): string => MOMENT.format(ms)

/** What a field for a moment gives: `2026-01-31T08:00`, in the same zone; null for none. */
export function momentTyped(text: string): number | null {
  const ms = text === '' ? Number.NaN : new Date(text).getTime()
  return Number.isNaN(ms) ? null : ms
}
