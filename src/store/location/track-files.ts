/** A track in the forms that maps and spreadsheets read: GeoJSON (RFC 7946), GPX 1.1 and CSV (RFC 4180). */
import type { RegionId, UnitId } from '../../domain/ids.ts'
import type { TimeSpan } from './archives.ts'
import { FIX_FLAGS } from './segment-codec.ts'
import type { TrackFix } from './track.ts'
import type { DamagedSpan } from './track-damage.ts'

/** By the ending of a file. */
export const TRACK_FORMS = {
  geojson: 'application/geo+json',
  gpx: 'application/gpx+xml',
  csv: 'text/csv; charset=utf-8; header=present',
} as const
export type TrackForm = keyof typeof TRACK_FORMS

export interface WholeTrack {
  readonly region: RegionId
  readonly unitId: UnitId
  readonly fromMs: number
  readonly toMs: number
  /** In the order of the track. */
  readonly fixes: readonly TrackFix[]
  readonly damaged: readonly DamagedSpan[]
  readonly archived: readonly TimeSpan[]
  /** More follows it. */
  readonly isCut: boolean
}

export function trackFile(form: TrackForm, track: WholeTrack): string {
  switch (form) {
    case 'geojson':
      return geoJson(track)
    case 'gpx':
      return gpx(track)
    case 'csv':
      return csv(track)
  }
}

export const flagNames = (flags: number): string[] =>
  Object.entries(FIX_FLAGS).flatMap(([name, bit]) => ((flags & bit) === 0 ? [] : [name]))

const iso = (ms: number): string => new Date(ms).toISOString()

/** The way as one line, where it has two points, and each fix as a point with what was measured. */
function geoJson({ region, unitId, fromMs, toMs, fixes, damaged, archived, isCut }: WholeTrack): string {
  const line = {
    type: 'Feature',
    geometry: { type: 'LineString', coordinates: fixes.map(({ lonDeg, latDeg }) => [lonDeg, latDeg]) },
    properties: { unitId, coordTimes: fixes.map(({ fixedAtMs }) => iso(fixedAtMs)) },
  }
  const points = fixes.map(({ lonDeg, latDeg, fixedAtMs, flags, ...measured }) => ({
    type: 'Feature',
    geometry: { type: 'Point', coordinates: [lonDeg, latDeg] },
    properties: { unitId, time: iso(fixedAtMs), fixedAtMs, ...measured, flags: flagNames(flags) },
  }))
  const told = {
    type: 'FeatureCollection',
    ...{ region, unitId, from: iso(fromMs), to: iso(toMs), isCut },
    ...(damaged.length > 0 && { damaged }),
    ...(archived.length > 0 && { archived }),
    features: fixes.length > 1 ? [line, ...points] : points,
  }
  return `${JSON.stringify(told)}\n`
}

const NAMESPACE = 'https://goldenhour.invalid/gpx/1'

/** Of speed, heading and accuracy GPX knows nothing: they are extensions, which readers pass over. No id has a character that XML escapes. */
function gpx({ region, unitId, fromMs, toMs, fixes, damaged, archived, isCut }: WholeTrack): string {
  const lacking = [
    ...(isCut ? ['more follows'] : []),
    ...(damaged.length > 0 ? ['stored fixes are damaged or missing'] : []),
    ...(archived.length > 0 ? ['stored fixes were moved into files'] : []),
  ]
  const about = [`Region ${region}, from ${iso(fromMs)} to ${iso(toMs)}`, ...lacking].join('; ')
  return `<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="Goldenhour" xmlns="http://www.topografix.com/GPX/1/1" xmlns:g="${NAMESPACE}">
<metadata><desc>${about}</desc></metadata>
<trk><name>${unitId}</name><trkseg>
${fixes.map(pointOf).join('')}</trkseg></trk>
</gpx>
`
}

function pointOf({
  lonDeg,
  latDeg,
  fixedAtMs,
  accuracyM,
  speedMps,
  headingDeg,
  streamId,
  seq,
  flags,
}: TrackFix): string {
  const measured = Object.entries({ accuracyM, speedMps, headingDeg, streamId, seq })
  const told = [...measured, ...flagNames(flags).map(flag => ['flag', flag] as const)]
  const extensions = told.flatMap(([name, value]) => (value === null ? [] : [`<g:${name}>${value}</g:${name}>`]))
  return `<trkpt lat="${latDeg}" lon="${lonDeg}"><time>${iso(fixedAtMs)}</time><extensions>${extensions.join('')}</extensions></trkpt>\n`
}

const COLUMNS = [
  'time',
  'fixedAtMs',
  'lonDeg',
  'latDeg',
  'accuracyM',
  'speedMps',
  'headingDeg',
  'streamId',
  'seq',
  'flags',
]

/** Of the texts in it only a stream's name is a client's: an apostrophe keeps a spreadsheet from calculating what begins as a formula. */
function csv({ fixes }: WholeTrack): string {
  const rows = fixes.map(({ fixedAtMs, lonDeg, latDeg, accuracyM, speedMps, headingDeg, streamId, seq, flags }) => {
    const stream = /^[=+\-@]/.test(streamId) ? `'${streamId}` : streamId
    const texts = [stream, seq, flagNames(flags).join(' ')]
    return [iso(fixedAtMs), fixedAtMs, lonDeg, latDeg, accuracyM, speedMps, headingDeg, ...texts].join(',')
  })
  return [COLUMNS.join(','), ...rows].map(row => `${row}\r\n`).join('')
}
