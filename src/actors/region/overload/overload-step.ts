/**
 * How far a region goes to get by with less work, by how long fixes have waited for their turn.
 *
 * The steps in their order: places of units are made public once a second (`coalescing`); then maps are drawn once a second,
 * too (`thinning`); and whoever sends fixes is held back for himself, once his have waited so long that more would only wait
 * longer. Commands go past all of it: they are refused when a mailbox is full, and not before.
 */

export const OVERLOAD_STEPS = ['none', 'coalescing', 'thinning'] as const
export type OverloadStep = (typeof OVERLOAD_STEPS)[number]

/** A step begins once fixes have waited so long, and ends when they wait half as long: it does not flicker. */
const BEGINS_MS = { coalescing: 250, thinning: 1_000 }
/** Long enough that the region has work while who is held back does not send, short enough that all is caught up soon. */
const HELD_FROM_MS = 2_000

/** Output: the step from now on. Input: how long those that have waited longest have waited. */
export function stepAfter(before: OverloadStep, waitedMs: number): OverloadStep {
  if (waitedMs >= untilMs(BEGINS_MS.thinning, before === 'thinning')) return 'thinning'
  return waitedMs >= untilMs(BEGINS_MS.coalescing, before !== 'none') ? 'coalescing' : 'none'
}

/** Whether a sender's next frame is held back. Input: whether his last one was, and how long it would wait. */
export function isHeldAfter(before: boolean, waitedMs: number): boolean {
  return waitedMs >= untilMs(HELD_FROM_MS, before)
}

const untilMs = (beginsMs: number, isOn: boolean): number => (isOn ? beginsMs / 2 : beginsMs)
