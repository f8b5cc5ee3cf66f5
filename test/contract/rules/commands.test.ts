/** `docs/protocol/core.md`: commands and idempotency. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../support/engine.ts'
import { CALL, FORMATS, holdWrites, nobody, PLACE, type Speaker, Stage } from './stage.ts'

const ordered = { mode: 'ordered', units: ['A1', 'A2'] } as const
const offered = { mode: 'offered', units: ['A1', 'A2'] } as const
const stage = new Stage({
  durable: ordered,
  stalled: ordered,
  order: ordered,
  binary: offered,
  json: offered,
  ids: ordered,
  other: ordered,
  reused: ordered,
})

const head = (region: string) => stage.site.metric(`goldenhour_log_head_position{region="${region}"}`)

async function offerOf(crew: Speaker): Promise<{ offerId: string; tripId: string }> {
  const [, , { trip }] = await crew.hear('unit-state', ([, , view]) => view.trip?.offer != null)
  return { offerId: trip!.offer!.offerId, tripId: trip!.tripId }
}

test('[CM-1] a reply leaves when its record is durable, and names it', async () => {
  const region = 'durable'
  const driver = await stage.driver('A1', { region })
  const before = await head(region)
  const hold = await holdWrites(stage.site, region)
  driver.send('sign-on', 'held', Date.now())
  await until('it is decided', async () => (await head(region)) > before)
  // Decided, and nobody hears of it: neither as a reply nor as a state.
  assert.deepEqual(await driver.heardSoFar(), [])
  await hold.release()
  const { position } = await driver.reply('held')
  const record = (await stage.site.records(region)).find(each => each.position === position)
  assert.deepEqual([record?.commandId, record?.events.map(({ type }) => type)], ['held', ['CrewSignedOn']])
})

test('[CM-1] each command and query gets one answer', async () => {
  const desk = await stage.desk({ region: 'order' })
  const ids = Array.from({ length: 50 }, (_, i) => `one-${i}`)
  for (const [i, id] of ids.entries()) {
    if (i % 2 === 0) desk.send('nearest', id, PLACE.lonE7, PLACE.latE7, 1, null)
    else desk.send('cancel-trip', id, nobody('order'), 'other')
  }
  for (const [i, id] of ids.entries()) {
    if (i % 2 === 0) await desk.reply(id)
    else assert.equal(await desk.refusal(id), 'unknown-trip')
  }
  await desk.ask('unwatch-board')
  assert.deepEqual(await desk.heardSoFar(), [])
})

test('[CM-1] [HS-7] [CM-8] [CM-9] while the database takes no records everybody is answered in time and told', async () => {
  const region = 'stalled'
  const desk = await stage.desk({ region })
  const driver = await stage.driver('A1', { region })
  driver.send('sign-on', 'before', Date.now())
  const first = await driver.reply('before')
  const hold = await holdWrites(stage.site, region)
  const before = await head(region)
  const signOnAtMs = Date.now()
  driver.send('set-status', 'held', 'unavailable', 'break', signOnAtMs)
  const [, , code, , details] = await driver.hear('error', ([, id]) => id === 'held')
  assert.deepEqual([code, details], ['unavailable', { retryAfterMs: 1_000, writes: 'stalled' }])
  for (const speaker of [desk, driver]) assert.deepEqual(await speaker.hear('writes'), ['writes', 'stalled', 'flowing'])
  // What comes now is refused undecided, over HTTP too, and a hello is sent away; what is durable is answered.
  assert.equal(await head(region), before + 1)
  await desk.stalled('enter-call', CALL)
  const token = await stage.site.token({ sub: 'http', regions: [region] })
  const place = { lonDeg: 174.76, latDeg: -36.85 }
  const post = () =>
    stage.site.http('/v1/calls', {
      method: 'POST',
      token,
      headers: { 'idempotency-key': 'held-over-http' },
      body: JSON.stringify({ ...place, priority: 2, needs: CALL.needs }),
    })
  const posted = await post()
  assert.deepEqual([posted.status, posted.body.code, posted.headers.get('retry-after')], [503, 'unavailable', '1'])
  const late = await stage.open()
  late.send('hello', 'late', token, region, 'dispatcher', null, Date.now(), [])
  await late.stall('late')
  assert.equal((await late.closed).code, 4503)
  assert.equal(await head(region), before + 1)

  await hold.release()
  for (const speaker of [desk, driver]) assert.deepEqual(await speaker.hear('writes'), ['writes', 'flowing', 'flowing'])
  // It was decided, so it stands; repeated, it gets that outcome.
  driver.send('set-status', 'held', 'unavailable', 'break', signOnAtMs)
  assert.deepEqual(await driver.reply('held'), {
    position: before + 1,
    result: { unitId: 'A1', status: 'unavailable' },
  })
  assert.equal(first.position <= before, true)
  const again = await post()
  assert.equal(again.status, 201)
  const log = await stage.site.records(region)
  for (const id of ['held', 'held-over-http']) {
    assert.equal(log.filter(({ commandId }) => commandId === id).length, 1, `${id} stands once`)
  }
})

test('[CM-2] an answer that needs no record overtakes a reply that waits for one', async () => {
  const region = 'order'
  const driver = await stage.driver('A1', { region })
  const hold = await holdWrites(stage.site, region)
  driver.send('sign-on', 'first', Date.now())
  driver.send('enter-call', 'second', CALL)
  assert.equal(await driver.refusal('second'), 'wrong-role')
  await hold.release()
  await driver.reply('first')
})

for (const format of FORMATS) {
  test(`[CM-3] each command has its result, in ${format}`, async () => {
    const region = format
    const desk = await stage.desk({ region, format })
    const crew = await stage.crew('A1', { region, format })
    const results: Record<string, unknown> = {}
    const run = async (speaker: Speaker, type: string, ...fields: unknown[]) => {
      results[type] = (await speaker.ask(type, ...fields)).result
      return results[type] as Record<string, never>
    }
    const now = () => Date.now()
    await run(crew, 'sign-on', now())
    const needs = [...CALL.needs, { levelOfCare: 'cct' }]
    const { callId, tripIds, incidentNo } = await run(desk, 'enter-call', { ...CALL, needs })
    const responseNos = [1, 2].map(place => `${incidentNo}-${place}`)
    assert.deepEqual(results['enter-call'], { callId, tripIds, incidentNo, responseNos })
    const [tripId, second] = tripIds as unknown as [string, string]
    const { body } = await stage.site.http(`/v1/trips/${second}`, {
      token: await stage.site.token({ regions: [region] }),
    })
    assert.equal(body.need.levelOfCare, 'cct', 'trips stand in the order of the needs')
    await run(desk, 'cancel-trip', second, 'duplicate-call')
    const first = await offerOf(crew)
    await run(crew, 'decline-offer', first.offerId, 'too-far')
    const again = await desk.ask('enter-call', CALL)
    const next = await offerOf(crew)
    assert.deepEqual(again.result.tripIds, [next.tripId])
    await run(crew, 'accept-offer', next.offerId, now())
    await run(crew, 'report-phase', next.tripId, 'on-scene', now())
    await run(crew, 'close-trip', next.tripId, 'refused', now())
    await run(crew, 'set-status', 'unavailable', 'refuel', now())
    await run(crew, 'sign-off', now())
    const watched = await desk.ask('watch-board', null)
    await run(desk, 'unwatch-board')
    const unit = (status: string) => ({ unitId: 'A1', status })
    const trip = (id: string, phase: string) => ({ tripId: id, phase })
    assert.deepEqual(results, {
      'sign-on': unit('available'),
      'enter-call': { callId, tripIds, incidentNo, responseNos },
      'cancel-trip': trip(second, 'cancelled'),
      'decline-offer': unit('available'),
      'accept-offer': trip(next.tripId, 'assigned'),
      'report-phase': trip(next.tripId, 'on-scene'),
      'close-trip': trip(next.tripId, 'closed'),
      'set-status': unit('unavailable'),
      'sign-off': unit('off-duty'),
      'unwatch-board': {},
    })
    assert.deepEqual(watched.result, { mode: 'snapshot', position: watched.position })
    assert.notEqual(first.tripId, next.tripId)
    assert.equal(first.tripId, tripId)
  })
}

test('[CM-4] the scope of an id is the region and the principal', async () => {
  const positions = new Set<string>()
  for (const [region, sub] of [
    ['ids', 'person-1'],
    ['ids', 'person-2'],
    ['other', 'person-1'],
  ] as const) {
    const desk = await stage.desk({ region, sub })
    desk.send('enter-call', 'scoped', CALL)
    const { position, result } = await desk.reply('scoped')
    positions.add(`${region} ${position}`)
    // The same person from another connection, in the other format, gets that very outcome.
    const again = await stage.desk({ region, sub, format: 'json' })
    again.send('enter-call', 'scoped', CALL)
    assert.deepEqual(await again.reply('scoped'), { position, result })
  }
  assert.equal(positions.size, 3)
})

test('[CM-5] another body under an id is conflict; order of keys, format, nulls, trace and unknown elements are no other body', async () => {
  const region = 'ids'
  const desk = await stage.desk({ region })
  desk.send('enter-call', 'same', CALL)
  const first = await desk.reply('same')
  const { needs, priority, lonE7, latE7 } = CALL
  for (const format of FORMATS) {
    const again = await stage.desk({ region, format })
    const sames: unknown[][] = [
      [{ needs, priority, latE7, lonE7 }],
      [{ ...CALL, problem: null, receivedAtMs: null, details: null }],
      [{ ...CALL, needs: [{ levelOfCare: 'als' }] }],
      [{ ...CALL, later: 1 }, 'later', { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }],
    ]
    for (const body of sames) {
      again.send('enter-call', 'same', ...body)
      assert.deepEqual(await again.reply('same'), first)
    }
    again.send('enter-call', 'same', { ...CALL, priority: 3 })
    assert.equal(await again.refusal('same'), 'conflict')
  }
})

test('[CM-5] an id that was used before is a conflict whatever the new body names, over both doors', async () => {
  const region = 'reused'
  const token = await stage.site.token({ sub: 'dispatch', role: 'supervisor', regions: [region] })
  const first = await stage.desk({ region })
  first.send('enter-call', 'used', CALL)
  await first.reply('used')
  const signedOn = await stage.driver('A1', { region })
  signedOn.send('sign-on', 'used', Date.now())
  await signedOn.reply('used')
  const [place, unknown] = [{ lonDeg: 174.76, latDeg: -36.85 }, nobody(region)]
  const ofDesk: unknown[][] = [
    ['cancel-trip', 'used', unknown, 'other'],
    ['assign-unit', 'used', unknown, 'Z9', 'other'],
    ['withdraw-unit', 'used', unknown, 'other'],
    ['report-phase', 'used', unknown, 'on-scene', Date.now()],
    ['close-trip', 'used', unknown, 'refused', Date.now()],
    ['set-unit-status', 'used', 'Z9', 'available', null, Date.now()],
    ['amend-call', 'used', unknown, { priority: 1 }],
    ['cancel-call', 'used', unknown, 'other'],
    ['enter-call', 'used', { ...CALL, priority: 5 }],
  ]
  const ofCrew: unknown[][] = [
    ['set-status', 'used', 'available', null, Date.now()],
    ['accept-offer', 'used', unknown, Date.now()],
    ['decline-offer', 'used', unknown, 'other'],
    ['report-phase', 'used', unknown, 'on-scene', Date.now()],
    ['close-trip', 'used', unknown, 'refused', Date.now()],
    ['sign-off', 'used', Date.now()],
  ]
  const headers = { 'idempotency-key': 'used' }
  const post = (path: string, body: unknown) =>
    stage.site.http(path, { method: 'POST', token, headers, body: JSON.stringify(body) })
  for (const tuple of ofDesk) {
    first.send(...tuple)
    assert.equal(await first.refusal('used'), 'conflict', `${tuple[0]}`)
  }
  for (const tuple of ofCrew) {
    signedOn.send(...tuple)
    assert.equal(await signedOn.refusal('used'), 'conflict', `${tuple[0]}`)
  }
  const answers = [
    await post('/v1/calls', { ...place, priority: 5, needs: CALL.needs }),
    await post(`/v1/quarantine/trip/${unknown}/release?region=${region}`, { as: 'pending' }),
    await post(`/v1/quarantine/unit/Z9/release?region=${region}`, {}),
  ]
  for (const { status, body } of answers) assert.deepEqual([status, body.code], [409, 'conflict'])
})

test('[CM-6] a refusal is not stored: the same id is decided anew, and may be used for something else', async () => {
  const region = 'ids'
  const driver = await stage.driver('A1', { region })
  const happenedAtMs = Date.now()
  driver.send('set-status', 'again', 'unavailable', 'break', happenedAtMs)
  assert.equal(await driver.refusal('again'), 'unit-off-duty')
  const before = (await stage.site.records(region)).length
  driver.send('set-status', 'again', 'unavailable', 'break', happenedAtMs)
  assert.equal(await driver.refusal('again'), 'unit-off-duty')
  assert.equal((await stage.site.records(region)).length, before, 'a refusal writes nothing')
  await driver.ask('sign-on', happenedAtMs)
  driver.send('set-status', 'again', 'unavailable', 'break', happenedAtMs)
  assert.equal((await driver.reply('again')).result.status, 'unavailable')
})
