/**
 * Every kind of message that a server sends, from real engines, is what `docs/protocol` tells: the stage holds each one
 * against the files as it comes, here and in the rules.
 */
import assert from 'node:assert/strict'
import { connect as dial, type Socket } from 'node:net'
import { test } from 'node:test'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import { tileAt } from '../../src/protocol/tiles.ts'
import { SERVER_TYPES } from '../../src/protocol/wire/message-types.ts'
import { SCENE } from '../support/engine.ts'
import { assertTold } from '../support/server-frames.ts'
import { shiftedClock } from '../support/shifted-clock.ts'
import { within } from '../support/within.ts'
import { CALL, fixAt, holdWrites, nobody, type Speaker, Stage } from './rules/stage.ts'

const REGION = 'kinds'
const HOUR_MS = 3_600_000
/** As many as make the spread of a return half as long again as the shortest. */
const CROWD = 2_300
/** Of an address the engine holds 2,048 connections that are no WebSocket yet, and ends those above unanswered. */
const UPGRADED_AT_A_TIME = 256
/** Nobody of the crowd says anything, however long it takes to gather and until the engine looks at it. */
const limits = {
  ...DEFAULT_LIMITS,
  strangersPerAddress: 2 * CROWD,
  connectsPerAddressPerS: 4 * CROWD,
  helloTimeoutMs: 600_000,
  idleTimeoutS: 960,
}
const stage = new Stage({ [REGION]: { mode: 'ordered', units: ['A1', 'A2'] } }, { limits })

test('every kind of message that the server has is sent, and is what docs/protocol tells', async t => {
  const kinds = new Set<string>()
  const heard = <S extends Speaker>(speaker: S): S => {
    kinds.add('welcome')
    speaker.onMessage = ([kind]) => kinds.add(kind)
    return speaker
  }
  const desk = heard(await stage.desk({ region: REGION }))
  await desk.ask('watch-board', null)
  await desk.hear('board')
  await desk.hear('freshness')
  const driver = heard(await stage.crew('A1', { region: REGION }))
  kinds.add('marks')
  await desk.ask('watch-tiles', [[tileAt(12, SCENE.lonDeg, SCENE.latDeg), null, null]])
  await desk.hear('tile')
  await desk.ask('watch-unit', 'A1')
  await desk.hear('unit')
  driver.send('fix', 0, 1_000, fixAt(2, 1.01))
  await desk.hear('tile-moves')
  const { result } = await desk.ask('enter-call', CALL)
  const [tripId] = result.tripIds as string[]
  await driver.hear('unit-state', ([, , view]) => view.trip?.offer != null)
  await desk.ask('watch-etas')
  await desk.hear('etas')
  await desk.hear('board-events', ([, , , events]) => events.some(({ type }) => type === 'OfferMade'))
  await desk.ask('cancel-trip', tripId, 'other')
  assert.equal(await desk.refused('cancel-trip', nobody(REGION), 'other'), 'unknown-trip')

  const feed = heard(await stage.feed({ region: REGION }))
  await feed.ask('attach', [[1, 'A2', 'modem', 'gnss', 1]])
  feed.send('feed-fixes', 0, [1, ...fixAt(1, 2)])
  feed.send('mark', 1)
  await feed.hear('feed-marks')
  const other = heard(await stage.feed({ region: REGION, sub: 'others' }))
  await other.ask('attach', [[1, 'A2', 'modem', 'gnss', 1]])
  await feed.hear('detached')

  const hold = await holdWrites(stage.site, REGION)
  driver.send('set-status', 'held', 'unavailable', 'break', Date.now())
  await driver.hear('writes')
  await hold.release()
  await driver.hear('writes', ([, commands]) => commands === 'flowing')

  const crowd = await gather(stage.site.port)
  await desk.hear('come-back')
  for (const socket of crowd) socket.destroy()

  const stopped = stage.engine.stop()
  await desk.hear('going-away')
  await within('the engine stops', stopped)

  // Three crews have the right time, and the engine's clock is set to it.
  const { env, setAhead } = shiftedClock()
  await within('the engine is ready', stage.site.spawn(env))
  const crews = await Promise.all(
    ['A1', 'A2'].map(unit => stage.driver(unit, { region: REGION, clientNowMs: Date.now() + HOUR_MS })),
  )
  const late = heard(await stage.desk({ region: REGION, clientNowMs: Date.now() + HOUR_MS }))
  setAhead(HOUR_MS)
  await late.hear('clock')
  assert.equal(crews.length, 2)

  t.diagnostic(`${kinds.size} kinds`)
  assert.deepEqual(
    Object.keys(SERVER_TYPES).filter(kind => !kinds.has(kind)),
    [],
    'these did not occur',
  )
})

test('a message with a field too few, too many or of another type is found out', () => {
  assertTold(['marks', 0, 8])
  for (const wrong of [
    ['marks', 0],
    ['marks', 0, 8, 1],
    ['marks', '0', 8],
    ['marks', 9, 8],
    ['no-such', 1],
  ]) {
    assert.throws(() => assertTold(wrong), assert.AssertionError, JSON.stringify(wrong))
  }
  const clock = { nowMs: 0, anchorRegionMs: 0, anchorWallMs: 0, rate: 1 }
  assertTold(['clock', clock])
  assert.throws(() => assertTold(['clock', { ...clock, extra: 1 }]), assert.AssertionError)
})

/** The crowd: connections that were upgraded and say nothing. */
async function gather(port: number): Promise<Socket[]> {
  const crowd: Socket[] = []
  while (crowd.length < CROWD) {
    const count = Math.min(UPGRADED_AT_A_TIME, CROWD - crowd.length)
    const some = Promise.all(Array.from({ length: count }, () => upgraded(port)))
    crowd.push(...(await within(`${crowd.length + count} of the crowd are upgraded`, some)))
  }
  return crowd
}

/** Dials again where the connection ended unanswered, as one does on which nothing came for some seconds. */
async function upgraded(port: number): Promise<Socket> {
  for (;;) {
    const socket = dial(port, '127.0.0.1')
    socket.write(UPGRADE)
    const answer = await firstBytes(socket)
    if (answer === null) continue
    assert.match(answer.toString('latin1'), /^HTTP\/1\.1 101/)
    return socket
  }
}

/** Null when the connection ended before any came. */
function firstBytes(socket: Socket): Promise<Buffer | null> {
  return new Promise(resolve => {
    socket.on('error', () => undefined)
    socket.once('data', resolve)
    socket.once('close', () => resolve(null))
  })
}

const UPGRADE = [
  'GET /v1/ws HTTP/1.1',
  'Host: 127.0.0.1',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Protocol: goldenhour.v1',
  '\r\n',
].join('\r\n')
