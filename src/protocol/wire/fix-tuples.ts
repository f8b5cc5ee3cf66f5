/** How fixes travel: a phone's streams, a feed's channels, and the tuple of a fix. */

/** `gnss`: times are true and taken as they are. `device`: only the age is trusted. */
export type StreamClock = 'gnss' | 'device'

/** `[streamId, clock, lowestSeq]`; `lowestSeq` is the lowest seq that the client still holds (its next, if none). */
export type StreamDeclaration = readonly [streamId: string, clock: StreamClock, lowestSeq: number]

/**
 * `[seq, ageMs, lonE7, latE7, accuracyDm, speedCmps, headingDd]`: age = sentAt − at in signed milliseconds of region
 * time; decimetres, centimetres a second, tenths of a degree; null where unknown.
 */
export type WireFix = readonly [
  seq: number,
  ageMs: number,
  lonE7: number,
  latE7: number,
  accuracyDm: number | null,
  speedCmps: number | null,
  headingDd: number | null,
]

/** A fix of one of a feed's units: the channel that `attach` gave it, then the fix's own elements. */
export type FeedFix = readonly [channel: number, ...fix: WireFix]

/**
 * One of a feed's units. `channel` is the feed's own number for it, used from then on; `streamId`, `clock` and
 * `lowestSeq` are those of a `StreamDeclaration`.
 */
export type FeedChannel = readonly [
  channel: number,
  unitId: string,
  streamId: string,
  clock: StreamClock,
  lowestSeq: number,
]

/** Why a feed lost a channel: another attach took the unit, or the service gave the unit up. */
export const DETACH_REASONS = ['superseded', 'unit-retired'] as const

export type DetachReason = (typeof DETACH_REASONS)[number]
