/**
 * The border: a stranger's bytes become a request of our own types, or a refusal that says what to do.
 *
 * Size, then shape of the bytes (`prescan.ts`), then every field (`shapes.ts`, `fix-frame.ts`). Nothing here throws for
 * anything a client can send. Once a command's id could be read, the refusal answers it.
 */

import { isUtf8 } from 'node:buffer'
import type { z } from 'zod'
import type { Refusal } from '../base/refusal.ts'
import type { Refused, Result } from '../base/result.ts'
import { COMMAND_ID } from '../domain/ids.ts'
import { decodeBinary, type WireFormat } from './codec.ts'
import {
  BadFix,
  checkFix,
  FEED_FIX_FIELDS,
  FIX_FIELDS,
  inRange,
  NULLABLE,
  noMinusZero,
  readFixFrame,
  type SentFeedFix,
  type SentFix,
} from './fix-frame.ts'
import { repeatedKey } from './json-keys.ts'
import { DEFAULT_LIMITS, type FrameLimits, RANGES } from './limits.ts'
import type { Shape } from './messages/message-row.ts'
import { CLIENT_MESSAGES, type ClientRequest } from './messages.ts'
import { scanBinary, scanJson } from './prescan.ts'
import type { WireFix } from './wire/fix-tuples.ts'
import { CLIENT_TYPES, type ClientTypeName } from './wire/message-types.ts'

export type Parsed =
  | { readonly ok: true; readonly request: ClientRequest; readonly traceparent: string | null }
  | RefusedFrame
/** `id` is that of the command, null when it has none or none could be read. */
interface RefusedFrame extends Refused {
  readonly id: string | null
}

/**
 * Reads one WebSocket message of a client.
 *
 * Input: the message as received, never kept; `maxBytes` by role, from `Limits.frameBytes`. Output: objects and strings
 * of our own, free of NUL and lone surrogates. Refusals: `frame-too-large`, `malformed-frame`, `unknown-type`,
 * `invalid-field` with `details.path`.
 */
export function parseFrame(
  bytes: Uint8Array,
  format: WireFormat,
  maxBytes: number,
  limits: FrameLimits = DEFAULT_LIMITS,
): Parsed {
  if (bytes.byteLength > maxBytes) return { ok: false, id: null, refusal: tooLarge(bytes.byteLength, maxBytes) }
  if (format === 'binary') {
    const request = readFixFrame(bytes, limits)
    if (request !== null) return { ok: true, request, traceparent: null }
  }
  return parseAnyFrame(bytes, format, limits)
}

/** The general path, for every frame that fits. Exported for the test that holds `readFixFrame` equal to it. */
export function parseAnyFrame(bytes: Uint8Array, format: WireFormat, limits: FrameLimits = DEFAULT_LIMITS): Parsed {
  const read = format === 'binary' ? readBinary(bytes, limits) : readJson(bytes, limits)
  if (!read.ok) return { ok: false, id: null, refusal: malformed(read.problem) }
  const tuple = read.value
  if (!Array.isArray(tuple)) return { ok: false, id: null, refusal: malformed('it is not a tuple [type, …]') }

  const id = typeof tuple[1] === 'string' && COMMAND_ID.test(tuple[1]) ? tuple[1] : null
  const type = (format === 'binary' ? TYPE_BY_CODE : TYPE_BY_NAME).get(tuple[0])
  if (type === undefined) return { ok: false, id, refusal: unknownType(tuple[0], format) }
  if (type === 'fix' || type === 'hint' || type === 'feed-fixes') {
    return parseFixes(type, tuple, read.suspectText, limits)
  }
  const { shape } = CLIENT_MESSAGES[type]

  if (read.suspectText) {
    const path = badTextPath(tuple)
    if (path !== null) return { ok: false, id, refusal: badText(path, shape) }
  }
  const result = shape.read(Object.fromEntries(shape.fields.map((field, i) => [field, tuple[i + 1]])))
  if (!result.success) return { ok: false, id, refusal: firstIssue(result.error.issues) }
  return { ok: true, request: result.data, traceparent: traceparentOf(tuple, shape.fields.length + 1) }
}

/**
 * Reads a JSON text by a schema; its size is the caller's to settle. A strict object's unknown keys are refused by name.
 * Refusals: `malformed-frame`, `invalid-field` with `details.path`, also of a key that comes twice.
 */
export function parseJson<S extends z.ZodType>(
  bytes: Uint8Array,
  schema: S,
  limits: FrameLimits = DEFAULT_LIMITS,
): Result<z.output<S>> {
  const read = readJson(bytes, limits)
  if (!read.ok) return { ok: false, refusal: malformed(read.problem) }
  if (read.suspectText) {
    const path = badTextPath(read.value)
    if (path !== null) return { ok: false, refusal: badText(path, null) }
  }
  // Of two values under one key every reader believes another one.
  const twice = repeatedKey(new TextDecoder().decode(bytes))
  if (twice !== null) return { ok: false, refusal: invalidField(twice, 'must be given once') }
  const result = schema.safeParse(read.value)
  return result.success
    ? { ok: true, value: result.data }
    : { ok: false, refusal: firstIssue(result.error.issues, 'body') }
}

const TYPE_BY_NAME = new Map<unknown, ClientTypeName>()
const TYPE_BY_CODE = new Map<unknown, ClientTypeName>()
for (const [name, code] of Object.entries(CLIENT_TYPES)) {
  TYPE_BY_NAME.set(name, name as ClientTypeName)
  TYPE_BY_CODE.set(code, name as ClientTypeName)
}

type Read =
  | { readonly ok: true; readonly value: unknown; readonly suspectText: boolean }
  | { readonly ok: false; readonly problem: string }

function readBinary(bytes: Uint8Array, limits: FrameLimits): Read {
  const scan = scanBinary(bytes, limits)
  if (!scan.ok) return scan
  try {
    return { ok: true, value: decodeBinary(bytes), suspectText: scan.suspectText }
  } catch {
    // Not known to happen to bytes that the scan has passed; a client must not be able to find out otherwise.
    return { ok: false, problem: 'the bytes are not MessagePack' }
  }
}

function readJson(bytes: Uint8Array, limits: FrameLimits): Read {
  if (!isUtf8(bytes)) return { ok: false, problem: 'the text is not valid UTF-8' }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  const scan = scanJson(text, limits)
  if (!scan.ok) return scan
  try {
    return { ok: true, value: JSON.parse(text), suspectText: scan.suspectText }
  } catch {
    return { ok: false, problem: 'the text is not JSON' }
  }
}

function parseFixes(
  type: 'fix' | 'hint' | 'feed-fixes',
  tuple: readonly unknown[],
  suspectText: boolean,
  limits: FrameLimits,
): Parsed {
  const isFeed = type === 'feed-fixes'
  const first = isFeed ? 2 : 3
  const sentAtMs = tuple[first - 1]
  const streamIndex = isFeed ? 0 : tuple[1]
  if (!inRange(streamIndex, RANGES.streamIndex)) return wrongFix('streamIndex', rangeText(RANGES.streamIndex))
  if (!inRange(sentAtMs, RANGES.sentAtMs)) return wrongFix('sentAtMs', rangeText(RANGES.sentAtMs))
  // Every element behind the header is a fix, so none is left unread; only the last may be a map instead.
  const fixesEnd = tuple.length > first + 1 && isMap(tuple.at(-1)) ? tuple.length - 1 : tuple.length
  const end = type === 'hint' ? first + 1 : fixesEnd
  const max = isFeed ? limits.feedFixesPerFrame : limits.fixesPerFrame
  if (end <= first || end > first + max) return wrongFix('fixes', `must be 1 to ${max} fixes`)

  const fields: readonly (typeof FEED_FIX_FIELDS)[number][] = isFeed ? FEED_FIX_FIELDS : FIX_FIELDS
  const fixes: (readonly (number | null)[] | BadFix)[] = []
  for (let i = first; i < end; i += 1) {
    const fix: unknown = tuple[i]
    const path = () => (type === 'hint' ? 'fix' : `fixes.${i - first}`)
    if (!Array.isArray(fix)) return wrongFix(path(), `must be a fix, [${fields.join(', ')}]`)
    const checked = checkFix(fix, fields)
    if (typeof checked !== 'string') fixes.push(checked)
    else if (type === 'hint' || checked === 'channel' || checked === 'seq') {
      return wrongFix(`${path()}.${checked}`, fixRangeText(checked))
    } else {
      // Its place in its stream can be read: it is left out there, and those around it are taken.
      const [channel, seq] = isFeed ? [fix[0] as number, fix[1] as number] : [null, fix[0] as number]
      fixes.push(new BadFix(channel, seq, checked))
    }
  }
  if (suspectText) {
    const path = badTextPath(tuple)
    if (path !== null) return { ok: false, id: null, refusal: badText(path, null) }
  }
  const traceparent = traceparentOf(tuple, end)
  const sent = { sentAtMs: noMinusZero(sentAtMs) }
  if (isFeed) {
    return { ok: true, request: { type, ...sent, fixes: fixes as unknown as SentFeedFix[] }, traceparent }
  }
  const header = { streamIndex: noMinusZero(streamIndex), ...sent }
  const own = fixes as unknown as SentFix[]
  const request: ClientRequest =
    type === 'fix' ? { type, ...header, fixes: own } : { type, ...header, fix: own[0] as WireFix }
  return { ok: true, request, traceparent }
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** W3C Trace Context, version-format of `traceparent`; ids of zeros and version ff are invalid there. */
export const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** The envelope's map stands behind the known elements, or last when a later version has added elements between. */
function traceparentOf(tuple: readonly unknown[], known: number): string | null {
  for (const place of [tuple.length - 1, known]) {
    const element = tuple[place]
    if (place < known || !isMap(element) || !Object.hasOwn(element, 'traceparent')) continue
    const given = element.traceparent
    return typeof given === 'string' && TRACEPARENT.test(given) ? given : null
  }
  return null
}

/** Where a string (or a map with a key) holds NUL or a lone surrogate; null if nowhere. Depth is bounded by the scan. */
function badTextPath(value: unknown): (string | number)[] | null {
  if (typeof value === 'string') return isBadText(value) ? [] : null
  if (typeof value !== 'object' || value === null) return null
  for (const [key, inner] of Object.entries(value)) {
    if (isBadText(key)) return []
    const path = badTextPath(inner)
    if (path !== null) return [key, ...path]
  }
  return null
}

const isBadText = (text: string): boolean => text.includes('\0') || !text.isWellFormed()

const tooLarge = (bytes: number, max: number): Refusal => ({
  code: 'frame-too-large',
  message: `The message has ${bytes} bytes, and the limit is ${max}; split the message or leave something out.`,
  details: { maxBytes: max },
})

const malformed = (problem: string): Refusal => ({
  code: 'malformed-frame',
  message: `Nothing was read: ${problem}. Send one whole, well-formed message.`,
})

/** Input: `undefined` where the message is empty. */
function unknownType(type: unknown, format: WireFormat): Refusal {
  const known = format === 'binary' ? 'a small integer' : 'a name'
  const problem =
    type === undefined ? 'The message is empty' : `No client message has type ${JSON.stringify(type).slice(0, 40)}`
  return {
    code: 'unknown-type',
    message: `${problem}; in this subprotocol a type is ${known} of the table in docs/protocol/core.md.`,
  }
}

const invalidField = (path: string, problem: string): Refusal => ({
  code: 'invalid-field',
  message: `\`${path}\` ${problem}; correct it and send the message again.`,
  details: { path },
})

function firstIssue(issues: readonly z.core.$ZodIssue[], whole = 'message'): Refusal {
  const issue = issues[0]!
  if (issue.code === 'unrecognized_keys') {
    return invalidField([...issue.path, issue.keys[0]].join('.'), `is no key of this ${whole}`)
  }
  return invalidField(issue.path.length === 0 ? whole : issue.path.join('.'), issue.message)
}

function badText(path: readonly (string | number)[], shape: Shape | null): Refusal {
  const [place, ...rest] = path
  const field = shape?.fields[Number(place) - 1] ?? place
  return invalidField([field ?? 'body', ...rest].join('.'), 'must not hold NUL or a lone surrogate')
}

const wrongFix = (path: string, problem: string): Parsed => ({
  ok: false,
  id: null,
  refusal: invalidField(path, problem),
})

/** What an element of a fix has to be. */
export function fixRangeText(field: (typeof FEED_FIX_FIELDS)[number]): string {
  const must = rangeText(RANGES[field])
  return NULLABLE.has(field) ? `${must}, or null` : must
}

const rangeText = ([min, max]: readonly [min: number, max: number]): string =>
  `must be an integer from ${min} to ${max}`
