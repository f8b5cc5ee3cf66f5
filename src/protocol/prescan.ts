/**
 * A linear look over a stranger's bytes before any decoder sees them: nothing is allocated by their word.
 *
 * msgpackr allocates an array at its declared size, and builds dates, sets, errors and regular expressions for
 * extension types; so depth, declared sizes, the number of values and the kinds of values are settled here, without
 * recursion. JSON has only its depth, number of values and suspicious escapes to settle; `JSON.parse` does the grammar.
 */
import { isUtf8 } from 'node:buffer'
import { DEFAULT_LIMITS, DEPTH_MAX, type FrameLimits } from './limits.ts'

export type Scan =
  /** `suspectText`: some string may hold NUL or a lone surrogate; look at them before use. */
  { readonly ok: true; readonly suspectText: boolean } | { readonly ok: false; readonly problem: string }

const failed = (problem: string): Scan => ({ ok: false, problem })
const tooDeep = ({ depth }: FrameLimits): Scan => failed(`values are nested deeper than ${depth}`)
const tooMany = ({ nodes }: FrameLimits): Scan => failed(`the frame holds more than ${nodes} values`)
const tooLong = ({ stringBytes }: FrameLimits): Scan => failed(`a string is longer than ${stringBytes} bytes`)
const CUT_SHORT = 'the bytes end before the value does'

// Scans are synchronous and never re-entered, so one stack serves all: values still to come in each open container.
const remaining = new Int32Array(DEPTH_MAX + 1)
const isMap = new Uint8Array(DEPTH_MAX + 1)

/** Passes bytes that hold exactly one MessagePack value made of nil, booleans, numbers, valid UTF-8, arrays and maps with string keys. */
export function scanBinary(bytes: Uint8Array, limits: FrameLimits = DEFAULT_LIMITS): Scan {
  const maxDepth = Math.min(limits.depth, DEPTH_MAX)
  const end = bytes.byteLength
  let at = 0
  let depth = 0
  let nodes = 0
  let suspectText = false
  remaining[0] = 1
  isMap[0] = 0

  for (;;) {
    while (remaining[depth] === 0) {
      if (depth === 0) return at === end ? { ok: true, suspectText } : failed('bytes follow the message')
      depth -= 1
    }
    if (at >= end) return failed(CUT_SHORT)
    nodes += 1
    if (nodes > limits.nodes) return tooMany(limits)
    // A map of n pairs is 2n values; an even rest means that a key comes next.
    const keyNext = isMap[depth] === 1 && remaining[depth]! % 2 === 0
    remaining[depth]! -= 1

    const head = bytes[at]!
    at += 1
    let textBytes = -1
    let items = -1
    let map = false
    if (head < 0x80 || head >= 0xe0) {
      // A small integer: complete in its head.
    } else if (head < 0x90) {
      items = (head & 0x0f) * 2
      map = true
    } else if (head < 0xa0) {
      items = head & 0x0f
    } else if (head < 0xc0) {
      textBytes = head & 0x1f
    } else {
      const width = LENGTH_BYTES[head - 0xc0]!
      if (width < 0) return failed(`byte 0x${head.toString(16)} begins a kind of value that this protocol does not use`)
      at += width
      if (at > end) return failed(CUT_SHORT)
      if (head >= 0xd9) {
        const declared = unsigned(bytes, at - width, width)
        if (head <= 0xdb) textBytes = declared
        else {
          map = head >= 0xde
          items = map ? declared * 2 : declared
        }
      }
    }
    if (keyNext && textBytes < 0) return failed('a map has a key that is not a string')

    if (textBytes >= 0) {
      if (textBytes > end - at) return failed(CUT_SHORT)
      if (textBytes > limits.stringBytes) return tooLong(limits)
      const kind = textKind(bytes, at, at + textBytes)
      if (kind === 'invalid') return failed('a string is not valid UTF-8')
      if (kind === 'suspect') suspectText = true
      at += textBytes
    } else if (items >= 0) {
      // Each value takes at least one byte, so a size beyond the bytes left is a lie.
      if (items > end - at) return failed('a container declares more values than there are bytes')
      if (depth === maxDepth) return tooDeep(limits)
      depth += 1
      remaining[depth] = items
      isMap[depth] = map ? 1 : 0
    }
  }
}

/**
 * For heads 0xc0 to 0xdf: the bytes of the value (fixed-size kinds) or of its length (0xd9 and up); -1 for what we never
 * take: 0xc1, bin, ext, fixext.
 */
const LENGTH_BYTES = Int8Array.from([
  0, -1, 0, 0, -1, -1, -1, -1, -1, -1, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, -1, -1, -1, -1, -1, 1, 2, 4, 2, 4, 2, 4,
])

function unsigned(bytes: Uint8Array, at: number, width: number): number {
  let value = 0
  for (let i = 0; i < width; i += 1) value = value * 256 + bytes[at + i]!
  return value
}

function textKind(bytes: Uint8Array, from: number, to: number): 'plain' | 'suspect' | 'invalid' {
  let suspect = false
  for (let i = from; i < to; i += 1) {
    const byte = bytes[i]!
    if (byte === 0) suspect = true
    if (byte >= 0x80) {
      if (!isUtf8(bytes.subarray(i, to))) return 'invalid'
      return suspect || bytes.subarray(i, to).includes(0) ? 'suspect' : 'plain'
    }
  }
  return suspect ? 'suspect' : 'plain'
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SMALL_U = 0x75

/** Passes JSON text of bounded depth, number of values and length of strings; the grammar is left to `JSON.parse`. */
export function scanJson(text: string, limits: FrameLimits = DEFAULT_LIMITS): Scan {
  const maxDepth = Math.min(limits.depth, DEPTH_MAX)
  let depth = 0
  let nodes = 0
  let suspectText = false
  let inScalar = false
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    switch (code) {
      case 0x5b: // [
      case 0x7b: // {
        depth += 1
        nodes += 1
        inScalar = false
        if (depth > maxDepth) return tooDeep(limits)
        break
      case 0x5d: // ]
      case 0x7d: // }
        depth -= 1
        inScalar = false
        break
      case 0x2c: // ,
      case 0x3a: // :
      case 0x20:
      case 0x09:
      case 0x0a:
      case 0x0d:
        inScalar = false
        break
      case QUOTE: {
        nodes += 1
        inScalar = false
        const from = at + 1
        for (at = from; at < text.length && text.charCodeAt(at) !== QUOTE; at += 1) {
          if (text.charCodeAt(at) !== BACKSLASH) continue
          at += 1
          if (text.charCodeAt(at) === SMALL_U && SUSPECT_ESCAPE.test(text.slice(at + 1, at + 5))) suspectText = true
        }
        // No character takes more than three bytes, so most strings need no closer look.
        if ((at - from) * 3 > limits.stringBytes && utf8Bytes(text, from, at) > limits.stringBytes)
          return tooLong(limits)
        break
      }
      default:
        if (!inScalar) nodes += 1
        inScalar = true
    }
    if (nodes > limits.nodes) return tooMany(limits)
  }
  return { ok: true, suspectText }
}

/** NUL, or either half of a surrogate pair. */
const SUSPECT_ESCAPE = /^(?:0000|d[89a-f])/i

/** The bytes that a JSON string between its quotes takes in UTF-8 once its escapes are read. */
function utf8Bytes(text: string, from: number, to: number): number {
  let bytes = 0
  for (let at = from; at < to; at += 1) {
    let unit = text.charCodeAt(at)
    if (unit === BACKSLASH) {
      at += 1
      if (text.charCodeAt(at) === SMALL_U) {
        unit = Number.parseInt(text.slice(at + 1, at + 5), 16)
        at += 4
      }
    }
    // Each half of a surrogate pair is two of the pair's four bytes.
    if (unit >= 0xd800 && unit <= 0xdfff) bytes += 2
    else bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3
  }
  return bytes
}
