/**
 * Recorded days on the roads: scenes, the nearest hospital of each, and which post each unit has.
 *
 * Where ambulances stood is not recorded. Posts are fire stations, in the order of Daskin's MEXCLP (1983): the next post is where
 * one more unit adds most calls that somebody idle reaches within the target, when each unit is busy as often as the record's
 * are. A unit that comes to work takes the first post of this order that nobody has. Each day begins with all units idle.
 */
import type { Day, DayCall, Shift } from './policy-day.ts'
import type { PolicyInput, RecordedCall, RecordedDay } from './policy-input.ts'
import type { BenchRoads, Goal } from './policy-roads.ts'

const DAY_MS = 86_400_000

export interface DaysOnRoads {
  readonly days: readonly Day[]
  /** Units at work, the mean over the days. */
  readonly unitsAtWork: number
  readonly posts: number
  /** Calls further than 200 m from any road. */
  readonly offRoad: number
}

/** Input: `days` is how many of the record, from the first. Output: the same from the same input. */
export function daysOnRoads(input: PolicyInput, roads: BenchRoads, days: number, targetMs: number): DaysOnRoads {
  const recorded = input.days.slice(0, days)
  const onRoad = (site: { lonDeg: number; latDeg: number }): Goal => {
    const goal = roads.goalNear(site)
    if (goal === null) throw new Error(`No road is near ${site.lonDeg}, ${site.latDeg}.`)
    return goal
  }
  const stations = input.stations.map(onRoad)
  const hospitals = input.hospitals.map(onRoad)
  let offRoad = 0
  const calls = recorded.map(day =>
    day.calls.flatMap(call => {
      const scene = roads.goalNear(call)
      if (scene === null) offRoad += 1
      return scene === null ? [] : [callOf(call, day, scene, hospitals, roads)]
    }),
  )
  const ofDays = recorded.map(day => shiftsWithin(input, day))
  const most = Math.max(...ofDays.map(mostAtOnce))
  const order = postOrder(stations, calls.flat(), roads, { count: most, busyShare: input.busyShare, targetMs })
  const onDays = recorded.map((day, index): Day => {
    return { name: day.name, calls: calls[index]!, shifts: withPosts(ofDays[index]!, order), targetMs }
  })
  const atWorkMs = ofDays.flat().reduce((sum, shift) => sum + Math.min(shift.endsAtMs, DAY_MS) - shift.startsAtMs, 0)
  return { days: onDays, unitsAtWork: atWorkMs / DAY_MS / recorded.length, posts: new Set(order).size, offRoad }
}

function callOf(call: RecordedCall, day: RecordedDay, scene: Goal, hospitals: Goal[], roads: BenchRoads): DayCall {
  const { priority, turnoutMs, sceneMs, handoverMs } = call
  const common = { enteredAtMs: call.enteredAtMs - day.startsAtMs, priority, scene, turnoutMs }
  if (handoverMs === null) return { ...common, serviceMs: sceneMs, end: scene.place }
  const drives = hospitals.map(hospital => roads.driveMs(scene.place, hospital))
  const driveMs = Math.min(...drives)
  return { ...common, serviceMs: sceneMs + driveMs + handoverMs, end: hospitals[drives.indexOf(driveMs)]!.place }
}

type Span = Pick<Shift, 'startsAtMs' | 'endsAtMs'>

/** Who is at work at the end of the day stays until its calls are served. */
function shiftsWithin({ shifts }: PolicyInput, { startsAtMs: dayMs }: RecordedDay): Span[] {
  return shifts
    .map(({ startsAtMs, endsAtMs }) => ({
      startsAtMs: Math.max(0, startsAtMs - dayMs),
      endsAtMs: endsAtMs - dayMs < DAY_MS ? endsAtMs - dayMs : Infinity,
    }))
    .filter(({ startsAtMs, endsAtMs }) => startsAtMs < Math.min(DAY_MS, endsAtMs))
}

/** Input: by their start, as everywhere here. */
function mostAtOnce(spans: readonly Span[]): number {
  return Math.max(...spans.map(({ startsAtMs: atMs }) => spans.filter(span => isAtWork(span, atMs)).length))
}

const isAtWork = ({ startsAtMs, endsAtMs }: Span, atMs: number): boolean => startsAtMs <= atMs && atMs < endsAtMs

/** A post may come again: then it is for one unit more. */
export function postOrder(
  stations: readonly Goal[],
  calls: readonly DayCall[],
  roads: BenchRoads,
  { count, busyShare, targetMs }: { count: number; busyShare: number; targetMs: number },
): Goal[] {
  const within = stations.map(({ place }) =>
    calls.flatMap((call, number) => (call.turnoutMs + roads.driveMs(place, call.scene) <= targetMs ? [number] : [])),
  )
  // By call: the chance that nobody who reaches it is idle.
  const uncovered = new Float64Array(calls.length).fill(1)
  return Array.from({ length: count }, () => {
    const gains = within.map(reached => reached.reduce((sum, call) => sum + uncovered[call]!, 0))
    const best = gains.indexOf(Math.max(...gains))
    for (const call of within[best]!) uncovered[call]! *= busyShare
    return stations[best]!
  })
}

function withPosts(spans: readonly Span[], order: readonly Goal[]): Shift[] {
  const heldUntilMs = order.map(() => -Infinity)
  return spans.map(span => {
    const post = heldUntilMs.findIndex(atMs => atMs <= span.startsAtMs)
    heldUntilMs[post] = span.endsAtMs
    return { ...span, post: order[post]! }
  })
}
