import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { gzipSync } from 'node:zlib'
import { sql } from 'kysely'
import { type Database, openDatabase } from '../../src/store/postgres/database.ts'
import { listItems } from '../../src/store/reference/items.ts'
import { HOSPITALS, STATIONS } from '../../src/store/reference/kinds.ts'
import { ReferenceStore } from '../../src/store/reference/reference-store.ts'
import { type Ran, runHere } from '../support/command-line.ts'
import { testDatabase } from '../support/postgres.ts'

let made: Awaited<ReturnType<typeof testDatabase>>
let database: Database
let store: ReferenceStore
let dir: string
let regions = 0

before(async () => {
  made = await testDatabase()
  database = openDatabase(made.url)
  store = new ReferenceStore(database)
  dir = await mkdtemp(path.join(tmpdir(), 'goldenhour-import-'))
})
after(async () => {
  await database.destroy()
  await made.drop()
  await rm(dir, { recursive: true, force: true })
})

function imports(what: string, file: string, region: string, ...options: string[]): Promise<Ran> {
  return runHere(['import', what, file, '--region', region, ...options], { env: { DATABASE_URL: made.url } })
}

async function newRegion(): Promise<string> {
  regions += 1
  const region = `r${regions}`
  await store.addRegion({ region, name: region, timeZone: 'UTC', dispatchMode: 'ordered' })
  return region
}

let files = 0
async function csv(...lines: string[]): Promise<string> {
  files += 1
  const file = path.join(dir, `f${files}.csv`)
  await writeFile(file, lines.join('\r\n'))
  return file
}
/** What standard error says of each line of a file: `line: first characters`. */
const named = (ran: Ran): string[] =>
  ran.stderr
    .trimEnd()
    .split('\n')
    .map(line => /^f\d+\.csv(?:\.gz)?:(\d+): (.{12})/.exec(line)?.slice(1).join(' ') ?? line)
const page = { limit: 500, after: null }
const HEADER = 'unit_id,call_sign,level_of_care,capabilities,home_station'

test('every bad row is named by its line with what is wrong, and nothing is imported', async () => {
  const region = await newRegion()
  const file = await csv(
    HEADER,
    'N1,"two',
    'lines",als,,',
    'N2,Fine,als,,',
    'N3,Medic,doctor,,',
    'N4,Medic,als,',
    'N 5,Medic,als,,',
    'N2,Again,als,,',
    'N6,"Medic"x,als,,',
    'N7,"never closed,als,,',
  )
  const ran = await imports('units', file, region)
  assert.deepEqual(
    [ran.code, named(ran)],
    [
      1,
      [
        '2 call_sign mu',
        '5 level_of_car',
        '6 has 4 fields',
        '7 unit_id must',
        '8 N2 is named ',
        '9 text follows',
        '10 a quoted fie',
        'error: Nothing was imported: 7 rows are bad.',
      ],
    ],
  )
  assert.deepEqual(await store.listUnits(region), [])
})

test('with --skip-bad the good rows go in, and the bad ones are named and counted', async () => {
  const region = await newRegion()
  const file = await csv(HEADER, 'N1,Medic,als,,', 'N2,Medic,doctor,,', 'N3,Medic,bls,,', 'N 4,Medic,als,,')
  const ran = await imports('units', file, region, '--skip-bad')
  assert.deepEqual(
    [ran.code, ran.stdout, named(ran)],
    [0, `Imported 2 units into ${region}; 2 rows are bad and left out.\n`, ['3 level_of_car', '5 unit_id must']],
  )
  assert.deepEqual(
    (await store.listUnits(region)).map(({ unitId }) => unitId),
    ['N1', 'N3'],
  )
})

test('nothing imported is no success, and the reason is said', async () => {
  const region = await newRegion()
  const empty = await imports('units', await csv(HEADER), region)
  assert.deepEqual(
    [empty.code, empty.stdout, named(empty)],
    [1, '', [`error: f${files}.csv:1: there is no row below the header`]],
  )
  const bad = await imports('units', await csv(HEADER, 'N1,Medic,doctor,,'), region, '--skip-bad')
  assert.deepEqual([bad.code, bad.stdout], [1, ''])
  assert.match(bad.stderr, /error: Nothing was imported: 1 row is bad, and there is no other\.\n$/)
  const missing = await imports('units', path.join(dir, 'nofile.csv'), region)
  assert.deepEqual([missing.code, missing.stderr.startsWith('error: The file ')], [1, true])
})

test('a table as Excel saves it in half of Europe comes in', async () => {
  const region = await newRegion()
  const stations = await csv('Station ID;Name;Long;Lat;Capacity', 'S1;Mitte;13,405;"52,52";5', 'S2;Ost;-3.8e-05;52.5;')
  assert.equal((await imports('stations', stations, region)).code, 0)
  assert.deepEqual(
    (await listItems(database, STATIONS, region, page)).map(({ lonDeg, latDeg }) => [lonDeg, latDeg]),
    [
      [13.405, 52.52],
      [-3.8e-5, 52.5],
    ],
  )
  const units = await csv(
    'Unit ID;Call Sign;Level of Care;Capabilities',
    'M1;Medic 1;ALS;"Bariatric;neonatal"',
    'M2;M 2;First Responder;',
  )
  assert.equal((await imports('units', units, region)).code, 0)
  assert.deepEqual(
    (await store.listUnits(region)).map(({ levelOfCare, capabilities }) => [levelOfCare, capabilities]),
    [
      ['als', ['bariatric', 'neonatal']],
      ['first-responder', []],
    ],
  )
  const commas = await imports(
    'units',
    await csv('id,call_sign,level_of_care,capabilities', 'M3,M,als,"bariatric,neonatal"'),
    region,
  )
  assert.equal(commas.code, 1)
  assert.match(
    commas.stderr,
    /:2: capabilities must be words of a-z 0-9 - with ; between them, as in bariatric;neonatal/,
  )
})

test('[EN-9] names come in as they are written in their script, and a row whose name turns or hides others is bad', async () => {
  const region = await newRegion()
  const names = ['👩‍🚒 7', 'امدادگر\u200cها', 'נט״ן 7\u200f', '救急\u3000三号']
  const good = names.map((name, i) => `N${i},${name},als,,`)
  assert.equal((await imports('units', await csv(HEADER, ...good), region)).code, 0)
  assert.deepEqual(
    (await store.listUnits(region)).map(({ callSign }) => callSign),
    names,
  )
  const bad = ['7 \u202ecideM', 'a\u2066b', 'a\u2028b', '\u200d', 'a\u{E0041}'].map((name, i) => `B${i},${name},als,,`)
  const ran = await imports('units', await csv(HEADER, ...bad), region)
  assert.deepEqual([ran.code, named(ran).slice(0, 5)], [1, bad.map((_, i) => `${i + 2} call_sign mu`)])
  const [name, address] = ['تهران\u200cپارس', '12 נט״ן\u200f St']
  for (const [what, kind, id] of [
    ['stations', STATIONS, 'station_id'],
    ['hospitals', HOSPITALS, 'hospital_id'],
  ] as const) {
    const header = `${id},name,lon,lat,ed,address`
    assert.equal((await imports(what, await csv(header, `P1,${name},1,1,1,${address}`), region)).code, 0)
    assert.deepEqual(
      (await listItems(database, kind as typeof STATIONS, region, page)).map(item => [item.name, item.address]),
      [[name, address]],
    )
    for (const row of [`P2,a\u202eb,1,1,1,${address}`, `P2,${name},1,1,1,a\u202eb`]) {
      assert.equal((await imports(what, await csv(header, row), region)).code, 1, row)
    }
  }
  const filled = ['--set', `call_sign=${names[0]} {unit_id}`]
  assert.equal((await imports('units', await csv(HEADER, 'S1,,als,,'), region, ...filled)).code, 0)
  assert.equal((await store.listUnits(region)).find(({ unitId }) => unitId === 'S1')!.callSign, `${names[0]} S1`)
})

/** A mark, semicolons, names in quotes and with spaces, CRLF, and the rows and lines that were emptied. */
const asSaved = (header: string, ...rows: string[]) => csv(`\uFEFF${header}`, ...rows, ';;;;', '', ' ; ;;;', '', '')

test('all habits of a spreadsheet at once come in, for each kind of file', async () => {
  const region = await newRegion()
  const saved = [
    ['stations', '" Station ID ";"Name";Long;"Lat (deg)";Capacity', ' S1 ;"Mitte; Ost";13,405;52,52;5'],
    ['hospitals', '"Hospital ID";NAME;"Longitude";"Latitude";"ED"', 'H1;"Stadt ""Nord""";"13,4";-52,5;Yes'],
    ['units', '"Unit ID"; Call Sign ;"Level of Care";"Capabilities";Home-Station', 'M1;"Medic; 1";ALS;"Burns; ICU";S1'],
  ] as const
  for (const [what, header, row] of saved) {
    const ran = await imports(what, await asSaved(header, row), region)
    assert.deepEqual(ran, { code: 0, stdout: `Imported 1 ${what.slice(0, -1)} into ${region}.\n`, stderr: '' })
  }
  const [station] = await listItems(database, STATIONS, region, page)
  assert.deepEqual([station!.name, station!.lonDeg, station!.latDeg], ['Mitte; Ost', 13.405, 52.52])
  const [hospital] = await listItems(database, HOSPITALS, region, page)
  assert.deepEqual([hospital!.name, hospital!.lonDeg, hospital!.latDeg], ['Stadt "Nord"', 13.4, -52.5])
  const [unit] = await store.listUnits(region)
  assert.deepEqual([unit!.callSign, unit!.capabilities, unit!.homeStation], ['Medic; 1', ['burns', 'icu'], 'S1'])
})

test('a unit carries as its row says, and where the row says nothing as its level does', async () => {
  const region = await newRegion()
  const file = await csv('id,call_sign,level_of_care,Transport', 'M1,a,als,No', 'M2,b,als,1', 'M3,c,first-responder,')
  assert.equal((await imports('units', file, region)).code, 0)
  assert.deepEqual(
    (await store.listUnits(region)).map(({ unitId, transports }) => [unitId, transports]),
    [
      ['M1', false],
      ['M2', true],
      ['M3', false],
    ],
  )
  const bad = await imports('units', await csv('id,call_sign,level_of_care,transports', 'M1,a,als,perhaps'), region)
  assert.match(bad.stderr, /:2: transports must be 1 or 0, yes or no, true or false\n/)
})

test('what is wrong in such a table is named by its line and column', async () => {
  const region = await newRegion()
  const header = '"Station ID";Name;Long;Lat;Capacity'
  const wrong = await asSaved(
    header,
    'S1;Mitte;13,405;52,52;5',
    '',
    'S2;Mitte;1.313,405;52,52;5',
    'S3;Mitte;13,405;52,5,2;5',
    'S4;Mitte;13,405;92,5;5',
    'S5;Mitte;13,405;52,5;5,5',
    'S6;;13,405;52,5;5',
    'S7;Mitte;13,405;52,5',
    'S8;"Mitte";13,405;52,5;5;6',
  )
  const ran = await imports('stations', wrong, region)
  const said = ran.stderr
    .trimEnd()
    .split('\n')
    .map(line => /:(\d+): (\w+ \w+)/.exec(line)?.slice(1).join(' ') ?? line)
  assert.deepEqual(
    [ran.code, said],
    [
      1,
      [
        '4 lon must',
        '5 lat must',
        '6 lat must',
        '7 capacity must',
        '8 name must',
        '9 has 4',
        '10 has 6',
        'error: Nothing was imported: 7 rows are bad.',
      ],
    ],
    ran.stderr,
  )
  const quoted = await imports('stations', await csv('Station ID; "Name";Long;Lat', 'S1;Mitte;1;1'), region)
  assert.match(quoted.stderr, /^error: f\d+\.csv:1: a quote stands inside a field that is not quoted/)
})

test('columns of other names are left aside with a note, and a missing one is refused', async () => {
  const region = await newRegion()
  const more = await imports('units', await csv('unit_id,colour,call_sign,level_of_care', 'M1,red,Medic 1,als'), region)
  assert.deepEqual([more.code, /left aside the columns colour\.$/m.test(more.stderr)], [0, true])
  const less = await imports('units', await csv('unit_id,call_sign', 'M2,Medic'), region)
  assert.deepEqual(
    [less.code, /f\d+\.csv:1: the header must name the columns level_of_care;/.test(less.stderr)],
    [1, true],
  )
  const twice = await imports('units', await csv(`${HEADER},call_sign`, 'M3,Medic,als,,,Medic'), region)
  assert.deepEqual([twice.code, /two columns .* give call_sign/.test(twice.stderr)], [1, true])
  assert.equal((await store.listUnits(region)).length, 1)
})

test('an import into a region that does not exist is refused', async () => {
  const lost = await imports('units', await csv(HEADER, 'M1,Medic,als,,'), 'nowhere')
  assert.deepEqual([lost.code, lost.stderr.startsWith('error: The region "nowhere" does not exist')], [1, true])
})

test('stations and hospitals come in under the names that files use for their columns', async () => {
  const region = await newRegion()
  const stations = await csv(
    'id,lon,lat,capacity,name,address,note',
    '1,174.894948,-36.945762,5,Botany,"32 Sir William Ave, Auckland",',
    '2,-3.8e-05,0.0E0,1e1,Zero,,artificial',
  )
  assert.equal((await imports('stations', stations, region)).stdout, `Imported 2 stations into ${region}.\n`)
  const hospitals = await csv(
    'id,lon,lat,name,address,ed,position_source,capabilities',
    '106380933,-122.435818,37.769054,Davies Campus,Castro Street,1,geocoded,stroke;burns',
    '106380929,-122.431038,37.791424,Pacific Campus,,0,geocoded,',
  )
  assert.equal((await imports('hospitals', hospitals, region)).stdout, `Imported 2 hospitals into ${region}.\n`)
  const strip = ({ region: _, version: __, ...item }: { region: string; version: number }) => item
  assert.deepEqual((await listItems(database, STATIONS, region, page)).map(strip), [
    {
      stationId: '1',
      name: 'Botany',
      lonDeg: 174.894948,
      latDeg: -36.945762,
      capacity: 5,
      address: '32 Sir William Ave, Auckland',
      note: null,
    },
    { stationId: '2', name: 'Zero', lonDeg: -0.000038, latDeg: 0, capacity: 10, address: null, note: 'artificial' },
  ])
  assert.deepEqual(
    (await listItems(database, HOSPITALS, region, page)).map(item => [
      item.hospitalId,
      item.emergencyDepartment,
      item.capabilities,
    ]),
    [
      ['106380929', false, []],
      ['106380933', true, ['stroke', 'burns']],
    ],
  )
})

test('--map names columns, --set gives every row a text, --fill only those that have none', async () => {
  const region = await newRegion()
  await imports('stations', await csv('id,lon,lat,name', '1,1,1,One', '2,2,2,'), region, '--fill', 'name=Post {id}')
  const names = (await listItems(database, STATIONS, region, page)).map(({ name }) => name)
  assert.deepEqual(names, ['One', 'Post 2'])
  const units = await csv('id,station_id,class,rank', '7,1,1,als', '8,2,1,bls')
  const mapped = ['--map', 'rank=level_of_care', '--set', 'call_sign=Medic {id}']
  const ran = await imports('units', units, region, ...mapped)
  assert.equal(ran.code, 0, ran.stderr)
  assert.deepEqual(
    (await store.listUnits(region)).map(unit => [unit.unitId, unit.callSign, unit.levelOfCare, unit.homeStation]),
    [
      ['7', 'Medic 7', 'als', '1'],
      ['8', 'Medic 8', 'bls', '2'],
    ],
  )
  for (const [options, code, message] of [
    [['--map', 'rank'], 2, /two names with = between/],
    [['--map', 'rank=colour'], 2, /Our columns are unit_id/],
    [['--set', 'colour=red'], 2, /Our columns are unit_id/],
    [['--map', 'absent=level_of_care', '--set', 'call_sign=x'], 1, /a column absent, which the header does not/],
  ] as const) {
    const refused = await imports('units', units, region, ...options)
    assert.deepEqual([refused.code, message.test(refused.stderr)], [code, true], options.join(' '))
  }
})

test('a unit of a station that the region does not have is a bad row, once it has stations', async () => {
  const region = await newRegion()
  const file = await csv(HEADER, 'A1,Medic 1,als,,S1', 'A2,Medic 2,als,,S2', 'A3,Medic 3,als,,')
  await imports('stations', await csv('station_id,name,lon,lat', 'S1,One,1,1'), region)
  const ran = await imports('units', file, region)
  assert.deepEqual([ran.code, named(ran)[0]], [1, '3 home_station'])
  assert.equal((await imports('units', file, region, '--skip-bad')).code, 0)
  assert.deepEqual(
    (await store.listUnits(region)).map(({ unitId }) => unitId),
    ['A1', 'A3'],
  )
})

test('a packed file is unpacked, and one that is no gzip or no UTF-8 is refused', async () => {
  const region = await newRegion()
  const packed = path.join(dir, 'units.csv.gz')
  await writeFile(packed, gzipSync(`${HEADER}\nG1,Medic,als,,\n`))
  assert.equal((await imports('units', packed, region)).stdout, `Imported 1 unit into ${region}.\n`)
  await writeFile(packed, 'no gzip')
  assert.match((await imports('units', packed, region)).stderr, /cannot be unpacked/)
  const latin = path.join(dir, 'latin.csv')
  await writeFile(latin, Buffer.from(`${HEADER}\nL1,\xd6,als,,`, 'latin1'))
  assert.match((await imports('units', latin, region)).stderr, /not UTF-8/)
})

test('an import is in the audit as the command line’s, with its counts', async () => {
  const region = await newRegion()
  await imports('units', await csv(HEADER, 'A1,Medic 1,als,,', 'A2,Medic 2,als,,'), region)
  await imports('units', await csv(HEADER, 'A1,Medic 1,als,,', 'A2,Rescue 2,als,,'), region)
  const { rows } = await sql<{ actor: string; action: string; details: object }>`
    SELECT actor, action, details FROM audit.entries WHERE region = ${region} ORDER BY seq`.execute(database)
  assert.deepEqual(rows, [
    { actor: 'command-line', action: 'units-imported', details: { added: 2, changed: 0, given: 2 } },
    { actor: 'command-line', action: 'units-imported', details: { added: 0, changed: 1, given: 2 } },
  ])
})
