/**
 * The recorded days of San Francisco: which calls, how long their crews were busy, and which units were at work when.
 *
 * - A call is one to which an ambulance was sent and came; its first ambulance is the one. Calls that no ambulance came to
 *   (most were cancelled on the way) have no response and are left out.
 * - The desk has a call when it was entered, which is where the clock begins. What the record took to answer the telephone is
 *   the same whoever is chosen.
 * - Durations are the record's. A missing turnout, time on scene or handover is the median of the calls that have one, those with
 *   a transport and those without apart; times out of order make a duration of 0.
 * - Where the patient was carried to is not recorded: to the nearest hospital with an emergency department, by road.
 * - A unit is at work from the moment it was sent first until it was idle again last, up to a pause of 4 hours. So fleet and
 *   load are those of the record, hour by hour.
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { type CallColumn, isAmbulance, priorityOf, readCallRows } from '../tools/replay/call-rows.ts'
import { readTable, type TableRow } from '../tools/replay/input.ts'
import { LocalTime } from '../tools/replay/local-time.ts'
import { percentile } from './come-back-figures.ts'

const COLUMNS = [
  'call_id',
  'unit_id',
  'unit_type',
  'priority',
  'received_ms',
  'entry_ms',
  'dispatch_ms',
  'response_ms',
  'on_scene_ms',
  'transport_ms',
  'hospital_ms',
  'available_ms',
  'lon',
  'lat',
] as const satisfies readonly CallColumn[]
type Row = TableRow<(typeof COLUMNS)[number]>

const ZONE = 'America/Los_Angeles'
const PAUSE_MS = 4 * 3_600_000

interface Site {
  readonly lonDeg: number
  readonly latDeg: number
}

export interface RecordedCall extends Site {
  readonly priority: number
  /** Epoch milliseconds. */
  readonly enteredAtMs: number
  readonly turnoutMs: number
  readonly sceneMs: number
  /** Null: nobody was carried. */
  readonly handoverMs: number | null
}

interface RecordedShift {
  readonly startsAtMs: number
  readonly endsAtMs: number
}

export interface RecordedDay {
  /** `2020-04-07`. */
  readonly name: string
  readonly startsAtMs: number
  /** By `enteredAtMs`. */
  readonly calls: readonly RecordedCall[]
}

export interface PolicyInput {
  readonly days: readonly RecordedDay[]
  readonly shifts: readonly RecordedShift[]
  /** Share of the time at work in which units had a call. */
  readonly busyShare: number
  readonly leftOut: number
  readonly missingTimes: number
  readonly stations: readonly Site[]
  readonly hospitals: readonly Site[]
}

/** What the bench reads, as paths from the directory of road networks. */
const FILES = {
  nodes: 'sf/nodes.csv.gz',
  arcs: 'sf/arcs.csv.gz',
  stations: 'sf/stations.csv',
  hospitals: 'sf/hospitals.csv',
  calls: '../sf/calls-2020-04.csv.gz',
}

/** Which of the files are not there. */
export const filesMissing = (directory: string): string[] =>
  Object.values(FILES).filter(file => !existsSync(path.join(directory, file)))

/** Errors: InvalidInput for a file that is not what its name says. */
export async function policyInput(directory: string): Promise<PolicyInput> {
  const rows = await readCallRows(path.join(directory, FILES.calls), COLUMNS)
  const sites = ['lon', 'lat'] as const
  const stations = await readTable(path.join(directory, FILES.stations), sites)
  const hospitals = await readTable(path.join(directory, FILES.hospitals), [...sites, 'ed'])
  const ambulances = rows.filter(isAmbulance)
  return {
    ...daysOf(ambulances),
    ...shiftsOf(ambulances),
    stations: stations.map(siteOf),
    hospitals: hospitals.filter(row => row.text('ed') === '1').map(siteOf),
  }
}

const siteOf = (row: TableRow<'lon' | 'lat'>): Site => ({ lonDeg: row.number('lon'), latDeg: row.number('lat') })

/** Output: days in order. */
function daysOf(rows: readonly Row[]): Pick<PolicyInput, 'days' | 'leftOut' | 'missingTimes'> {
  const first = [...groupedBy(rows, row => row.text('call_id')).values()].map(ofCall => ofCall[0]!)
  const served = first.filter(row => row.numberOrNull('on_scene_ms') !== null)
  const carried = served.filter(wasCarried)
  const others = served.filter(row => !wasCarried(row))
  const medians = {
    turnout: medianMs(served, 'dispatch_ms', 'response_ms'),
    sceneCarried: medianMs(carried, 'on_scene_ms', 'transport_ms'),
    handover: medianMs(carried, 'hospital_ms', 'available_ms'),
    sceneOther: medianMs(others, 'on_scene_ms', 'available_ms'),
  }
  let missingTimes = 0
  const or = (known: number | null, median: number): number => {
    if (known === null) missingTimes += 1
    return known ?? median
  }
  const callOf = (row: Row): RecordedCall => ({
    ...siteOf(row),
    priority: priorityOf(row).priority,
    enteredAtMs: row.number('entry_ms'),
    turnoutMs: or(between(row, 'dispatch_ms', 'response_ms'), medians.turnout),
    sceneMs: wasCarried(row)
      ? or(between(row, 'on_scene_ms', 'transport_ms'), medians.sceneCarried)
      : or(between(row, 'on_scene_ms', 'available_ms'), medians.sceneOther),
    handoverMs: wasCarried(row) ? or(between(row, 'hospital_ms', 'available_ms'), medians.handover) : null,
  })
  const local = new LocalTime(ZONE)
  const days = groupedBy(served, row => local.day(row.number('received_ms')))
  return {
    days: [...days].map(([name, ofDay]) => ({
      name,
      startsAtMs: local.at(name, 0),
      calls: ofDay.map(callOf).sort((a, b) => a.enteredAtMs - b.enteredAtMs),
    })),
    leftOut: first.length - served.length,
    missingTimes,
  }
}

const wasCarried = (row: Row): boolean =>
  row.numberOrNull('transport_ms') !== null || row.numberOrNull('hospital_ms') !== null

type Moment = 'dispatch_ms' | 'response_ms' | 'on_scene_ms' | 'transport_ms' | 'hospital_ms' | 'available_ms'

function between(row: Row, from: Moment, to: Moment): number | null {
  const [fromMs, toMs] = [row.numberOrNull(from), row.numberOrNull(to)]
  return fromMs === null || toMs === null ? null : Math.max(0, toMs - fromMs)
}

function medianMs(rows: readonly Row[], from: Moment, to: Moment): number {
  const known = rows.map(row => between(row, from, to)).filter(ms => ms !== null)
  return percentile(
    known.sort((a, b) => a - b),
    0.5,
  )
}

/** Of every ambulance that was sent, whether it arrived or not. */
function shiftsOf(rows: readonly Row[]): Pick<PolicyInput, 'shifts' | 'busyShare'> {
  const shifts: RecordedShift[] = []
  let busyMs = 0
  for (const ofUnit of groupedBy(rows, row => row.text('unit_id')).values()) {
    const tours = ofUnit.map(row => {
      const startsAtMs = row.number('dispatch_ms')
      return { startsAtMs, endsAtMs: Math.max(startsAtMs, row.numberOrNull('available_ms') ?? startsAtMs) }
    })
    tours.sort((a, b) => a.startsAtMs - b.startsAtMs)
    for (const { startsAtMs, endsAtMs } of merged(tours, 0)) busyMs += endsAtMs - startsAtMs
    shifts.push(...merged(tours, PAUSE_MS))
  }
  shifts.sort((a, b) => a.startsAtMs - b.startsAtMs || a.endsAtMs - b.endsAtMs)
  const atWorkMs = shifts.reduce((sum, { startsAtMs, endsAtMs }) => sum + endsAtMs - startsAtMs, 0)
  return { shifts, busyShare: busyMs / atWorkMs }
}

/** Those with at most such a pause between them become one. Input: by their start. */
function merged(spans: readonly RecordedShift[], pauseMs: number): RecordedShift[] {
  const whole: { startsAtMs: number; endsAtMs: number }[] = []
  for (const { startsAtMs, endsAtMs } of spans) {
    const last = whole.at(-1)
    if (last !== undefined && startsAtMs - last.endsAtMs <= pauseMs) last.endsAtMs = Math.max(last.endsAtMs, endsAtMs)
    else whole.push({ startsAtMs, endsAtMs })
  }
  return whole
}

function groupedBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}
