/** `docs/protocol/http.md`: lists and searches of calls, trips and units. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openClient } from '../../../src/store/postgres/database.ts'
import { CALL, Stage } from './stage.ts'

const region = 'akl'
const stage = new Stage({ [region]: { mode: 'offered', units: ['A1', 'A2'] } })
const get = (path: string) => stage.site.http(path)
const enter = async (changes: object = {}) => {
  const desk = await stage.desk({ region })
  const entered = await desk.ask('enter-call', { ...CALL, ...changes })
  const { callId, tripIds } = entered.result as { callId: string; tripIds: string[] }
  return { callId, tripId: tripIds[0]!, position: entered.position as number }
}

test('[HT-12] a list after a command has it, newest first, in pages, and says which position it has all of', async () => {
  const [first, second] = [await enter(), await enter()]
  const page = await get(`/v1/trips?after=${second.position}&limit=1`)
  assert.equal(page.status, 200)
  assert.ok(page.body.asOfPosition >= second.position)
  assert.deepEqual([page.body.items.length, page.body.items[0].tripId], [1, second.tripId])
  const next = await get(`/v1/trips?limit=1&cursor=${encodeURIComponent(page.body.next)}`)
  assert.equal(next.body.items[0].tripId, first.tripId)
  const units = await get(`/v1/units/states?after=${second.position}`)
  assert.deepEqual(
    units.body.items.map(({ unitId }: { unitId: string }) => unitId),
    ['A1', 'A2'],
  )
  // Nobody has made that position: the list is told as it is.
  const late = await get(`/v1/calls?after=${second.position + 1_000_000}`)
  assert.equal(late.status, 200)
  assert.ok(late.body.asOfPosition < second.position + 1_000_000)
})

test('[HT-13] a list is narrowed by status, priority, time and place', async () => {
  const { tripId, callId, position } = await enter({ priority: 4 })
  const found = async (query: string) => {
    const { body } = await get(`/v1/trips?after=${position}&${query}`)
    return body.items.some((item: { tripId: string }) => item.tripId === tripId)
  }
  const { receivedAtMs, lonDeg, latDeg } = (await get(`/v1/calls?after=${position}`)).body.items.find(
    (item: { callId: string }) => item.callId === callId,
  )
  const around = [lonDeg - 0.01, latDeg - 0.01, lonDeg + 0.01, latDeg + 0.01].map(each => each.toFixed(6)).join()
  for (const query of ['status=pending,offered', 'priority=4,5', `fromMs=${receivedAtMs}`, `bbox=${around}`]) {
    assert.ok(await found(query), query)
  }
  for (const query of ['status=closed', 'priority=1', `fromMs=${receivedAtMs + 1}`, 'bbox=-10,-10,10,10']) {
    assert.ok(!(await found(query)), query)
  }
  assert.equal((await get('/v1/trips?fromMs=1&toMs=99999999999')).body.code, 'invalid-field')
})

test('[HT-14] words are found in what was said of a call, of which the list shows nothing, and the audit has who found it', async () => {
  const { callId, position } = await enter({ details: { callerName: 'Aroha', notes: 'trapped under a wardrobe' } })
  const { body } = await get(`/v1/calls?after=${position}&text=WARDROBE`)
  assert.deepEqual(
    body.items.map((item: { callId: string }) => item.callId),
    [callId],
  )
  assert.doesNotMatch(JSON.stringify(body), /wardrobe|Aroha/)
  assert.deepEqual((await get('/v1/calls?text=Aroha')).body.items, [])
  const noted = () =>
    stage.site.query(
      "SELECT details FROM audit.entries WHERE action = 'call-read' AND subject = $1 AND details->>'shown' = 'search'",
      [callId],
    )
  while ((await noted()).length === 0) await sleep(50)
})

test('[HT-15] a third list is refused while two are being read', async () => {
  const blocker = await openClient(stage.site.databaseUrl, { applicationName: 'goldenhour test' })
  // Ended by the server after a second, whatever happens here.
  await blocker.query('BEGIN')
  await blocker.query('LOCK TABLE views.unit_rows IN ACCESS EXCLUSIVE MODE')
  const answers = await Promise.all([1, 2, 3].map(() => get('/v1/units/states')))
  await blocker.end()
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 503])
  const refused = answers.find(({ status }) => status === 503)!
  assert.equal(refused.body.code, 'overloaded')
  assert.ok(refused.body.details.retryAfterMs > 0)
})
