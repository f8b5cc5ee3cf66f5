/**
 * Counts the arrivals that the wheels tell falsely, and those that they miss, where the taxis of a recorded day really stopped.
 *
 * Each way from one stop to the next is a trip: the detector gets its fixes one by one, and knows of the place alone. An oracle that sees the whole
 * trace (`arrivals-oracle.ts`) says where and when the taxi stopped. Beside it the detector watches places that the taxi only passed.
 */
import { existsSync } from 'node:fs'
import { DEFAULT_POLICY } from '../src/domain/policy.ts'
import { NO_WHEELS, type Sight, type WheelFix, type WheelGoals, wheelsAfter } from '../src/domain/unit/unit-wheels.ts'
import { InvalidInput, readTable } from '../tools/replay/input.ts'
import { UsageError } from '../tools/shared/command-line.ts'
import { seeded } from '../tools/shared/random.ts'
import {
  arrivedAtMs,
  type Leg,
  legsOf,
  type Place,
  PlaceGrid,
  passesOf,
  type RealStop,
  realStops,
  type TracePoint,
} from './arrivals-oracle.ts'
import { defineBench, type Outcome } from './bench.ts'
import { percentile } from './come-back-figures.ts'

const BESIDE_THE_CHECKOUT = '../shared/data/sf/cabs/cabs-2008-05-30-24h.csv.gz'
const UINT32_MAX = 4_294_967_295
/** Metres of a degree, at the middle of the city. */
const CENTRE = { lonDeg: -122.42, latDeg: 37.77 }
const NORTH_M = 110_990
const EAST_M = 88_080
/** The detector may have an arrival two reports of these vehicles before the oracle does. */
const EARLY_MS = 120_000
const PASSES_A_LEG = 3
/** Goals, at the places where they stopped: of a hundred arrivals one false, of a hundred stops five missed. */
const FALSE_MAX = 1
const MISSED_MAX = 5

interface Track {
  readonly fixes: readonly WheelFix[]
  readonly points: readonly TracePoint[]
  readonly stops: readonly RealStop[]
}

interface Chance {
  readonly track: Track
  readonly leg: Leg
  readonly goal: Place
  readonly isPass: boolean
}

export const arrivalsBench = defineBench({
  name: 'arrivals',
  summary: 'arrivals by the wheels on a recorded day of taxis: false ones and missed ones, against an oracle',
  options: {
    file: { kind: 'text', what: 'the recorded fleet: unix_s, cab_id, lon, lat, occupied' },
    'fence-m': {
      kind: 'numbers',
      what: 'radii of the fence',
      initial: [DEFAULT_POLICY.sceneFenceM],
      min: 20,
      max: 1_000,
    },
    'dwell-s': {
      kind: 'numbers',
      what: 'how long a unit must stand in it',
      initial: [DEFAULT_POLICY.arrivalDwellMs / 1_000],
      min: 5,
      max: 600,
    },
    'stand-s': { kind: 'number', what: 'a stop is no shorter', initial: 60, min: 20, max: 3_600 },
    'light-s': { kind: 'number', what: 'who stands longer than this does not pass', initial: 120, min: 20, max: 3_600 },
    'off-m': {
      kind: 'number',
      what: 'how far the goal lies from the stop, at random, at most',
      initial: 20,
      min: 0,
      max: 200,
    },
    seed: { kind: 'number', what: 'the same seed moves the same goals', initial: 1, min: 0, max: UINT32_MAX },
  },
  run: async (values): Promise<Outcome> => {
    const file = values.file ?? BESIDE_THE_CHECKOUT
    if (!existsSync(file)) throw new UsageError(`There is no file ${file}; name a recorded fleet with --file.`)
    const tracks = await readTracks(file, values['stand-s'] * 1_000)
    const chances = chancesOf(tracks, values['light-s'] * 1_000, values['off-m'], seeded(values.seed))
    const figures: Record<string, number> = {
      cabs: tracks.length,
      fixes: tracks.reduce((sum, { fixes }) => sum + fixes.length, 0),
      stops: chances.filter(({ isPass }) => !isPass).length,
      passes: chances.filter(({ isPass }) => isPass).length,
    }
    const settings = values['fence-m'].flatMap(fenceM => values['dwell-s'].map(dwellS => ({ fenceM, dwellS })))
    for (const setting of settings) {
      const counted = count(chances, setting.fenceM, setting.dwellS * 1_000, values['light-s'] * 1_000)
      const behind = settings.length === 1 ? '' : `_${setting.fenceM}m_${setting.dwellS}s`
      for (const [name, figure] of Object.entries(counted)) figures[`${name}${behind}`] = figure
    }
    const isMet = settings.some(({ fenceM, dwellS }) => {
      const behind = settings.length === 1 ? '' : `_${fenceM}m_${dwellS}s`
      return (
        figures[`falsePerHundredArrivals${behind}`]! <= FALSE_MAX && figures[`missedPerHundred${behind}`]! <= MISSED_MAX
      )
    })
    const complaints = isMet ? [] : [`No setting has at most ${FALSE_MAX} false and ${MISSED_MAX} missed in a hundred.`]
    const { file: _, ...told } = values
    return { valid: figures.stops! >= 100 && figures.passes! >= 100, settings: told, figures, complaints }
  },
})

/** Errors: InvalidInput. */
async function readTracks(file: string, standMs: number): Promise<Track[]> {
  const byCab = new Map<string, { fixes: WheelFix[]; points: TracePoint[] }>()
  for (const row of await readTable(file, ['unix_s', 'cab_id', 'lon', 'lat', 'occupied'])) {
    const [lonDeg, latDeg] = [row.number('lon'), row.number('lat')]
    const atMs = row.number('unix_s') * 1_000
    const cab = byCab.get(row.text('cab_id')) ?? { fixes: [], points: [] }
    byCab.set(row.text('cab_id'), cab)
    cab.fixes.push({ fixedAtMs: atMs, lonDeg, latDeg, accuracyM: null, speedMps: null })
    const place = { x: (lonDeg - CENTRE.lonDeg) * EAST_M, y: (latDeg - CENTRE.latDeg) * NORTH_M }
    cab.points.push({ atMs, ...place, isOccupied: row.number('occupied') === 1 })
  }
  if (byCab.size === 0) throw new InvalidInput(`${file}: there is no fix in it.`)
  return [...byCab.values()].map(cab => ({ ...cab, stops: realStops(cab.points, standMs) }))
}

/** What the detector may get right or wrong: each stop, and up to three places passed on the way to it. */
function chancesOf(tracks: readonly Track[], lightMs: number, offM: number, random: () => number): Chance[] {
  const places = new PlaceGrid(tracks.flatMap(({ stops }) => stops))
  const off = ({ x, y }: Place): Place => {
    const [far, turn] = [offM * Math.sqrt(random()), 2 * Math.PI * random()]
    return { x: x + far * Math.cos(turn), y: y + far * Math.sin(turn) }
  }
  return tracks.flatMap(track =>
    legsOf(track.points, track.stops).flatMap((leg): Chance[] => [
      { track, leg, goal: off(leg.to), isPass: false },
      ...passesOf(track.points, leg, places, lightMs)
        .slice(0, PASSES_A_LEG)
        .map(goal => ({ track, leg, goal, isPass: true })),
    ]),
  )
}

/** By the first word of the detector (a suggestion), and by the first of which it is sure (a step by itself). */
function count(
  chances: readonly Chance[],
  fenceM: number,
  arrivalDwellMs: number,
  lightMs: number,
): Record<string, number> {
  const told = { suggested: tally(), automatic: tally() }
  let fixes = 0
  const startedNs = process.hrtime.bigint()
  for (const { track, leg, goal, isPass } of chances) {
    const scene = { lonDeg: CENTRE.lonDeg + goal.x / EAST_M, latDeg: CENTRE.latDeg + goal.y / NORTH_M }
    const goals: WheelGoals = { scene, isAtScene: false, destination: null }
    const policy = { ...DEFAULT_POLICY, sceneFenceM: fenceM, arrivalDwellMs }
    let wheels = NO_WHEELS
    let first: Sight | null = null
    let sure: Sight | null = null
    for (let i = leg.from.last; i <= leg.to.last; i++) {
      wheels = wheelsAfter(wheels, track.fixes[i]!, goals, policy)
      fixes += 1
      const { seen } = wheels.atScene
      first ??= seen
      if (seen?.isSure === true) sure ??= seen
    }
    const arrivedMs = isPass ? null : arrivedAtMs(track.points, leg, lightMs)
    note(told.suggested, first, arrivedMs)
    note(told.automatic, sure, arrivedMs)
  }
  const ns = Number(process.hrtime.bigint() - startedNs)
  return { ...figuresOf(told.suggested, ''), ...figuresOf(told.automatic, 'sure'), nsPerFix: ns / fixes }
}

interface Tally {
  stops: number
  missed: number
  early: number
  passes: number
  atPass: number
  readonly offMs: number[]
}
const tally = (): Tally => ({ stops: 0, missed: 0, early: 0, passes: 0, atPass: 0, offMs: [] })

/** Input: when the oracle has it arrive; null where it only passes. */
function note(counted: Tally, seen: Sight | null, arrivedMs: number | null): void {
  if (arrivedMs === null) {
    counted.passes += 1
    if (seen !== null) counted.atPass += 1
    return
  }
  counted.stops += 1
  if (seen === null) counted.missed += 1
  else if (seen.atMs < arrivedMs - EARLY_MS) counted.early += 1
  else counted.offMs.push(Math.abs(seen.atMs - arrivedMs))
}

/** In a hundred: of arrivals told on the way to a stop, of places passed, and of all of both. */
function figuresOf({ stops, missed, early, passes, atPass, offMs }: Tally, which: '' | 'sure'): Record<string, number> {
  const named = (name: string) => (which === '' ? name : `${which}${name[0]!.toUpperCase()}${name.slice(1)}`)
  const sorted = offMs.sort((a, b) => a - b)
  const share = (count: number, of: number) => (of === 0 ? 0 : (count / of) * 100)
  return {
    [named('falsePerHundred')]: share(early + atPass, stops + passes),
    [named('falsePerHundredArrivals')]: share(early, stops - missed),
    [named('falsePerHundredPasses')]: share(atPass, passes),
    [named('missedPerHundred')]: share(missed, stops),
    ...(which === '' ? { offP50S: percentile(sorted, 0.5) / 1_000, offP90S: percentile(sorted, 0.9) / 1_000 } : {}),
  }
}
