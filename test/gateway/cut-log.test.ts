/** What the log hears of clients that are cut: a few lines, however many come. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CutLog } from '../../src/gateway/cut-log.ts'
import type { Logger } from '../../src/telemetry/log.ts'
import { ManualScheduler } from '../support/manual-scheduler.ts'
import { Door } from './door.ts'

function logOf() {
  const lines: Record<string, unknown>[] = []
  const scheduler = new ManualScheduler()
  const log = { warn: (line: object, msg: string) => void lines.push({ ...line, msg }) } as unknown as Logger
  return { lines, scheduler, cuts: new CutLog(log, scheduler) }
}
const by = (address: string, principal?: string) => ({ address, addressKey: address, principal, reason: 'bad' })

test('the first of a network is told at once, the others once a minute with their number', async () => {
  const { lines, scheduler, cuts } = logOf()
  for (let i = 0; i < 300; i += 1) cuts.cut(by('192.0.2.7'))
  cuts.cut(by('192.0.2.8', 'crew-1'))
  assert.deepEqual(lines, [
    { address: '192.0.2.7', principal: undefined, reason: 'bad', times: 1, msg: 'a client was cut' },
    { address: '192.0.2.8', principal: 'crew-1', reason: 'bad', times: 1, msg: 'a client was cut' },
  ])
  await scheduler.advance(60_000)
  assert.deepEqual(
    lines.slice(2).map(({ address, times }) => [address, times]),
    [['192.0.2.7', 299]],
  )
  cuts.cut(by('192.0.2.7'))
  cuts.cut(by('192.0.2.8'))
  assert.equal(lines.length, 4)
  await scheduler.advance(60_000)
  assert.deepEqual(
    lines.slice(4).map(({ address, times }) => [address, times]),
    [['192.0.2.7', 1]],
  )
})

test('without clients that are cut there is no timer, and a stop tells what was not told yet', async () => {
  const { lines, scheduler, cuts } = logOf()
  assert.equal(scheduler.timers, 0)
  cuts.cut(by('192.0.2.7'))
  await scheduler.advance(60_000)
  assert.equal(scheduler.timers, 0)
  cuts.cut(by('192.0.2.7'))
  cuts.cut(by('192.0.2.7'))
  cuts.stop()
  assert.deepEqual([lines.length, lines.at(-1)?.times, scheduler.timers], [3, 1, 0])
})

test('however many networks there are, a minute has some hundred lines', async () => {
  const { lines, scheduler, cuts } = logOf()
  for (let i = 0; i < 5_000; i += 1) cuts.cut(by(`192.0.${i >> 8}.${i & 255}`))
  await scheduler.advance(60_000)
  assert.ok(lines.length < 300, String(lines.length))
  assert.equal(
    lines.reduce((sum, { times }) => sum + (times as number), 0),
    5_000,
  )
  await scheduler.advance(120_000)
  assert.equal(scheduler.timers, 0)
})

test('strangers that come again and again are a line or two', async t => {
  const door = await Door.start(t, { limits: { badFrames: 1 } })
  for (let i = 0; i < 20; i += 1) {
    const client = await door.connect()
    client.socket.send('[]')
    await client.closed
  }
  assert.deepEqual(
    door.lines.filter(line => line.includes('cut')).map(line => JSON.parse(line).reason),
    ['too many bad frames'],
  )
})
