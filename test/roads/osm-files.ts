/** OpenStreetMap files in both forms from one list of elements, written without the code that reads them. */
import { deflateSync } from 'node:zlib'

export interface OsmNode {
  readonly id: number
  readonly lonDeg: number
  readonly latDeg: number
  readonly tags?: Readonly<Record<string, string>>
}
export interface OsmWay {
  readonly id: number
  readonly nodeIds: readonly number[]
  readonly tags: Readonly<Record<string, string>>
}
export interface OsmMap {
  readonly nodes: readonly OsmNode[]
  readonly ways: readonly OsmWay[]
}

/** The same bytes each time, in pieces of so many. */
export function fileOf(bytes: Uint8Array, pieceBytes = 64): () => AsyncIterable<Uint8Array> {
  return async function* () {
    for (let from = 0; from < bytes.length; from += pieceBytes) yield bytes.subarray(from, from + pieceBytes)
  }
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('é', '&#xE9;')

export function xmlOf({ nodes, ways }: OsmMap): Uint8Array {
  const tagsOf = (tags: Readonly<Record<string, string>> = {}) =>
    Object.entries(tags).map(([key, value]) => `<tag k="${escaped(key)}" v="${escaped(value)}"/>`)
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<osm version="0.6" generator="a test"><!-- <way id="9"> -->',
    '<bounds minlat="50" minlon="10" maxlat="51" maxlon="11"/>',
    ...nodes.map(({ id, lonDeg, latDeg, tags }) => {
      const head = `<node id="${id}" lat="${latDeg}" lon='${lonDeg}' user="a > b"`
      return tags === undefined ? `${head}/>` : `${head}>${tagsOf(tags).join('')}</node>`
    }),
    ...ways.map(({ id, nodeIds, tags }) => {
      const refs = nodeIds.map(nodeId => `<nd ref="${nodeId}"/>`)
      return `<way id="${id}" version="1">\n${[...refs, ...tagsOf(tags)].join('\n')}\n</way>`
    }),
    '<relation id="3"><member type="way" ref="1" role="from"/><tag k="type" v="restriction"/></relation>',
    '</osm>\n',
  ]
  return new TextEncoder().encode(lines.join('\n'))
}

function varint(value: bigint): number[] {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  return [...bytes, Number(rest)]
}
const zigzag = (value: number): number[] => varint(value < 0 ? BigInt(-value) * 2n - 1n : BigInt(value) * 2n)
const plain = (field: number, value: number): number[] => [...varint(BigInt(field * 8)), ...varint(BigInt(value))]
const held = (field: number, bytes: readonly number[] | Uint8Array): number[] => [
  ...varint(BigInt(field * 8 + 2)),
  ...varint(BigInt(bytes.length)),
  ...bytes,
]
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const steps = (values: readonly number[]): number[] =>
  values.flatMap((value, index) => zigzag(value - (index === 0 ? 0 : values[index - 1]!)))

function blockOf(type: string, bytes: readonly number[], isPacked: boolean): number[] {
  const raw = Uint8Array.from(bytes)
  const blob = isPacked ? [...plain(2, raw.length), ...held(3, deflateSync(raw))] : held(1, raw)
  const head = [...held(1, utf8(type)), ...plain(3, blob.length)]
  return [0, 0, head.length >> 8, head.length & 255, ...head, ...blob]
}

/** With dense nodes, or with each by itself. Offsets below 0 need numbers of ten bytes. */
export function pbfOf(
  { nodes, ways }: OsmMap,
  isDense = true,
  features = ['OsmSchema-V0.6', 'DenseNodes'],
): Uint8Array {
  const texts = ['']
  const textAt = (text: string) => {
    if (!texts.includes(text)) texts.push(text)
    return texts.indexOf(text)
  }
  const offset = -1_000_000_000
  // In units of 100 nanodegrees, from the offset.
  const unitsOf = (deg: number) => Math.round((deg * 1e9 - offset) / 100)
  const numbers = (values: readonly number[]) => values.flatMap(value => varint(BigInt(value)))
  const pairsOf = (tags: Readonly<Record<string, string>> = {}) =>
    Object.entries(tags).map(([key, value]) => [textAt(key), textAt(value)] as const)
  const tagFields = (tags?: Readonly<Record<string, string>>) => [
    ...held(2, numbers(pairsOf(tags).map(([key]) => key))),
    ...held(3, numbers(pairsOf(tags).map(([, value]) => value))),
  ]
  const dense = held(2, [
    ...held(1, steps(nodes.map(({ id }) => id))),
    ...held(8, steps(nodes.map(({ latDeg }) => unitsOf(latDeg)))),
    ...held(9, steps(nodes.map(({ lonDeg }) => unitsOf(lonDeg)))),
    ...held(10, numbers(nodes.flatMap(({ tags }) => [...pairsOf(tags).flat(), 0]))),
  ])
  const single = nodes.flatMap(({ id, lonDeg, latDeg, tags }) => {
    const idField = [8, ...zigzag(id)]
    const lat = [8 * 8, ...zigzag(unitsOf(latDeg))]
    const lon = [9 * 8, ...zigzag(unitsOf(lonDeg))]
    return held(1, [...idField, ...tagFields(tags), ...lat, ...lon])
  })
  const wayFields = ways.flatMap(({ id, nodeIds, tags }) =>
    held(3, [...plain(1, id), ...tagFields(tags), ...held(8, steps(nodeIds))]),
  )
  const offsets = [
    ...plain(17, 100),
    ...varint(19n * 8n),
    ...varint(BigInt(offset)),
    ...varint(20n * 8n),
    ...varint(BigInt(offset)),
  ]
  const body = (group: readonly number[]) => [
    ...held(
      1,
      texts.flatMap(text => held(1, utf8(text))),
    ),
    ...held(2, group),
    ...offsets,
  ]
  const head = features.flatMap(feature => held(4, utf8(feature)))
  return Uint8Array.from([
    ...blockOf('OSMHeader', head, false),
    ...blockOf('OSMData', body(isDense ? dense : single), true),
    ...blockOf('Other', [1, 2, 3], false),
    ...blockOf('OSMData', body(wayFields), true),
  ])
}
