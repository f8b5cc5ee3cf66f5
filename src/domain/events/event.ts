/** What all events have in common: what they belong to, who brought them about, and their moment. */

import type { EntityKey } from '../entity.ts'

export interface EventOf<T extends string, K extends EntityKey> {
  readonly type: T
  readonly v: 1
  readonly entity: K
  /** Region time of the event where its record's time lies ahead of it: `recordedAtMs` heals after a clock that was ahead. */
  readonly atMs?: number
}

/** Who moved the unit. Absent: the crew itself; so it is in records of before the desk could do this for a crew. */
export interface Caused {
  readonly cause?: 'dispatcher'
}

export const BY_DESK = { cause: 'dispatcher' } as const satisfies Caused

export type DriverEntity = `driver/${string}`

export type TripEntity = `trip/${string}`

export type CallEntity = `call/${string}`

export type RegionEntity = `region/${string}`

/** A moment that was put right. */
export interface PutRight {
  /** The moment as it was sent; absent where it was taken as it is. */
  readonly sentAtMs?: number
}

/** A moment that is kept as it was said. */
export interface Doubtful {
  /** It lies before a moment of the response that it should follow, or behind one that should follow it. */
  readonly implausible?: true
}

/** The moment of a button, as its event has it. */
export function momentOf({ happenedAtMs, sentAtMs }: PutRight & { readonly happenedAtMs: number }) {
  return sentAtMs === undefined ? { happenedAtMs } : { happenedAtMs, sentAtMs }
}
