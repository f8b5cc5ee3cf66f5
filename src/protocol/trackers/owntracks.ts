/**
 * What the OwnTracks apps post in HTTP mode: one JSON object a request, of which `_type` says what it is.
 * Source: https://owntracks.org/booklet/tech/json/ and https://owntracks.org/booklet/tech/http/.
 */
import { z } from 'zod'
import { type PostedFix, postedFix } from './posted-fix.ts'

/** The app has many more keys, and other kinds of objects; numbers are looked at one by one. */
export const OWNTRACKS_BODY = z.looseObject({
  _type: z
    .string({ error: 'must be a text' })
    .describe('`location` is taken; whatever else is answered and left aside.'),
  tst: z.unknown().optional().describe('When it was measured, epoch seconds.'),
  lat: z.unknown().optional().describe('Decimal degrees.'),
  lon: z.unknown().optional().describe('Decimal degrees.'),
  acc: z.unknown().optional().describe('Metres.'),
  vel: z.unknown().optional().describe('Kilometres an hour.'),
  cog: z.unknown().optional().describe('Degrees clockwise from north.'),
  topic: z.unknown().optional().describe('`owntracks/<user>/<device>`; the device names the unit, for a feed.'),
})
type OwnTracksBody = z.output<typeof OWNTRACKS_BODY>

/** What is an encrypted location nobody here can read. */
export const isOwnTracksFix = ({ _type }: OwnTracksBody): boolean => _type === 'location' || _type === 'encrypted'

/** Null for one that can never be taken. */
export const ownTracksFix = ({ tst, lat, lon, acc, vel, cog }: OwnTracksBody): PostedFix | null =>
  postedFix({
    measuredWallMs: numberOf(tst) * 1_000,
    lonDeg: numberOf(lon),
    latDeg: numberOf(lat),
    accuracyM: numberOf(acc),
    speedMps: numberOf(vel) / 3.6,
    headingDeg: numberOf(cog),
  })

/** The device of its topic; null where it says none. */
export function ownTracksDevice({ topic }: OwnTracksBody): string | null {
  return typeof topic === 'string' ? (/^owntracks\/[^/]+\/([^/]+)/.exec(topic)?.[1] ?? null) : null
}

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : Number.NaN)
