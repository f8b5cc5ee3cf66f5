/** What a run is made of, all of it from its seed: how large the world is, how long it lasts, and how much goes wrong. */

import type { DispatchMode } from '../../src/domain/vocabulary.ts'
import { Dice, partSeed } from '../fuzz/dice.ts'

export const FAULT_LEVELS = ['none', 'few', 'many', 'terrible'] as const
export type FaultLevel = (typeof FAULT_LEVELS)[number]

/** How often each kind of trouble begins, in a virtual hour; 0 for never. */
export interface Troubles {
  /** Of the network: one connection is cut, is half open, stalls; all are cut at once. */
  readonly cuts: number
  readonly halfOpens: number
  readonly stalls: number
  readonly storms: number
  /** Of the store: away, slow, a lock held, no connection to be had; and of single writes, out of a thousand. */
  readonly storeAway: number
  readonly storeSlow: number
  readonly storeLocked: number
  readonly poolExhausted: number
  readonly writesRefusedPerMille: number
  readonly writesUnknownPerMille: number
  readonly rowsRejectedPerMille: number
  /** Of the engine: a crash, a crash between two steps of a commit, a pause, a takeover while paused, a drain. */
  readonly crashes: number
  readonly pauses: number
  readonly takeovers: number
  readonly drains: number
  /** Of clocks: the database's and an engine's. */
  readonly clockJumps: number
  /** Of the service: a unit's level of care, capabilities or call sign change. */
  readonly referenceChanges: number
  /** Of its policy. */
  readonly policyChanges: number
  /** So many records may wait for the database before commands are turned away; 0: as many as the engine allows. */
  readonly pendingMax: number
  /** So many seconds a call that is over stays in memory, and as many outcomes of commands; 0: as the engine does. */
  readonly memoryShort: number
  /** Of people: how often a phone restarts, loses its clock, signs in twice; a button is wrong. Each a share of 0 to 1. */
  readonly clumsiness: number
  /** An app crashes at each start, with a new stream each time, until it is back with its first one. */
  readonly appLoops: number
  /** The network of many phones at once is gone for a while. */
  readonly blackouts: number
}

export interface Plan {
  readonly seed: number
  readonly hours: number
  /** Units with a crew and a phone. */
  readonly drivers: number
  /** Units that a feed reports for. */
  readonly feedUnits: number
  readonly dispatchers: number
  /** Consoles that only look on: the board and the map. */
  readonly consoles: number
  readonly callsPerHour: number
  readonly mode: DispatchMode
  /** The region has the city's streets as its roads. */
  readonly hasRoads: boolean
  /** Of the region: where it is 6 in the morning of a Monday at UTC it may be night, or a peak hour. */
  readonly timeZone: string
  readonly faults: FaultLevel
  readonly troubles: Troubles
  /** How long the world is left in peace at the end, in which everything must come right. */
  readonly calmMs: number
}

/** What a user may fix of a plan; the rest is drawn from the seed. */
export interface Wishes {
  readonly hours?: number | undefined
  readonly drivers?: number | undefined
  readonly callsPerHour?: number | undefined
  readonly faults?: FaultLevel | undefined
}

/** At their beginning: morning, peak, night, noon, a peak again, evening. */
const TIME_ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kathmandu',
  'Australia/Adelaide',
  'Pacific/Auckland',
]

export const CALM_MS = 20 * 60_000

/** Parts of a seed's chance: each part of the world throws its own dice, so that one part can change alone. */
export function diceFor(seed: number, name: string): Dice {
  let part = 0
  for (let i = 0; i < name.length; i += 1) part = (Math.imul(part, 31) + name.charCodeAt(i)) | 0
  return new Dice(partSeed(seed, part))
}

export function drawPlan(seed: number, wishes: Wishes = {}): Plan {
  const dice = diceFor(seed, 'plan')
  const size = dice.weighed({ tiny: 6, small: 3, middle: 1 })
  const drawnDrivers = dice.within(size === 'tiny' ? [1, 4] : size === 'small' ? [4, 12] : [12, 40])
  const drawnHours = dice.within(size === 'tiny' ? [1, 6] : size === 'small' ? [1, 3] : [1, 1])
  const drawnFaults = dice.weighed<FaultLevel>({ none: 1, few: 3, many: 4, terrible: 2 })
  const busy = dice.within([2, 30]) / 10
  const feedUnits = dice.oneIn(3) ? dice.within([1, 5]) : 0
  const dispatchers = dice.within([1, 3])
  const consoles = Number(dice.weighed({ 0: 5, 1: 3, 2: 1 }))
  const mode = dice.pick(['ordered', 'offered'] as const)
  const faults = wishes.faults ?? drawnFaults
  const drivers = wishes.drivers ?? drawnDrivers
  return {
    seed,
    hours: wishes.hours ?? drawnHours,
    drivers,
    feedUnits,
    dispatchers,
    consoles,
    callsPerHour: wishes.callsPerHour ?? Math.max(1, Math.round((drivers + feedUnits) * busy)),
    mode,
    // Of its own chance: worlds with and without are the same else.
    hasRoads: diceFor(seed, 'roads').oneIn(2),
    timeZone: diceFor(seed, 'time zone').pick(TIME_ZONES),
    faults,
    // As roads.
    troubles: {
      ...drawTroubles(faults, dice),
      memoryShort: faults === 'none' ? 0 : memoryOf(diceFor(seed, 'memory')),
    },
    calmMs: CALM_MS,
  }
}

const NO_TROUBLES: Troubles = {
  cuts: 0,
  halfOpens: 0,
  stalls: 0,
  storms: 0,
  storeAway: 0,
  storeSlow: 0,
  storeLocked: 0,
  poolExhausted: 0,
  writesRefusedPerMille: 0,
  writesUnknownPerMille: 0,
  rowsRejectedPerMille: 0,
  crashes: 0,
  pauses: 0,
  takeovers: 0,
  drains: 0,
  clockJumps: 0,
  referenceChanges: 0,
  policyChanges: 0,
  pendingMax: 0,
  memoryShort: 0,
  clumsiness: 0,
  appLoops: 0,
  blackouts: 0,
}

/** How many beginnings an hour a kind may have at each level. */
const MOST: Readonly<Record<FaultLevel, number>> = { none: 0, few: 1, many: 6, terrible: 40 }

/** Each kind has its own density, and some runs have none of a kind: a trouble that never pauses hides others. */
const memoryOf = (dice: Dice): number => (dice.oneIn(2) ? dice.within([1, 120]) : 0)

function drawTroubles(level: FaultLevel, dice: Dice): Troubles {
  const most = MOST[level]
  if (most === 0) return NO_TROUBLES
  const density = (scale = 1): number => (dice.oneIn(3) ? 0 : (dice.below(1_000) / 1_000) ** 2 * most * scale)
  return {
    cuts: density(10),
    halfOpens: density(4),
    stalls: density(4),
    storms: density(0.5),
    storeAway: density(0.5),
    storeSlow: density(),
    storeLocked: density(0.5),
    poolExhausted: density(0.5),
    writesRefusedPerMille: density(2),
    writesUnknownPerMille: density(2),
    rowsRejectedPerMille: density(0.1),
    crashes: density(0.5),
    pauses: density(),
    takeovers: density(0.3),
    drains: density(0.2),
    clockJumps: density(0.5),
    referenceChanges: density(),
    pendingMax: dice.oneIn(3) ? dice.within([2, 30]) : 0,
    memoryShort: 0,
    clumsiness: level === 'few' ? 0.05 : level === 'many' ? 0.2 : 0.5,
    appLoops: density(0.3),
    policyChanges: density(),
    blackouts: density(0.5),
  }
}
