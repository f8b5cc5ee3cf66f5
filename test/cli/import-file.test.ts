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
