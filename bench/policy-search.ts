/**
 * A day as somebody who knows it would dispatch it: the best of many tries, so the best there is has no more late calls.
 *
 * It begins with what happens by road, and changes a few things at a time: this call is for that unit alone, nobody is sent to
 * that one for a while, or a change is taken back. The day is run again; what makes no more calls late, or the same ones no
 * later, is kept. Half of the changes are at a late call or at one of those shortly before it. What is found is a day that can be had:
 * each unit is where it is, and nobody is sent before the call was entered.
 */
import { byRoad, type Changes, type Day, type DayOutcome, DayRun, NO_CHANGES } from './policy-day.ts'
import type { BenchRoads, WaysBack } from './policy-roads.ts'

/** A late call is no later for the count when it waits until the city is quiet. */
const LONGEST_HOLD_MS = 3 * 3_600_000
const SHORT_HOLD_MS = 120_000
/** Calls so long before a late one may have taken its unit. */
const BEFORE_MS = 2 * 3_600_000
/** Units among which a change chooses, the nearest to the scene from their posts first. */
const NEAR = 8

export interface FoundDay {
  readonly outcome: DayOutcome
  readonly changes: Changes
}

/** Input: `tries` is how many other days it runs; `random` from 0 up to but not including 1. */
export function foundDay(
  roads: BenchRoads,
  back: WaysBack,
  day: Day,
  { tries, random }: { tries: number; random: () => number },
): FoundDay {
  const ranking = byRoad(roads)
  const run = (changes: Changes) => new DayRun(roads, back, day, ranking, changes).run()
  const change = new Change(roads, day, random)
  let best: FoundDay = { outcome: run(NO_CHANGES), changes: NO_CHANGES }
  let bestScore = score(best.outcome, day)
  for (let round = 0; round < tries && best.outcome.late > 0; round++) {
    const changes = change.of(best)
    const outcome = run(changes)
    const outcomeScore = score(outcome, day)
    if (outcomeScore > bestScore) continue
    best = { outcome, changes }
    bestScore = outcomeScore
  }
  return best
}

/** Late calls above all; among as many, how much they are late, each counted up to a target, says which way to go on. */
function score({ responseMs, late }: DayOutcome, { targetMs }: Day): number {
  let overMs = 0
  for (const ms of responseMs) {
    if (ms === Infinity) return Infinity
    overMs += Math.min(targetMs, Math.max(0, ms - targetMs))
  }
  return late + overMs / (targetMs * (responseMs.length + 1))
}

class Change {
  readonly #day: Day
  readonly #random: () => number
  /** By call: shifts at work when it is entered, the nearest first. */
  readonly #near: readonly (readonly number[])[]

  constructor(roads: BenchRoads, day: Day, random: () => number) {
    this.#day = day
    this.#random = random
    this.#near = day.calls.map(({ enteredAtMs, scene }) =>
      day.shifts
        .map(({ post, startsAtMs, endsAtMs }, shift) => ({
          shift,
          isAtWork: startsAtMs <= enteredAtMs + day.targetMs && enteredAtMs < endsAtMs,
          driveMs: roads.driveMs(post.place, scene),
        }))
        .filter(({ isAtWork }) => isAtWork)
        .sort((a, b) => a.driveMs - b.driveMs)
        .map(({ shift }) => shift),
    )
  }

  of({ outcome, changes }: FoundDay): Changes {
    const shift = new Map(changes.shift)
    const heldMs = new Map(changes.heldMs)
    const count = this.#random() < 0.6 ? 1 : this.#random() < 0.7 ? 2 : 3
    const late = this.#oneOf(
      [...outcome.responseMs.keys()].filter(call => outcome.responseMs[call]! > this.#day.targetMs),
    )
    for (let each = 0; each < count; each++) {
      const call = this.#random() < 0.8 ? this.#around(late) : Math.floor(this.#random() * this.#day.calls.length)
      const isLate = outcome.responseMs[call]! > this.#day.targetMs
      const kind = this.#random()
      if (kind < 0.15) shift.delete(call)
      else if (kind < 0.25) heldMs.delete(call)
      else if (kind < (isLate ? 0.6 : 0.9)) {
        const near = this.#near[call]!
        const among = this.#random() < 0.8 ? near.slice(0, NEAR) : near
        if (among.length > 0) shift.set(call, this.#oneOf(among))
      } else heldMs.set(call, Math.floor(this.#random() * (isLate ? LONGEST_HOLD_MS : SHORT_HOLD_MS)))
    }
    return { shift, heldMs }
  }

  /** The late call itself, or one that was entered not long before it. */
  #around(late: number): number {
    if (this.#random() < 0.3) return late
    const { calls } = this.#day
    const from = calls.findIndex(({ enteredAtMs }) => enteredAtMs >= calls[late]!.enteredAtMs - BEFORE_MS)
    return from + Math.floor(this.#random() * (late - from + 1))
  }

  #oneOf<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)]!
  }
}
