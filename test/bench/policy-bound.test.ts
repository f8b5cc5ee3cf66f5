/** The bound and the day found, against all that can be done on tiny days by a judge with roads and rules of its own. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { lateAtLeast } from '../../bench/policy-bound.ts'
import { byRoad, type Day, DayRun } from '../../bench/policy-day.ts'
import { foundDay } from '../../bench/policy-search.ts'
import { seeded } from '../../tools/shared/random.ts'
import { type TinyRoad, tinyWorld } from './policy-world.ts'

const WIDE = 4
const CORNERS = WIDE * WIDE
const TARGET_MS = 250_000
/** After it could have been: what a unit that waits may gain is where it is then. */
const WAITS_MS = [0, 40_000, 150_000]

interface TinyCall {
  readonly enteredAtMs: number
  readonly at: number
  readonly end: number
  readonly turnoutMs: number
  readonly serviceMs: number
}

interface TinyUnit {
  readonly post: number
  readonly startsAtMs: number
  readonly endsAtMs: number
}

interface TinyDay {
  readonly roads: readonly TinyRoad[]
  readonly calls: readonly TinyCall[]
  readonly units: readonly TinyUnit[]
}

function tinyDay(random: () => number): TinyDay {
  const whole = (from: number, to: number) => from + Math.floor(random() * (to - from))
  const roads: TinyRoad[] = []
  for (let corner = 0; corner < CORNERS; corner++) {
    // To the millisecond, so that no two ways are as long.
    const seconds = () => whole(40_000, 120_000) / 1_000
    if (corner % WIDE < WIDE - 1) roads.push({ a: corner, b: corner + 1, seconds: seconds() })
    if (corner + WIDE < CORNERS) roads.push({ a: corner, b: corner + WIDE, seconds: seconds() })
  }
  const calls = Array.from({ length: 5 }, (): TinyCall => {
    const at = whole(0, CORNERS)
    const isShort = random() < 0.4
    return {
      enteredAtMs: whole(0, 1_500_000),
      at,
      end: random() < 0.5 ? at : whole(0, CORNERS),
      turnoutMs: whole(0, 40_000),
      serviceMs: isShort ? whole(0, 60_000) : whole(60_000, 900_000),
    }
  }).sort((a, b) => a.enteredAtMs - b.enteredAtMs)
  const units = [0, 1].map((): TinyUnit => {
    const post = whole(0, CORNERS)
    return { post, startsAtMs: random() < 0.5 ? 0 : whole(0, 500_000), endsAtMs: Infinity }
  })
  return {
    roads,
    calls,
    units: random() < 0.5 ? units : [{ ...units[0]!, endsAtMs: whole(600_000, 1_400_000) }, units[1]!],
  }
}

/** Floyd and Warshall: milliseconds from corner to corner, and the corner that comes next. */
function matrix(roads: readonly TinyRoad[]) {
  const ms = Array.from({ length: CORNERS }, (_, a) =>
    Array.from({ length: CORNERS }, (__, b) => (a === b ? 0 : Infinity)),
  )
  const next = Array.from({ length: CORNERS }, () => Array.from({ length: CORNERS }, (_, b) => b))
  for (const { a, b, seconds } of roads) ms[a]![b] = ms[b]![a] = Math.round(seconds * 1_000)
  for (let via = 0; via < CORNERS; via++)
    for (let a = 0; a < CORNERS; a++)
      for (let b = 0; b < CORNERS; b++) {
        const throughMs = ms[a]![via]! + ms[via]![b]!
        if (throughMs >= ms[a]![b]!) continue
        ms[a]![b] = throughMs
        next[a]![b] = next[a]![via]!
      }
  return { ms, next }
}

/** The fewest late calls: every split of the calls over the two units, every order, with and without waiting. */
function fewestLate({ roads, calls, units }: TinyDay): number {
  const { ms, next } = matrix(roads)
  /** From so long after the unit left for its post. */
  const driveMs = (from: number, post: number, afterMs: number, to: number): number => {
    let at = from
    let leftMs = afterMs
    while (at !== post) {
      if (leftMs === 0) break
      const corner = next[at]![post]!
      if (leftMs < ms[at]![corner]!) return ms[at]![corner]! - leftMs + ms[corner]![to]!
      leftMs -= ms[at]![corner]!
      at = corner
    }
    return ms[at]![to]!
  }
  const ofUnit = ({ post, startsAtMs, endsAtMs }: TinyUnit): number[] => {
    const fewest = new Array<number>(1 << calls.length).fill(Infinity)
    const go = (served: number, from: number, idleAtMs: number, late: number) => {
      fewest[served] = Math.min(fewest[served]!, late)
      calls.forEach((call, number) => {
        if (served & (1 << number)) return
        for (const waitMs of WAITS_MS) {
          const sentAtMs = Math.max(call.enteredAtMs, idleAtMs) + waitMs
          if (sentAtMs >= endsAtMs) continue
          const arrivedAtMs = sentAtMs + call.turnoutMs + driveMs(from, post, sentAtMs - idleAtMs, call.at)
          const isLate = arrivedAtMs - call.enteredAtMs > TARGET_MS
          go(served | (1 << number), call.end, arrivedAtMs + call.serviceMs, late + (isLate ? 1 : 0))
        }
      })
    }
    go(0, post, startsAtMs, 0)
    return fewest
  }
  const [first, second] = units.map(ofUnit)
  const all = (1 << calls.length) - 1
  return Math.min(...first!.map((late, served) => late + second![all - served]!))
}

test('the bound is never above what can be done, the day found never below the bound, and both are near', () => {
  const random = seeded(7)
  const total = { bound: 0, fewest: 0, found: 0, byRoad: 0 }
  for (let round = 0; round < 60; round++) {
    const tiny = tinyDay(random)
    const corners = Array.from({ length: CORNERS }, (_, at) => [at % WIDE, Math.floor(at / WIDE)] as const)
    const { roads, back, goals } = tinyWorld(corners, tiny.roads)
    const day: Day = {
      name: `${round}`,
      calls: tiny.calls.map(call => ({ ...call, priority: 1, scene: goals[call.at]!, end: goals[call.end]!.place })),
      shifts: tiny.units.map(unit => ({ ...unit, post: goals[unit.post]! })),
      targetMs: TARGET_MS,
    }
    const fewest = fewestLate(tiny)
    const found = foundDay(roads, back, day, { tries: 200, random: seeded(round) }).outcome.late
    const online = new DayRun(roads, back, day, byRoad(roads)).run().late
    const bound = lateAtLeast(roads, back, day, found)
    // A search that goes on past what can be had must not get there.
    const furthest = lateAtLeast(roads, back, day, day.calls.length)
    assert.ok(furthest <= fewest, `day ${round}: at least ${furthest}, but ${fewest} can be had`)
    assert.ok(bound <= fewest, `day ${round}: at least ${bound}, but ${fewest} can be had`)
    assert.ok(bound <= found && found <= online, `day ${round}: ${bound}, ${found}, ${online}`)
    total.bound += bound
    total.fewest += fewest
    total.found += found
    total.byRoad += online
  }
  // Else a bound of 0 and a search that finds nothing would pass.
  assert.ok(total.bound >= 0.6 * total.fewest, JSON.stringify(total))
  assert.ok(total.found <= 1.2 * total.fewest && total.found < total.byRoad, JSON.stringify(total))
})

test('a later call that is short may be served first, and nobody need be late', () => {
  const { roads, back, goals } = tinyWorld(
    [
      [0, 0],
      [1, 0],
      [2, 0],
    ],
    [
      { a: 0, b: 1, seconds: 60 },
      { a: 1, b: 2, seconds: 60 },
    ],
  )
  const call = (corner: number, enteredAtMs: number, serviceMs: number) => {
    return { enteredAtMs, priority: 1, scene: goals[corner]!, turnoutMs: 10_000, serviceMs, end: goals[corner]!.place }
  }
  // At work from 50 s on. The second call first: 60 s and 195 s. The first call first: 180 s, and the other far too late.
  const day: Day = {
    name: 'd',
    calls: [call(2, 0, 400_000), call(0, 20_000, 5_000)],
    shifts: [{ post: goals[0]!, startsAtMs: 50_000, endsAtMs: Infinity }],
    targetMs: 200_000,
  }
  const changes = { shift: new Map(), heldMs: new Map([[0, 65_000]]) }
  assert.equal(new DayRun(roads, back, day, byRoad(roads), changes).run().late, 0)
  assert.equal(lateAtLeast(roads, back, day, 2), 0)
})
