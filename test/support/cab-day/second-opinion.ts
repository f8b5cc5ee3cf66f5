/**
 * What is to be thought of each fix of a day, by a pass of its own over what arrives. It is written from
 * `docs/protocol/positions.md` and shares no code with the engine.
 */
import type { Delivery, SentFix } from './network.ts'

type Thought = 'current' | 'late' | 'duplicate' | 'future' | 'impossible' | 'inaccurate' | 'anchored'

interface Buffer {
  taken: number
  trusted: SentFix | null
  strange: SentFix | null
  inARow: number
}

export interface SecondOpinion {
  readonly counts: Readonly<Record<Thought, number>>
  /** By vehicle, buffer and number: the words under which the fix is stored. */
  readonly flags: ReadonlyMap<string, string>
  readonly places: ReadonlyMap<string, SentFix>
}

const AHEAD_MS = 5_000
const FASTEST_MPS = 70
const ROUGHEST_M = 100

export function secondOpinion(deliveries: readonly Delivery[]): SecondOpinion {
  const counts = { current: 0, late: 0, duplicate: 0, future: 0, impossible: 0, inaccurate: 0, anchored: 0 }
  const flags = new Map<string, string>()
  const places = new Map<string, SentFix>()
  const buffers = new Map<string, Buffer>()
  for (const { arrivesAtMs, cab, by, fixes } of deliveries) {
    const name = `${cab} ${by}`
    const buffer = buffers.get(name) ?? { taken: 0, trusted: null, strange: null, inARow: 0 }
    buffers.set(name, buffer)
    for (const fix of fixes) {
      if (fix.seq <= buffer.taken) {
        counts.duplicate += 1
        continue
      }
      buffer.taken = fix.seq
      const key = `${name} ${fix.seq}`
      if (fix.atMs > arrivesAtMs + AHEAD_MS) {
        counts.future += 1
        flags.set(key, 'future')
        continue
      }
      const place = places.get(cab)
      const isNewer = place === undefined || fix.atMs > place.atMs || (fix.atMs === place.atMs && fix.seq > place.seq)
      const beside = buffer.trusted ?? (isNewer ? (place ?? null) : null)
      const strange =
        fix.accuracyM > ROUGHEST_M ? 'inaccurate' : beside !== null && !fits(beside, fix) ? 'impossible' : null
      if (strange === null) {
        flags.set(key, '')
        counts[isNewer ? 'current' : 'late'] += 1
      } else {
        buffer.inARow = buffer.strange !== null && fits(buffer.strange, fix) ? buffer.inARow + 1 : 1
        buffer.strange = fix
        if (buffer.inARow < 3) {
          flags.set(key, strange)
          counts[strange] += 1
          continue
        }
        flags.set(key, `${strange} anchors`)
        counts[isNewer ? 'anchored' : strange] += 1
      }
      buffer.strange = null
      buffer.inARow = 0
      buffer.trusted = fix
      if (isNewer) places.set(cab, fix)
    }
  }
  return { counts, flags, places }
}

function fits(a: SentFix, b: SentFix): boolean {
  const seconds = Math.max(1, Math.abs(a.atMs - b.atMs) / 1_000)
  return metresBetween(a, b) <= seconds * FASTEST_MPS + a.accuracyM + b.accuracyM
}

/** By the chord through the Earth. */
function metresBetween(a: SentFix, b: SentFix): number {
  const [p, q] = [onSphere(a), onSphere(b)]
  const chord = Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2])
  return 2 * 6_371_008.8 * Math.asin(Math.min(1, chord / 2))
}

function onSphere({ lonDeg, latDeg }: SentFix): readonly [number, number, number] {
  const [lon, lat] = [(lonDeg * Math.PI) / 180, (latDeg * Math.PI) / 180]
  return [Math.cos(lat) * Math.cos(lon), Math.cos(lat) * Math.sin(lon), Math.sin(lat)]
}
