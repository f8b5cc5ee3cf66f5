/**
 * The checker's own reading of a stored segment, written from the description of its bytes and not from the engine's code.
 *
 *     version u8 · entries varint · rows varint · base time, longitude, latitude (zigzag varints)
 *     entry: unit id, stream id, each less what it shares with the entry before: a byte of two nibbles (shared, left), or
 *            255 and a byte for each
 *     row:   form varint · [entry varint] · [seq] · time · longitude · latitude · [accuracy] · [speed] · [heading]
 */

export interface StoredFix {
  readonly unitId: string
  readonly streamId: string
  readonly seq: number
  readonly fixedAtMs: number
  readonly lonE7: number
  readonly latE7: number
  /** Decimetres, centimetres a second, tenths of a degree; null where the receiver did not know. */
  readonly accuracyDm: number | null
  readonly speedCmps: number | null
  readonly headingDd: number | null
}

/** The bytes are not what the description says. */
export class UnreadableSegment extends Error {
  override readonly name = 'UnreadableSegment'
}

const KNOWN_VERSION = 1

/** Bits of a row's form; its flags stand above them. */
const [NO_ACCURACY, NO_SPEED, NO_HEADING, SEQ_FOLLOWS, FIRST_OF_STREAM] = [1, 2, 4, 8, 16]

/** Errors: UnreadableSegment. */
export function readSegment(bytes: Buffer): StoredFix[] {
  let at = 0
  const byte = (): number => {
    const value = bytes[at]
    if (value === undefined) throw new UnreadableSegment(`It ends after ${at} bytes.`)
    at += 1
    return value
  }
  /** Seven bits a byte, the lowest first; BigInt, since a time takes more than 32 of them. */
  const unsigned = (): number => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const part = byte()
      value |= BigInt(part & 127) << shift
      if (part < 128) return Number(value)
      if (shift > 56n) throw new UnreadableSegment(`A number at byte ${at} has no end.`)
    }
  }
  const signed = (): number => {
    const folded = unsigned()
    return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2
  }
  const text = (before: string): string => {
    const both = byte()
    const [shared, left] = both === 255 ? [byte(), byte()] : [both >> 4, both & 15]
    let value = before.slice(0, shared)
    for (let i = 0; i < left; i++) value += String.fromCharCode(byte())
    return value
  }

  const version = byte()
  if (version !== KNOWN_VERSION) throw new UnreadableSegment(`Its version is ${version}.`)
  const entryCount = unsigned()
  const rowCount = unsigned()
  const base = { timeMs: signed(), lonE7: signed(), latE7: signed() }
  const entries: { unitId: string; streamId: string; seq: number; timeMs: number; lonE7: number; latE7: number }[] = []
  for (let i = 0; i < entryCount; i++) {
    const before = entries.at(-1)
    const unitId = text(before?.unitId ?? '')
    entries.push({ unitId, streamId: text(before?.streamId ?? ''), seq: 0, ...base })
  }

  const fixes: StoredFix[] = []
  let named = 0
  for (let row = 0; row < rowCount; row++) {
    const form = unsigned()
    const entry = entries[(form & FIRST_OF_STREAM) !== 0 ? named++ : unsigned()]
    if (entry === undefined) throw new UnreadableSegment(`Row ${row} names no entry.`)
    entry.seq += (form & SEQ_FOLLOWS) !== 0 ? 1 : signed()
    entry.timeMs += signed()
    entry.lonE7 += signed()
    entry.latE7 += signed()
    const [accuracyDm, speedCmps, headingDd] = [NO_ACCURACY, NO_SPEED, NO_HEADING].map(absent =>
      (form & absent) === 0 ? unsigned() : null,
    ) as [number | null, number | null, number | null]
    const { unitId, streamId, seq, timeMs, lonE7, latE7 } = entry
    fixes.push({ unitId, streamId, seq, fixedAtMs: timeMs, lonE7, latE7, accuracyDm, speedCmps, headingDd })
  }
  if (at !== bytes.length) throw new UnreadableSegment(`${bytes.length - at} bytes follow its last row.`)
  return fixes
}
