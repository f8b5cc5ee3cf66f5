/** Lines as a Mapbox Vector Tile (version 2.1 of its specification): the one form in which map libraries take roads. */

/** Coordinates run from 0 to this across the tile, and down. */
export const EXTENT = 4_096

/** Lines that are drawn alike. */
export interface LineGroup {
  /** An attribute of all of them, a whole number. */
  readonly level: number
  /** Each `[x0, y0, x1, y1, …]` of whole numbers, two points at least. */
  readonly lines: readonly (readonly number[])[]
}

const MOVE_TO = 1
const LINE_TO = 2
const LINE_STRING = 2

/** One layer, a feature for each group. */
export function encodeLines(layer: string, groups: readonly LineGroup[]): Uint8Array {
  const body = new Writer()
  body.field(15, 0).varint(2)
  body.text(1, layer)
  const levels = groups.map(({ level }) => level)
  groups.forEach(({ lines }, index) => {
    const feature = new Writer()
    const tags = new Writer()
    tags.varint(0).varint(index)
    feature.bytes(2, tags)
    feature.field(3, 0).varint(LINE_STRING)
    feature.bytes(4, geometryOf(lines))
    body.bytes(2, feature)
  })
  body.text(3, 'level')
  for (const level of levels) {
    const value = new Writer()
    value.field(5, 0).varint(level)
    body.bytes(4, value)
  }
  body.field(5, 0).varint(EXTENT)
  const tile = new Writer()
  tile.bytes(3, body)
  return tile.written()
}

function geometryOf(lines: LineGroup['lines']): Writer {
  const writer = new Writer()
  let [x, y] = [0, 0]
  const step = (line: readonly number[], at: number) => {
    writer.zigzag(line[at]! - x).zigzag(line[at + 1]! - y)
    x = line[at]!
    y = line[at + 1]!
  }
  for (const line of lines) {
    writer.varint((1 << 3) | MOVE_TO)
    step(line, 0)
    writer.varint(((line.length / 2 - 1) << 3) | LINE_TO)
    for (let at = 2; at < line.length; at += 2) step(line, at)
  }
  return writer
}

/** Protocol Buffers, as far as tiles need them. */
class Writer {
  #bytes = new Uint8Array(1_024)
  #size = 0

  field(number: number, wire: 0 | 2): this {
    return this.varint((number << 3) | wire)
  }

  varint(value: number): this {
    this.#reserve(5)
    let left = value
    while (left > 127) {
      this.#bytes[this.#size++] = (left & 127) | 128
      left >>>= 7
    }
    this.#bytes[this.#size++] = left
    return this
  }

  zigzag(value: number): this {
    return this.varint(value < 0 ? -2 * value - 1 : 2 * value)
  }

  text(field: number, text: string): void {
    this.#put(field, new TextEncoder().encode(text))
  }

  bytes(field: number, inner: Writer): void {
    this.#put(field, inner.written())
  }

  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#size)
  }

  #put(field: number, bytes: Uint8Array): void {
    this.field(field, 2).varint(bytes.length)
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#size)
    this.#size += bytes.length
  }

  #reserve(count: number): void {
    if (this.#size + count <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#size + count))
    larger.set(this.#bytes.subarray(0, this.#size))
    this.#bytes = larger
  }
}
