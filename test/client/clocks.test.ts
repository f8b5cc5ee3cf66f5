/** What a client says of moments when its wall clock is wrong, is set, or its device sleeps. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { connect, type DriverClient, type FeedClient } from '../../src/client/index.ts'
import { seeded } from '../../tools/shared/random.ts'
import { ModelEngine } from './model-engine.ts'
import { ModelFeeds } from './model-feeds.ts'
import { DeviceClocks, VirtualTime } from './virtual-time.ts'

const SECOND_MS = 1_000
const HOUR_MS = 3_600 * SECOND_MS
const DAY_MS = 24 * HOUR_MS
/** One way through the model takes 40 ms at most, and moments are whole milliseconds. */
const NEAR_MS = 50
const HERE = { lonDeg: 174.76, latDeg: -36.85 }

let time: VirtualTime
let device: DeviceClocks
let engine: ModelEngine

beforeEach(() => {
  time = new VirtualTime()
  device = new DeviceClocks(time)
  engine = new ModelEngine(time, seeded(7))
})

const settings = () => ({
  url: 'ws://model',
  token: 'token',
  region: 'akl',
  random: () => 0.5,
  timers: device,
  webSocket: engine.socketClass(),
})
const newDriver = (): DriverClient => connect({ ...settings(), role: 'driver', unitId: 'A1' })
const newFeed = (): FeedClient => connect({ ...settings(), role: 'feed' })
const trueMs = () => engine.regionMs(time.now())

async function openDriver(): Promise<DriverClient> {
  const driver = newDriver()
  await time.advance(SECOND_MS)
  assert.equal(driver.connectionState, 'open')
  return driver
}

/** When the commands that the engine has seen say that they happened, each once, in order. */
function moments(): number[] {
  const found = new Map<string, number>()
  for (const request of engine.requests) {
    if (request.type === 'command') found.set(request.id, (request.command as { happenedAtMs: number }).happenedAtMs)
  }
  return [...found.values()]
}
const fixTimes = (): number[] =>
  [...engine.streams.values()].flatMap(({ received }) => received.map(({ fixedAtMs }) => fixedAtMs))

function near(actual: readonly number[], expected: readonly number[], marginMs = NEAR_MS): void {
  const differences = expected.map((each, index) => (actual[index] ?? Number.NaN) - each)
  assert.equal(actual.length, expected.length)
  assert.ok(
    differences.every(difference => Math.abs(difference) <= marginMs),
    `off by ${differences.join(', ')} ms`,
  )
}

for (const [how, aheadMs] of [
  ['ahead', 3 * HOUR_MS],
  ['behind', -3 * HOUR_MS],
  ['far ahead', 400 * DAY_MS],
  ['far behind', -400 * DAY_MS],
] as const) {
  test(`a clock that is set ${how} while connected moves neither region time nor what is dated by it`, async () => {
    const driver = await openDriver()
    const expected: number[] = []
    const press = () => {
      near([driver.regionNowMs()], [trueMs()])
      expected.push(trueMs())
      void driver.signOn()
      driver.report(HERE)
    }
    press()
    await time.advance(SECOND_MS)
    for (const ahead of [aheadMs, 0]) {
      device.aheadMs = ahead
      press()
      await time.advance(30 * SECOND_MS)
      press()
      await time.advance(SECOND_MS)
    }
    near(moments(), expected)
    near(fixTimes(), expected)
  })

  test(`a clock that is set ${how} between two connections dates nothing wrongly`, async () => {
    const driver = await openDriver()
    engine.down = true
    engine.crash()
    await time.advance(5 * SECOND_MS)
    const expected: number[] = []
    for (const ahead of [0, aheadMs, 0, aheadMs]) {
      device.aheadMs = ahead
      expected.push(trueMs())
      void driver.signOn()
      driver.report(HERE)
      near([driver.regionNowMs()], [trueMs()])
      await time.advance(20 * SECOND_MS)
    }
    engine.down = false
    await time.advance(40 * SECOND_MS)
    near(moments(), expected)
    near(fixTimes(), expected)
  })

  test(`a fix with the receiver's own time keeps it when the clock is set ${how} before it is sent`, async () => {
    const driver = await openDriver()
    const given: number[] = []
    const report = () => {
      given.push(trueMs() - 700)
      driver.report({ ...HERE, fixedAtMs: given.at(-1)! })
    }
    report()
    device.aheadMs = aheadMs
    report()
    await time.advance(SECOND_MS)
    engine.down = true
    engine.crash()
    report()
    device.aheadMs = 0
    report()
    await time.advance(30 * SECOND_MS)
    engine.down = false
    await time.advance(40 * SECOND_MS)
    device.aheadMs = aheadMs / 2
    report()
    await time.advance(SECOND_MS)
    assert.deepEqual(fixTimes(), given)
  })

  test(`the fixes of a feed are dated rightly when its clock is set ${how}`, async () => {
    const feeds = new ModelFeeds(engine)
    feeds.start()
    const feed = newFeed()
    feed.attach(['U1', 'U2'])
    await time.advance(SECOND_MS)
    const expected = { U1: [] as number[], U2: [] as number[] }
    for (const ahead of [0, aheadMs, aheadMs, 0]) {
      device.aheadMs = ahead
      expected.U1.push(trueMs())
      feed.send('U1', HERE)
      expected.U2.push(trueMs() - 300)
      feed.send('U2', { ...HERE, fixedAtMs: expected.U2.at(-1)! })
      await time.advance(10 * SECOND_MS)
    }
    const stored = (unitId: string) =>
      [...feeds.streams.get(unitId)!.values()].flatMap(({ received }) => received.map(({ fixedAtMs }) => fixedAtMs))
    near(stored('U1'), expected.U1)
    assert.deepEqual(stored('U2'), expected.U2)
    feeds.stop()
  })
}

for (const [clock, aheadMs] of [
  ['a clock that is set back before the first welcome dates nothing wrongly', () => 5 * HOUR_MS],
  ['a clock that knew no date before the first welcome dates nothing wrongly once it is set', () => -time.now()],
] as const) {
  test(clock, async () => {
    engine.down = true
    device.aheadMs = aheadMs()
    const driver = newDriver()
    await time.advance(10 * SECOND_MS)
    const expected = [trueMs()]
    void driver.signOn()
    driver.report(HERE)
    await time.advance(10 * SECOND_MS)
    device.aheadMs = 0
    engine.down = false
    await time.advance(60 * SECOND_MS)
    near(moments(), expected)
    near(fixTimes(), expected)
  })
}

test('a clock that never knew the date dates nothing wrongly, whoever measured the time', async () => {
  device.aheadMs = -time.now()
  const driver = newDriver()
  await time.advance(5 * SECOND_MS)
  const expected: number[] = []
  for (const own of [true, false, true, false]) {
    expected.push(trueMs())
    driver.report(own ? { ...HERE, fixedAtMs: trueMs() } : HERE)
    void driver.signOn()
    await time.advance(SECOND_MS)
  }
  near(fixTimes(), expected)
  near(moments(), expected)
  assert.equal(driver.connectionState, 'open')
  assert.equal(engine.sockets.length, 2, 'it said hello once more, by the clock that it had heard of')
})

for (const [how, aheadMs] of [
  ['right', 0],
  ['minutes off', 300 * SECOND_MS],
] as const) {
  test(`what was pressed before a device slept is dated by its wall clock, which went on (${how})`, async () => {
    device.aheadMs = aheadMs
    const driver = await openDriver()
    engine.down = true
    engine.crash()
    await time.advance(5 * SECOND_MS)
    const expected = [trueMs()]
    void driver.signOn()
    driver.report(HERE)
    await time.advance(SECOND_MS)
    time.sleep(2 * HOUR_MS)
    await time.advance(SECOND_MS)
    expected.push(trueMs())
    void driver.signOff()
    driver.report(HERE)
    engine.down = false
    await time.advance(60 * SECOND_MS)
    near(moments(), expected)
    near(fixTimes(), expected)
  })
}

test('what was pressed before the first welcome, and before the device slept, keeps its moment', async () => {
  engine.down = true
  const driver = newDriver()
  await time.advance(10 * SECOND_MS)
  const expected = [trueMs()]
  void driver.signOn()
  driver.report(HERE)
  await time.advance(SECOND_MS)
  time.sleep(2 * HOUR_MS)
  engine.down = false
  await time.advance(60 * SECOND_MS)
  near(moments(), expected)
  near(fixTimes(), expected)
})

test('after a sleep that the connection outlived, buttons and fixes wait for another welcome and are dated by it', async () => {
  const driver = await openDriver()
  time.sleep(2 * HOUR_MS)
  const expected = [trueMs()]
  void driver.signOn()
  driver.report(HERE)
  await time.advance(2 * SECOND_MS)
  near(moments(), expected)
  near(fixTimes(), expected)
  assert.equal(driver.reconnects, 1)
  near([driver.regionNowMs()], [trueMs()])
})

test('region time is right again within a heartbeat of a sleep, also when nothing is said', async () => {
  const driver = await openDriver()
  driver.report(HERE)
  await time.advance(SECOND_MS)
  time.sleep(2 * HOUR_MS)
  await time.advance(16 * SECOND_MS)
  near([driver.regionNowMs()], [trueMs()])
  assert.equal(driver.connectionState, 'open')
  await time.advance(100 * SECOND_MS)
  assert.equal(driver.reconnects, 1)
})

/** Output: how long the device has to be awake before the client is open again, 8 s at most. */
async function openAfterMs(driver: DriverClient): Promise<number> {
  let awakeMs = 0
  while (driver.connectionState !== 'open' && awakeMs < 8 * SECOND_MS) {
    await time.advance(50)
    awakeMs += 50
  }
  return awakeMs
}

test('a phone that dozes is connected within a second of each wake', async () => {
  const driver = await openDriver()
  const expected: number[] = []
  for (let wake = 1; wake <= 20; wake += 1) {
    time.sleep(60 * SECOND_MS)
    expected.push(trueMs())
    driver.report(HERE)
    assert.notEqual(driver.connectionState, 'open')
    const awakeMs = await openAfterMs(driver)
    assert.ok(awakeMs <= SECOND_MS, `wake ${wake} took ${awakeMs} ms`)
    await time.advance(8 * SECOND_MS - awakeMs)
    assert.deepEqual([driver.connectionState, driver.reconnects], ['open', wake])
  }
  near(fixTimes(), expected)
})

test('a phone that dozes and loses its network now and then comes back from each loss as from the first', async () => {
  const driver = await openDriver()
  for (let wake = 1; wake <= 40; wake += 1) {
    time.sleep(60 * SECOND_MS)
    driver.report(HERE)
    await time.advance(7 * SECOND_MS)
    if (wake % 4 === 0) {
      engine.crash()
      const awakeMs = await openAfterMs(driver)
      assert.ok(awakeMs <= SECOND_MS, `the loss at wake ${wake} took ${awakeMs} ms`)
    }
    assert.equal(driver.connectionState, 'open')
  }
})

test('a clock that is set again and again costs one connection in two seconds, and no failure', async () => {
  const driver = await openDriver()
  driver.onConnection(state => {
    if (state !== 'open') return
    device.aheadMs += 10 * SECOND_MS
    driver.report(HERE)
  })
  device.aheadMs += 10 * SECOND_MS
  driver.report(HERE)
  await time.advance(100 * SECOND_MS)
  assert.ok(driver.reconnects >= 45 && driver.reconnects <= 51, `${driver.reconnects} reconnects`)
})

test('welcomes that leave region time in doubt one after the other are failures, for which a client waits longer', async () => {
  const driver = await openDriver()
  const before = engine.sockets.length
  driver.onConnection(state => {
    // Over each answer to a hello, as the device might sleep.
    if (state === 'greeting') device.aheadMs += 10 * SECOND_MS
  })
  time.sleep(60 * SECOND_MS)
  const greeted: number[] = []
  driver.onConnection(state => {
    if (state === 'greeting') greeted.push(time.monotonicMs())
  })
  driver.report(HERE)
  await time.advance(120 * SECOND_MS)
  assert.equal(driver.reconnects, 0)
  assert.ok(engine.sockets.length - before <= 14, `${engine.sockets.length - before} attempts`)
  const pauses = greeted.slice(1).map((atMs, index) => atMs - greeted[index]!)
  assert.ok(pauses.at(-1)! > 10 * SECOND_MS, `${pauses}`)
})

test('a client that is refused for its time asks for it anew, and its next button is taken', async () => {
  engine.onRequest = (socket, request) => {
    if (request.type !== 'command') return false
    const { happenedAtMs } = request.command as { happenedAtMs: number }
    const nowMs = trueMs() - engine.behindMs
    const range = { earliestMs: nowMs - DAY_MS, latestMs: nowMs + 5 * SECOND_MS }
    if (happenedAtMs >= range.earliestMs && happenedAtMs <= range.latestMs) return false
    engine.send(['error', request.id, 'invalid-field', 'No.', { path: 'happenedAtMs', ...range }], socket)
    return true
  }
  const driver = await openDriver()
  // The engine's machine slept, and its region time had been ahead of its wall clock.
  engine.behindMs = 30 * SECOND_MS
  const refused = { name: 'CommandRefused', code: 'invalid-field' }
  await Promise.all([assert.rejects(driver.signOn(), refused), time.advance(2 * SECOND_MS)])
  near([driver.regionNowMs()], [trueMs() - engine.behindMs])
  const expectedMs = trueMs() - engine.behindMs
  await Promise.all([driver.signOn(), time.advance(2 * SECOND_MS)])
  near([moments().at(-1)!], [expectedMs])

  // What was asked for in vain on purpose says nothing of the clock.
  const wrong = driver.signOn({ happenedAtMs: trueMs() + 48 * HOUR_MS })
  await Promise.all([assert.rejects(wrong, refused), time.advance(20 * SECOND_MS)])
  assert.equal(driver.reconnects, 1)
})

for (const behindMs of [-HOUR_MS, HOUR_MS]) {
  test(`[TM-5] a client that an engine told a time ${behindMs} ms behind goes by the right one once it is told, on its connection`, async () => {
    engine.behindMs = behindMs
    const driver = await openDriver()
    near([driver.regionNowMs()], [trueMs() - behindMs])
    engine.behindMs = 0
    engine.send(['clock', engine.clock()])
    await time.advance(SECOND_MS)
    near([driver.regionNowMs()], [trueMs()])
    driver.report(HERE)
    const sentMs = trueMs()
    await time.advance(SECOND_MS)
    near(fixTimes(), [sentMs])
    const signedOnMs = trueMs()
    await Promise.all([driver.signOn(), time.advance(SECOND_MS)])
    near(moments(), [signedOnMs])
    assert.equal(driver.reconnects, 0)
  })
}

for (const aheadMs of [-HOUR_MS, HOUR_MS]) {
  test(`a client comes back when a draining engine said, though its clock is set by ${aheadMs} ms meanwhile`, async () => {
    const driver = await openDriver()
    engine.send(['going-away', 5 * SECOND_MS, 0])
    await time.advance(100)
    device.aheadMs = aheadMs
    engine.socket!.break(4503)
    await time.advance(4 * SECOND_MS)
    assert.equal(driver.connectionState, 'waiting')
    await time.advance(2 * SECOND_MS)
    assert.equal(driver.connectionState, 'open')
  })

  test(`a feed goes on after the pause that it was asked for, though its clock is set by ${aheadMs} ms meanwhile`, async () => {
    const feeds = new ModelFeeds(engine)
    feeds.start()
    const feed = newFeed()
    feed.attach(['U1'])
    await time.advance(SECOND_MS)
    const received = () => [...feeds.streams.get('U1')!.values()][0]!.received.length
    for (const details of [{ retryAfterMs: 3_000 }, { channel: 0, expectedSeq: 1, retryAfterMs: 3_000 }]) {
      const before = received()
      engine.send(['error', null, 'overloaded', 'full', details])
      await time.advance(100)
      feed.send('U1', { ...HERE, fixedAtMs: trueMs() })
      await time.advance(100)
      device.aheadMs += aheadMs
      await time.advance(2_500)
      assert.equal(received(), before, 'too early')
      await time.advance(1_500)
      assert.equal(received(), before + 1)
    }
    feeds.stop()
  })
}
