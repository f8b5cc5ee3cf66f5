/** Numbers as a dispatcher reads them. */

/** `4:05`, `1:04:05`; of less than nothing with a minus. */
export function duration(ms: number): string {
  const sign = ms < 0 ? '−' : ''
  const all = Math.floor(Math.abs(ms) / 1_000)
  const [hours, minutes, seconds] = [Math.floor(all / 3_600), Math.floor(all / 60) % 60, all % 60]
  const two = (value: number) => String(value).padStart(2, '0')
  return hours > 0 ? `${sign}${hours}:${two(minutes)}:${two(seconds)}` : `${sign}${minutes}:${two(seconds)}`
}

/** How old something is, as short as can be: `8 s`, `4 min`, `3 h`, `2 d`. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`
  return seconds < 86_400 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`
}

/** `14:03:20` in the region's own time zone. */
export function timeOfDay(ms: number, timeZone: string): string {
  return formatIn(timeZone, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(ms)
}

/** `Tue 3 Mar` there. */
export function dayOf(ms: number, timeZone: string): string {
  return formatIn(timeZone, { weekday: 'short', day: 'numeric', month: 'short' }).format(ms)
}

function formatIn(timeZone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone, ...options })
  } catch {
    // A zone that this browser does not know.
    return new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...options })
  }
}

/** `850 m`, `2.4 km`. */
export function distance(m: number): string {
  return m < 1_000 ? `${Math.round(m)} m` : `${(m / 1_000).toFixed(m < 10_000 ? 1 : 0)} km`
}

/** `-36.87750, 174.76000`: latitude first, as people say it. */
export function coordinates({ lonDeg, latDeg }: { readonly lonDeg: number; readonly latDeg: number }): string {
  return `${latDeg.toFixed(5)}, ${lonDeg.toFixed(5)}`
}

/** Reads what people type: latitude and longitude, with a comma or a space between. Output: null for what is none. */
export function readCoordinates(text: string): { readonly lonDeg: number; readonly latDeg: number } | null {
  const numbers = text.trim().split(/[\s,;]+/)
  if (numbers.length !== 2 || numbers.some(each => !/^[-+]?\d{1,3}(\.\d+)?$/.test(each))) return null
  const [latDeg, lonDeg] = numbers.map(Number) as [number, number]
  return Math.abs(latDeg) <= 90 && Math.abs(lonDeg) <= 180 ? { latDeg, lonDeg } : null
}

/** Metres between two places that are near each other. */
export function metresBetween(
  a: { readonly lonDeg: number; readonly latDeg: number },
  b: { readonly lonDeg: number; readonly latDeg: number },
): number {
  const north = (a.latDeg - b.latDeg) * 111_195
  const east = (a.lonDeg - b.lonDeg) * 111_195 * Math.cos((a.latDeg * Math.PI) / 180)
  return Math.hypot(north, east)
}

/** The part of a number that is said on the radio: `000123` of `2026-000123`, with the unit's place where there is one. */
export function shortNumber(number: string): string {
  return number.replace(/^\d{4}-0*(?=\d)/, '')
}
