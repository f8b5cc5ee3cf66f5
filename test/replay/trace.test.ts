/** Recorded fleets as they lie in files: order, selection of vehicles, and what is refused. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { gzipSync } from 'node:zlib'
import { makeTrace } from '../../tools/replay/demo.ts'
import { InvalidInput } from '../../tools/replay/input.ts'
import { readTrace } from '../../tools/replay/trace.ts'

let dir = ''
before(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'goldenhour-trace-'))
})
after(() => rm(dir, { recursive: true, force: true }))

async function fileOf(text: string | Uint8Array): Promise<string> {
  const file = path.join(dir, `${crypto.randomUUID()}.csv`)
  await writeFile(file, text)
  return file
}
const THREE = 'unix_s,cab_id,lon,lat,occupied\n100,b,1,2,1\n90,a,3,4,0\n130,c,5,6,0\n120,b,7,8,0\n'

test('fixes come in the order of time, each with its vehicle, from the first one on', async () => {
  const trace = await readTrace(await fileOf(THREE), null)
  assert.deepEqual(trace.vehicles, ['a', 'b', 'c'])
  assert.deepEqual(
    trace.fixes.map(({ vehicle, offsetMs, lonDeg }) => [vehicle, offsetMs, lonDeg]),
    [
      [0, 0, 3],
      [1, 10_000, 1],
      [1, 30_000, 7],
      [2, 40_000, 5],
    ],
  )
  assert.deepEqual([trace.startMs, trace.durationMs], [90_000, 40_000])
})

test('a smaller fleet is made of the vehicles that report first, over the time of the whole file', async () => {
  const trace = await readTrace(await fileOf(THREE), 2)
  assert.deepEqual([trace.vehicles, trace.fixes.length, trace.durationMs], [['a', 'b'], 3, 40_000])
})

test('a gzipped file is read as the plain one', async () => {
  assert.deepEqual(await readTrace(await fileOf(gzipSync(THREE)), null), await readTrace(await fileOf(THREE), null))
})

test('files that cannot be used are refused with what is wrong', async () => {
  const refused = async (text: string | Uint8Array, pattern: RegExp) => {
    const file = await fileOf(text)
    await assert.rejects(
      readTrace(file, null),
      (error: Error) => error instanceof InvalidInput && pattern.test(error.message),
    )
  }
  await refused('unix_s,lon,lat\n', /cab_id is missing/)
  await refused('unix_s,cab_id,lon,lat\n', /no fix/)
  await refused('unix_s,cab_id,lon,lat\n1,a b,2,3\n', /"a b"/)
  await refused('unix_s,cab_id,lon,lat\n1,a,200,3\n', /outside the globe/)
  await refused(gzipSync(THREE).subarray(0, 30), /gzip/)
  await assert.rejects(readTrace(path.join(dir, 'none.csv'), null), /none\.csv: there is no such file/)
})

test('made-up vehicles report every 15 s at the speed of city traffic, the same for the same seed', () => {
  const make = (seed: number) => makeTrace({ seed, units: 6, calls: 0, durationMs: 600_000 })
  assert.deepEqual(make(1), make(1))
  assert.notDeepEqual(make(1), make(2))
  for (const vehicle of [0, 1, 2, 3, 4, 5]) {
    const own = make(1).fixes.filter(fix => fix.vehicle === vehicle)
    assert.ok(own.length === 40 || own.length === 41)
    own.slice(1).forEach((fix, index) => {
      const last = own[index]!
      const dx = (fix.lonDeg - last.lonDeg) * 111_195 * Math.cos((fix.latDeg * Math.PI) / 180)
      const speedMps = Math.hypot(dx, (fix.latDeg - last.latDeg) * 111_195) / 15
      assert.ok(fix.offsetMs - last.offsetMs === 15_000 && speedMps < 16, `${speedMps} m/s`)
    })
  }
})
