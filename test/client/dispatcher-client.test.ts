/** What a dispatcher's client does with calls, queries and the board. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type ClientFault,
  connect,
  type DispatcherClient,
  type FleetChange,
  type TripEta,
} from '../../src/client/index.ts'
import type { ClientTypeName } from '../../src/protocol/wire/message-types.ts'
import { driverView, type Peer, ScriptedServer, tripView } from './scripted-server.ts'

const NEED = { levelOfCare: 'als', capabilities: [] } as const

let server: ScriptedServer
let client: DispatcherClient

beforeEach(async () => {
  server = await ScriptedServer.listen()
  client = connect({ url: server.url, token: 'token', region: 'akl', role: 'dispatcher', random: () => 0 })
})
afterEach(() => {
  client.close()
  server.close()
})

async function opened(): Promise<Peer> {
  const peer = await server.peer()
  await peer.welcome()
  await client.opened()
  return peer
}

function watched(): { stop: () => void; news: unknown[] } {
  const news: unknown[] = []
  const stop = client.watchBoard({
    onSnapshot: ({ position, trips, units }) => news.push(['board', position, trips.length, units.length]),
    onEvents: ({ position, recordedAtMs, events }) => news.push([position, recordedAtMs, events.length]),
  })
  return { stop, news }
}
/** Everything that was sent before has been handled by then. */
async function quiet(peer: Peer): Promise<void> {
  const query = client.nearest({ lonDeg: 0, latDeg: 0 })
  peer.send(['reply', (await peer.next('nearest'))[1], 0, { basis: 'straight-line', units: [] }])
  await query
}
const faultOf = () => new Promise<ClientFault>(resolve => client.onFault(resolve))

const eta = (tripId: string, etaMs: number): TripEta => ({
  ...{ tripId, unitId: 'A1', toward: 'scene', atMs: 1_000, etaMs, distanceM: 300 },
  ...{ basis: 'straight-line', fixAgeMs: 0 },
})

test('a call is entered in degrees and sent in wire units', async () => {
  const peer = await opened()
  const entered = client.enterCall({
    lonDeg: 174.7633,
    latDeg: -36.8485,
    priority: 1,
    problem: '9-E-1',
    needs: [{ levelOfCare: 'als', capabilities: [] }],
    details: { phone: '111' },
  })
  const [, id, call] = await peer.next('enter-call')
  assert.deepEqual(call, {
    lonE7: 1_747_633_000,
    latE7: -368_485_000,
    priority: 1,
    problem: '9-E-1',
    needs: [{ levelOfCare: 'als', capabilities: [] }],
    details: { phone: '111' },
  })
  peer.send(['reply', id, 4, { callId: 'akl.c', tripIds: ['akl.t'] }])
  assert.deepEqual(await entered, { id, position: 4, result: { callId: 'akl.c', tripIds: ['akl.t'] } })
})

test('a trip is cancelled with a reason, and nearest asks for five units unless told', async () => {
  const peer = await opened()
  const cancelled = client.cancelTrip('akl.t', 'duplicate-call')
  const [, id, ...rest] = await peer.next('cancel-trip')
  assert.deepEqual(rest, ['akl.t', 'duplicate-call'])
  peer.send(['reply', id, 5, {}])
  await cancelled
  const nearest = client.nearest({ lonDeg: 1, latDeg: 2, levelOfCare: 'als' })
  const [, queryId, ...query] = await peer.next('nearest')
  assert.deepEqual(query, [10_000_000, 20_000_000, 5, 'als'])
  peer.send(['reply', queryId, 5, { basis: 'straight-line', units: [] }])
  assert.deepEqual((await nearest).result, { basis: 'straight-line', units: [] })
})

test('a trip is explained by itself, or with a unit that is asked about', async () => {
  const peer = await opened()
  for (const [asked, unitId] of [
    [client.explainTrip('akl.t'), null],
    [client.explainTrip('akl.t', 'A1'), 'A1'],
  ] as const) {
    const [, id, ...fields] = await peer.next('explain-trip')
    assert.deepEqual(fields, ['akl.t', unitId])
    peer.send(['reply', id, 5, { why: 'Nobody could go.' }])
    assert.equal((await asked).result.why, 'Nobody could go.')
  }
})

test('the board is a snapshot, whole once all its parts are here, then records in order and once', async () => {
  const { news } = watched()
  const peer = await opened()
  const [, id, fromPosition] = await peer.next('watch-board')
  assert.equal(fromPosition, null)
  const unit = driverView(null).unit
  peer.send(['board-events', 3, 30, [], null])
  peer.send(['reply', id, 10, { mode: 'snapshot', position: 10 }])
  peer.send(['board', 10, 0, 2, [tripView()], [unit], []])
  await quiet(peer)
  assert.deepEqual(news, [])
  peer.send(['board', 10, 1, 2, [], [unit, unit], []])
  peer.send(['board-events', 10, 100, [], null])
  peer.send(['board-events', 11, 110, [], null])
  peer.send(['board-events', 12, 120, [], null])
  peer.send(['board-events', 11, 110, [], null])
  await quiet(peer)
  assert.deepEqual(news, [
    ['board', 10, 1, 3],
    [11, 110, 0],
    [12, 120, 0],
  ])
  assert.equal(client.boardDuplicates, 3)
})

test('[HS-9] after a reconnect the board goes on from the last position, or takes the snapshot that comes instead', async () => {
  const { news } = watched()
  let peer = await opened()
  await peer.next('watch-board')
  peer.send(['board', 10, 0, 1, [], [], []])
  peer.send(['board-events', 11, 110, [], null])
  await quiet(peer)
  peer.socket.terminate()
  await faultOf()
  peer = await opened()
  assert.equal((await peer.next('watch-board'))[2], 11)
  peer.send(['board-events', 12, 120, [], null])
  // A snapshot that the connection cuts in half is as if it had never begun.
  peer.send(['board', 20, 0, 2, [tripView()], [], []])
  await quiet(peer)
  peer.socket.terminate()
  await faultOf()
  peer = await opened()
  assert.equal((await peer.next('watch-board'))[2], 12)
  peer.send(['board', 30, 0, 1, [], [], []])
  await quiet(peer)
  assert.deepEqual(news, [
    ['board', 10, 0, 0],
    [11, 110, 0],
    [12, 120, 0],
    ['board', 30, 0, 0],
  ])
})

test('when the log lies behind what the board has seen, the board begins anew', async () => {
  const { news } = watched()
  let peer = await opened()
  await peer.next('watch-board')
  peer.send(['board', 10, 0, 1, [], [], []])
  await quiet(peer)
  peer.socket.terminate()
  await faultOf()
  peer = await opened()
  const [, id, fromPosition] = await peer.next('watch-board')
  assert.equal(fromPosition, 10)
  peer.send(['error', id, 'position-ahead', 'The log ends at 4.', null])
  assert.equal((await peer.next('watch-board'))[2], null)
  peer.send(['board', 4, 0, 1, [], [], []])
  await quiet(peer)
  assert.deepEqual(news, [
    ['board', 10, 0, 0],
    ['board', 4, 0, 0],
  ])
})

test('parts that do not fit together cost the connection', async () => {
  watched()
  const peer = await opened()
  await peer.next('watch-board')
  const fault = faultOf()
  peer.send(['board', 10, 1, 2, [], [], []])
  assert.equal((await fault).kind, 'bad-server-data')
  assert.equal((await (await opened()).next('watch-board'))[2], null)
})

test('a watch that is stopped hears nothing more, and another may begin', async () => {
  const { stop, news } = watched()
  assert.throws(() => watched(), /watches the board already/)
  const peer = await opened()
  await peer.next('watch-board')
  stop()
  await peer.next('unwatch-board')
  peer.send(['board', 10, 0, 1, [], [], []])
  await quiet(peer)
  assert.deepEqual(news, [])
  watched()
  await peer.next('watch-board')
})

test('an end of a watch that the server refused for now does not come behind the next watch and end that one', async () => {
  const peer = await opened()
  const { stop } = watched()
  const stopUnit = client.watchUnit('A1', () => {})
  await peer.next('watch-board')
  await peer.next('watch-unit')
  peer.send(['writes', 'stalled', 'flowing'])
  stop()
  stopUnit()
  for (const type of ['unwatch-board', 'unwatch-unit'] as const) {
    peer.send(['error', (await peer.next(type))[1], 'unavailable', 'Later.', { retryAfterMs: 60_000 }])
  }
  await quiet(peer)
  watched()
  client.watchUnit('A1', () => {})
  for (const type of ['watch-board', 'watch-unit'] as const) peer.send(['reply', (await peer.next(type))[1], 1, {}])
  // Whatever still waits to be tried again is tried now.
  peer.send(['writes', 'flowing', 'flowing'])
  await quiet(peer)
  await delay(50)
  await quiet(peer)
  assert.deepEqual(peer.unread, [])
})

test("each of the desk's commands is sent with its fields in wire units and form", async () => {
  const peer = await opened()
  const sent: [Promise<unknown>, ClientTypeName, unknown[]][] = [
    [
      client.amendCall('akl.c', { lonDeg: 174.5, latDeg: -36.5, priority: 2, problem: null }),
      'amend-call',
      ['akl.c', { lonE7: 1_745_000_000, latE7: -365_000_000, priority: 2, problem: null }],
    ],
    [client.amendCall('akl.c', { details: null }), 'amend-call', ['akl.c', { details: null }]],
    [client.cancelCall('akl.c', 'duplicate-call'), 'cancel-call', ['akl.c', 'duplicate-call']],
    [client.addNote('akl.c', 'two patients'), 'add-note', ['akl.c', 'two patients', null]],
    [client.addNote('akl.c', 'one', { corrects: 1 }), 'add-note', ['akl.c', 'one', 1]],
    [client.assignUnit('akl.t', 'A1', 'closer-unit'), 'assign-unit', ['akl.t', 'A1', 'closer-unit']],
    [
      client.correctTime('akl.t', 'A1', { time: 'on-scene', newAtMs: 5, reason: 'radio-log' }),
      'correct-time',
      ['akl.t', 'A1', 'on-scene', 5, 'radio-log'],
    ],
    [
      client.closeRoads({
        kind: 'line',
        points: [
          { lonDeg: 1, latDeg: 2 },
          { lonDeg: 1.5, latDeg: 2 },
        ],
        reason: 'flood',
      }),
      'close-roads',
      [
        {
          kind: 'line',
          points: [
            [1e7, 2e7],
            [1.5e7, 2e7],
          ],
          reason: 'flood',
        },
      ],
    ],
    [client.reopenRoads('akl.z'), 'reopen-roads', ['akl.z']],
    [client.nameReceiver('akl.t', 'akl.u'), 'name-receiver', ['akl.t', 'akl.u']],
    [client.endEmergency('A1'), 'end-emergency', ['A1']],
    [client.callEmergency('A1', { happenedAtMs: 5 }), 'call-emergency', ['A1', 5]],
    [client.nameDestination('akl.t', 'H1'), 'name-destination', ['akl.t', 'H1']],
    [client.nameReceiver('akl.t', null), 'name-receiver', ['akl.t', null]],
    [client.findPlace('Queen St'), 'find-place', ['Queen St', 10]],
    [client.bestDestinations({ tripId: 'akl.t' }), 'best-destinations', ['akl.t', null, null, [], 5]],
    [
      client.bestDestinations({ lonDeg: 1, latDeg: 2 }, { k: 2, capabilities: ['stroke'] }),
      'best-destinations',
      [null, 10_000_000, 20_000_000, ['stroke'], 2],
    ],
    [client.reach({ unitId: 'A1' }, { withinMs: 480_000 }), 'reach', ['A1', null, null, 'from', null, 480_000, 50_000]],
    [
      client.reach({ lonDeg: 1, latDeg: 2 }, { withinMs: 1, heading: 'to', priority: 1, maxBytes: 500 }),
      'reach',
      [null, 10_000_000, 20_000_000, 'to', 1, 1, 500],
    ],
    [client.coverage({ targetMs: 480_000, priority: 1, levelOfCare: 'als' }), 'coverage', [480_000, 1, 'als']],
    [client.coverage({ targetMs: 480_000 }), 'coverage', [480_000, null, null]],
    [client.tripRoute('akl.t'), 'trip-route', ['akl.t', 10_000]],
    [client.withdrawUnit('akl.t', 'vehicle-fault'), 'withdraw-unit', ['akl.t', 'vehicle-fault']],
    [client.divertUnit('akl.t', 'akl.u', 'other'), 'divert-unit', ['akl.t', 'akl.u', 'other']],
    [client.holdTrip('akl.t'), 'hold-trip', ['akl.t']],
    [client.resumeTrip('akl.t'), 'resume-trip', ['akl.t']],
    [client.addNeed('akl.c', NEED), 'add-need', ['akl.c', NEED]],
    [
      client.setUnitStatus('A1', 'unavailable', { reason: 'refuel', happenedAtMs: 7 }),
      'set-unit-status',
      ['A1', 'unavailable', 'refuel', 7],
    ],
    [client.setUnitStatus('A1', 'off-duty', { happenedAtMs: 8 }), 'set-unit-status', ['A1', 'off-duty', null, 8]],
    [client.reportPhase('akl.t', 'on-scene', { happenedAtMs: 9 }), 'report-phase', ['akl.t', 'on-scene', 9]],
    [client.closeTrip('akl.t', 'refused', { happenedAtMs: 10 }), 'close-trip', ['akl.t', 'refused', 10]],
  ]
  for (const [outcome, type, fields] of sent) {
    const [, id, ...rest] = await peer.next(type)
    assert.deepEqual(rest, fields)
    peer.send(['reply', id as string, 3, {}])
    await outcome
  }
})

test('a watched unit is followed across reconnects, until the last of its handlers has stopped', async () => {
  const news: [string, number][] = []
  const stopFirst = client.watchUnit('A1', (unit, trip, position) =>
    news.push([`${unit.unitId} ${trip?.tripId}`, position]),
  )
  let peer = await opened()
  let [, id, unitId] = await peer.next('watch-unit')
  assert.equal(unitId, 'A1')
  peer.send(['reply', id, 1, {}])
  const { unit } = driverView(null)
  peer.send(['unit', 4, unit, tripView()])
  peer.send(['unit', 5, { ...unit, unitId: 'A2' }, null])
  await quiet(peer)
  assert.deepEqual(news, [['A1 akl.trip-1', 4]])
  peer.socket.terminate()
  await faultOf()
  peer = await opened()
  ;[, id, unitId] = await peer.next('watch-unit')
  const stopSecond = client.watchUnit('A1', () => news.push(['second', 0]))
  await peer.next('watch-unit')
  stopFirst()
  peer.send(['unit', 6, unit, null])
  await quiet(peer)
  assert.deepEqual(news.slice(1), [['second', 0]])
  stopSecond()
  assert.equal((await peer.next('unwatch-unit'))[2], 'A1')
  peer.send(['unit', 7, unit, null])
  await quiet(peer)
  assert.equal(news.length, 2)
})

test('arrivals are followed across reconnects: each is told with all that stand, until the last handler has stopped', async () => {
  const news: [string[], readonly string[]][] = []
  const stop = client.watchEtas((etas, changed) => {
    news.push([[...etas.values()].map(({ tripId, etaMs }) => `${tripId} ${etaMs}`), changed])
  })
  let peer = await opened()
  peer.send(['reply', (await peer.next('watch-etas'))[1], 1, {}])
  peer.send(['etas', true, [eta('akl.1', 5_000), eta('akl.2', 9_000)], []])
  peer.send(['etas', false, [eta('akl.2', 4_000)], ['akl.1']])
  await quiet(peer)
  assert.deepEqual(news, [
    [
      ['akl.1 5000', 'akl.2 9000'],
      ['akl.1', 'akl.2'],
    ],
    [['akl.2 4000'], ['akl.1', 'akl.2']],
  ])
  peer.socket.terminate()
  await faultOf()
  peer = await opened()
  peer.send(['reply', (await peer.next('watch-etas'))[1], 1, {}])
  peer.send(['etas', true, [], []])
  await quiet(peer)
  assert.deepEqual(news.at(-1), [[], ['akl.2']])
  stop()
  await peer.next('unwatch-etas')
  peer.send(['etas', false, [eta('akl.3', 1)], []])
  await quiet(peer)
  assert.equal(news.length, 3)
})

test('arrivals of the wrong shape cost the connection', async () => {
  client.watchEtas(() => {})
  const peer = await opened()
  const fault = faultOf()
  peer.send(['etas', true, [{ ...eta('akl.1', 1), etaMs: 'soon' } as never], []])
  assert.equal((await fault).kind, 'bad-server-data')
})

test('a unit that the region does not have is told as a fault and not asked for again', async () => {
  client.watchUnit('A9', () => {})
  let peer = await opened()
  const fault = faultOf()
  peer.send(['error', (await peer.next('watch-unit'))[1], 'unknown-unit', 'No such unit.', null])
  assert.equal((await fault).refusal?.code, 'unknown-unit')
  peer.socket.terminate()
  await faultOf()
  peer = await opened()
  await quiet(peer)
})

test('no more units are watched than the server takes', () => {
  for (let i = 0; i < 32; i += 1) client.watchUnit(`A${i}`, () => {})
  assert.throws(() => client.watchUnit('B1', () => {}), /At most 32 units/)
  client.unwatchUnit('A1')
  client.watchUnit('B1', () => {})
})

test('the fleet is one view a client; it resumes on the next connection and is quiet once the client is closed', async () => {
  const fleet = client.fleet()
  assert.equal(client.fleet(), fleet)
  fleet.lookAtTiles(['12/1/1'])
  let peer = await opened()
  let [, id, tiles] = await peer.next('watch-tiles')
  assert.deepEqual(tiles, [['12/1/1', null, null]])
  peer.send(['reply', id, 1, { tiles: 1 }])
  const changed = new Promise<FleetChange>(resolve => fleet.onChanged(resolve))
  peer.send(['tile', '12/1/1', 's1', 5, Date.now(), [['A1', 1, 2, 100, null, null, 'available', 'als']]])
  assert.deepEqual(
    (await changed).units.map(({ unitId }) => unitId),
    ['A1'],
  )
  peer.send(['tile-moves', '12/1/1', 6, Date.now(), [], []])
  await quiet(peer)
  peer.socket.terminate()
  await faultOf()
  peer = await opened()
  ;[, id, tiles] = await peer.next('watch-tiles')
  assert.deepEqual(tiles, [['12/1/1', 's1', 6]])
  peer.send(['error', id, 'unknown-type', 'An old server.', null])
  assert.equal((await faultOf()).refusal?.code, 'unknown-type')
  client.close()
  fleet.lookAtTiles([])
  assert.equal(fleet.size, 1, 'what was seen can still be read')
})

test('a frame of a tile that makes no sense costs the connection', async () => {
  const peer = await opened()
  const fault = faultOf()
  peer.socket.send('["tile","12/1/1","s1",1,1,[["A1"]]]')
  assert.equal((await fault).kind, 'bad-server-data')
})
