/**
 * The bytes of a segment: the fixes of a region's last moments, each small, all of them readable without another row.
 *
 *     version u8 · entries varint · rows varint · base time, longitude, latitude (zigzag varints)
 *     entry: two strings, unit id then stream id, each as its characters less what it shares with the entry before: one
 *            byte of two nibbles, count shared and count left; 255 if either is above 14, and then a byte for each
 *     row:   form varint · [entry varint] · [seq] · time · longitude · latitude · [accuracy] · [speed] · [heading]
 *
 * A row's form is its flags shifted left by five, then five bits: the row is its stream's first (and names no entry: it
 * is the next of the table); seq follows the stream's last one (and is left out); accuracy, speed, heading are null.
 * Numbers are whole: milliseconds, 1e-7 degree, decimetres, cm/s, tenths of a degree. Seq, time and place
 * are differences to the same stream's row before; a stream's first row gives its seq in full and the others against
 * the base, which is the segment's first fix. Strings are ASCII, as the grammar of ids has it.
 */
import type { Fix } from '../../domain/fix.ts'
import type { StreamId, UnitId } from '../../domain/ids.ts'
import { GrowingBytes, NO_NIBBLES } from './growing-bytes.ts'
import { VARINT_BYTES_MAX, VarintReader, zigzag } from './varint.ts'

export const SEGMENT_CODEC_VERSION = 1

/** What is to know of a fix since it came; bits of the flags byte. Below 4 they cost no byte of a row. */
export const FIX_FLAGS = {
  /** Measured further ahead of our clock than the border allows; it did not place its unit. */
  future: 1,
  /** Dated by its age alone: the time is the engine's, not the receiver's. Absent in fixes of before it was kept. */
  device: 2,
  /** No unit is that fast. It did not place its unit, unless it `anchors`. */
  impossible: 4,
  /** It placed the unit although it is older than the fix before, which was of a clock that was ahead. */
  replaces: 8,
  /** A value of it was out of range: the row holds its place in the stream, the moment it came, and no position. */
  unusable: 16,
  /** Less accurate than what is taken. It did not place its unit, unless it `anchors`. */
  inaccurate: 32,
  /** The fixes before it that were not believed agree with it, so it places its unit. */
  anchors: 64,
} as const

/** Flags of a fix that was not believed. */
export const DOUBTED = FIX_FLAGS.impossible | FIX_FLAGS.inaccurate

/** Whether a fix with these flags has a place, and a moment that can be. */
export const isOfNow = (flags: number): boolean => (flags & (FIX_FLAGS.future | FIX_FLAGS.unusable)) === 0

/** Whether it was not believed, and does not place its unit all the same. */
export const isDoubted = (flags: number): boolean => (flags & DOUBTED) !== 0 && (flags & FIX_FLAGS.anchors) === 0

/** Whether it says where its unit was. */
export const isBelieved = (flags: number): boolean => isOfNow(flags) && !isDoubted(flags)

/** The bytes are no segment of this version; nothing of them was taken. */
export class SegmentCorrupt extends Error {
  override readonly name = 'SegmentCorrupt'
}

export interface SegmentFix {
  readonly unitId: UnitId
  readonly streamId: StreamId
  readonly fix: Fix
  readonly flags: number
}

/** The highest seq of one stream in a segment. */
export interface SegmentMark {
  readonly unitId: UnitId
  readonly streamId: StreamId
  readonly seq: number
}

export interface EncodedSegment {
  readonly bytes: Uint8Array
  readonly fixCount: number
  readonly firstFixedAtMs: number
  readonly lastFixedAtMs: number
  /** One a stream, in the order of first appearance. */
  readonly marks: readonly SegmentMark[]
}

const E7 = 1e7
const NO_ACCURACY = 1
const NO_SPEED = 2
const NO_HEADING = 4
const SEQ_FOLLOWS = 8
const FIRST_OF_STREAM = 16
/** The flags stand above these bits. */
const FORM_FLAGS = 32

/** Sums and differences of times stay below 2^53 within this; it is the year 37 664. */
export const STORABLE_MS = 2 ** 50
const SMALL_MAX = 2 ** 32
/** Nine numbers a row. */
const ROW_BYTES_MAX = 9 * VARINT_BYTES_MAX
const HEADER_BYTES_MAX = 1 + 5 * VARINT_BYTES_MAX

/** One stream of the open segment: its place in the table and the row that the next one is measured against. */
interface Entry {
  readonly unitId: UnitId
  readonly streamId: StreamId
  readonly index: number
  seq: number
  seqMax: number
  timeMs: number
  lonE7: number
  latE7: number
  /** Another stream of the same unit. */
  readonly next: Entry | null
}

/** Gathers the fixes of one segment after another, each encoded when it comes; keeps no fix. */
export class SegmentEncoder {
  readonly #table: GrowingBytes
  readonly #rows: GrowingBytes
  #entries: Entry[] = []
  #byUnit = new Map<UnitId, Entry>()
  #fixCount = 0
  #baseTimeMs = 0
  #baseLonE7 = 0
  #baseLatE7 = 0
  #firstFixedAtMs = Number.POSITIVE_INFINITY
  #lastFixedAtMs = Number.NEGATIVE_INFINITY

  /** Input: the room that it begins with; both grow. */
  constructor(tableBytes = 16 * 1024, rowBytes = 64 * 1024) {
    this.#table = new GrowingBytes(tableBytes)
    this.#rows = new GrowingBytes(rowBytes)
  }

  get fixCount(): number {
    return this.#fixCount
  }

  /**
   * Appends one fix, rounded to the wire's precision; `flags` is a byte of `FIX_FLAGS`.
   * Errors: RangeError when a number is none that the border lets through; the segment stays as it was.
   */
  add(unitId: UnitId, streamId: StreamId, fix: Fix, flags: number): void {
    const { seq } = fix
    const timeMs = Math.round(fix.fixedAtMs)
    const lonE7 = Math.round(fix.lonDeg * E7)
    const latE7 = Math.round(fix.latDeg * E7)
    const accuracy = fix.accuracyM === null ? 0 : Math.round(fix.accuracyM * 10)
    const speed = fix.speedMps === null ? 0 : Math.round(fix.speedMps * 100)
    const heading = fix.headingDeg === null ? 0 : Math.round(fix.headingDeg * 10)
    if (
      !(Number.isSafeInteger(seq) && Math.abs(seq) < STORABLE_MS && Math.abs(timeMs) < STORABLE_MS) ||
      !(Math.abs(lonE7) < SMALL_MAX && Math.abs(latE7) < SMALL_MAX && flags >= 0 && flags < 256) ||
      !(accuracy >= 0 && accuracy < SMALL_MAX && speed >= 0 && speed < SMALL_MAX) ||
      !(heading >= 0 && heading < SMALL_MAX)
    ) {
      throw new RangeError(`Fix ${seq} of unit ${unitId} has a number out of range.`)
    }

    if (this.#fixCount === 0) {
      this.#baseTimeMs = timeMs
      this.#baseLonE7 = lonE7
      this.#baseLatE7 = latE7
    }
    let entry = this.#find(unitId, streamId)
    const rows = this.#rows
    rows.reserve(ROW_BYTES_MAX)
    const isFirst = entry === null
    entry ??= this.#enter(unitId, streamId)
    const follows = seq === entry.seq + 1
    rows.varint(
      flags * FORM_FLAGS +
        (isFirst ? FIRST_OF_STREAM : 0) +
        (follows ? SEQ_FOLLOWS : 0) +
        (fix.accuracyM === null ? NO_ACCURACY : 0) +
        (fix.speedMps === null ? NO_SPEED : 0) +
        (fix.headingDeg === null ? NO_HEADING : 0),
    )
    if (!isFirst) rows.varint(entry.index)
    if (!follows) rows.varint(zigzag(seq - entry.seq))
    rows.varint(zigzag(timeMs - entry.timeMs))
    rows.varint(zigzag(lonE7 - entry.lonE7))
    rows.varint(zigzag(latE7 - entry.latE7))
    if (fix.accuracyM !== null) rows.varint(accuracy)
    if (fix.speedMps !== null) rows.varint(speed)
    if (fix.headingDeg !== null) rows.varint(heading)

    entry.seq = seq
    if (seq > entry.seqMax) entry.seqMax = seq
    entry.timeMs = timeMs
    entry.lonE7 = lonE7
    entry.latE7 = latE7
    this.#fixCount++
    if (timeMs < this.#firstFixedAtMs) this.#firstFixedAtMs = timeMs
    if (timeMs > this.#lastFixedAtMs) this.#lastFixedAtMs = timeMs
  }

  /** Closes the segment and begins the next. There must be a fix in it. */
  finish(): EncodedSegment {
    if (this.#fixCount === 0) throw new Error('A segment without fixes is never written.')
    const header = new GrowingBytes(HEADER_BYTES_MAX)
    header.varint(SEGMENT_CODEC_VERSION)
    header.varint(this.#entries.length)
    header.varint(this.#fixCount)
    header.varint(zigzag(this.#baseTimeMs))
    header.varint(zigzag(this.#baseLonE7))
    header.varint(zigzag(this.#baseLatE7))
    const segment = {
      bytes: Buffer.concat([header.view(), this.#table.view(), this.#rows.view()]),
      fixCount: this.#fixCount,
      firstFixedAtMs: this.#firstFixedAtMs,
      lastFixedAtMs: this.#lastFixedAtMs,
      marks: this.#entries.map(entry => ({ unitId: entry.unitId, streamId: entry.streamId, seq: entry.seqMax })),
    }
    this.#table.clear()
    this.#rows.clear()
    this.#entries = []
    this.#byUnit = new Map()
    this.#fixCount = 0
    this.#firstFixedAtMs = Number.POSITIVE_INFINITY
    this.#lastFixedAtMs = Number.NEGATIVE_INFINITY
    return segment
  }

  #find(unitId: UnitId, streamId: StreamId): Entry | null {
    let entry = this.#byUnit.get(unitId) ?? null
    while (entry !== null && entry.streamId !== streamId) entry = entry.next
    return entry
  }

  #enter(unitId: UnitId, streamId: StreamId): Entry {
    const before = this.#entries[this.#entries.length - 1]
    this.#table.shortened(unitId, before?.unitId ?? '')
    this.#table.shortened(streamId, before?.streamId ?? '')
    const entry: Entry = {
      unitId,
      streamId,
      index: this.#entries.length,
      seq: 0,
      seqMax: Number.NEGATIVE_INFINITY,
      timeMs: this.#baseTimeMs,
      lonE7: this.#baseLonE7,
      latE7: this.#baseLatE7,
      next: this.#byUnit.get(unitId) ?? null,
    }
    this.#entries.push(entry)
    this.#byUnit.set(unitId, entry)
    return entry
  }
}

/**
 * All fixes of a segment, or only those of one unit, in the order in which they were added. Where the table does not
 * name the unit, nothing else is read.
 * Errors: SegmentCorrupt, also for a version that this code does not know.
 */
export function decodeSegment(bytes: Uint8Array, only: UnitId | null = null): SegmentFix[] {
  const reader = new VarintReader(bytes, corrupt)
  const version = reader.byte()
  if (version !== SEGMENT_CODEC_VERSION) corrupt(`its version is ${version}, known is ${SEGMENT_CODEC_VERSION}`)
  const entryCount = reader.unsigned()
  const rowCount = reader.unsigned()
  // Checked before anything of that size is made: an entry takes at least two bytes, a row at least four.
  if (entryCount * 2 + rowCount * 4 > reader.left) corrupt('it declares more than it holds')
  const base = { seq: 0, timeMs: reader.signed(), lonE7: reader.signed(), latE7: reader.signed() }

  if (only !== null && !namesUnit(reader.copy(), entryCount, only)) return []

  const entries: { unitId: UnitId; streamId: StreamId; seq: number; timeMs: number; lonE7: number; latE7: number }[] =
    []
  let unitId = ''
  let streamId = ''
  for (let i = 0; i < entryCount; i++) {
    unitId = readShortened(reader, unitId)
    streamId = readShortened(reader, streamId)
    entries.push({ unitId, streamId, ...base })
  }

  const rows: SegmentFix[] = []
  let seen = 0
  for (let i = 0; i < rowCount; i++) {
    const form = reader.unsigned()
    if (form >= 256 * FORM_FLAGS) return corrupt('a row has a form that does not exist')
    const index = form & FIRST_OF_STREAM ? seen++ : reader.unsigned()
    const entry = index < seen ? entries[index] : undefined
    if (entry === undefined) return corrupt('a row names no entry of the table')
    if (only !== null && entry.unitId !== only) {
      skipRow(reader, form)
      continue
    }
    entry.seq += form & SEQ_FOLLOWS ? 1 : reader.signed()
    entry.timeMs += reader.signed()
    entry.lonE7 += reader.signed()
    entry.latE7 += reader.signed()
    const fix: Fix = {
      seq: entry.seq,
      fixedAtMs: entry.timeMs,
      lonDeg: entry.lonE7 / E7,
      latDeg: entry.latE7 / E7,
      accuracyM: form & NO_ACCURACY ? null : reader.unsigned() / 10,
      speedMps: form & NO_SPEED ? null : reader.unsigned() / 100,
      headingDeg: form & NO_HEADING ? null : reader.unsigned() / 10,
    }
    rows.push({ unitId: entry.unitId, streamId: entry.streamId, fix, flags: Math.floor(form / FORM_FLAGS) })
  }
  if (seen !== entryCount) corrupt('an entry of the table has no row')
  if (reader.left > 0) corrupt('bytes follow its last row')
  return rows
}

/** Whether the table that begins here names a unit; makes no string of it, as most tables of a search do not. */
function namesUnit(reader: VarintReader, entryCount: number, unitId: UnitId): boolean {
  for (let i = 0; i < entryCount; i++) {
    const length = readInto(reader, SCRATCH)
    let same = length === unitId.length
    for (let at = 0; same && at < length; at++) same = SCRATCH[at] === unitId.charCodeAt(at)
    if (same) return true
    const nibbles = reader.byte()
    if (nibbles === NO_NIBBLES) reader.byte()
    reader.pass(nibbles === NO_NIBBLES ? reader.byte() : nibbles & 15)
  }
  return false
}

const SCRATCH = new Uint8Array(2 * 255)

/** Reads a string over the one before it; answers its length. */
function readInto(reader: VarintReader, text: Uint8Array): number {
  const nibbles = reader.byte()
  const shared = nibbles === NO_NIBBLES ? reader.byte() : nibbles >> 4
  const left = nibbles === NO_NIBBLES ? reader.byte() : nibbles & 15
  for (let at = shared; at < shared + left; at++) text[at] = reader.byte()
  return shared + left
}

/** The numbers of a row after its entry: seq, time, longitude, latitude, accuracy, speed and heading, where they are. */
function skipRow(reader: VarintReader, form: number): void {
  for (const isLeftOut of [SEQ_FOLLOWS, 0, 0, 0, NO_ACCURACY, NO_SPEED, NO_HEADING]) {
    if ((form & isLeftOut) === 0) reader.skip()
  }
}

function corrupt(what: string): never {
  throw new SegmentCorrupt(`This is not a whole segment: ${what}.`)
}

function readShortened(reader: VarintReader, before: string): string {
  const nibbles = reader.byte()
  const shared = nibbles === NO_NIBBLES ? reader.byte() : nibbles >> 4
  const left = nibbles === NO_NIBBLES ? reader.byte() : nibbles & 15
  if (shared > before.length) corrupt('an entry shares more than the one before it has')
  return before.slice(0, shared) + reader.text(left)
}
