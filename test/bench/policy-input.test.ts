import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { gzipSync } from 'node:zlib'
import { filesMissing, type PolicyInput, policyInput } from '../../bench/policy-input.ts'

/** 2020-04-07 00:00 in San Francisco. */
const MIDNIGHT_MS = 1_586_242_800_000
const HOUR_MS = 3_600_000
const HEADER =
  'call_id,unit_id,unit_type,priority,received_ms,entry_ms,dispatch_ms,response_ms,on_scene_ms,transport_ms,hospital_ms,available_ms,lon,lat'

/** Input: seconds from midnight, as the columns from `received_ms` to `available_ms`; null where the record has none. */
type Row = readonly [call: string, unit: string, type: string, priority: string, ...seconds: (number | null)[]]

async function read(rows: readonly Row[]): Promise<PolicyInput> {
  const directory = mkdtempSync(path.join(tmpdir(), 'goldenhour-policy-'))
  try {
    const roads = path.join(directory, 'roads')
    for (const each of [path.join(roads, 'sf'), path.join(directory, 'sf')]) mkdirSync(each, { recursive: true })
    const lines = rows.map(([call, unit, type, priority, ...seconds]) => {
      const moments = seconds.map(each => (each === null ? '' : MIDNIGHT_MS + each * 1_000))
      return [call, unit, type, priority, ...moments, -122.4, 37.7].join()
    })
    writeFileSync(path.join(directory, 'sf/calls-2020-04.csv.gz'), gzipSync([HEADER, ...lines, ''].join('\n')))
    writeFileSync(path.join(roads, 'sf/stations.csv'), 'id,lon,lat\n1,-122.4,37.7\n')
    writeFileSync(path.join(roads, 'sf/hospitals.csv'), 'id,lon,lat,ed\na,-122.4,37.7,1\nb,-122.5,37.8,0\n')
    assert.deepEqual(filesMissing(roads), ['sf/nodes.csv.gz', 'sf/arcs.csv.gz'])
    return await policyInput(roads)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

test('a call has the durations of its first ambulance; a missing one is the median, a backward one 0', async () => {
  const { days, leftOut, missingTimes, hospitals } = await read([
    ['c1', 'E1', 'ENGINE', '3', 0, 10, 12, 15, 40, null, null, 90],
    ['c1', 'M1', 'MEDIC', '3', 0, 10, 20, 50, 300, 900, 1_500, 3_000],
    ['c1', 'M2', 'MEDIC', '3', 0, 10, 25, 60, 350, null, null, 400],
    ['c2', 'P1', 'PRIVATE', 'E', 100, 105, 110, null, 400, null, null, 390],
    ['c3', 'M3', 'MEDIC', '2', 200, 210, 220, 260, 500, 1_200, null, 2_000],
    ['c4', 'M4', 'MEDIC', '2', 300, 310, 320, 330, null, null, null, 600],
  ])
  assert.deepEqual([leftOut, missingTimes, hospitals.length], [1, 2, 1])
  assert.deepEqual(
    days.map(({ name, startsAtMs }) => ({ name, startsAtMs })),
    [{ name: '2020-04-07', startsAtMs: MIDNIGHT_MS }],
  )
  const told = days[0]!.calls.map(call => [
    call.priority,
    (call.enteredAtMs - MIDNIGHT_MS) / 1_000,
    call.turnoutMs / 1_000,
    call.sceneMs / 1_000,
    call.handoverMs === null ? null : call.handoverMs / 1_000,
  ])
  assert.deepEqual(told, [
    [2, 10, 30, 600, 1_500],
    [1, 105, 30, 0, null],
    [3, 210, 40, 700, 1_500],
  ])
})

test('a call belongs to the day on which it was received, were it entered on the next', async () => {
  const DAY_S = 86_400
  const { days } = await read([
    ['c1', 'M1', 'MEDIC', '3', DAY_S - 30, DAY_S + 10, DAY_S + 20, DAY_S + 30, DAY_S + 99, null, null, DAY_S + 200],
    [
      'c2',
      'M1',
      'MEDIC',
      '3',
      DAY_S + 300,
      DAY_S + 310,
      DAY_S + 320,
      DAY_S + 330,
      DAY_S + 400,
      null,
      null,
      DAY_S + 500,
    ],
  ])
  assert.deepEqual(
    days.map(({ name, calls }) => [name, calls.length]),
    [
      ['2020-04-07', 1],
      ['2020-04-08', 1],
    ],
  )
})

test('a unit is at work from its first call to its last, until 4 hours pass without one', async () => {
  const row = (unit: string, fromH: number, untilH: number): Row => {
    const [from, until] = [fromH * 3_600, untilH * 3_600]
    return [`c${unit}${fromH}`, unit, 'MEDIC', '3', from, from, from, from, from, null, null, until]
  }
  const { shifts, busyShare } = await read([row('M1', 0, 1), row('M2', 1, 2), row('M1', 5, 6), row('M1', 10.5, 11)])
  assert.deepEqual(
    shifts.map(({ startsAtMs, endsAtMs }) => [
      (startsAtMs - MIDNIGHT_MS) / HOUR_MS,
      (endsAtMs - MIDNIGHT_MS) / HOUR_MS,
    ]),
    [
      [0, 6],
      [1, 2],
      [10.5, 11],
    ],
  )
  assert.equal(busyShare, 3.5 / 7.5)
})
