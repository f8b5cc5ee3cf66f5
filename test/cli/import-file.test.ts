import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { type Mapping, readRows } from '../../src/cli/import-file.ts'

let dir: string
before(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'goldenhour-import-file-'))
})
after(() => rm(dir, { recursive: true, force: true }))

const COLUMNS = {
  unit_id: { also: ['id'], required: true },
  call_sign: { also: [], required: true },
  home_station: { also: ['station_id'], required: false },
}
const NO_MAPPING: Mapping = { map: new Map(), set: new Map(), fill: new Map() }

async function read(content: string | Uint8Array, mapping: Partial<Mapping> = {}) {
  const file = path.join(dir, 'units.csv')
  await writeFile(file, content)
  return readRows(file, COLUMNS, { ...NO_MAPPING, ...mapping })
}

async function valuesOf(content: string | Uint8Array, mapping: Partial<Mapping> = {}) {
  return (await read(content, mapping)).rows.map(({ values }) => values)
}

test('a text of --set and --fill has the columns of its row, by their names and by ours', async () => {
  const set = new Map([['call_sign', 'Medic {id} of {home_station}, {{colour}']])
  await assert.rejects(valuesOf('id,station_id,colour\n7,3,red\n', { set }), /braces/)
  set.set('call_sign', 'Medic {id}/{unit_id} of {home_station}, {colour}')
  assert.deepEqual(await valuesOf('id,station_id,colour\n7,3,red\n', { set }), [
    { unit_id: '7', home_station: '3', call_sign: 'Medic 7/7 of 3, red' },
  ])
  const fill = new Map([['call_sign', 'Medic {constructor}']])
  assert.deepEqual(await valuesOf('id,call_sign,constructor\n7,,x\n', { fill }), [
    { unit_id: '7', call_sign: 'Medic x' },
  ])
})

test('a text that names no column of the file, or leaves a brace open, is refused with the columns that there are', async () => {
  const texts = ['M{idd}', 'M{constructor}', 'M{__proto__}', 'M{home_station}', 'M{}', 'M{id', 'Mid}', '{ {id} }']
  for (const text of texts) {
    for (const way of ['set', 'fill'] as const) {
      await assert.rejects(
        read('id,call_sign,colour\n7,,red\n', { [way]: new Map([['call_sign', text]]) }),
        ({ message }: Error) => {
          assert.match(message, /units\.csv:1: --(set|fill) call_sign=/)
          assert.match(message, /\{id\}, \{unit_id\}, \{call_sign\}, \{colour\}/)
          assert.ok(message.includes(`--${way} call_sign=${text}`), message)
          return true
        },
        `--${way} ${text}`,
      )
    }
  }
})

const ROW = { unit_id: 'M1', call_sign: 'Medic 1', home_station: 'S1' }

/** As spreadsheets save the same table. */
function savedAs(delimiter: string, quote = '', lineEnd = '\r\n'): string {
  return [
    ['unit_id', 'call_sign', 'home_station'],
    ['M1', 'Medic 1', 'S1'],
  ]
    .map(fields => fields.map(field => quote + field + quote).join(delimiter) + lineEnd)
    .join('')
}

test('a table is read with the delimiter, marks, quotes and line ends that it was saved with', async () => {
  for (const delimiter of [',', ';', '\t']) {
    for (const quote of ['', '"']) {
      for (const lineEnd of ['\n', '\r\n', '\r']) {
        for (const before of ['', '\uFEFF', lineEnd]) {
          const text = before + savedAs(delimiter, quote, lineEnd)
          assert.deepEqual(await valuesOf(text), [ROW], JSON.stringify(text))
        }
      }
    }
  }
  for (const encoding of ['utf16le', 'utf-8'] as const) {
    assert.deepEqual(await valuesOf(Buffer.from(`\uFEFF${savedAs('\t')}`, encoding)), [ROW], encoding)
  }
  assert.deepEqual(await valuesOf(Buffer.from(`\uFEFF${savedAs('\t')}`, 'utf16le').swap16()), [ROW])
})

test('a line sep= names the delimiter, and lines keep their numbers', async () => {
  for (const before of ['', '\uFEFF']) {
    for (const delimiter of [';', ',', '\t', '|']) {
      const { rows } = await read(`${before}sep=${delimiter}\r\n${savedAs(delimiter)}`)
      assert.deepEqual(rows, [{ line: 3, values: ROW, problem: null }])
    }
  }
})

test('the delimiter is the one with which the header names most columns, whatever else it holds', async () => {
  const semicolons = 'unit_id;call_sign;"a, b, c, d";home_station\nM1;Medic 1;"1,2";S1\n'
  assert.deepEqual(await valuesOf(semicolons), [ROW])
  const mapped = await valuesOf('Kennung;Rufname, wie gesprochen\nM1;Medic 1\n', {
    map: new Map([
      ['Kennung', 'unit_id'],
      ['Rufname, wie gesprochen', 'call_sign'],
    ]),
  })
  assert.deepEqual(mapped, [{ unit_id: 'M1', call_sign: 'Medic 1' }])
  assert.deepEqual(await valuesOf('id\nM1\n', { set: new Map([['call_sign', 'a;b,c {id}']]) }), [
    { unit_id: 'M1', call_sign: 'a;b,c M1' },
  ])
})

test('names of columns are known in any case and with spaces or signs, and a closer name goes first', async () => {
  for (const header of [
    'Unit ID,Call Sign,Station ID',
    'UNIT_ID,CALL-SIGN,HOME STATION',
    'unitId,callSign,homeStation',
  ]) {
    assert.deepEqual(await valuesOf(`${header}\nM1,Medic 1,S1\n`), [ROW], header)
  }
  const closer = await read('ID,id,call_sign\nx,M1,Medic 1\n')
  assert.deepEqual(closer.rows[0]!.values, { unit_id: 'M1', call_sign: 'Medic 1' })
  assert.deepEqual(closer.ignored, ['ID'])
  await assert.rejects(read('Unit-ID,UnitID,call_sign\n1,2,3\n'), /two columns .* give unit_id/)
})

test('rows and columns that a spreadsheet left empty are none', async () => {
  const { rows, ignored } = await read('unit_id;call_sign;home_station;;\nM1;Medic 1;S1;;\n;;;;\n ; ;;;\n')
  assert.deepEqual([rows.map(({ values }) => values), ignored], [[ROW], []])
})

test('what is no table with rows is named as what it is', async () => {
  for (const [content, message] of [
    ['', /^units\.csv is empty\.$/],
    ['\uFEFF\r\n \r\n', /^units\.csv is empty\.$/],
    ['""\n', /^units\.csv is empty\.$/],
    ['unit_id,call_sign\n', /^units\.csv:1: there is no row below the header$/],
    ['unit_id;call_sign\n;\n', /^units\.csv:1: there is no row below the header$/],
    ['Kennung;Rufname\nM1;Medic\n', /must name the columns unit_id, call_sign; it names Kennung, Rufname; name yours/],
    [Buffer.from('PK\x03\x04\x14\x00\x06\x00', 'latin1'), /workbook \(\.xlsx, \.ods\).*"CSV UTF-8"/],
    [Buffer.from('\xd0\xcf\x11\xe0\xa1\xb1', 'latin1'), /older Excel.*"CSV UTF-8"/],
    [Buffer.from('unit_id,call_sign\nM1,Medic\n', 'utf16le'), /perhaps UTF-16.*"CSV UTF-8"/],
    [Buffer.from('unit_id,call_sign\nM1,\xd6\n', 'latin1'), /not UTF-8.*"CSV UTF-8"/],
  ] as const) {
    await assert.rejects(read(content), ({ message: said }: Error) => message.test(said) || assert.fail(said))
  }
  await assert.rejects(
    readRows(path.join(dir, 'nofile.csv'), COLUMNS, NO_MAPPING),
    /The file .*nofile\.csv does not exist; /,
  )
  await assert.rejects(readRows(dir, COLUMNS, NO_MAPPING), /is a folder; name a file in it/)
})
