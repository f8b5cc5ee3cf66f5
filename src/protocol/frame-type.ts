/** Which message a frame claims to be, by its first bytes: for frames that are dropped without being read. */
import type { WireFormat } from './codec.ts'
import { CLIENT_TYPES, type ClientTypeName } from './wire/message-types.ts'

const BY_CODE = new Map<number, ClientTypeName>()
for (const [name, code] of Object.entries(CLIENT_TYPES)) BY_CODE.set(code, name as ClientTypeName)

const OPEN_BRACKET = 0x5b
const QUOTE = 0x22
/** Of a name, with some to spare. */
const NAME_CHARS = 40

/** Output: null where the first bytes do not tell it as our clients write it; then the frame may still be one. */
export function frameTypeOf(bytes: Uint8Array, format: WireFormat): ClientTypeName | null {
  return format === 'binary' ? typeOfBinary(bytes) : typeOfJson(bytes)
}

function typeOfBinary(bytes: Uint8Array): ClientTypeName | null {
  const head = bytes[0]
  if (head === undefined || head < 0x90 || head > 0x9f) return null
  return BY_CODE.get(bytes[1] ?? -1) ?? null
}

function typeOfJson(bytes: Uint8Array): ClientTypeName | null {
  if (bytes[0] !== OPEN_BRACKET || bytes[1] !== QUOTE) return null
  let name = ''
  for (let at = 2; at < NAME_CHARS && at < bytes.length; at += 1) {
    const code = bytes[at]!
    if (code === QUOTE) return Object.hasOwn(CLIENT_TYPES, name) ? (name as ClientTypeName) : null
    name += String.fromCharCode(code)
  }
  return null
}
