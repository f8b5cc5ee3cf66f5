/** What a driver's client does with fixes, marks, offers and trips. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { type ClientFault, connect, type DriverClient, type DriverOptions } from '../../src/client/index.ts'
import { driverView, offeredTrip, type Peer, ScriptedServer, tripView } from './scripted-server.ts'

let server: ScriptedServer
const clients: DriverClient[] = []

beforeEach(async () => {
  server = await ScriptedServer.listen()
})
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
  server.close()
})

function driver(more: Partial<DriverOptions> = {}): DriverClient {
  const client = connect({
    url: server.url,
    token: 'token',
    region: 'akl',
    role: 'driver',
    unitId: 'A1',
    random: () => 0,
    ...more,
  })
  clients.push(client)
  return client
}

async function opened(client: DriverClient, welcome: Parameters<Peer['welcome']>[0] = {}): Promise<Peer> {
  const peer = await server.peer()
  await peer.welcome(welcome)
  await client.opened()
  return peer
}

const HERE = { lonDeg: 174.7633, latDeg: -36.8485 }
const marksOf = (client: DriverClient, seq: number) => [[client.streamId, seq] as const]
const faultOf = (client: DriverClient) => new Promise<ClientFault>(resolve => client.onFault(resolve))
/** Everything the client had to say before this has been read by then. */
async function quiet(client: DriverClient, peer: Peer): Promise<void> {
  const command = client.signOn({ id: 'last-word' })
  peer.send(['reply', (await peer.next('sign-on'))[1], 1, {}])
  await command
}

test('a fix goes out at once, in wire units, with the age that gives back its time', async () => {
  const client = driver()
  const peer = await server.peer()
  const hello = await peer.welcome()
  await client.opened()
  const fixedAtMs = Date.now() - 1_500
  assert.equal(client.report({ ...HERE, fixedAtMs, accuracyM: 4.25, speedMps: 13.9, headingDeg: 359.97 }), 1)
  const { streamIndex, sentAtMs, fixes } = await peer.nextFixes()
  assert.equal(streamIndex, 0)
  assert.deepEqual(fixes[0], [1, hello[6] + sentAtMs - fixedAtMs, 1_747_633_000, -368_485_000, 43, 1_390, 0])
})

test('what a receiver does not know is null, also when it says so by a negative number', async () => {
  const client = driver()
  const peer = await opened(client)
  client.report({ ...HERE, accuracyM: -1, speedMps: Number.NaN, headingDeg: -1 })
  assert.deepEqual((await peer.nextFixes()).fixes[0]!.slice(4), [null, null, null])
})

test('a fix that no server would take is refused here and gets no number', () => {
  const client = driver()
  assert.throws(() => client.report({ lonDeg: 181, latDeg: 0 }), RangeError)
  assert.throws(() => client.report({ lonDeg: 0, latDeg: Number.NaN }), RangeError)
  assert.throws(() => client.report({ ...HERE, fixedAtMs: Number.NaN }), RangeError)
  assert.equal(client.lastSeq, 0)
})

test('a fix from a receiver that lost its date is refused here', async () => {
  const client = driver()
  await opened(client)
  assert.throws(() => client.report({ ...HERE, fixedAtMs: 0 }), RangeError)
})

test('[TM-1] at a clock rate other than 1 times are region times from the anchor, also of what was reported before welcome', async () => {
  const client = driver()
  const beforeMs = Date.now()
  client.report(HERE)
  const signedOn = client.signOn()
  const peer = await server.peer()
  const clock = { anchorRegionMs: 5_000_000, anchorWallMs: beforeMs - 1_000, rate: 60, nowMs: 5_060_000 }
  const hello = await peer.welcome({ clock: { ...clock, nowMs: 5_000_000 + (Date.now() - beforeMs + 1_000) * 60 } })
  const [, commandId, happenedAtMs] = await peer.next('sign-on')
  const { sentAtMs, fixes } = await peer.nextFixes()
  const fixedAtMs = 5_000_000 + (hello[6] + sentAtMs - clock.anchorWallMs) * 60 - fixes[0]![1]
  for (const atMs of [fixedAtMs, happenedAtMs]) {
    // Wall clocks show whole milliseconds.
    assert.ok(atMs >= 5_060_000 - 60 && atMs < 5_060_000 + 60 * 1_000, `${atMs}`)
  }
  peer.send(['reply', commandId, 1, {}])
  await signedOn
  assert.equal(client.clockRate, 60)
  assert.ok(client.regionNowMs() >= 5_060_000 && client.regionNowMs() < 5_000_000 + 60 * 60_000)
})

test('a local clock that is minutes off does not date the buttons of a crew', async () => {
  const client = driver({
    timers: {
      now: () => Date.now() + 300_000,
      setTimeout: (run, ms) => setTimeout(run, ms),
      clearTimeout: timer => clearTimeout(timer as NodeJS.Timeout),
    },
  })
  const peer = await opened(client)
  const signedOn = client.signOn()
  const [, id, happenedAtMs] = await peer.next('sign-on')
  assert.ok(Math.abs(happenedAtMs - Date.now()) < 10_000)
  peer.send(['reply', id, 1, {}])
  await signedOn
})

test('[FX-2] marks free the fixes that they cover, and mark() resolves when all are durable', async () => {
  const client = driver()
  const peer = await opened(client)
  for (let i = 0; i < 3; i += 1) client.report(HERE)
  let durable = false
  const mark = client.mark().then(() => {
    durable = true
  })
  for (let i = 0; i < 3; i += 1) await peer.next('fix')
  await peer.next('mark')
  peer.send(['marks', 0, 2])
  // One is missing still, so the client asks again.
  await peer.next('mark')
  assert.deepEqual([durable, client.durableSeq, client.fixesNotDurable, client.fixesDurable], [false, 2, 1, 2])
  peer.send(['marks', 0, 3])
  await mark
  assert.deepEqual([client.durableSeq, client.lastSeq, client.fixesNotDurable, client.fixesDurable], [3, 3, 0, 3])
  await client.mark()
})

test('[HS-9] after a reconnect the newest fix goes ahead as a hint, then all that is not durable in order', async () => {
  const client = driver()
  let peer = await opened(client)
  for (let i = 0; i < 4; i += 1) client.report(HERE)
  for (let i = 0; i < 4; i += 1) await peer.next('fix')
  peer.socket.terminate()
  await faultOf(client)
  for (let i = 0; i < 600; i += 1) client.report(HERE)
  peer = await server.peer()
  const hello = await peer.welcome({ streams: marksOf(client, 2) })
  assert.deepEqual(hello[7], [[client.streamId, 'gnss', 1]])
  assert.equal((await peer.next('hint'))[3][0], 604)
  const seqs: number[] = []
  for (const size of [256, 256, 90]) {
    const { fixes } = await peer.nextFixes()
    assert.equal(fixes.length, size)
    seqs.push(...fixes.map(fix => fix[0]))
  }
  assert.deepEqual(
    seqs,
    Array.from({ length: 602 }, (_, i) => i + 3),
  )
  assert.equal(client.fixesDurable, 2)
})

test('a frame of fixes never outgrows the limit that welcome tells', async () => {
  const client = driver({ format: 'json' })
  for (let i = 0; i < 300; i += 1) client.report({ ...HERE, accuracyM: 6_000, speedMps: 600, headingDeg: 123.4 })
  const peer = await server.peer()
  await peer.welcome({ limits: { frameBytes: 2_000, fixesPerFrame: 256 } })
  await peer.next('hint')
  let fixes = 0
  while (fixes < 300) {
    const message = await peer.next('fix')
    assert.ok(JSON.stringify(message).length <= 2_000)
    fixes += message.length - 3
  }
})

test('[FX-5] a gap is filled from where the server says', async () => {
  const client = driver()
  const peer = await opened(client)
  for (let i = 0; i < 5; i += 1) client.report(HERE)
  for (let i = 0; i < 5; i += 1) await peer.next('fix')
  for (let i = 0; i < 3; i += 1) {
    peer.send(['error', null, 'fix-gap', 'send from 3', { streamIndex: 0, expectedSeq: 3 }])
  }
  const { fixes } = await peer.nextFixes()
  assert.deepEqual(
    fixes.map(fix => fix[0]),
    [3, 4, 5],
  )
  await quiet(client, peer)
  assert.deepEqual(peer.unread, [], 'three errors for one gap are answered once')
})

test('[FX-10] fixes that the engine has no room for are sent again after its pause', async () => {
  const client = driver()
  const peer = await opened(client)
  client.report(HERE)
  await peer.next('fix')
  const refusedAtMs = performance.now()
  peer.send(['error', null, 'overloaded', 'full', { expectedSeq: 1, retryAfterMs: 60 }])
  assert.equal((await peer.nextFixes()).fixes[0]![0], 1)
  assert.ok(performance.now() - refusedAtMs >= 50)
})

test('fixes beyond the rate are sent again after the pause: from the seq named, or from the mark on', async () => {
  const client = driver()
  const peer = await opened(client)
  for (let i = 0; i < 3; i += 1) client.report(HERE)
  for (let i = 0; i < 3; i += 1) await peer.next('fix')
  const refusedAtMs = performance.now()
  peer.send(['error', null, 'rate-limited', 'Too many fixes.', { streamIndex: 0, expectedSeq: 2, retryAfterMs: 40 }])
  const seqs = async () => (await peer.nextFixes()).fixes.map(fix => fix[0])
  assert.deepEqual(await seqs(), [2, 3])
  assert.ok(performance.now() - refusedAtMs >= 35)
  peer.send(['error', null, 'rate-limited', 'Too many fixes.', { streamIndex: 0, retryAfterMs: 1 }])
  assert.deepEqual(await seqs(), [1, 2, 3])
})

test('[FX-13] what the server leaves out is told once, sent never again, and counted as dropped', async () => {
  const client = driver()
  const faults: ClientFault[] = []
  client.onFault(fault => faults.push(fault))
  const peer = await opened(client)
  for (let i = 0; i < 4; i += 1) client.report(HERE)
  for (let i = 0; i < 4; i += 1) await peer.next('fix')
  const mark = client.mark()
  await peer.next('mark')
  const details = { streamIndex: 0, path: 'fixes.1.lonE7', leftOut: [{ path: 'fixes.1.lonE7', seq: 2 }], more: 1 }
  peer.send(['error', null, 'invalid-field', 'Two fixes are left out.', details])
  peer.send(['marks', 0, 4])
  await mark
  await quiet(client, peer)
  assert.deepEqual(
    faults.map(({ kind, refusal }) => [kind, refusal?.details]),
    [['refused', details]],
  )
  assert.deepEqual([client.fixesDurable, client.fixesDropped, client.fixesNotDurable], [2, 2, 0])
  assert.deepEqual(
    peer.unread.filter(([type]) => type === 'fix'),
    [],
  )
})

test('a time that no server takes, told before region time was known, is sent as one and shown to nobody as a hint', async () => {
  const client = driver()
  client.report(HERE)
  client.report({ ...HERE, fixedAtMs: 0 })
  const peer = await opened(client)
  const { fixes } = await peer.nextFixes()
  assert.deepEqual(
    fixes.map(([seq]) => seq),
    [1, 2],
  )
  assert.ok(fixes[1]![1] > 2_592_000_000)
  await quiet(client, peer)
  assert.deepEqual(peer.unread, [])
  assert.throws(() => client.report({ ...HERE, fixedAtMs: 0 }), RangeError)
})

test('when the window is full, hints keep the map right until marks open it', async () => {
  const client = driver()
  const peer = await opened(client)
  for (let i = 0; i < 4_096; i += 1) client.report(HERE)
  for (let i = 0; i < 4_096; i += 1) await peer.next('fix')
  client.report(HERE)
  await peer.next('mark')
  assert.equal((await peer.next('hint'))[3][0], 4_097)
  client.report(HERE)
  assert.equal((await peer.next('hint'))[3][0], 4_098)
  peer.send(['marks', 0, 1])
  assert.equal((await peer.nextFixes()).fixes[0]![0], 4_097)
  peer.send(['marks', 0, 2])
  assert.equal((await peer.nextFixes()).fixes[0]![0], 4_098)
})

test('marks beyond what was sent are told as a fault and free nothing', async () => {
  const client = driver()
  const peer = await opened(client)
  client.report(HERE)
  const fault = faultOf(client)
  peer.send(['marks', 0, 2])
  assert.equal((await fault).kind, 'bad-server-data')
  assert.equal(client.fixesNotDurable, 1)
})

test('[FX-1] a stream that another client has used on is left, and what is held starts a new one', async () => {
  const client = driver({ streamId: 'kept', firstSeq: 11 })
  client.report(HERE)
  const mark = client.mark()
  const peer = await server.peer()
  const hello = await peer.welcome({ streams: [['kept', 50]] })
  assert.deepEqual(hello[7], [['kept', 'gnss', 11]])
  const again = await server.peer()
  const [[streamId, , lowestSeq]] = (await again.welcome())[7] as [[string, string, number]]
  assert.notEqual(streamId, 'kept')
  assert.equal(lowestSeq, 1)
  assert.equal((await again.nextFixes()).fixes[0]![0], 1)
  again.send(['marks', 0, 1])
  await mark
})

test('a full buffer drops its oldest fixes, counts them, and the next hello says so', async () => {
  const client = driver({ bufferedFixesMax: 10 })
  for (let i = 0; i < 25; i += 1) client.report(HERE)
  assert.deepEqual([client.fixesDropped, client.fixesNotDurable, client.lastSeq], [15, 10, 25])
  const peer = await server.peer()
  const hello = await peer.welcome()
  assert.deepEqual(hello[7], [[client.streamId, 'gnss', 16]])
  await peer.next('hint')
  assert.equal((await peer.nextFixes()).fixes[0]![0], 16)
})

test('when fixes that the server still expects are gone, a new hello tells it of the hole', async () => {
  const client = driver({ bufferedFixesMax: 10 })
  const peer = await opened(client)
  for (let i = 0; i < 25; i += 1) client.report(HERE)
  peer.send(['error', null, 'overloaded', 'full', { expectedSeq: 3 }])
  const again = await server.peer()
  assert.deepEqual((await again.welcome())[7], [[client.streamId, 'gnss', 16]])
  await again.next('hint')
  assert.equal((await again.nextFixes()).fixes[0]![0], 16)
})

test('what a crew says and has read of its call is sent with its fields, and answered with the number of the note', async () => {
  const client = driver()
  const peer = await opened(client)
  const added = client.addNote('akl.c', 'the gate is locked', { corrects: 2 })
  const [, id, ...note] = await peer.next('add-note')
  assert.deepEqual(note, ['akl.c', 'the gate is locked', 2])
  peer.send(['reply', id, 3, { callId: 'akl.c', noteNo: 4, atMs: 7 }])
  assert.equal((await added).result.noteNo, 4)
  const read = client.readNotes('akl.c', 4)
  const [, readId, ...fields] = await peer.next('read-notes')
  assert.deepEqual(fields, ['akl.c', 4])
  peer.send(['reply', readId, 5, { callId: 'akl.c', noteNo: 4 }])
  await read
})

test('[OF-10] the state of welcome and of later messages is told, an older one is not', async () => {
  const client = driver()
  const told: [number, string | undefined][] = []
  client.onState((view, position) => told.push([position, view.trip?.tripId]))
  const peer = await opened(client, { position: 5, driver: driverView(null) })
  peer.send(['unit-state', 7, driverView(tripView())])
  peer.send(['unit-state', 6, driverView(null)])
  peer.send(['unit-state', 7, driverView(tripView({ tripId: 'akl.trip-2' }))])
  await quiet(client, peer)
  assert.deepEqual(told, [
    [5, undefined],
    [7, 'akl.trip-1'],
    [7, 'akl.trip-2'],
  ])
  assert.equal(client.driver?.trip?.tripId, 'akl.trip-2')
})

test('an offer is told once, also across reconnects', async () => {
  const client = driver()
  const offers: string[] = []
  client.onOffer((offer, trip) => offers.push(`${offer.offerId} ${trip.tripId}`))
  let peer = await opened(client, { driver: driverView(offeredTrip('akl.offer-1')) })
  peer.send(['unit-state', 1, driverView(offeredTrip('akl.offer-1', { alarms: ['unacknowledged'] }))])
  await quiet(client, peer)
  peer.socket.terminate()
  await faultOf(client)
  peer = await opened(client, { position: 1, driver: driverView(offeredTrip('akl.offer-1')) })
  peer.send(['unit-state', 2, driverView(null)])
  peer.send(['unit-state', 3, driverView(offeredTrip('akl.offer-2'))])
  await quiet(client, peer)
  assert.deepEqual(offers, ['akl.offer-1 akl.trip-1', 'akl.offer-2 akl.trip-1'])
})

test('the end of a bound trip is told once; an offer that lapses was no trip', async () => {
  const client = driver()
  const ended: string[] = []
  client.onTripEnded(trip => ended.push(`${trip.tripId} ${trip.phase}`))
  let peer = await opened(client, { driver: driverView(offeredTrip('akl.offer-1')) })
  peer.send(['unit-state', 1, driverView(null)])
  peer.send(['unit-state', 2, driverView(tripView({ phase: 'en-route', unitId: 'A1' }))])
  await quiet(client, peer)
  assert.deepEqual(ended, [])
  peer.send(['unit-state', 3, driverView(tripView({ phase: 'cancelled', unitId: 'A1' }))])
  peer.send(['unit-state', 4, driverView(null)])
  peer.send(['unit-state', 5, driverView(tripView({ tripId: 'akl.trip-2', phase: 'on-scene', unitId: 'A1' }))])
  await quiet(client, peer)
  peer.socket.terminate()
  await faultOf(client)
  peer = await opened(client, { position: 9, driver: driverView(null) })
  await quiet(client, peer)
  assert.deepEqual(ended, ['akl.trip-1 cancelled', 'akl.trip-2 on-scene'])
})

test('a crew hears when its unit will be there, and null once it is on no way', async () => {
  const client = driver()
  const heard: (number | null)[] = []
  client.watchEta(eta => heard.push(eta?.etaMs ?? null))
  const peer = await opened(client)
  peer.send(['reply', (await peer.next('watch-etas'))[1], 1, {}])
  const eta = {
    tripId: 'akl.1',
    unitId: 'A1',
    toward: 'scene',
    atMs: 1,
    etaMs: 4_000,
    distanceM: 9,
    fixAgeMs: 0,
  } as const
  peer.send(['etas', true, [{ ...eta, basis: 'straight-line' }], []])
  peer.send(['etas', false, [], ['akl.1']])
  await quiet(client, peer)
  assert.deepEqual(heard, [4_000, null])
})

test('a crew asks where to bring a patient, and for the way of its trip', async () => {
  const client = driver()
  const peer = await opened(client)
  const asked = [client.bestDestinations({ tripId: 'akl.1' }, { capabilities: ['burns'] }), client.tripRoute('akl.1')]
  const destinations = await peer.next('best-destinations')
  const route = await peer.next('trip-route')
  assert.deepEqual(destinations.slice(2), ['akl.1', null, null, ['burns'], 5])
  assert.deepEqual(route.slice(2), ['akl.1', 10_000])
  for (const [, id] of [destinations, route]) peer.send(['reply', id, 1, {}])
  await Promise.all(asked)
})
