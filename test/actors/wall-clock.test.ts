/** Which steps of the wall clock are believed, and when. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ADOPTED_AFTER_MS, WallClock, type WallNews } from '../../src/actors/wall-clock.ts'
import { ManualMachine } from '../support/manual-machine.ts'

const WALL = 1_700_000_000_000
const idle = () => Promise.resolve()

function start() {
  const machine = new ManualMachine(WALL)
  const clock = new WallClock(machine)
  const news: WallNews[] = []
  clock.onNews(each => news.push(each))
  const step = (byMs: number) => machine.setWall(machine.wallMs() + byMs)
  const since = () => clock.nowMs() - WALL
  return { machine, clock, news, step, since, pass: (ms: number) => machine.advance(ms, idle) }
}

test('a wall that runs with the monotonic clock is followed to the millisecond', async () => {
  const { since, pass, news } = start()
  for (let i = 1; i <= 20; i++) {
    await pass(777)
    assert.equal(since(), 777 * i)
  }
  assert.deepEqual(news, [])
})

for (const byMs of [3_000, 4_000, 6_000, 10_000, 120_000, 3_600_000, -90_000, -3_600_000]) {
  test(`a step of ${byMs / 1_000} s that lasts for three seconds is never believed`, async () => {
    const { clock, news, step, since, pass } = start()
    step(byMs)
    for (let i = 0; i <= 3; i++) {
      assert.deepEqual([since(), clock.doubtMs()], [i * 1_000, byMs])
      await pass(1_000)
    }
    step(-byMs)
    assert.deepEqual([since(), clock.doubtMs()], [4_000, 0])
    assert.deepEqual(news, [{ type: 'doubted', byMs }, { type: 'taken-back' }])
  })

  test(`a step of ${byMs / 1_000} s that lasts is adopted, and so is its end`, async () => {
    const { clock, news, step, since, pass } = start()
    step(byMs)
    assert.equal(since(), 0)
    await pass(ADOPTED_AFTER_MS - 1)
    assert.equal(since(), ADOPTED_AFTER_MS - 1)
    await pass(1)
    assert.deepEqual([since(), clock.doubtMs()], [ADOPTED_AFTER_MS + byMs, 0])
    step(-byMs)
    assert.equal(since(), ADOPTED_AFTER_MS + byMs)
    await pass(ADOPTED_AFTER_MS)
    assert.equal(since(), 2 * ADOPTED_AFTER_MS)
    assert.deepEqual(
      news.map(({ type }) => type),
      ['doubted', 'adopted', 'doubted', 'adopted'],
    )
  })
}

test('a second step within the first begins the wait anew, and both readings count meanwhile', async () => {
  const { machine, clock, step, since, pass } = start()
  step(60_000)
  clock.nowMs()
  await pass(ADOPTED_AFTER_MS - 1_000)
  step(60_000)
  clock.nowMs()
  await pass(ADOPTED_AFTER_MS - 1_000)
  assert.equal(since(), 2 * ADOPTED_AFTER_MS - 2_000)
  assert.deepEqual([clock.latestMs(), clock.earliestMs()], [machine.wallMs(), clock.nowMs()])
})

test('a step to the time that three clients have is adopted at once, before any of them is misdated', async () => {
  for (const byMs of [-3_600_000, 120_000, -6_000]) {
    const { machine, clock, news, step, since, pass } = start()
    for (const crew of ['a', 'b', 'c']) clock.told(crew, machine.wallMs() + byMs + 300)
    await pass(60_000)
    step(byMs)
    assert.equal(since(), 60_000 + byMs)
    assert.deepEqual(
      [clock.doubtMs(), news],
      [
        0,
        [
          { type: 'doubted', byMs },
          { type: 'adopted', byMs },
        ],
      ],
    )
  }
})

test('who connects while a step is in doubt bears it out too', async () => {
  const { clock, step, since, pass, machine } = start()
  step(-3_600_000)
  assert.equal(since(), 0)
  await pass(1_000)
  for (const crew of ['a', 'b']) clock.told(crew, machine.wallMs())
  assert.equal(since(), 1_000)
  clock.told('c', machine.wallMs())
  assert.equal(since(), 1_000 - 3_600_000)
})

test('too few clients, one that says it again and again, those with a third time, and a minority bear nothing out', async () => {
  const { clock, step, since, machine } = start()
  for (const crew of ['a', 'b', 'b', 'b', 'b']) clock.told(crew, machine.wallMs() + 3_600_000)
  for (const crew of ['c', 'd', 'e']) clock.told(crew, machine.wallMs() - 77_000)
  step(3_600_000)
  assert.equal(since(), 0)
  for (const crew of ['f', 'g']) clock.told(crew, WALL)
  for (const crew of ['h', 'i', 'j']) clock.told(crew, machine.wallMs())
  assert.equal(since(), 0)
})

test('a step that the clients deny is adopted when it has lasted: what they said may be older than a sleep', async () => {
  const { clock, step, since, machine, pass } = start()
  for (const crew of ['a', 'b', 'c', 'd']) clock.told(crew, machine.wallMs())
  step(3_600_000)
  assert.equal(since(), 0)
  await pass(ADOPTED_AFTER_MS)
  assert.equal(since(), 3_600_000 + ADOPTED_AFTER_MS)
})

test('of a million clients the 64 that spoke last are heard', async () => {
  const { clock, step, since, machine } = start()
  for (let i = 0; i < 1_000; i++) clock.told(`early ${i}`, machine.wallMs())
  for (let i = 0; i < 64; i++) clock.told(`late ${i}`, machine.wallMs() + 90_000)
  step(90_000)
  assert.equal(since(), 90_000)
})

test('a clock that is slewed, or set back by less than a second, is followed and does not run backwards', async () => {
  const { machine, clock, news, pass } = start()
  let last = clock.nowMs()
  for (let i = 0; i < 300; i++) {
    await pass(1_000)
    machine.setWall(machine.wallMs() - (i % 2 === 0 ? 5 : 400))
    const now = clock.nowMs()
    assert.ok(now - machine.wallMs() <= 1_000 && now >= last, `${now} after ${last}`)
    last = now
  }
  assert.deepEqual(news, [])
})
