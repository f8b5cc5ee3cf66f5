/**
 * The hot path: a frame of fixes from bytes to integers in one pass, and from wire integers to domain units.
 *
 * `readFixFrame` reads the MessagePack integers itself and takes only frames that are right in every field. Anything
 * else it leaves to the general path (pre-scan, msgpackr, `checkFix`), which says what is wrong; a property test holds
 * the two equal.
 */
import type { Fix } from '../domain/fix.ts'
import { DEFAULT_LIMITS, type FrameLimits, RANGES } from './limits.ts'
import type { FeedFix, WireFix } from './wire/fix-tuples.ts'
import { CLIENT_TYPES } from './wire/message-types.ts'

/** A fix with a value that no fix can have: it is never taken, and those around it are. */
export class BadFix {
  /** The feed's channel; null of a driver's own. */
  readonly channel: number | null
  readonly seq: number
  readonly field: FixField

  constructor(channel: number | null, seq: number, field: FixField) {
    this.channel = channel
    this.seq = seq
    this.field = field
  }
}
export type SentFix = WireFix | BadFix
export type SentFeedFix = FeedFix | BadFix

export interface FixRequest {
  readonly type: 'fix'
  readonly streamIndex: number
  /** Client wall milliseconds since the `clientNowMs` of its `hello`. */
  readonly sentAtMs: number
  readonly fixes: readonly SentFix[]
}
export interface HintRequest {
  readonly type: 'hint'
  readonly streamIndex: number
  readonly sentAtMs: number
  readonly fix: WireFix
}
export interface FeedFixesRequest {
  readonly type: 'feed-fixes'
  readonly sentAtMs: number
  readonly fixes: readonly SentFeedFix[]
}

/** Degrees to 1e-7 degree, rounded: 11 mm at the equator. Input: finite. */
export function toE7(deg: number): number {
  return noMinusZero(Math.round(deg * 1e7))
}

/** 1e-7 degree to degrees; `toE7(fromE7(e7)) === e7` for every coordinate. */
export function fromE7(e7: number): number {
  return e7 / 1e7
}

/** A wire fix in domain units. Input: a validated fix, and the region time that its age was resolved to. */
export function toFix(wire: WireFix, fixedAtMs: number): Fix {
  return inDomainUnits(wire, 0, fixedAtMs)
}

/** As `toFix`, for a fix behind its channel. */
export function toFeedFix(wire: FeedFix, fixedAtMs: number): Fix {
  return inDomainUnits(wire, 1, fixedAtMs)
}

function inDomainUnits(wire: WireFix | FeedFix, from: 0 | 1, fixedAtMs: number): Fix {
  const accuracyDm = wire[from + 4] as number | null
  const speedCmps = wire[from + 5] as number | null
  const headingDd = wire[from + 6] as number | null
  return {
    seq: wire[from] as number,
    fixedAtMs,
    lonDeg: fromE7(wire[from + 2] as number),
    latDeg: fromE7(wire[from + 3] as number),
    accuracyM: accuracyDm === null ? null : accuracyDm / 10,
    speedMps: speedCmps === null ? null : speedCmps / 100,
    headingDeg: headingDd === null ? null : headingDd / 10,
  }
}

/** The names of a fix's elements, in their order. */
export const FIX_FIELDS = ['seq', 'ageMs', 'lonE7', 'latE7', 'accuracyDm', 'speedCmps', 'headingDd'] as const
export type FixField = (typeof FIX_FIELDS)[number]
/** The same for a fix of a feed. */
export const FEED_FIX_FIELDS = ['channel', ...FIX_FIELDS] as const
export const NULLABLE: ReadonlySet<string> = new Set(['accuracyDm', 'speedCmps', 'headingDd'])

/** Output: the fix without unknown trailing elements, or the name of its first element that is wrong. */
export function checkFix<F extends (typeof FEED_FIX_FIELDS)[number]>(
  fix: readonly unknown[],
  fields: readonly F[],
): readonly (number | null)[] | F {
  const known: (number | null)[] = []
  for (const [i, name] of fields.entries()) {
    const value = fix[i]
    if (value === null && NULLABLE.has(name)) known.push(null)
    else if (inRange(value, RANGES[name])) known.push(noMinusZero(value))
    else return name
  }
  return known
}

export function inRange(value: unknown, [min, max]: readonly [min: number, max: number]): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
}

/** Minus zero is an integer to JavaScript and gone after JSON, so a state that held it would differ from its own snapshot. */
export const noMinusZero = (value: number): number => value + 0

/** Where the reader is. Frames are read synchronously, one at a time, so one cursor serves all of them. */
let at = 0

/**
 * Input: one binary frame of any type. Output: the request, when the frame is a `fix`, `hint` or `feed-fixes` in compact form
 * (integers of at most 32 bits, nothing after the fixes), every field is in range and no limit is passed; null otherwise,
 * which says nothing about why.
 */
export function readFixFrame(
  bytes: Uint8Array,
  limits: FrameLimits = DEFAULT_LIMITS,
): FixRequest | HintRequest | FeedFixesRequest | null {
  const elements = readArrayHead(bytes)
  const type = bytes[at]
  at += 1
  if (type === CLIENT_TYPES.fix) return readOwnFixes(bytes, 'fix', elements - 3, limits.fixesPerFrame, limits)
  if (type === CLIENT_TYPES['feed-fixes']) return readFeedFixes(bytes, elements - 2, limits)
  return type === CLIENT_TYPES.hint ? readOwnFixes(bytes, 'hint', elements - 3, 1, limits) : null
}

/** Whether the scan would let so many fixes through: each is a container and its values, behind the tuple and its header. */
const fits = (count: number, header: number, fields: number, limits: FrameLimits): boolean =>
  limits.depth >= 2 && 1 + header + count * (1 + fields) <= limits.nodes

function readOwnFixes(
  bytes: Uint8Array,
  type: 'fix' | 'hint',
  count: number,
  max: number,
  limits: FrameLimits,
): FixRequest | HintRequest | null {
  if (count < 1 || count > max || !fits(count, 3, FIX_FIELDS.length, limits)) return null
  const streamIndex = readInteger(bytes)
  const sentAtMs = readInteger(bytes)
  // Written so that NaN, the mark of anything but an integer, fails.
  if (!(streamIndex >= RANGES.streamIndex[0] && streamIndex <= RANGES.streamIndex[1])) return null
  if (!(sentAtMs >= RANGES.sentAtMs[0] && sentAtMs <= RANGES.sentAtMs[1])) return null

  const fixes: WireFix[] = []
  for (let i = 0; i < count; i += 1) {
    const fix = readFix(bytes)
    if (fix === null) return null
    fixes.push(fix)
  }
  // Reads past the end moved the cursor too, so this also refuses a frame that was cut short.
  if (at !== bytes.length) return null
  if (type === 'hint') return { type, streamIndex, sentAtMs, fix: fixes[0]! }
  return { type, streamIndex, sentAtMs, fixes }
}

function readFeedFixes(bytes: Uint8Array, count: number, limits: FrameLimits): FeedFixesRequest | null {
  if (count < 1 || count > limits.feedFixesPerFrame || !fits(count, 2, FEED_FIX_FIELDS.length, limits)) return null
  const sentAtMs = readInteger(bytes)
  if (!(sentAtMs >= RANGES.sentAtMs[0] && sentAtMs <= RANGES.sentAtMs[1])) return null
  const fixes: FeedFix[] = []
  for (let i = 0; i < count; i += 1) {
    const fix = readFeedFix(bytes)
    if (fix === null) return null
    fixes.push(fix)
  }
  return at === bytes.length ? { type: 'feed-fixes', sentAtMs, fixes } : null
}

const FIX_HEAD = 0x90 + FIX_FIELDS.length
const FEED_FIX_HEAD = 0x90 + FEED_FIX_FIELDS.length

function readFix(bytes: Uint8Array): WireFix | null {
  if (bytes[at] !== FIX_HEAD) return null
  at += 1
  const seq = readInteger(bytes)
  const ageMs = readInteger(bytes)
  const lonE7 = readInteger(bytes)
  const latE7 = readInteger(bytes)
  const accuracyDm = readNullable(bytes)
  const speedCmps = readNullable(bytes)
  const headingDd = readNullable(bytes)
  if (!isGood(seq, ageMs, lonE7, latE7, accuracyDm, speedCmps, headingDd)) return null
  return [seq, ageMs, lonE7, latE7, accuracyDm, speedCmps, headingDd]
}

function readFeedFix(bytes: Uint8Array): FeedFix | null {
  if (bytes[at] !== FEED_FIX_HEAD) return null
  at += 1
  const channel = readInteger(bytes)
  const seq = readInteger(bytes)
  const ageMs = readInteger(bytes)
  const lonE7 = readInteger(bytes)
  const latE7 = readInteger(bytes)
  const accuracyDm = readNullable(bytes)
  const speedCmps = readNullable(bytes)
  const headingDd = readNullable(bytes)
  if (!(channel >= RANGES.channel[0] && channel <= RANGES.channel[1])) return null
  if (!isGood(seq, ageMs, lonE7, latE7, accuracyDm, speedCmps, headingDd)) return null
  return [channel, seq, ageMs, lonE7, latE7, accuracyDm, speedCmps, headingDd]
}

function isGood(
  seq: number,
  ageMs: number,
  lonE7: number,
  latE7: number,
  accuracyDm: number | null,
  speedCmps: number | null,
  headingDd: number | null,
): boolean {
  return (
    seq >= RANGES.seq[0] && // 32 bits cannot exceed the range's other end
    ageMs >= RANGES.ageMs[0] &&
    ageMs <= RANGES.ageMs[1] &&
    lonE7 >= RANGES.lonE7[0] &&
    lonE7 <= RANGES.lonE7[1] &&
    latE7 >= RANGES.latE7[0] &&
    latE7 <= RANGES.latE7[1] &&
    (accuracyDm === null || (accuracyDm >= RANGES.accuracyDm[0] && accuracyDm <= RANGES.accuracyDm[1])) &&
    (speedCmps === null || (speedCmps >= RANGES.speedCmps[0] && speedCmps <= RANGES.speedCmps[1])) &&
    (headingDd === null || (headingDd >= RANGES.headingDd[0] && headingDd <= RANGES.headingDd[1]))
  )
}

/** Output: the number of elements, -1 when the frame does not begin with an array. Moves the cursor to the first element. */
function readArrayHead(bytes: Uint8Array): number {
  at = 1
  const head = bytes[0]
  if (head === undefined) return -1
  if (head >= 0x90 && head <= 0x9f) return head & 0x0f
  if (head !== 0xdc) return -1
  at = 3
  return bytes[1]! * 256 + bytes[2]!
}

/** Output: an integer of at most 32 bits; NaN for any other value and past the end, where a missing byte makes NaN by itself. */
function readInteger(bytes: Uint8Array): number {
  const head = bytes[at]!
  at += 1
  if (head < 0x80) return head
  if (head >= 0xe0) return head - 0x100
  switch (head) {
    case 0xcc:
      return unsignedAt(bytes, 1)
    case 0xcd:
      return unsignedAt(bytes, 2)
    case 0xce:
      return unsignedAt(bytes, 4)
    case 0xd0:
      return signed(unsignedAt(bytes, 1), 0x80)
    case 0xd1:
      return signed(unsignedAt(bytes, 2), 0x8000)
    case 0xd2:
      return signed(unsignedAt(bytes, 4), 0x80000000)
    default:
      return Number.NaN
  }
}

function readNullable(bytes: Uint8Array): number | null {
  if (bytes[at] !== 0xc0) return readInteger(bytes)
  at += 1
  return null
}

function unsignedAt(bytes: Uint8Array, width: number): number {
  let value = 0
  for (const end = at + width; at < end; at += 1) value = value * 256 + bytes[at]!
  return value
}

const signed = (value: number, half: number): number => (value >= half ? value - 2 * half : value)
