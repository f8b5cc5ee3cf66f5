/** A city for newcomers: made-up vehicles that drive about, and made-up calls. */
import { distanceM, type Position } from '../../src/domain/geo.ts'
import type { Priority } from '../../src/domain/vocabulary.ts'
import { draw } from '../shared/random.ts'
import type { ReplayCall } from './calls.ts'
import type { Trace, TraceFix } from './trace.ts'

/** Degrees, WGS 84. */
interface Box {
  readonly west: number
  readonly south: number
  readonly east: number
  readonly north: number
}

interface CityOptions {
  readonly seed: number
  readonly units: number
  readonly calls: number
  readonly durationMs: number
  /** Where places lie; left out: anywhere in the box. Input: 0 to 1, each time another number. */
  readonly somewhere?: (random: () => number) => Position
}

/** About 10 by 11 km. */
const BOX: Box = { west: 174.7, south: -36.92, east: 174.82, north: -36.82 }
const REPORT_EVERY_MS = 15_000
const SPEED_MPS = [7, 15] as const
const MINUTE_MS = 60_000

/** Vehicles that drive in straight legs between random places and report every 15 s. */
export function makeTrace(city: CityOptions): Trace {
  const { seed, units, durationMs } = city
  const vehicles = Array.from({ length: units }, (_, index) => `A${String(index + 1).padStart(2, '0')}`)
  const fixes: TraceFix[] = []
  vehicles.forEach((name, vehicle) => {
    let leg = 0
    let from = placeOf(city, name, leg)
    let to = placeOf(city, name, leg + 1)
    let startedMs = 0
    // Each vehicle has its own second of the quarter minute, as they have in life.
    for (let atMs = Math.floor(draw(seed, name, 'phase') * 15) * 1_000; atMs <= durationMs; atMs += REPORT_EVERY_MS) {
      let legMs = (1_000 * distanceM(from, to)) / between(SPEED_MPS, draw(seed, name, leg, 'speed'))
      while (atMs - startedMs >= legMs) {
        startedMs += legMs
        leg += 1
        ;[from, to] = [to, placeOf(city, name, leg + 1)]
        legMs = Math.max(1_000, (1_000 * distanceM(from, to)) / between(SPEED_MPS, draw(seed, name, leg, 'speed')))
      }
      const share = (atMs - startedMs) / legMs
      const lonDeg = from.lonDeg + (to.lonDeg - from.lonDeg) * share
      const latDeg = from.latDeg + (to.latDeg - from.latDeg) * share
      fixes.push({ vehicle, offsetMs: atMs, lonDeg, latDeg })
    }
  })
  fixes.sort((a, b) => a.offsetMs - b.offsetMs)
  return { vehicles, fixes, startMs: 0, durationMs }
}

/** Calls at random places, evenly spread over the time after the first half minute; one in twenty is cancelled. */
export function makeCalls(city: CityOptions): ReplayCall[] {
  const { seed, calls, durationMs } = city
  const made = Array.from({ length: calls }, (_, index): ReplayCall => {
    const key = `demo-${index + 1}`
    const chance = (name: string) => draw(seed, key, name)
    const minutes = (name: string, range: readonly [number, number]) => between(range, chance(name)) * MINUTE_MS
    const transported = chance('transported') < 0.7
    const cancelled = chance('cancelled') < 0.05
    const turnoutMs = minutes('turnout', [0.3, 1.2])
    const acceptAfterMs = Math.min(10_000, turnoutMs / 2)
    return {
      key,
      offsetMs: 30_000 + chance('received') * Math.max(0, durationMs - 30_000),
      ...placeOf(city, key, 0),
      priority: (1 + Math.floor(chance('priority') * 3)) as Priority,
      levelOfCare: chance('level') < 0.6 ? 'als' : 'bls',
      problem: null,
      plan: {
        acceptAfterMs,
        steps: [
          { phase: 'en-route', afterMs: turnoutMs - acceptAfterMs },
          { phase: 'on-scene', afterMs: minutes('drive', [2, 7]) },
          ...(transported
            ? ([
                { phase: 'transporting', afterMs: minutes('scene', [4, 12]) },
                { phase: 'at-destination', afterMs: minutes('transport', [4, 9]) },
              ] as const)
            : []),
        ],
        closeAfterMs: minutes('end', [4, 12]),
        disposition: cancelled ? null : transported ? 'transported' : 'treated-on-scene',
      },
      cancelAfterMs: cancelled ? minutes('cancel', [1, 4]) : null,
    }
  })
  return made.sort((a, b) => a.offsetMs - b.offsetMs)
}

/** What a newcomer can try while it runs. */
export function whatToLookAt(httpUrl: string, region: string, deskToken: string): string {
  return [
    'The city is alive. Below is what its dispatch desk hears. While it runs, try in another terminal:',
    '',
    `  curl -s ${httpUrl}/metrics | grep ^goldenhour_          what an operator watches`,
    '',
    '  the three units that are nearest to a place, by the answer of the engine itself:',
    `  curl -s '${httpUrl}/v1/units/nearest?region=${region}&lon=174.76&lat=-36.87&k=3' -H 'Authorization: Bearer ${deskToken}'`,
    '',
  ].join('\n')
}

const between = ([min, max]: readonly [number, number], share: number): number => min + (max - min) * share

function placeOf({ seed, somewhere }: CityOptions, name: string, index: number): Position {
  if (somewhere !== undefined) return somewhere(() => draw(seed, name, index, 'somewhere'))
  return {
    lonDeg: between([BOX.west, BOX.east], draw(seed, name, index, 'lon')),
    latDeg: between([BOX.south, BOX.north], draw(seed, name, index, 'lat')),
  }
}
