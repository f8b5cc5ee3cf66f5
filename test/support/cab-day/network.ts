/**
 * How the fixes of a day reach the engine over a seeded mobile network: each vehicle has a phone that has all of them, falls
 * silent now and then and sends its backlog later, some of it twice; and a modem that has every third, at once.
 *
 * The file says nothing of accuracy and has no wrong clocks, so a seed gives some fixes a poor accuracy or a time ahead.
 */
import type { Dice } from '../../fuzz/dice.ts'
import type { CabDay } from './cabs.ts'

export interface SentFix {
  readonly seq: number
  readonly atMs: number
  readonly lonDeg: number
  readonly latDeg: number
  readonly accuracyM: number
}
/** Fixes that arrive together. */
export interface Delivery {
  readonly arrivesAtMs: number
  readonly cab: string
  readonly by: 'phone' | 'modem'
  readonly fixes: readonly SentFix[]
}

/** All that arrives at about one time arrives at once. */
export const STEP_MS = 10_000
const FRAME_FIXES = 256

const stepOf = (atMs: number): number => Math.ceil(atMs / STEP_MS) * STEP_MS

/** In the order of arrival. */
export function deliveriesOf(day: CabDay, dice: Dice): Delivery[] {
  const all: Delivery[] = []
  for (const [cab, seen] of day) {
    const phone: SentFix[] = seen.map((each, i) => ({ ...each, seq: i + 1, ...oddities(dice, each.atMs) }))
    const modem = phone.filter((_, i) => i % 3 === 0).map((fix, i) => ({ ...fix, seq: i + 1 }))
    for (const [i, fix] of modem.entries()) {
      all.push({ arrivesAtMs: stepOf(seen[3 * i]!.atMs + 1), cab, by: 'modem', fixes: [fix] })
    }
    let [sentAtMs, backToMs] = [0, 0]
    let held: SentFix[] = []
    const send = (fixes: readonly SentFix[], atMs: number) => {
      for (let from = 0; from < fixes.length; from += FRAME_FIXES) {
        all.push({ arrivesAtMs: stepOf(atMs), cab, by: 'phone', fixes: fixes.slice(from, from + FRAME_FIXES) })
      }
    }
    phone.forEach((fix, i) => {
      // However long it takes, nothing overtakes on one connection.
      sentAtMs = Math.max(sentAtMs, seen[i]!.atMs + 200 + dice.below(3_000))
      held.push(fix)
      if (dice.oneIn(200)) backToMs = sentAtMs + 120_000 + dice.below(40 * 60_000)
      if (sentAtMs < backToMs && i < phone.length - 1) return
      // Back after a loss it sends again what it has not heard to be stored.
      const again = held.length > 1 ? dice.below(6) : 0
      send([...phone.slice(Math.max(0, fix.seq - held.length - again), fix.seq - held.length), ...held], sentAtMs)
      if (dice.oneIn(100)) send(held, sentAtMs)
      held = []
    })
  }
  return all.sort((a, b) => a.arrivesAtMs - b.arrivesAtMs)
}

function oddities(dice: Dice, atMs: number): { readonly atMs: number; readonly accuracyM: number } {
  const accuracyM = dice.oneIn(100)
    ? 120 + dice.below(2_000)
    : dice.oneIn(20)
      ? 30 + dice.below(70)
      : 5 + dice.below(20)
  return { atMs: dice.oneIn(500) ? atMs + 60_000 + dice.below(600_000) : atMs, accuracyM }
}
