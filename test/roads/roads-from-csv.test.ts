import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { gunzipSync } from 'node:zlib'
import { importRoadTables } from '../../src/roads/import/roads-from-csv.ts'

const NODES = 'id,lon,lat,access\n1,10,50,1\n2,10.001,50,1\n3,10.002,50,0\n4,10.003,50,0\n'
const ARCS = `from,to,seconds,seconds_siren,metres,class,name
1,2,10,7.5,71.5,street,"Main, Upper"
2,1,10,7.5,71.5,street,"Main, Upper"
2,3,8,6,71.5,street,
3,2,8,6,71.5,street,
3,4,3,2,71.5,motorway,M 1
4,3,3,2,71.5,motorway,M 1
`

const read = (nodes: string, arcs: string, segments: string | null = null) =>
  importRoadTables({ nodes, arcs, segments })

function importedFrom(nodes: string, arcs: string, segments: string | null = null) {
  const outcome = read(nodes, arcs, segments)
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.message)
  return outcome
}

function refusedWith(nodes: string, arcs: string, segments: string | null = null): string {
  const outcome = read(nodes, arcs, segments)
  assert.ok(!outcome.ok)
  return outcome.message
}

/** From node to node by longitude, with what else is asked. */
function arcsOf({ graph }: ReturnType<typeof importedFrom>): string[] {
  const at = (node: number) => Math.round((graph.lonDeg[node]! - 10) * 1_000) + 1
  return Array.from({ length: graph.arcCount }, (_, arc) => {
    const times = [...graph.timesMs].map(([way, ms]) => `${way} ${ms[arc]}`).join(' ')
    const through = graph.arcThrough[arc] === 1 ? ' through' : ''
    return `${at(graph.arcTail[arc]!)}-${at(graph.arcHead[arc]!)} ${times} ${graph.classes[graph.arcClass[arc]!]} ${graph.names[graph.arcName[arc]!]}${through}`
  }).sort()
}

test('arcs have their times in whole milliseconds, class, name, and whether nobody lives there', () => {
  const outcome = importedFrom(NODES, ARCS)
  assert.deepEqual(arcsOf(outcome), [
    '1-2 ordinary 10000 siren 7500 street Main, Upper',
    '2-1 ordinary 10000 siren 7500 street Main, Upper',
    '2-3 ordinary 8000 siren 6000 street ',
    '3-2 ordinary 8000 siren 6000 street ',
    '3-4 ordinary 3000 siren 2000 motorway M 1 through',
    '4-3 ordinary 3000 siren 2000 motorway M 1 through',
  ])
  const { nodesRead, nodesKept, arcsRead, arcsKept, leftOut, changed } = outcome.report
  assert.deepEqual([nodesRead, nodesKept, arcsRead, arcsKept, leftOut, changed], [4, 4, 6, 6, [], []])
})

const leftOutOf = (more: string, nodes = NODES) => {
  const { report } = importedFrom(nodes, `${ARCS}${more}\n`)
  return [...report.leftOut, ...report.changed].map(
    ({ part, why, count, first }) => `${count} ${part} ${why} (${first})`,
  )
}

const LEFT_OUT: readonly (readonly [string, string, string])[] = [
  ['takes less than nothing', '1,3,-1,1,71.5,street,', '1 arc has no time of 0 s or more (arcs, line 8)'],
  ['has no time', '1,3,,1,71.5,street,', '1 arc has no time of 0 s or more (arcs, line 8)'],
  ['has a word for a time', '1,3,soon,1,71.5,street,', '1 arc has no time of 0 s or more (arcs, line 8)'],
  ['takes more than an hour', '1,3,3601,1,71.5,street,', '1 arc takes more than an hour (arcs, line 8)'],
  ['takes no time over 71 m', '1,3,0,0,71.5,street,', '1 arc would be driven at more than 300 km/h (arcs, line 8)'],
  ['has a length below nothing', '1,3,9,9,-1,street,', '1 arc has no length of 0 m or more (arcs, line 8)'],
  ['leads back to where it begins', '1,1,9,9,9,street,', '1 arc leads back to where it begins (arcs, line 8)'],
  ['names no node', '1,99,9,9,9,street,', '1 arc names a node that is not there (arcs, line 8)'],
  ['has too few fields', '1,3,9', '1 row has more or fewer fields than the first line (arcs, line 8)'],
  ['is quoted wrong', '1,3,9,9,9,"str"eet,', '1 row text follows the closing quote of a field (arcs, line 8)'],
  [
    'runs beside a quicker one',
    '1,2,11,9,71.5,street,',
    '1 arc runs beside a quicker one of the same shape (arcs, line 8)',
  ],
  [
    'takes no time over 2 m',
    '1,3,0,0,2,street,',
    '1 arc takes less than a millisecond: it counts as one (arcs, line 8)',
  ],
]
for (const [what, row, told] of LEFT_OUT) {
  test(`an arc that ${what} is told, with its line`, () => {
    assert.deepEqual(leftOutOf(row), [told])
  })
}

test('of arcs side by side the quicker one stays, whichever comes first', () => {
  const outcome = importedFrom(NODES, `${ARCS}1,2,4,3,71.5,street,Express\n`)
  assert.ok(arcsOf(outcome).includes('1-2 ordinary 4000 siren 3000 street Express'))
  assert.equal(outcome.graph.arcCount, 6)
})

test('islands, dead ends that nobody leaves, and nodes without a road are left out and counted', () => {
  const nodes = `${NODES}5,10.004,50,1\n6,11,50,1\n7,11.001,50,1\n8,12,50,1\n9,200,50,1\n4,10,50,1\n`
  const told = leftOutOf('4,5,9,9,71,street,\n6,7,9,9,71,street,\n7,6,9,9,71,street,', nodes)
  assert.deepEqual(
    told,
    [
      '3 node cannot be reached, or left again (at 10.004, 50)',
      '3 arc lies outside the largest part that hangs together (arcs, line 8)',
      '1 node has no position on the globe (nodes, line 10)',
      '1 node has no road (at 12, 50)',
      '1 node has the id of an earlier one (nodes, line 11)',
    ].sort(byHowOften),
  )
})

/** As a report lists them: what is frequent first, then by its words. */
const byHowOften = (a: string, b: string): number => {
  const [whyA, whyB] = [a.slice(a.indexOf(' ', 2)), b.slice(b.indexOf(' ', 2))]
  return Number.parseInt(b, 10) - Number.parseInt(a, 10) || (whyA < whyB ? -1 : 1)
}

test('files that cannot serve are refused with what to do', () => {
  const header = ARCS.split('\n')[0]!
  assert.equal(refusedWith('', ARCS), 'The table of nodes is empty.')
  assert.equal(refusedWith(NODES, ''), 'The table of arcs is empty.')
  assert.match(refusedWith(NODES, header), /no road in it that can be driven. Check that the files belong together/)
  assert.match(
    refusedWith(NODES.replace('lon', 'x'), ARCS),
    /nodes has no column lon; its first line names id, x, lat, access/,
  )
  assert.match(refusedWith(NODES, `${header}\n1,2,9,9,9,street,\n`), /No two places in it reach each other/)
  assert.match(refusedWith(ARCS, NODES), /has no column id, lon, lat/)
  assert.match(refusedWith(NODES, '\u0000\u0001\u0002'), /has no column from/)
  assert.match(refusedWith(NODES, ARCS, 'a,b\n'), /segments has no column segment_cnn/)
})

const SEGMENTS = 'segment_cnn,from,to,lonlat\n77,1,2,10 50;10.0005 50.001;10.001 50\n'
const WITH_SHAPES = 'from,to,seconds,metres,class,segment_cnn\n1,2,20,300,street,77\n2,1,20,300,street,77\n'

test('a street has its drawn shape, seen from either end, beside the straight one between the same nodes', () => {
  const { graph } = importedFrom(NODES, `${WITH_SHAPES}1,2,9,71,street,78\n`, SEGMENTS)
  assert.deepEqual([...graph.bendLonDeg, ...graph.bendLatDeg], [10.0005, 10.0005, 50.001, 50.001])
  assert.equal(graph.arcCount, 3)
  assert.deepEqual(
    [...graph.arcTwin].filter(twin => twin >= 0).map(twin => graph.firstBend[twin + 1]! - graph.firstBend[twin]!),
    [1, 1],
  )
})

test('a shape that cannot be read leaves its street straight', () => {
  const { graph, report } = importedFrom(NODES, WITH_SHAPES, SEGMENTS.replace('10.0005 50.001', '10.0005'))
  assert.equal(graph.bendLonDeg.length, 0)
  assert.ok(report.leftOut.some(({ why }) => why === 'has a shape that cannot be read: the street is drawn straight'))
})

const realRoads = process.env.GOLDENHOUR_TEST_ROADS
const CITIES = { manhattan: [16_811, 24_437], auckland: [54_370, 90_638], sf: [9_319, 29_417 - 67] } as const
for (const [city, [nodes, arcs]] of Object.entries(CITIES)) {
  test(`${city} as it is comes in whole`, {
    skip: realRoads === undefined && 'GOLDENHOUR_TEST_ROADS names no roads',
  }, () => {
    const text = (name: string) => {
      const file = path.join(realRoads!, city, `${name}.csv.gz`)
      return existsSync(file) ? gunzipSync(readFileSync(file)).toString() : null
    }
    const { graph } = importedFrom(text('nodes')!, text('arcs')!, text('segments'))
    assert.deepEqual([graph.nodeCount, graph.arcCount], [nodes, arcs])
  })
}
