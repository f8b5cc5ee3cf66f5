/**
 * Times the finder on a seeded city fleet: what a fix costs, how many fixes touch a tree, and how long a search takes.
 *
 * The fleet drives a street grid in straight legs at city speeds and reports every 15 s; parked units report with GPS
 * jitter. Answers of a sample of searches are compared with a scan of all units; `valid` says whether they agreed.
 */
import { distanceM } from '../src/domain/geo.ts'
import { LEVELS_OF_CARE } from '../src/domain/vocabulary.ts'
import { Finder, type NearestSearch } from '../src/finder/finder.ts'
import { seeded } from '../tools/shared/random.ts'
import { defineBench, type Outcome } from './bench.ts'
import { type City, drive, newVehicle, somewhere, type Vehicle } from './fleet.ts'

const REPORT_S = 15
const UINT32_MAX = 4_294_967_295

interface Settings {
  readonly seed: number
  /** Fleet sizes, each measured by itself. */
  readonly units: readonly number[]
  readonly steps: number
  readonly searches: number
  readonly movingShare: number
  readonly city: City
  /** Undefined for the finder's own. */
  readonly sideM: number | undefined
  readonly slackM: number | undefined
}

export const finderBench = defineBench({
  name: 'finder',
  summary: 'the spatial index: what a fix and a search for the nearest units cost',
  options: {
    seed: { kind: 'number', what: 'the same seed drives the same fleet', initial: 1, min: 0, max: UINT32_MAX },
    units: { kind: 'numbers', what: 'fleet sizes', initial: [1_000, 10_000, 100_000], min: 1, max: 1_000_000 },
    steps: { kind: 'number', what: 'reports of each unit', initial: 20, min: 1, max: 10_000 },
    searches: { kind: 'number', what: 'searches of each kind', initial: 2_000, min: 100, max: 1_000_000 },
    'moving-share': { kind: 'number', what: 'share of units that drive', initial: 0.4, min: 0, max: 1, fraction: true },
    'city-radius-m': { kind: 'number', what: 'half the side of the city', initial: 25_000, min: 100, max: 500_000 },
    'side-m': { kind: 'number', what: "side of a cell; the finder's own", initial: null, min: 1, max: 100_000 },
    'slack-m': {
      kind: 'number',
      what: "how far beyond its cell a unit stays; the finder's own",
      initial: null,
      min: 0,
      max: 10_000,
    },
  },
  run: async (values): Promise<Outcome> => {
    const { seed, units, steps, searches } = values
    const settings: Settings = {
      seed,
      units,
      steps,
      searches,
      movingShare: values['moving-share'],
      city: { radiusM: values['city-radius-m'] },
      sideM: values['side-m'] ?? undefined,
      slackM: values['slack-m'] ?? undefined,
    }
    const figures: Record<string, number> = {}
    let valid = true
    for (const size of units) valid = measure(size, settings, figures) && valid
    const { city, ...told } = settings
    return {
      valid,
      settings: { ...told, cityRadiusM: city.radiusM },
      figures,
      complaints: valid ? [] : ['A search and a scan of all units disagreed.'],
    }
  },
})

/** Fills in the figures of one fleet size; false when a search and a scan disagreed. */
function measure(size: number, settings: Settings, figures: Record<string, number>): boolean {
  const random = seeded(settings.seed + size)
  const fleet = Array.from({ length: size }, (_, index) =>
    newVehicle(index, settings.city, settings.movingShare, random),
  )
  const finder = new Finder({ sideM: settings.sideM, slackM: settings.slackM })
  const put = (name: string, value: number) => {
    figures[`${name}_${size}_units`] = Number(value.toPrecision(3))
  }

  const filledNs = timedNs(() => {
    for (const unit of fleet) finder.place(unit.unitId, unit.levelOfCare, 'available', unit.lonDeg, unit.latDeg)
  })
  put('first_place_us', filledNs / 1_000 / size)

  let placedNs = 0
  let movingTouches = 0
  const touchesBefore = finder.cellMoves
  const treeBefore = finder.treeMoves
  for (let step = 0; step < settings.steps; step++) {
    for (const unit of fleet) drive(unit, REPORT_S, settings.city, random)
    placedNs += timedNs(() => {
      for (const unit of fleet) {
        const before = finder.cellMoves
        finder.place(unit.unitId, unit.levelOfCare, 'available', unit.lonDeg, unit.latDeg)
        if (unit.moving) movingTouches += finder.cellMoves - before
      }
    })
  }
  const fixes = settings.steps * size
  put('place_us', placedNs / 1_000 / fixes)
  put('tree_touch_share', (finder.treeMoves - treeBefore) / fixes)
  put('cell_change_share', (finder.cellMoves - touchesBefore) / fixes)
  put('cell_change_share_moving', movingTouches / (settings.steps * fleet.filter(unit => unit.moving).length))

  // One draw for all searches: the filter refuses the same units throughout.
  const refused = new Set(fleet.filter(() => random() < 0.95).map(unit => unit.unitId))
  const kinds: Record<string, Omit<NearestSearch, 'lonDeg' | 'latDeg'>> = {
    nearest_8: { k: 8, levels: ['als'] },
    nearest_8_of_4_trees: { k: 8, levels: LEVELS_OF_CARE },
    nearest_8_filter_95_percent: { k: 8, levels: ['als'], accept: unitId => !refused.has(unitId) },
  }
  let valid = true
  for (const [name, kind] of Object.entries(kinds)) {
    const queries = Array.from({ length: settings.searches }, () => ({ ...kind, ...somewhere(settings.city, random) }))
    for (const query of queries.slice(0, 300)) finder.nearest(query)
    const timesNs = new Float64Array(queries.map(query => timedNs(() => finder.nearest(query)))).sort()
    put(`${name}_p50_us`, timesNs[Math.floor(timesNs.length * 0.5)]! / 1_000)
    put(`${name}_p99_us`, timesNs[Math.floor(timesNs.length * 0.99)]! / 1_000)
    valid = queries.slice(0, 20).every(query => agrees(finder, query, fleet)) && valid
  }
  return valid
}

function agrees(finder: Finder, query: NearestSearch, fleet: readonly Vehicle[]): boolean {
  const scanned = fleet
    .map(unit => ({ ...unit, metres: distanceM(query, unit) }))
    .filter(unit => query.levels.includes(unit.levelOfCare) && (query.accept?.(unit.unitId, unit.metres, unit) ?? true))
    .sort((a, b) => a.metres - b.metres || (a.unitId < b.unitId ? -1 : 1))
  const expected = scanned.slice(0, query.k).map(unit => unit.unitId)
  const found = finder.nearest(query).map(unit => unit.unitId)
  return expected.length === found.length && expected.every((unitId, index) => unitId === found[index])
}

function timedNs(work: () => void): number {
  const startedNs = process.hrtime.bigint()
  work()
  return Number(process.hrtime.bigint() - startedNs)
}
