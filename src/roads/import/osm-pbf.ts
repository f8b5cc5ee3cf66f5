/**
 * Reads OpenStreetMap's binary form (`.osm.pbf`): blocks of nodes and ways, each packed by zlib.
 *
 * Bounded as the form says: a head has at most 64 KiB, a block 32 MiB, packed and unpacked. Relations are passed over.
 */
import { inflateSync } from 'node:zlib'
import { type OsmSink, type OsmTags, UnreadableOsm } from './osm-elements.ts'
import { fieldsOf, type ProtoField, packedNumbers, signed, textOf } from './protobuf.ts'

const MAX_HEAD = 64 * 1024
const MAX_BLOCK = 32 * 1024 * 1024
/** What a file may ask of its reader. */
const KNOWN_FEATURES = ['OsmSchema-V0.6', 'DenseNodes']
const NO_TAGS: OsmTags = new Map()

/** Errors: `UnreadableOsm`. */
export async function readOsmPbf(file: AsyncIterable<Uint8Array>, sink: OsmSink): Promise<void> {
  const bytes = new ByteQueue(file)
  let blocks = 0
  for (;;) {
    const length = await bytes.take(4, blocks > 0)
    if (length === null) return
    const headSize = new DataView(length.buffer, length.byteOffset, 4).getUint32(0)
    if (headSize > MAX_HEAD) throw new UnreadableOsm('It is no OpenStreetMap file in binary form, or a damaged one.')
    const head = fieldsOf((await bytes.take(headSize, false))!)
    const type = textOf(bytesIn(head, 1))
    const size = numberAt(head, 3) ?? 0
    if (size > MAX_BLOCK) throw new UnreadableOsm('A block of it has more than 32 MiB.')
    const block = unpacked((await bytes.take(size, false))!)
    if (blocks === 0 && type !== 'OSMHeader') throw new UnreadableOsm('It does not begin with a head of OpenStreetMap.')
    if (type === 'OSMHeader') checkHead(block)
    else if (type === 'OSMData') readBlock(block, sink)
    blocks += 1
  }
}

/** Bytes as they come, in pieces of any size. */
class ByteQueue {
  readonly #source: AsyncIterator<Uint8Array>
  #held: Uint8Array[] = []
  #size = 0

  constructor(file: AsyncIterable<Uint8Array>) {
    this.#source = file[Symbol.asyncIterator]()
  }

  /** Null at the end, where it may end there. Errors: UnreadableOsm when it ends before. */
  async take(count: number, mayEnd: boolean): Promise<Uint8Array | null> {
    while (this.#size < count) {
      const next = await this.#source.next()
      if (next.done === true) {
        if (mayEnd && this.#size === 0) return null
        throw new UnreadableOsm('It breaks off in the middle: get it again.')
      }
      this.#held.push(next.value)
      this.#size += next.value.length
    }
    const all = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held)
    this.#held = [all.subarray(count)]
    this.#size -= count
    return all.subarray(0, count)
  }
}

function unpacked(blob: Uint8Array): Uint8Array {
  const fields = fieldsOf(blob)
  const raw = fields.find(({ number }) => number === 1)
  if (raw !== undefined) return raw.bytes
  const zlib = fields.find(({ number }) => number === 3)
  if (zlib === undefined) throw new UnreadableOsm('A block of it is packed by something else than zlib.')
  try {
    return inflateSync(zlib.bytes, { maxOutputLength: MAX_BLOCK })
  } catch (error) {
    throw new UnreadableOsm('A block of it cannot be unpacked: get it again.', { cause: error })
  }
}

function checkHead(block: Uint8Array): void {
  const required = fieldsOf(block).filter(({ number }) => number === 4)
  const unknown = required.map(({ bytes }) => textOf(bytes)).filter(feature => !KNOWN_FEATURES.includes(feature))
  if (unknown.length > 0) throw new UnreadableOsm(`It asks for what this program does not know: ${unknown.join(', ')}.`)
}

/** How a block tells texts and places. */
interface BlockWords {
  readonly texts: readonly string[]
  lonDeg(value: number): number
  latDeg(value: number): number
}

function readBlock(block: Uint8Array, sink: OsmSink): void {
  const fields = fieldsOf(block)
  const granularity = numberAt(fields, 17) ?? 100
  const placed = (offsetField: number) => {
    const offset = numberAt(fields, offsetField) ?? 0
    return (value: number) => (offset + granularity * value) / 1e9
  }
  const words: BlockWords = {
    texts: fieldsOf(bytesIn(fields, 1)).map(({ bytes }) => textOf(bytes)),
    latDeg: placed(19),
    lonDeg: placed(20),
  }
  for (const group of fields.filter(({ number }) => number === 2)) {
    for (const { number, bytes } of fieldsOf(group.bytes)) {
      if (number === 1) readNode(fieldsOf(bytes), words, sink)
      else if (number === 2) readDenseNodes(fieldsOf(bytes), words, sink)
      else if (number === 3) readWay(fieldsOf(bytes), words, sink)
    }
  }
}

function readNode(fields: readonly ProtoField[], words: BlockWords, sink: OsmSink): void {
  const at = (number: number) => signed(numberAt(fields, number) ?? 0)
  sink.node(at(1), words.lonDeg(at(9)), words.latDeg(at(8)), tagsIn(fields, words))
}

/** Ids and places are told as differences; keys and values follow each other, with a 0 behind each node. */
function readDenseNodes(fields: readonly ProtoField[], words: BlockWords, sink: OsmSink): void {
  const [ids, lats, lons] = [1, 8, 9].map(number => packedNumbers(bytesIn(fields, number)).map(signed))
  const texts = packedNumbers(bytesIn(fields, 10))
  if (ids!.length !== lats!.length || ids!.length !== lons!.length)
    throw new UnreadableOsm('Nodes of it have no places.')
  let [id, lat, lon, text] = [0, 0, 0, 0]
  ids!.forEach((step, index) => {
    id += step
    lat += lats![index]!
    lon += lons![index]!
    let tags: OsmTags = NO_TAGS
    if (text < texts.length && texts[text] !== 0) {
      const own = new Map<string, string>()
      for (; text < texts.length && texts[text] !== 0; text += 2) {
        own.set(words.texts[texts[text]!] ?? '', words.texts[texts[text + 1] ?? 0] ?? '')
      }
      tags = own
    }
    text += 1
    sink.node(id, words.lonDeg(lon), words.latDeg(lat), tags)
  })
}

function readWay(fields: readonly ProtoField[], words: BlockWords, sink: OsmSink): void {
  let id = 0
  const nodeIds = packedNumbers(bytesIn(fields, 8)).map(step => {
    id += signed(step)
    return id
  })
  sink.way(numberAt(fields, 1) ?? 0, nodeIds, tagsIn(fields, words))
}

function tagsIn(fields: readonly ProtoField[], { texts }: BlockWords): OsmTags {
  const values = packedNumbers(bytesIn(fields, 3))
  const keys = packedNumbers(bytesIn(fields, 2))
  return new Map(keys.map((key, index) => [texts[key] ?? '', texts[values[index] ?? 0] ?? '']))
}

const bytesIn = (fields: readonly ProtoField[], number: number): Uint8Array =>
  fields.find(field => field.number === number)?.bytes ?? new Uint8Array(0)

const numberAt = (fields: readonly ProtoField[], number: number): number | undefined =>
  fields.find(field => field.number === number)?.value
