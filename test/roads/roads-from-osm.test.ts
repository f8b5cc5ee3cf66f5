import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { RoadGraph } from '../../src/roads/graph.ts'
import { encodeGraph } from '../../src/roads/graph-codec.ts'
import { USUAL_OSM_RULES } from '../../src/roads/import/osm-rules.ts'
import { importOsm } from '../../src/roads/import/roads-from-osm.ts'
import { fileOf, type OsmMap, type OsmWay, pbfOf, xmlOf } from './osm-files.ts'

/** Nodes 1 to 9 in a row from west to east, some 71 m apart; 11 to 19 lie north of them. */
const NODES = Array.from({ length: 9 }, (_, index) => index + 1).flatMap(number => [
  { id: number, lonDeg: 10 + number / 1_000, latDeg: 50 },
  { id: 10 + number, lonDeg: 10 + number / 1_000, latDeg: 50.001 },
])
const ROAD = { highway: 'residential' }
const way = (id: number, nodeIds: readonly number[], tags: Readonly<Record<string, string>> = ROAD): OsmWay => ({
  id,
  nodeIds,
  tags,
})
const mapOf = (...ways: readonly OsmWay[]): OsmMap => ({ nodes: NODES, ways })

const read = (bytes: Uint8Array, form: 'xml' | 'pbf', rules = USUAL_OSM_RULES, pieceBytes = 64) =>
  importOsm(fileOf(bytes, pieceBytes), form, rules)

async function importedFrom(map: OsmMap, rules = USUAL_OSM_RULES) {
  const outcome = await read(xmlOf(map), 'xml', rules)
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.message)
  return outcome
}

/** Each arc from node to node, with its bends between. */
function arcsOf(graph: RoadGraph): string[] {
  const numberAt = (lonDeg: number, latDeg: number) => Math.round((lonDeg - 10) * 1_000) + (latDeg > 50.0005 ? 10 : 0)
  const node = (number: number) => numberAt(graph.lonDeg[number]!, graph.latDeg[number]!)
  return [...graph.arcHead.keys()]
    .map(arc => {
      const bends = [...graph.bendLonDeg.keys()].slice(graph.firstBend[arc], graph.firstBend[arc + 1])
      const between = bends.map(bend => numberAt(graph.bendLonDeg[bend]!, graph.bendLatDeg[bend]!))
      return [node(graph.arcTail[arc]!), ...between, node(graph.arcHead[arc]!)].join('-')
    })
    .sort()
}

/** What was left out or changed, by way or node. */
async function toldOf(map: OsmMap): Promise<string[]> {
  const { report } = await importedFrom(map)
  return [...report.leftOut, ...report.changed].map(
    ({ part, why, count, first }) => `${count} ${part} ${why} (${first})`,
  )
}

test('roads are cut where they meet, and their other points are bends', async () => {
  const { graph } = await importedFrom(mapOf(way(1, [1, 2, 3, 4]), way(2, [3, 13, 14])))
  assert.deepEqual(arcsOf(graph), ['1-2-3', '14-13-3', '3-13-14', '3-2-1', '3-4', '4-3'])
})

test('a loop at the end of a street is driven, either way round', async () => {
  const { graph } = await importedFrom(mapOf(way(1, [1, 2, 3, 13, 12, 2])))
  assert.deepEqual(arcsOf(graph), ['1-2', '13-12-2', '13-3-2', '2-1', '2-12-13', '2-3-13'])
})

const ROUND = way(99, [4, 14, 11, 1])
const DIRECTIONS: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[]])[] = [
  ['two-way', {}, ['1-2-3-4', '4-3-2-1']],
  ['one-way', { oneway: 'yes' }, ['1-2-3-4']],
  ['one-way as a number', { oneway: '1' }, ['1-2-3-4']],
  ['one-way against its points', { oneway: '-1' }, ['4-3-2-1']],
  ['a motorway', { highway: 'motorway' }, ['1-2-3-4']],
  ['a motorway that says that it is two-way', { highway: 'motorway', oneway: 'no' }, ['1-2-3-4', '4-3-2-1']],
  ['a part of a roundabout', { junction: 'roundabout' }, ['1-2-3-4']],
]
for (const [what, tags, arcs] of DIRECTIONS) {
  test(`the direction of a road that is ${what}`, async () => {
    const { graph } = await importedFrom(mapOf(way(1, [1, 2, 3, 4], { ...ROAD, ...tags }), ROUND))
    assert.deepEqual(
      arcsOf(graph).filter(arc => arc.includes('-2-')),
      arcs,
    )
  })
}

const LEFT_OUT: readonly (readonly [Readonly<Record<string, string>>, string | null])[] = [
  [{ highway: 'footway' }, 'is no road that vehicles drive'],
  [{ highway: 'residential', area: 'yes' }, 'is an area'],
  [{ highway: 'residential', access: 'no' }, 'is closed to vehicles'],
  [{ highway: 'residential', access: 'no', motor_vehicle: 'yes' }, null],
  [{ highway: 'residential', motor_vehicle: 'no' }, 'is closed to vehicles'],
  [{ highway: 'residential', access: 'no', emergency: 'yes' }, null],
  [{ highway: 'residential', emergency: 'no' }, 'is closed to vehicles'],
  [{ highway: 'service', access: 'private' }, null],
  [{ highway: 'primary', oneway: 'reversible' }, 'changes its direction by the hour'],
]
for (const [tags, why] of LEFT_OUT) {
  test(`a way with ${JSON.stringify(tags)} is ${why === null ? 'a road' : `none: it ${why}`}`, async () => {
    const told = await toldOf(mapOf(way(1, [1, 2, 3, 4]), way(7, [1, 11, 14, 4], tags)))
    assert.deepEqual(told, why === null ? [] : [`1 way ${why} (way 7)`])
  })
}

test('what is no road is not counted, and what has no limit is driven as its class is', async () => {
  const { graph, report } = await importedFrom(
    mapOf(
      way(1, [1, 2], { highway: 'primary', maxspeed: '30 mph', name: 'High "A & B" <é>' }),
      way(2, [2, 3], { highway: 'primary', maxspeed: 'signals', ref: 'A 7' }),
      way(3, [3, 4], { highway: 'primary', maxspeed: '80' }),
      way(4, [5, 6, 16], { building: 'yes' }),
    ),
  )
  assert.deepEqual(report.leftOut, [])
  assert.deepEqual(graph.names, ['', 'High "A & B" <é>', 'A 7'])
  const kmh = [...graph.arcHead.keys()].map(
    arc => (graph.arcLengthCm[arc]! / 100 / (graph.timesMs.get('ordinary')![arc]! / 1_000)) * 3.6,
  )
  const expected = [48.28, 50, 80].flatMap(limit => [limit * 0.7, limit * 0.7])
  kmh.sort((a, b) => a - b)
  for (const [index, each] of kmh.entries()) assert.ok(Math.abs(each - expected[index]!) < 0.05, `${each}`)
  const arcs = [...graph.timesMs.get('siren')!.keys()]
  assert.ok(
    arcs.every(
      arc => Math.abs(graph.timesMs.get('ordinary')![arc]! / graph.timesMs.get('siren')![arc]! - 4 / 3) < 0.01,
    ),
  )
})

test('a bollard ends the road for an ambulance, and a gate does not, unless the rules say so', async () => {
  const blockedBy = (tags: Readonly<Record<string, string>>): OsmMap => ({
    nodes: NODES.map(node => (node.id === 3 ? { ...node, tags } : node)),
    ways: [way(1, [1, 2, 3, 4, 5])],
  })
  assert.deepEqual(arcsOf((await importedFrom(blockedBy({ barrier: 'gate' }))).graph), ['1-2-3-4-5', '5-4-3-2-1'])
  assert.deepEqual(arcsOf((await importedFrom(blockedBy({ barrier: 'bollard' }))).graph), ['1-2-3', '3-2-1'])
  assert.deepEqual(
    (await toldOf(blockedBy({ barrier: 'bollard' }))).filter(line => line.includes('barrier')),
    ['1 node has a barrier that is not passed: the road ends there (node 3)'],
  )
  const open = blockedBy({ barrier: 'bollard', emergency: 'yes' })
  assert.equal((await importedFrom(open)).graph.arcCount, 2)
  const strict = { ...USUAL_OSM_RULES, barriersPassed: new Set<string>() }
  assert.deepEqual(arcsOf((await importedFrom(blockedBy({ barrier: 'gate' }), strict)).graph), ['1-2-3', '3-2-1'])
})

test('a road that leaves the file ends at its edge', async () => {
  const told = await toldOf(mapOf(way(1, [1, 2, 3, 77, 4, 5, 6]), way(2, [3, 13, 14, 4])))
  assert.deepEqual(told, ['1 way leaves the file: it ends there (way 1)'])
})

/** Maps of roads between random nodes, with some barriers. */
const maps: fc.Arbitrary<OsmMap> = fc.record({
  nodes: fc.constant(
    NODES.map(node => (node.id % 5 === 0 ? { ...node, tags: { barrier: 'block', note: 'grün' } } : node)),
  ),
  ways: fc.array(
    fc.record({
      id: fc.integer({ min: 1, max: 2 ** 40 }),
      nodeIds: fc.array(fc.constantFrom(...NODES.map(({ id }) => id), 77), { minLength: 1, maxLength: 7 }),
      tags: fc.constantFrom(ROAD, { highway: 'primary', oneway: 'yes', name: 'Straße' }, { highway: 'path' }),
    }),
    { maxLength: 12 },
  ),
})

test('both forms of a map make the same network, however their bytes come', async () => {
  await fc.assert(
    fc.asyncProperty(maps, fc.boolean(), fc.integer({ min: 1, max: 300 }), async (map, isDense, pieceBytes) => {
      const xml = await read(xmlOf(map), 'xml', USUAL_OSM_RULES, pieceBytes)
      const pbf = await read(pbfOf(map, isDense), 'pbf', USUAL_OSM_RULES, pieceBytes)
      assert.deepEqual(pbf.report, xml.report)
      assert.equal(pbf.ok, xml.ok)
      if (pbf.ok && xml.ok) assert.deepEqual(encodeGraph(pbf.graph), encodeGraph(xml.graph))
    }),
    { numRuns: 60 },
  )
})

const STREET = mapOf(way(1, [1, 2, 3]))

test('a file that was cut or changed is refused or read, and nothing else happens', async () => {
  for (const form of ['xml', 'pbf'] as const) {
    const bytes = form === 'xml' ? xmlOf(STREET) : pbfOf(STREET)
    for (let length = 0; length < bytes.length - 1; length += 7) {
      const outcome = await read(bytes.slice(0, length), form)
      // Between two blocks a file in binary form may end.
      assert.ok(!outcome.ok && outcome.message.endsWith('.'), `${form}, ${length} bytes`)
    }
    for (let at = 0; at < bytes.length; at += 3) {
      const changed = bytes.slice()
      changed[at]! ^= 0x55
      const outcome = await read(changed, form)
      assert.equal(typeof outcome.ok, 'boolean')
    }
  }
})

test('no bytes of a stranger stop the program', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.constantFrom('xml', 'pbf'), async (bytes, form) => {
      assert.equal((await read(bytes, form as 'xml' | 'pbf')).ok, false)
    }),
  )
})

const REFUSED: readonly (readonly [string, 'xml' | 'pbf', Uint8Array, RegExp])[] = [
  ['nothing', 'xml', new Uint8Array(0), /has no element <osm>/],
  ['nothing in binary', 'pbf', new Uint8Array(0), /breaks off/],
  ['another XML', 'xml', new TextEncoder().encode('<gpx></gpx>'), /first element is not <osm>/],
  ['a document type', 'xml', new TextEncoder().encode('<!DOCTYPE osm [<!ENTITY a "b">]><osm></osm>'), /document type/],
  ['an element without end', 'xml', new TextEncoder().encode(`<osm><tag k="${'a'.repeat(1_100_000)}`), /within 1 MiB/],
  ['binary as XML', 'xml', pbfOf(STREET), /no OpenStreetMap XML/],
  ['XML as binary', 'pbf', xmlOf(STREET), /no OpenStreetMap file in binary form/],
  ['a feature of tomorrow', 'pbf', pbfOf(STREET, true, ['HistoricalInformation']), /HistoricalInformation/],
  ['a map without roads', 'xml', xmlOf(mapOf()), /no road in it that can be driven/],
]
for (const [what, form, bytes, told] of REFUSED) {
  test(`${what} is refused as what it is`, async () => {
    const outcome = await read(bytes, form, USUAL_OSM_RULES, 4_096)
    assert.ok(!outcome.ok)
    assert.match(outcome.message, told)
  })
}
