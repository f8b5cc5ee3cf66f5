/**
 * Arrays of numbers and what is said of them in one piece of bytes, for storage and for other threads.
 *
 * `GHRD`, the version of the form, the length of the head, the SHA-256 of all that follows; then the head (JSON: kind,
 * facts, and of each array its name, type and length) and the arrays, each at a multiple of 8 bytes, little-endian. What is
 * read are views of the bytes, so a piece in shared memory is shared by whoever reads it.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'

type Numbers = Uint8Array | Int32Array | Uint32Array | Float64Array

const TYPES = { u8: Uint8Array, i32: Int32Array, u32: Uint32Array, f64: Float64Array } as const
type TypeName = keyof typeof TYPES

const MAGIC = 'GHRD'
const VERSION = 1
const HASH_AT = 16
const HEAD_AT = 48
/** Names of streets are in it; no city has more. */
const MAX_HEAD_BYTES = 64 * 1024 * 1024
const MAX_ARRAYS = 64

const headSchema = z.object({
  kind: z.string(),
  facts: z.unknown(),
  arrays: z
    .array(z.object({ name: z.string(), type: z.enum(['u8', 'i32', 'u32', 'f64']), length: z.int().nonnegative() }))
    .max(MAX_ARRAYS),
})
type Head = z.infer<typeof headSchema>

/** The bytes are not what they should be. Get them again from where they come from. */
export class DamagedRoads extends Error {
  override readonly name = 'DamagedRoads'
}

export function packArrays(kind: string, facts: unknown, arrays: Readonly<Record<string, Numbers>>): Uint8Array {
  const listed = Object.entries(arrays).map(([name, array]) => ({ name, type: typeOf(array), length: array.length }))
  const head = new TextEncoder().encode(JSON.stringify({ kind, facts, arrays: listed } satisfies Head))
  let size = aligned(HEAD_AT + head.length)
  const places = Object.values(arrays).map(array => {
    const at = size
    size = aligned(size + array.byteLength)
    return at
  })
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  bytes.set(new TextEncoder().encode(MAGIC))
  view.setUint32(4, VERSION, true)
  view.setUint32(8, head.length, true)
  bytes.set(head, HEAD_AT)
  Object.values(arrays).forEach((array, index) => {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), places[index])
  })
  bytes.set(hashOf(bytes), HASH_AT)
  return bytes
}

/** What such bytes hold. Errors: `DamagedRoads`, before anything is allocated by the word of the bytes. */
export class PackedArrays {
  readonly facts: unknown
  readonly #arrays = new Map<string, Numbers>()

  constructor(given: Uint8Array, kind: string) {
    if (given.length < HEAD_AT || new TextDecoder().decode(given.slice(0, 4)) !== MAGIC)
      throw new DamagedRoads('These bytes are no roads: they do not begin as such.')
    // Views of more than a byte need a place that is a multiple of 8.
    const bytes = given.byteOffset % 8 === 0 ? given : given.slice()
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const version = view.getUint32(4, true)
    if (version !== VERSION)
      throw new DamagedRoads(
        `These roads have form ${version}, and this program reads form ${VERSION}: import them again.`,
      )
    const headLength = view.getUint32(8, true)
    if (headLength > MAX_HEAD_BYTES || HEAD_AT + headLength > bytes.length)
      throw new DamagedRoads('These roads are cut off: their head is longer than they are.')
    if (!hashOf(bytes).every((byte, index) => byte === bytes[HASH_AT + index]))
      throw new DamagedRoads('These roads are damaged: their hash is not that of what they hold.')
    const head = headIn(bytes.slice(HEAD_AT, HEAD_AT + headLength))
    if (head.kind !== kind) throw new DamagedRoads(`These bytes are of kind ${head.kind}, and not ${kind}.`)
    this.facts = head.facts
    let at = aligned(HEAD_AT + headLength)
    for (const { name, type, length } of head.arrays) {
      const size = length * TYPES[type].BYTES_PER_ELEMENT
      if (at + size > bytes.length) throw new DamagedRoads(`These roads are cut off in \`${name}\`.`)
      this.#arrays.set(name, new TYPES[type](bytes.buffer as ArrayBuffer, bytes.byteOffset + at, length))
      at = aligned(at + size)
    }
    if (at !== bytes.length) throw new DamagedRoads('More follows these roads than they say.')
  }

  u8 = (name: string): Uint8Array => this.#array(name, Uint8Array)
  i32 = (name: string): Int32Array => this.#array(name, Int32Array)
  u32 = (name: string): Uint32Array => this.#array(name, Uint32Array)
  f64 = (name: string): Float64Array => this.#array(name, Float64Array)

  #array<T extends Numbers>(name: string, type: new () => T): T {
    const array = this.#arrays.get(name)
    if (!(array instanceof type)) throw new DamagedRoads(`These roads have no \`${name}\`.`)
    return array
  }
}

/** The hash that such bytes say they have. */
export const hashIn = (bytes: Uint8Array): string => Buffer.from(bytes.slice(HASH_AT, HEAD_AT)).toString('hex')

const aligned = (size: number): number => Math.ceil(size / 8) * 8

/** Of the whole but for the place of the hash itself. */
function hashOf(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes.subarray(0, HASH_AT)).update(bytes.subarray(HEAD_AT)).digest()
}

function typeOf(array: Numbers): TypeName {
  const found = (Object.keys(TYPES) as TypeName[]).find(type => array instanceof TYPES[type])
  return found!
}

function headIn(bytes: Uint8Array): Head {
  try {
    return headSchema.parse(JSON.parse(new TextDecoder().decode(bytes)))
  } catch (error) {
    throw new DamagedRoads('The head of these roads cannot be read.', { cause: error })
  }
}
