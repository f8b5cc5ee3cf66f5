/** `goldenhour roads`, as an operator runs it. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type OsmMap, pbfOf, xmlOf } from '../roads/osm-files.ts'
import { runHere } from '../support/command-line.ts'

const dir = mkdtempSync(path.join(tmpdir(), 'roads-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const file = (name: string, content: string | Uint8Array): string => {
  const at = path.join(dir, name)
  writeFileSync(at, content)
  return at
}
const check = (...files: string[]) => runHere(['roads', 'check', ...files])

const STREET: OsmMap = {
  nodes: [
    { id: 1, lonDeg: 10, latDeg: 50 },
    { id: 2, lonDeg: 10.001, latDeg: 50 },
  ],
  ways: [
    { id: 5, nodeIds: [1, 2], tags: { highway: 'residential', name: 'Main' } },
    { id: 6, nodeIds: [1, 2], tags: { highway: 'steps' } },
  ],
}
const TOLD = `2 nodes read, 2 kept; 2 arcs read, 2 kept.
Left out:
  1 × way is no road that vehicles drive; the first: way 6
The roads can serve: 2 nodes and 2 arcs. Classes: residential. Names: 1. Ways to drive: ordinary, siren.
`

test('a map is told with what is kept of it, what is left out, and why, in each of its forms', async () => {
  const files = {
    'street.osm': xmlOf(STREET),
    'street.osm.gz': gzipSync(xmlOf(STREET)),
    'street.osm.pbf': pbfOf(STREET),
  }
  for (const [name, bytes] of Object.entries(files)) {
    assert.deepEqual(await check(file(name, bytes)), { code: 0, stdout: TOLD, stderr: '' })
  }
})

const NODES = 'id,lon,lat\n1,10,50\n2,10.001,50\n'
const ARCS = 'from,to,seconds,metres,class\n1,2,9,71,street\n2,1,9,71,street\n'

test('tables are taken by their names, packed or not', async () => {
  const { code, stdout } = await check(file('nodes.csv', NODES), file('arcs.csv.gz', gzipSync(ARCS)))
  assert.equal(code, 0)
  assert.match(stdout, /^2 nodes read, 2 kept; 2 arcs read, 2 kept\.\nThe roads can serve: 2 nodes and 2 arcs/)
})

test('what cannot serve is refused, with what to do', async () => {
  const nodes = file('nodes.csv', NODES)
  const oneWay = await check(nodes, file('arcs.csv', ARCS.split('\n').slice(0, 2).join('\n')))
  assert.equal(oneWay.code, 1)
  assert.match(oneWay.stderr, /No two places in it reach each other/)
  for (const files of [[nodes], [nodes, nodes], [nodes, file('map.txt', '')]]) {
    const { code, stderr } = await check(...files)
    assert.equal(code, 1)
    assert.match(stderr, /Name one OpenStreetMap file .* or the tables nodes\.csv and arcs\.csv/)
  }
  for (const name of ['gone.osm', 'gone.osm.gz', 'gone.osm.pbf']) {
    assert.match((await check(path.join(dir, name))).stderr, /ENOENT/)
  }
  assert.match(
    (await check(file('cut.osm', xmlOf(STREET).slice(0, -9)))).stderr,
    /breaks off before <\/osm>: get it again/,
  )
})
