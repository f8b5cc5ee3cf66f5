/** `goldenhour roads`, as an operator runs it. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { gzipSync } from 'node:zlib'
import { sql } from 'kysely'
import { hashIn } from '../../src/roads/array-blob.ts'
import { decodeGraph } from '../../src/roads/graph-codec.ts'
import { decodeHierarchy } from '../../src/roads/hierarchy/hierarchy-codec.ts'
import { WAY_DRIVEN } from '../../src/roads/road-times.ts'
import { type Database, openDatabase } from '../../src/store/postgres/database.ts'
import { ReferenceStore } from '../../src/store/reference/reference-store.ts'
import { RoadStore } from '../../src/store/roads/road-store.ts'
import { type OsmMap, pbfOf, xmlOf } from '../roads/osm-files.ts'
import { runHere } from '../support/command-line.ts'
import { testDatabase } from '../support/postgres.ts'

const dir = mkdtempSync(path.join(tmpdir(), 'roads-'))
let owned: Awaited<ReturnType<typeof testDatabase>>
let database: Database

before(async () => {
  owned = await testDatabase()
  database = openDatabase(owned.url)
  const reference = new ReferenceStore(database)
  await reference.addRegion({ region: 'metro', name: 'Metro', timeZone: 'UTC', dispatchMode: 'ordered' })
})
after(async () => {
  await database.destroy()
  await owned.drop()
  rmSync(dir, { recursive: true, force: true })
})

const file = (name: string, content: string | Uint8Array): string => {
  const at = path.join(dir, name)
  writeFileSync(at, content)
  return at
}
const check = (...files: string[]) => runHere(['roads', 'check', ...files])
const run = (...args: string[]) => runHere(['roads', ...args], { env: { DATABASE_URL: owned.url } })

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

test('an import is told like a check, and stores the network with its hierarchy as the next version', async () => {
  const { code, stdout, stderr } = await run(
    'import',
    '--region',
    'metro',
    '--note',
    'first',
    file('street.osm', xmlOf(STREET)),
  )
  assert.equal(code, 0, stderr)
  const [, hash] = /^Imported the roads of metro, version 1 \((\w{12})\)\.\n$/.exec(stdout.slice(TOLD.length)) ?? []
  assert.equal(stdout.slice(0, TOLD.length), TOLD)
  assert.match(stderr, /^Preparing its times for searches \(\d\.\d MB\) …\n(Storing: .* of .* …\n)+$/)
  const { sha256 } = (await new RoadStore(database, Date.now).standing()).get('metro')!
  assert.equal(sha256!.slice(0, 12), hash)
  const stored = await new RoadStore(database, Date.now).read('metro', sha256!)
  assert.equal(hashIn(stored!.graph), sha256)
  assert.equal(decodeGraph(stored!.graph).nodeCount, 2)
  assert.equal(decodeHierarchy(stored!.hierarchy, stored!.graph, WAY_DRIVEN).up.first.length, 3)
})

test('a street of the roads that stand is found by its name', async () => {
  const found = await run('find', '--region', 'metro', '12', 'main')
  assert.deepEqual([found.code, found.stdout], [0, '0.60\t10.000000\t50.000000\t72\tMain\n'])
  const none = await run('find', '--region', 'metro', 'elm', 'street')
  assert.equal(none.code, 1)
  assert.match(none.stderr, /No street of the region has a name like that/)
})

test('versions are listed, and an operator goes back to one, or to none', async () => {
  const nodes = file('nodes.csv', NODES)
  assert.equal((await run('import', '--region', 'metro', nodes, file('arcs.csv', ARCS))).code, 0)
  assert.equal(
    (await run('use', '--region', 'metro', '1', '--note', 'bridge')).stdout,
    'metro goes by the network of version 1, as version 3.\n',
  )
  assert.equal(
    (await run('use', '--region', 'metro', '3')).stdout,
    'Nothing changed: metro goes by the network of version 3 already.\n',
  )
  assert.equal(
    (await run('use', '--region', 'metro', 'none')).stdout,
    'metro goes by the straight line, as version 4.\n',
  )
  const rows = (await run('list', '--region', 'metro')).stdout
    .trimEnd()
    .split('\n')
    .map(row => row.split('\t'))
  assert.deepEqual(
    rows.map(([version, , who, nodes, arcs, hash, kept, why]) => [version, who, nodes, arcs, hash!.length, kept, why]),
    [
      ['4', 'command-line', '0', '0', 0, 'straight line', ''],
      ['3', 'command-line', '2', '2', 12, 'kept', 'as version 1: bridge'],
      ['2', 'command-line', '2', '2', 12, 'kept', ''],
      ['1', 'command-line', '2', '2', 12, 'kept', 'first'],
    ],
  )
})

test('an import that cannot be is refused with what to do, and stores nothing', async () => {
  const versions = (await run('list', '--region', 'metro')).stdout
  const nodes = file('nodes.csv', NODES)
  const dead = file('arcs.csv', ARCS.split('\n').slice(0, 2).join('\n'))
  const [oneWay, elsewhere, without, odd, gone] = [
    await run('import', '--region', 'metro', nodes, dead),
    await run('import', '--region', 'nowhere', nodes, dead),
    await run('import', nodes, dead),
    await run('use', '--region', 'metro', 'first'),
    await run('use', '--region', 'metro', '9'),
  ]
  assert.deepEqual([oneWay.code, elsewhere.code, without.code, odd.code, gone.code], [1, 1, 2, 2, 1])
  assert.match(oneWay.stderr, /No two places in it reach each other/)
  assert.match(elsewhere.stderr, /region "nowhere" does not exist; add it first/)
  assert.match(odd.stderr, /It must be a whole number from 1 on, or none/)
  assert.match(gone.stderr, /has no version 9 of its roads; list them/)
  assert.equal((await run('list', '--region', 'metro')).stdout, versions)
})

test('roads that stand already are told as such and make no version, unless they are asked for again', async () => {
  const [nodes, arcs] = [file('nodes.csv', NODES), file('arcs.csv', ARCS)]
  const importing = (...more: string[]) => run('import', '--region', 'twice', nodes, arcs, ...more)
  await new ReferenceStore(database).addRegion({
    region: 'twice',
    name: 'Twice',
    timeZone: 'UTC',
    dispatchMode: 'ordered',
  })
  const versions = async () => (await run('list', '--region', 'twice')).stdout.trimEnd().split('\n').length
  assert.match((await importing()).stdout, /version 1 /)
  const same = await importing()
  assert.equal(same.code, 0)
  assert.match(
    same.stdout,
    /Nothing changed: these are the roads of version 1, which stands\. Import them all the same with --again\.\n$/,
  )
  assert.equal(await versions(), 1)
  assert.match((await importing('--again')).stdout, /version 2 /)
  await run('use', '--region', 'twice', 'none')
  assert.match((await importing()).stdout, /version 4 /, 'they stand no more')
})

test('damaged bytes are told by the list, are not gone back to, and are mended by an import of the same files', async () => {
  const [nodes, arcs] = [file('nodes.csv', NODES), file('arcs.csv', ARCS)]
  const importing = () => run('import', '--region', 'worn', nodes, arcs)
  await new ReferenceStore(database).addRegion({
    region: 'worn',
    name: 'Worn',
    timeZone: 'UTC',
    dispatchMode: 'ordered',
  })
  const kept = async () =>
    (await run('list', '--region', 'worn')).stdout
      .trimEnd()
      .split('\n')
      .map(row => row.split('\t')[6])
  const damage = (kind: 'graph' | 'hierarchy') =>
    sql`UPDATE roads.parts SET bytes = set_byte(bytes, octet_length(bytes) - 1, get_byte(bytes, octet_length(bytes) - 1) # 1)
      WHERE region = 'worn' AND kind = ${kind}`.execute(database)
  for (const kind of ['graph', 'hierarchy'] as const) {
    assert.equal((await importing()).code, 0)
    assert.equal((await kept())[0], 'kept')
    await damage(kind)
    assert.equal((await kept())[0], 'damaged', kind)
  }
  await run('use', '--region', 'worn', 'none')
  const back = await run('use', '--region', 'worn', '2')
  assert.equal(back.code, 1)
  assert.match(back.stderr, /The network of version 2 is damaged, and no engine could use it: import its files again\./)
  assert.deepEqual(await kept(), ['straight line', 'damaged', 'damaged'])
  assert.equal((await importing()).code, 0)
  assert.deepEqual(await kept(), ['kept', 'straight line', 'kept', 'kept'])
  await sql`DELETE FROM roads.parts WHERE region = 'worn' AND kind = 'hierarchy'`.execute(database)
  assert.equal((await kept())[0], 'damaged', 'half of it')
})
