/**
 * Where vehicles of a recorded fleet really stopped, and where they only passed, by their whole traces: what came before a moment,
 * and what came after it. It shares no code with what it judges.
 *
 * A vehicle stopped where a fare came or went, and its fixes around that moment stay within 60 m for a span. On the way from one stop to the
 * next it passes places at which others stopped: those to which a fix of it came near, and near which it did not stand for longer than
 * any light is red.
 */

/** One fix, in metres east and north of a point of the city. */
export interface TracePoint {
  readonly atMs: number
  readonly x: number
  readonly y: number
  readonly isOccupied: boolean
}

export interface Place {
  readonly x: number
  readonly y: number
}

/** A stop, from the first to the last fix of it. */
export interface RealStop extends Place {
  readonly first: number
  readonly last: number
}

/** From the end of one stop to the end of the next. */
export interface Leg {
  readonly from: RealStop
  readonly to: RealStop
}

const STAYS_WITHIN_M = 60
/** Within a longer gap nobody knows what it did. */
const GAP_MS = 240_000
/** A leg goes somewhere, and comes to an end. */
const LEG_M = 300
const LEG_MS = 3_600_000
/** So near to a fix a place was passed, */
const PASSED_WITHIN_M = 60
/** and so far from both ends of the leg. */
const APART_M = 300
/** Near a pass the vehicle did not stand within this of it. */
const STOOD_WITHIN_M = 150
const CELL_M = 100

const metres = (a: Place, b: Place): number => Math.hypot(a.x - b.x, a.y - b.y)

export function realStops(track: readonly TracePoint[], spanMs: number): RealStop[] {
  const stops: RealStop[] = []
  for (let i = 1; i < track.length; i++) {
    if (track[i]!.isOccupied === track[i - 1]!.isOccupied) continue
    const [before, after] = [stayAround(track, i - 1), stayAround(track, i)]
    const stay = lengthOf(track, before) >= lengthOf(track, after) ? before : after
    if (lengthOf(track, stay) < spanMs || (stops.at(-1)?.last ?? -1) >= stay.first) continue
    const points = track.slice(stay.first, stay.last + 1)
    const mean = (of: (point: TracePoint) => number) =>
      points.reduce((sum, point) => sum + of(point), 0) / points.length
    stops.push({ ...stay, x: mean(({ x }) => x), y: mean(({ y }) => y) })
  }
  return stops
}

interface Stay {
  readonly first: number
  readonly last: number
}

const lengthOf = (track: readonly TracePoint[], { first, last }: Stay): number => track[last]!.atMs - track[first]!.atMs

function stayAround(track: readonly TracePoint[], index: number): Stay {
  const here = track[index]!
  const isOfIt = (at: number, next: number) =>
    track[at] !== undefined &&
    metres(track[at]!, here) <= STAYS_WITHIN_M &&
    Math.abs(track[at]!.atMs - track[next]!.atMs) <= GAP_MS
  let first = index
  let last = index
  while (isOfIt(first - 1, first)) first -= 1
  while (isOfIt(last + 1, last)) last += 1
  return { first, last }
}

export function legsOf(track: readonly TracePoint[], stops: readonly RealStop[]): Leg[] {
  return stops.slice(1).flatMap((to, index) => {
    const from = stops[index]!
    const tookMs = track[to.first]!.atMs - track[from.last]!.atMs
    return metres(from, to) >= LEG_M && tookMs <= LEG_MS ? [{ from, to }] : []
  })
}

/**
 * When it arrived: at the stop, or when it first stood there, on this leg, for longer than any light is red. So taxis wait at a rank before a
 * fare comes.
 */
export function arrivedAtMs(track: readonly TracePoint[], { from, to }: Leg, lightMs: number): number {
  for (let i = from.last + 1; i < to.first; i++) {
    if (metres(track[i]!, to) > STAYS_WITHIN_M) continue
    if (stoodFrom(track, i, to.last) >= lightMs) return track[i]!.atMs
  }
  return track[to.first]!.atMs
}

/** Places, to be found by where they are. */
export class PlaceGrid {
  readonly #cells = new Map<string, Place[]>()

  constructor(places: Iterable<Place>) {
    for (const place of places) {
      const key = keyOf(cellOf(place.x), cellOf(place.y))
      const others = this.#cells.get(key)
      if (others === undefined) this.#cells.set(key, [place])
      else others.push(place)
    }
  }

  near(point: Place, withinM: number): Place[] {
    const found: Place[] = []
    for (let i = cellOf(point.x) - 1; i <= cellOf(point.x) + 1; i++)
      for (let j = cellOf(point.y) - 1; j <= cellOf(point.y) + 1; j++)
        for (const place of this.#cells.get(keyOf(i, j)) ?? []) if (metres(place, point) <= withinM) found.push(place)
    return found
  }
}

const cellOf = (metre: number): number => Math.floor(metre / CELL_M)
const keyOf = (i: number, j: number): string => `${i} ${j}`

/** The places that were passed on a leg, in the order in which it came to them, none within 300 m of another. */
export function passesOf(track: readonly TracePoint[], { from, to }: Leg, places: PlaceGrid, lightMs: number): Place[] {
  const passed: Place[] = []
  for (let i = from.last + 1; i < to.first; i++) {
    for (const place of places.near(track[i]!, PASSED_WITHIN_M)) {
      const isApart = [from, to, ...passed].every(other => metres(place, other) >= APART_M)
      if (isApart && !stoodAt(track, from.last, to.last, place, lightMs)) passed.push(place)
    }
  }
  return passed
}

/** Whether it stood near the place for so long that a light, or a queue before it, does not explain it. */
function stoodAt(track: readonly TracePoint[], first: number, last: number, place: Place, lightMs: number): boolean {
  for (let i = first; i < last; i++) {
    if (metres(track[i]!, place) <= STOOD_WITHIN_M && stoodFrom(track, i, last) >= lightMs) return true
  }
  return false
}

/** For how long it stayed where it was at this fix, until the last that counts. */
function stoodFrom(track: readonly TracePoint[], first: number, last: number): number {
  let end = first
  while (end < last && metres(track[end + 1]!, track[first]!) <= STAYS_WITHIN_M) end += 1
  return track[end]!.atMs - track[first]!.atMs
}
