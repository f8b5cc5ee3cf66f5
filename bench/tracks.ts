/**
 * What a stored fix takes of the disk, and what reading a unit's whole span costs, before and after its segments are packed.
 *
 * Units drive at random and report each `cadence-s`, evenly spread; a segment is closed ten times a second, as an engine does. Sizes
 * are of tables with their indexes. The tracks of some units are read both times, and must be the same.
 */
import { packSegments } from '../src/store/age/pack-segments.ts'
import { SEGMENT_CODEC_VERSION, SegmentEncoder } from '../src/store/location/segment-codec.ts'
import { readTrack, type TrackCursor, type TrackFix } from '../src/store/location/track.ts'
import { type Database, openClient, openDatabase } from '../src/store/postgres/database.ts'
import type { ValuesOf } from '../tools/shared/option-table.ts'
import { seeded } from '../tools/shared/random.ts'
import { defineBench, type Outcome } from './bench.ts'
import { settle } from './databases.ts'
import { startDatabase } from './engine-child.ts'
import { REGION } from './region.ts'

const options = {
  units: { kind: 'number', what: 'units', initial: 1_000, quick: 50, min: 1, max: 10_000 },
  hours: { kind: 'number', what: 'hours of fixes', initial: 24, quick: 1, min: 1, max: 24 },
  'cadence-s': { kind: 'number', what: 'seconds between fixes', initial: 15, min: 1, max: 3_600 },
  readers: { kind: 'number', what: 'units whose tracks are read', initial: 10, quick: 3, min: 1, max: 1_000 },
  seed: { kind: 'number', what: 'the same seed drives the same fleet', initial: 1, min: 0, max: 4_294_967_295 },
} as const

const START_MS = 1_767_225_600_000
const SEGMENT_MS = 100
const SEGMENTS_AT_ONCE = 1_000
const PAGE_FIXES = 5_000

export const tracksBench = defineBench({
  name: 'tracks',
  summary: 'bytes of a stored fix, and the reading of a unit’s track, before and after segments are packed',
  options,
  run,
})

async function run(values: ValuesOf<typeof options>): Promise<Outcome> {
  const { units, hours, readers } = values
  const url = await startDatabase()
  const database = openDatabase(url)
  try {
    const fixes = await putFixes(url, values)
    await settle(url)
    const names = Array.from({ length: Math.min(readers, units) }, (_, at) => nameOf(at))
    const segmentBytes = await bytesOf(url, ['segments'])
    const before = await readAll(database, names, hours)
    const cpu = process.cpuUsage()
    let packs = 0
    for await (const _ of packSegments(database, REGION, Number.MAX_SAFE_INTEGER)) packs += 1
    const { user, system } = process.cpuUsage(cpu)
    await settle(url)
    const trackBytes = await bytesOf(url, ['tracks', 'packs'])
    const after = await readAll(database, names, hours)
    const isSame = JSON.stringify(before.tracks) === JSON.stringify(after.tracks)
    return {
      valid: packs > 0,
      settings: values,
      figures: {
        fixes,
        packs,
        segment_bytes_a_fix: segmentBytes / fixes,
        track_bytes_a_fix: trackBytes / fixes,
        read_segments_ms: before.medianMs,
        read_tracks_ms: after.medianMs,
        pack_cpu_us_a_fix: (user + system) / fixes,
      },
      complaints: isSame ? [] : ['A track is another after its segments were packed.'],
    }
  } finally {
    await database.destroy()
  }
}

const nameOf = (unit: number): string => `U-${String(unit).padStart(5, '0')}`

/** Output: how many. The last segment is of one fix, and is never packed. */
async function putFixes(url: string, { units, hours, seed, ...values }: ValuesOf<typeof options>): Promise<number> {
  const random = seeded(seed)
  const cadenceMs = values['cadence-s'] * 1_000
  const fleet = Array.from({ length: units }, () => ({
    ...{
      latDeg: -36.85 + random() / 5,
      lonDeg: 174.7 + random() / 5,
      headingDeg: random() * 360,
      speedMps: random() * 20,
    },
    ...{ phaseMs: Math.floor(random() * cadenceMs), seq: 0 },
  }))
  const order = fleet.map((_, at) => at).sort((a, b) => fleet[a]!.phaseMs - fleet[b]!.phaseMs)
  const writer = await openClient(url, { applicationName: 'goldenhour bench' })
  const encoder = new SegmentEncoder()
  const rows: { no: number; first: number; last: number; count: number; bytes: Uint8Array }[] = []
  let [no, fixes, segmentMs] = [0, 0, START_MS]
  const write = async () => {
    const column = <Key extends keyof (typeof rows)[number]>(key: Key) => rows.map(row => row[key])
    await writer.query(
      `INSERT INTO location.segments SELECT $1, s.no, 0, s.first, s.last, s.count, s.codec, s.bytes,
         location.segment_checksum($1, s.no, 0, s.first, s.last, s.count, s.codec, s.bytes)
       FROM (SELECT no, first, last, count, $2::smallint AS codec, bytes FROM unnest($3::bigint[], $4::bigint[], $5::bigint[],
         $6::integer[], $7::bytea[]) AS u (no, first, last, count, bytes)) s`,
      [REGION, SEGMENT_CODEC_VERSION, column('no'), column('first'), column('last'), column('count'), column('bytes')],
    )
    rows.length = 0
  }
  const close = async () => {
    const { bytes, firstFixedAtMs: first, lastFixedAtMs: last, fixCount: count } = encoder.finish()
    rows.push({ no: ++no, first, last, count, bytes })
    if (rows.length === SEGMENTS_AT_ONCE) await write()
  }
  for (let roundMs = START_MS; roundMs < START_MS + hours * 3_600_000; roundMs += cadenceMs) {
    for (const at of order) {
      const unit = fleet[at]!
      const fixedAtMs = roundMs + unit.phaseMs
      if (fixedAtMs >= segmentMs + SEGMENT_MS && encoder.fixCount > 0) await close()
      if (encoder.fixCount === 0) segmentMs = fixedAtMs
      unit.headingDeg = (unit.headingDeg + (random() - 0.5) * 60 + 360) % 360
      unit.speedMps = Math.min(30, Math.max(0, unit.speedMps + (random() - 0.5) * 8))
      const wayDeg = (unit.speedMps * cadenceMs) / 1_000 / 111_195
      unit.latDeg += wayDeg * Math.cos((unit.headingDeg * Math.PI) / 180)
      unit.lonDeg += (wayDeg * Math.sin((unit.headingDeg * Math.PI) / 180)) / 0.8
      const { latDeg, lonDeg, headingDeg, speedMps } = unit
      const fix = { seq: ++unit.seq, fixedAtMs, latDeg, lonDeg, headingDeg, speedMps, accuracyM: 3 + random() * 5 }
      encoder.add(nameOf(at), 'device', fix, 0)
      fixes += 1
    }
  }
  if (encoder.fixCount > 0) await close()
  if (rows.length > 0) await write()
  await writer.query(
    `INSERT INTO log.snapshots (region, entity, position, segment_no, state) VALUES ($1, 'region', 0, $2, '{}')`,
    [REGION, no],
  )
  await writer.end()
  return fixes
}

/** With their indexes and what stands beside the table. */
async function bytesOf(url: string, tables: readonly string[]): Promise<number> {
  const client = await openClient(url, { applicationName: 'goldenhour bench' })
  const { rows } = await client.query<{ bytes: number }>(
    'SELECT sum(pg_total_relation_size(t::regclass))::bigint AS bytes FROM unnest($1::text[]) AS t',
    [tables.map(table => `location.${table}`)],
  )
  await client.end()
  return rows[0]!.bytes
}

/** The tracks of some units, and the median time of one. */
async function readAll(database: Database, units: readonly string[], hours: number) {
  const tracks: (readonly TrackFix[])[] = []
  const took: number[] = []
  for (const unitId of units) {
    const startedMs = performance.now()
    const fixes: TrackFix[] = []
    let after: TrackCursor | null = null
    do {
      const span = { fromMs: START_MS, toMs: START_MS + (hours + 1) * 3_600_000 }
      const page = await readTrack(database, { region: REGION, unitId, ...span, after, limit: PAGE_FIXES })
      fixes.push(...page.fixes)
      after = page.next
    } while (after !== null)
    took.push(performance.now() - startedMs)
    tracks.push(fixes)
  }
  return { tracks, medianMs: took.sort((a, b) => a - b)[Math.floor(took.length / 2)]! }
}
