/** A connection by itself, and what can be put together from it and the parts beside it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BoardReceiver } from '../../src/client/board-receiver.ts'
import { Commands } from '../../src/client/commands.ts'
import { EngineConnection } from '../../src/client/connection.ts'
import { deviceOf } from '../../src/client/device.ts'
import type { BoardEvents, ClientFault } from '../../src/client/index.ts'
import { ModelEngine } from './model-engine.ts'
import { tripView } from './scripted-server.ts'
import { VirtualTime } from './virtual-time.ts'

const SECOND_MS = 1_000

function connected(t: { after(run: () => void): void }) {
  const time = new VirtualTime()
  const engine = new ModelEngine(time, () => 0.5)
  const device = deviceOf({ timers: time, random: () => 0.5 })
  const connection = new EngineConnection(
    device,
    { url: 'ws://model', token: 'token', region: 'akl', webSocket: engine.socketClass() },
    {
      role: 'dispatcher',
      unitId: null,
      streams: () => [],
      probe: () => ['nearest', device.newId(), 0, 0, 1, null],
    },
  )
  t.after(() => connection.close())
  return { time, engine, connection }
}

test('a connection tells its life, and between opened and lost the messages of the server with their fields', async t => {
  const { time, engine, connection } = connected(t)
  const heard: unknown[] = []
  connection.on('opened', ({ region }, { streams }) => heard.push(['opened', region, streams]))
  connection.on('unit', (position, unit, trip) => heard.push(['unit', position, unit, trip]))
  connection.on('come-back', spreadMs => heard.push(['come-back', spreadMs]))
  connection.on('lost', () => heard.push('lost'))
  connection.on('setback', ({ kind }) => heard.push(['setback', kind]))
  connection.on('ending', () => heard.push(['ending', connection.state]))
  connection.on('ended', ({ reason }) => heard.push(['ended', reason, connection.state]))
  await time.advance(SECOND_MS)
  engine.send(['unit', 3, { unitId: 'A1' } as never, null])
  engine.send(['come-back', 4_000])
  await time.advance(SECOND_MS)
  engine.socket!.break(1006)
  connection.close()
  assert.deepEqual(heard, [
    ['opened', 'akl', []],
    ['unit', 3, { unitId: 'A1' }, null],
    ['come-back', 4_000],
    'lost',
    ['setback', 'connection'],
    ['ending', 'waiting'],
    ['ended', 'closed', 'closed'],
  ])
  assert.equal(time.timersRunning, 0)
})

test('a part that cannot take a message costs the connection, once, and the parts behind it are not told', async t => {
  const { time, engine, connection } = connected(t)
  const faults: ClientFault[] = []
  const heard: string[] = []
  connection.faults.on(fault => faults.push(fault))
  connection.on('unit', () => {
    throw new TypeError('no such unit')
  })
  connection.on('unit', () => heard.push('unit'))
  await time.advance(SECOND_MS)
  engine.send(['unit', 3, { unitId: 'A1' } as never, null])
  await time.advance(100)
  assert.deepEqual([faults.map(({ kind }) => kind), connection.badFrames, heard], [['bad-server-data'], 1, []])
  assert.equal((faults[0]!.cause as Error).message, 'no such unit')
  await time.advance(60 * SECOND_MS)
  assert.deepEqual([connection.state, connection.welcomes], ['open', 2])
})

test('where a part gives the connection up on opening, those behind it and the owner hear of no opening', async t => {
  const { time, connection } = connected(t)
  const told: string[] = []
  let isFirst = true
  connection.on('opened', () => {
    if (isFirst) connection.askTime()
    isFirst = false
  })
  connection.on('opened', () => told.push('opened'))
  connection.states.on(state => told.push(state))
  await time.advance(60 * SECOND_MS)
  assert.deepEqual(told, ['connecting', 'greeting', 'waiting', 'connecting', 'greeting', 'opened', 'open'])
})

test('[HS-10] an engine that is going away is left in its time, also when it said so before the welcome', async t => {
  const { time, engine, connection } = connected(t)
  connection.states.on(state => {
    if (state === 'greeting' && connection.welcomes === 0) engine.send(['going-away', 5 * SECOND_MS, 0])
  })
  await time.advance(4 * SECOND_MS)
  assert.deepEqual([connection.state, engine.sockets.length], ['open', 1])
  await time.advance(3 * SECOND_MS)
  assert.deepEqual([connection.state, engine.sockets.length], ['open', 2])
})

test('an owner that closes on hearing of the end that comes is the one who has ended it', async t => {
  const { time, engine, connection } = connected(t)
  connection.on('ending', ({ reason }) => {
    if (reason !== 'closed') connection.close()
  })
  const reasons: string[] = []
  connection.ends.on(({ reason }) => reasons.push(reason))
  await time.advance(SECOND_MS)
  engine.socket!.break(4409)
  assert.deepEqual([reasons, connection.end?.reason], [['closed'], 'closed'])
})

test('a bridge that carries the board somewhere is a connection, its commands, and the receiver of the board', async t => {
  const { time, engine, connection } = connected(t)
  const asked: unknown[] = []
  engine.onRequest = (socket, request) => {
    if (request.type !== 'watch-board') return false
    asked.push(request.fromPosition)
    if (request.fromPosition === null) engine.send(['board', 4, 0, 1, [tripView()], [], []], socket)
    engine.send(['reply', request.id, 4, {}], socket)
    return true
  }
  const carried: (number | BoardEvents)[] = []
  new BoardReceiver(connection, new Commands(connection)).start({
    onSnapshot: ({ position }) => carried.push(position),
    onEvents: record => carried.push(record),
  })
  await time.advance(SECOND_MS)
  engine.send(['board-events', 5, 77, [], null])
  await time.advance(SECOND_MS)
  engine.socket!.break(1006)
  await time.advance(10 * SECOND_MS)
  assert.deepEqual(carried, [4, { position: 5, recordedAtMs: 77, events: [], by: null }])
  assert.deepEqual(asked, [null, 5])
})
