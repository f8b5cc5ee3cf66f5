/**
 * What a unit's wheels say of its work, from its fixes alone: that it rolls, has arrived, has left, stands, or turns away.
 *
 * One fold over the fixes of one response, in the order of their moments; each fix costs a few distances, and what is kept of a
 * unit does not grow. Whoever drives past a place, waits at a light before it or is thrown about by its receiver has not arrived:
 * it takes a slow fix within the fence, grown by what the receiver does not know, and a dwell; and it takes more to leave than to
 * come. Radii and dwell are the policy's; the other numbers are choices of ours.
 */
import type { Fix } from '../fix.ts'
import { distanceM, type Position } from '../geo.ts'
import type { Policy } from '../policy.ts'

/** What of a fix counts here. */
export type WheelFix = Pick<Fix, 'fixedAtMs' | 'lonDeg' | 'latDeg' | 'accuracyM' | 'speedMps'>

/** Of a fix that is less sure of its place nothing is drawn. */
const ACCURACY_MAX_M = 50
/** Slower than this a unit is about to stand: 5 km/h. */
const SLOW_MPS = 5 / 3.6
/**
 * Where the receiver tells no speed, a unit that stands is found so much further by its wander at most, and creeps no faster than this
 * between two fixes: a queue before a light does.
 */
const WANDERS_M = 10
const CREEPS_MPS = 0.9
/** Faster than this it drives: 10 km/h. */
const DRIVES_MPS = 10 / 3.6
/** Within so much of a place a unit stands there, however its receiver wanders. */
const STANDS_WITHIN_M = 50
/** Whoever has come so far has driven, also where it waits at a light just then. */
const DROVE_M = 200
const ROLLS_FOR_MS = 10_000
/** By so much of the radius a unit must be outside to have left. */
export const EXIT_RADII = 1.5
/** Of what a unit did between two fixes that lie further apart nothing is known. */
const GAP_MS = 300_000
/** After so long without a contradiction what the wheels say is sure. */
const SURE_AFTER_MS = 30_000

/** A moment that the wheels tell. */
export interface Sight {
  /** The first fix of it. */
  readonly atMs: number
  /** The fix that proved it. */
  readonly provedAtMs: number
  /** Whether it has stood for so long that it need not be asked about. */
  readonly isSure: boolean
  /** Whether the wheels have told another one before, and taken it back. */
  readonly isAgain: boolean
}

/** A stay within a fence. */
interface Stay {
  /** The first slow fix in it; null while the unit is not there. */
  readonly sinceMs: number | null
  readonly seen: Sight | null
  /** It was there before, and has left. */
  readonly isAgain: boolean
}
const NO_STAY: Stay = { sinceMs: null, seen: null, isAgain: false }

/** A departure from where the unit stood. */
interface Roll {
  readonly from: Position
  /** The first fix away from there; null while it is there. */
  readonly awaySinceMs: number | null
  readonly seen: Sight | null
}

export interface Wheels {
  /** The newest fix that counted; null before the first. */
  readonly last: WheelFix | null
  /** Where it has been since when, give or take 50 m. */
  readonly stand: { readonly at: WheelFix; readonly sinceMs: number } | null
  /** Its departure to the scene, and from the scene. */
  readonly setOut: Roll | null
  readonly left: Roll | null
  readonly atScene: Stay
  readonly atDestination: Stay
  /** How near to the scene it has come; null before the first fix. */
  readonly nearestM: number | null
  /** By how much further it is now. */
  readonly awayM: number
}

export const NO_WHEELS: Wheels = {
  ...{ last: null, stand: null, setOut: null, left: null },
  ...{ atScene: NO_STAY, atDestination: NO_STAY, nearestM: null, awayM: 0 },
}

/** Since when it stands where it is, if it has for the dwell; null while it has not. */
export const standsSinceMs = (wheels: Wheels, { arrivalDwellMs }: FencePolicy): number | null =>
  stoodForMs(wheels) >= arrivalDwellMs ? wheels.stand!.sinceMs : null

/** Its scene has been moved: what was seen of the former one says nothing. */
export const toOtherScene = (wheels: Wheels): Wheels => ({ ...wheels, atScene: NO_STAY, nearestM: null, awayM: 0 })

/** What a unit is watched for. */
export interface WheelGoals {
  readonly scene: Position
  /** The crew says that it is at the scene. */
  readonly isAtScene: boolean
  /** Null while it has no patient on board, or nobody has said where to. */
  readonly destination: Position | null
}

type FencePolicy = Pick<Policy, 'sceneFenceM' | 'destinationFenceM' | 'arrivalDwellMs'>

/** Input: a fix that is newer than `last`; others change nothing. */
export function wheelsAfter(wheels: Wheels, fix: WheelFix, goals: WheelGoals, policy: FencePolicy): Wheels {
  const { last } = wheels
  if ((fix.accuracyM ?? 0) > ACCURACY_MAX_M || (last !== null && fix.fixedAtMs <= last.fixedAtMs)) return wheels
  const { sceneFenceM, destinationFenceM, arrivalDwellMs } = policy
  const speedMps = speedOf(last, fix)
  const toSceneM = distanceM(fix, goals.scene)
  const atScene = stayAfter(wheels.atScene, fix, last, { ...goals.scene, radiusM: sceneFenceM, arrivalDwellMs })
  const stand = isNear(wheels.stand?.at, fix) ? wheels.stand! : { at: fix, sinceMs: fix.fixedAtMs }
  // A crew may say that it is there a street before: it leaves from where it stood.
  const stopped = goals.isAtScene && fix.fixedAtMs - stand.sinceMs >= arrivalDwellMs
  const wasThere = wheels.left !== null || atScene.seen !== null || stopped
  const nearestM = Math.min(wheels.nearestM ?? toSceneM, toSceneM)
  const { destination } = goals
  return {
    last: fix,
    stand,
    setOut: rollAfter(wheels.setOut, fix, speedMps),
    left: wasThere ? rollAfter(wheels.left, fix, speedMps) : null,
    atScene,
    atDestination:
      destination === null
        ? NO_STAY
        : stayAfter(wheels.atDestination, fix, last, { ...destination, radiusM: destinationFenceM, arrivalDwellMs }),
    nearestM,
    awayM: toSceneM - nearestM,
  }
}

/** For how long the unit has stood, by its own fixes. */
export const stoodForMs = ({ stand, last }: Wheels): number =>
  stand === null || last === null ? 0 : last.fixedAtMs - stand.sinceMs

/** What the receiver says, or what lies between two fixes; null where neither tells. */
function speedOf(before: WheelFix | null, fix: WheelFix): number | null {
  if (fix.speedMps !== null) return fix.speedMps
  if (before === null) return null
  const spanMs = fix.fixedAtMs - before.fixedAtMs
  return spanMs > GAP_MS ? null : (distanceM(before, fix) / spanMs) * 1_000
}

/** How fast it creeps between two fixes, at least. */
const creepMps = (before: WheelFix | null, fix: WheelFix): number =>
  before === null ? 0 : ((distanceM(before, fix) - WANDERS_M) / (fix.fixedAtMs - before.fixedAtMs)) * 1_000

/** Whether both may be of a unit that stands. */
const isNear = (one: WheelFix | undefined, fix: WheelFix): boolean =>
  one !== undefined && distanceM(one, fix) <= STANDS_WITHIN_M + Math.max(one.accuracyM ?? 0, fix.accuracyM ?? 0)

interface Fence extends Position {
  readonly radiusM: number
  readonly arrivalDwellMs: number
}

function stayAfter(stay: Stay, fix: WheelFix, before: WheelFix | null, fence: Fence): Stay {
  const away = distanceM(fix, fence)
  const unsureM = fix.accuracyM ?? 0
  const { fixedAtMs } = fix
  const isSeen = stay.seen !== null
  const nowhere = { sinceMs: null, seen: null, isAgain: stay.isAgain || isSeen }
  if (away - unsureM > fence.radiusM * EXIT_RADII) return nowhere
  // Once it has arrived, only the way out of the fence is another word: vehicles are moved about at a scene.
  if (stay.seen !== null) return { ...stay, seen: sureAfter(stay.seen, fixedAtMs) }
  if (fix.speedMps !== null && fix.speedMps >= SLOW_MPS) return nowhere
  const isInside = away <= fence.radiusM + unsureM
  const isAnew = stay.sinceMs === null || fixedAtMs - before!.fixedAtMs > GAP_MS
  // Without a receiver's word on its speed, what lies between two fixes in the fence tells it.
  const isFast = fix.speedMps === null && creepMps(before, fix) >= CREEPS_MPS
  if (isAnew || isFast) return isInside ? { ...nowhere, sinceMs: fixedAtMs } : nowhere
  if (!isInside || fixedAtMs - stay.sinceMs! < fence.arrivalDwellMs) return stay
  return { ...stay, seen: { atMs: stay.sinceMs!, provedAtMs: fixedAtMs, isSure: false, isAgain: stay.isAgain } }
}

function rollAfter(roll: Roll | null, fix: WheelFix, speedMps: number | null): Roll {
  if (roll === null) return { from: fix, awaySinceMs: null, seen: null }
  const { fixedAtMs } = fix
  if (roll.seen !== null) return { ...roll, seen: sureAfter(roll.seen, fixedAtMs) }
  const awayM = distanceM(roll.from, fix) - (fix.accuracyM ?? 0)
  if (awayM <= STANDS_WITHIN_M) return roll.awaySinceMs === null ? roll : { ...roll, awaySinceMs: null }
  if (roll.awaySinceMs === null) return { ...roll, awaySinceMs: fixedAtMs }
  const rolls = fixedAtMs - roll.awaySinceMs >= ROLLS_FOR_MS && (speedMps ?? 0) >= DRIVES_MPS
  if (!rolls && awayM < DROVE_M) return roll
  return { ...roll, seen: { atMs: roll.awaySinceMs, provedAtMs: fixedAtMs, isSure: false, isAgain: false } }
}

const sureAfter = (seen: Sight, fixedAtMs: number): Sight =>
  seen.isSure || fixedAtMs - seen.provedAtMs < SURE_AFTER_MS ? seen : { ...seen, isSure: true }
