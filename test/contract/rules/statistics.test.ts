/** `docs/protocol/http.md`: the statistics of a region. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openClient } from '../../../src/store/postgres/database.ts'
import { within } from '../../support/within.ts'
import { CALL, Stage } from './stage.ts'

const region = 'akl'
const stage = new Stage({ [region]: { mode: 'offered', units: ['A1', 'A2'] } })
const MINUTE_MS = 60_000

async function get(query = '', sub = 'boss') {
  const token = await stage.site.token({ sub, role: 'supervisor', regions: [region] })
  return stage.site.http(`/v1/statistics?region=${region}${query}`, { token })
}
/** The statistics once the views have the position; a list waits for that, for a second. */
async function asOf(position: number) {
  const token = await stage.site.token({ sub: 'lists', regions: [region] })
  while ((await stage.site.http(`/v1/trips?after=${position}&limit=1`, { token })).body.asOfPosition < position);
  return (await get()).body
}

test('[HT-17] [HT-18] calls of a window are judged by the contract, and told of all, by priority, by hour and by area', async () => {
  const desk = await stage.desk({ region })
  const token = await stage.site.token({ sub: 'boss', role: 'supervisor', regions: [region] })
  const station = { stationId: 'S1', name: 'One', lonDeg: 174.7, latDeg: -36.8 }
  assert.equal((await stage.ask('POST', `/v1/stations?region=${region}`, { token, body: station })).status, 201)
  const nowMs = Date.now()
  await desk.ask('enter-call', { ...CALL, priority: 1, receivedAtMs: nowMs - 20 * MINUTE_MS })
  const second = await desk.ask('enter-call', { ...CALL, priority: 3 })
  const cancelled = await desk.ask('cancel-call', (second.result as { callId: string }).callId, 'other')
  const { response, contract, slot, toMs, fromMs } = await within(
    'the views follow',
    asOf(cancelled.position as number),
  )
  assert.deepEqual([contract.limitMs, contract.share, slot, toMs - fromMs], [480_000, 0.9, 'hour', 86_400_000])
  const { calls, samples, within: inTime, share, open, unknown } = response.all
  assert.deepEqual([calls, samples, inTime, share, open, unknown, response.all.cancelled], [2, 1, 1, 1, 1, 0, 1])
  assert.equal(response.lateNow, 1)
  assert.deepEqual(
    response.byPriority.map((each: { priority: number; calls: number }) => [each.priority, each.calls]),
    [
      [1, 1],
      [3, 1],
    ],
  )
  const sum = (parts: { calls: number }[]) => parts.reduce((total, each) => total + each.calls, 0)
  assert.equal(sum(response.bySlot), 2)
  assert.deepEqual([response.byArea[0].name, sum(response.byArea)], ['One', 2])

  // Each counts as 25 queries of who asks.
  const ask = (query: string) => get(query, stage.id())
  const told = async (query: string) => (await ask(query)).body.response
  assert.equal((await told('&start=entered')).lateNow, 0)
  assert.equal((await told('&cancelled=left-out')).all.samples, 0)
  assert.equal((await told('&priority=1,2')).all.calls, 1)
  assert.equal((await told('&zone=0,0%201,0%201,1')).all.calls, 0)
  assert.equal((await told(`&fromMs=${nowMs - MINUTE_MS}&toMs=${nowMs + MINUTE_MS}`)).all.calls, 1)
  for (const [query, path] of [
    ['&fromMs=1&toMs=99999999999', 'toMs'],
    ['&limitMs=0', 'limitMs'],
    ['&percent=0', 'percent'],
    ['&zone=0,0%201,0', 'zone'],
    ['&rounding=often', 'rounding'],
  ])
    assert.equal((await ask(query!)).body.details.path, path)
})

test('[HT-19] units are as busy as their shifts and their work, and alarms are counted', async () => {
  const crew = await stage.crew('A1', { region })
  const { position } = await crew.ask('sign-off', Date.now())
  const { units, alarms, turnout, turnaround } = await within('the views follow', asOf(position as number))
  const unit = units.find((each: { unitId: string }) => each.unitId === 'A1')
  assert.ok(unit.staffedMs > 0 && unit.committedMs === 0 && unit.responses === 0, JSON.stringify(unit))
  assert.deepEqual([turnout.count, turnaround.count], [0, 0])
  assert.equal(
    alarms.byKind.reduce((sum: number, each: { raised: number }) => sum + each.raised, 0),
    alarms.raised,
  )
})

test('[HT-20] statistics that are asked for while others are made are refused', async () => {
  const blocker = await openClient(stage.site.databaseUrl, { applicationName: 'goldenhour test' })
  // Ended by the server after a second, whatever happens here.
  await blocker.query('BEGIN')
  await blocker.query('LOCK TABLE views.call_rows IN ACCESS EXCLUSIVE MODE')
  const answers = await Promise.all(['boss-1', 'boss-2'].map(sub => get('', sub)))
  await blocker.end()
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 503])
  const refused = answers.find(({ status }) => status === 503)!
  assert.deepEqual([refused.body.code, refused.body.details.retryAfterMs], ['overloaded', 2_000])
})
