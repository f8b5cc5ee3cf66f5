/**
 * What OsmAnd and Traccar Client send: parameters in the query or as a form, and since Traccar Client 9 a JSON object.
 * Source: https://www.traccar.org/osmand/.
 */
import { z } from 'zod'
import { numberOfText } from '../number-text.ts'
import { type PostedFix, postedFix } from './posted-fix.ts'

const COORDS = z.looseObject({
  latitude: z.unknown().describe('Decimal degrees.'),
  longitude: z.unknown().describe('Decimal degrees.'),
  accuracy: z.unknown().optional().describe('Metres.'),
  speed: z.unknown().optional().describe('Metres a second.'),
  heading: z.unknown().optional().describe('Degrees clockwise from north.'),
})
export const OSMAND_BODY = z.looseObject({
  device_id: z.string({ error: 'must be a text' }).optional().describe('The unit.'),
  location: z.looseObject({ timestamp: z.unknown().describe('ISO 8601.'), coords: COORDS }),
})

/** What a request says. */
export interface OsmAndFix {
  /** Null where it names none. */
  readonly device: string | null
  /** Null for one that can never be taken. */
  readonly fix: PostedFix | null
}

export const osmAndJson = ({ device_id, location }: z.output<typeof OSMAND_BODY>): OsmAndFix => ({
  device: device_id ?? null,
  fix: postedFix({
    measuredWallMs: typeof location.timestamp === 'string' ? timeOf(location.timestamp) : Number.NaN,
    lonDeg: numberOf(location.coords.longitude),
    latDeg: numberOf(location.coords.latitude),
    accuracyM: numberOf(location.coords.accuracy),
    speedMps: numberOf(location.coords.speed),
    headingDeg: numberOf(location.coords.heading),
  }),
})

const MPS_OF_KNOT = 1_852 / 3_600

/** Input: `nowMs`, the time of a request that names none. Of a name that comes twice the first counts. */
export function osmAndParameters(given: URLSearchParams, nowMs: number): OsmAndFix {
  const number = (name: string) => numberOfText(given.get(name) ?? '') ?? Number.NaN
  const timestamp = given.get('timestamp')
  const [latDeg, lonDeg] = placeOf(given) ?? [number('lat'), number('lon')]
  return {
    device: given.get('id') ?? given.get('deviceid'),
    fix:
      given.get('valid') === 'false' || given.get('valid') === '0'
        ? null
        : postedFix({
            measuredWallMs: timestamp === null ? nowMs : timeOf(timestamp),
            lonDeg,
            latDeg,
            accuracyM: number('accuracy'),
            speedMps: number('speed') * MPS_OF_KNOT,
            headingDeg: given.has('bearing') ? number('bearing') : number('heading'),
          }),
  }
}

/** `location=lat,lon`, in place of the two. */
function placeOf(given: URLSearchParams): readonly [number, number] | null {
  const [lat, lon, ...more] = given.get('location')?.split(',') ?? []
  if (lat === undefined || lon === undefined || more.length > 0) return null
  return [numberOfText(lat) ?? Number.NaN, numberOfText(lon) ?? Number.NaN]
}

/** Below this a number counts seconds: as milliseconds it is April 1970. */
const SECONDS_BELOW = 10_000_000_000
const UTC_TEXT = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/

/** Seconds or milliseconds, ISO 8601 (in UTC where it names no zone), or `yyyy-MM-dd HH:mm:ss` in UTC; NaN for anything else. */
function timeOf(text: string): number {
  const number = numberOfText(text)
  if (number !== null) return number < SECONDS_BELOW ? number * 1_000 : number
  if (UTC_TEXT.test(text)) return Date.parse(`${text.replace(' ', 'T')}Z`)
  if (!/^\d{4}-\d\d-\d\dT/.test(text)) return Number.NaN
  return Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`)
}

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : Number.NaN)
