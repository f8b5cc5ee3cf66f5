/** `docs/protocol/positions.md`: which fixes are believed, and how old a position may be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../support/engine.ts'
import { fixAt, type Speaker, Stage } from './stage.ts'

const UNITS = { mode: 'ordered', units: ['A1', 'A2'], fixSpeedMaxMps: 70 } as const
const stage = new Stage({
  doubted: UNITS,
  anchored: UNITS,
  streams: UNITS,
  flags: UNITS,
  old: UNITS,
  modem: UNITS,
  trips: UNITS,
  clocks: UNITS,
})

async function durable(driver: Speaker, seq: number): Promise<void> {
  driver.send('mark', 0)
  await driver.hear('marks', ([, , durableSeq]) => durableSeq === seq)
}

/** How far east of the scene the desk is shown the unit, in kilometres. */
async function placeOf(unit: string, region: string): Promise<number | null> {
  const desk = await stage.desk({ region })
  await desk.ask('watch-unit', unit)
  const [, , { fix }] = await desk.hear('unit')
  return fix === null ? null : Math.round((fix.lonE7 - fixAt(1, 0)[2]!) / 1_120) / 100
}

async function flagsOf(region: string, unit: string): Promise<Record<string, unknown>> {
  const token = await stage.site.token({ sub: 'person-1', role: 'supervisor', regions: [region] })
  const search = new URLSearchParams({
    region,
    fromMs: String(Date.now() - 3_600_000),
    toMs: String(Date.now() + 1_000),
  })
  const { body } = await stage.site.http(`/v1/units/${unit}/track?${search}`, { token })
  const items = body.items as { streamId: string; seq: number; flags: string[] }[]
  return Object.fromEntries(items.map(({ streamId, seq, flags }) => [`${streamId} ${seq}`, flags.join(' ')]))
}

/** A fix of so many metres' accuracy. */
const roughly = (seq: number, km: number, ageMs: number, accuracyM: number) =>
  fixAt(seq, km, ageMs).with(4, accuracyM * 10)

test('[PS-1] a fix that no unit is fast enough for, or that is not accurate, is stored and places nothing; nor does such a hint', async () => {
  const region = 'doubted'
  const driver = await stage.driver('A1', { region })
  driver.send('fix', 0, 0, fixAt(1, 1, 9_000), fixAt(2, 40, 8_000), roughly(3, 1.2, 7_000, 101))
  driver.send('hint', 0, 0, fixAt(9, 60))
  await durable(driver, 3)
  assert.equal(await placeOf('A1', region), 1)
  driver.send('fix', 0, 0, roughly(4, 1.2, 6_000, 100))
  await durable(driver, 4)
  assert.equal(await placeOf('A1', region), 1.2)
})

test('[PS-2] three that agree place the unit anew, and a believed one begins the count anew', async () => {
  const region = 'anchored'
  const driver = await stage.driver('A1', { region })
  driver.send('fix', 0, 0, fixAt(1, 1, 9_000), fixAt(2, 40, 8_000), fixAt(3, 40, 7_000), fixAt(4, 1, 6_000))
  driver.send('fix', 0, 0, fixAt(5, 40, 5_000), fixAt(6, 40.05, 4_000))
  await durable(driver, 6)
  assert.equal(await placeOf('A1', region), 1)
  driver.send('fix', 0, 0, fixAt(7, 40.1, 3_000))
  await durable(driver, 7)
  assert.equal(await placeOf('A1', region), 40.1)
})

test('[PS-3] a backlog is judged by itself, and the first fix of a phone that was set up again beside where the unit is', async () => {
  const region = 'streams'
  const streams = [
    ['phone', 'gnss', 1],
    ['modem', 'gnss', 1],
  ] as const
  const driver = await stage.driver('A1', { region, streams })
  driver.send('fix', 1, 0, fixAt(1, 50, 1_000))
  driver.send('fix', 0, 0, fixAt(1, 1, 60_000), fixAt(2, 1.1, 50_000))
  await durable(driver, 2)
  assert.deepEqual(await flagsOf(region, 'A1'), { 'phone 1': '', 'phone 2': '', 'modem 1': '' })
  const again = await stage.driver('A1', { region, streams: [['set-up-again', 'gnss', 1]] })
  again.send('fix', 0, 0, fixAt(1, 90, 500), fixAt(2, 50.02))
  await durable(again, 2)
  const flags = await flagsOf(region, 'A1')
  assert.deepEqual([flags['set-up-again 1'], flags['set-up-again 2']], ['impossible', ''])
  assert.equal(await placeOf('A1', region), 50.02)
})

test('[PS-4] the track and the counts say what was thought of each fix', async () => {
  const region = 'flags'
  const counted = () =>
    Promise.all(
      ['impossible', 'inaccurate', 'anchored'].map(kind =>
        stage.site.metric(`goldenhour_fixes_total{class="${kind}"}`),
      ),
    )
  const before = await counted()
  const driver = await stage.driver('A1', { region, streams: [['s1', 'device', 1]] })
  driver.send('fix', 0, 0, fixAt(1, 1, 9_000), fixAt(2, 40, 8_000), roughly(3, 40, 7_000, 500), fixAt(4, 40, 6_000))
  await durable(driver, 4)
  assert.deepEqual(await flagsOf(region, 'A1'), {
    's1 1': 'device',
    's1 2': 'device impossible',
    's1 3': 'device inaccurate',
    's1 4': 'device impossible anchors',
  })
  assert.deepEqual(
    await counted(),
    before.map(count => count + 1),
  )
})

test('[PS-5] who watches the board is told which positions are not fresh, and of each that changes', async () => {
  const region = 'old'
  const driver = await stage.crew('A1', { region })
  const desk = await stage.desk({ region })
  await desk.ask('watch-board', null)
  const [, isWhole, , units] = await desk.hear('freshness')
  assert.deepEqual([isWhole, units], [true, []])
  // The newest of its fixes is so old that it is none of now; the place that it had was of a minute before that.
  const other = await stage.driver('A2', { region })
  other.send('fix', 0, 0, fixAt(1, 1, 60_000))
  await other.ask('sign-on', Date.now())
  const [, , , stale] = await desk.hear('freshness')
  assert.deepEqual(
    stale.map(([unitId, freshness]) => [unitId, freshness]),
    [['A2', 'stale']],
  )
  other.send('fix', 0, 0, fixAt(2, 1))
  const [, again, , fresh] = await desk.hear('freshness')
  assert.deepEqual([again, ...fresh.map(([unitId, freshness]) => [unitId, freshness])], [false, ['A2', 'fresh']])
  const late = await stage.desk({ region, sub: 'dispatch-2' })
  driver.send('fix', 0, 0, fixAt(2, 1))
  await late.ask('watch-board', null)
  assert.deepEqual(
    (await late.hear('freshness')).slice(1).filter((_, i) => i !== 1),
    [true, []],
  )
})

test('[PS-6] a modem that reports keeps the position of a unit whose app is away', async () => {
  const region = 'modem'
  const crew = await stage.crew('A1', { region })
  const feed = await stage.feed({ region })
  await feed.ask('attach', [[1, 'A1', 'modem', 'gnss', 1]])
  crew.socket.terminate()
  feed.send('feed-fixes', 0, [1, ...fixAt(1, 1.02)])
  const desk = await stage.desk({ region })
  await desk.ask('watch-unit', 'A1')
  const [, , unit] = await desk.hear(
    'unit',
    ([, , { connected, fix }]) => !connected && fix?.lonE7 === fixAt(1, 1.02)[2],
  )
  assert.equal(unit.fix!.freshness, 'fresh')
})

test('[PS-7] a driver is pinged behind its welcome, and its fixes are dated by half of what the answer took', async () => {
  const region = 'trips'
  const driver = await stage.driver('A1', { region, streams: [['s1', 'device', 1]] })
  // The library answers pings by itself.
  await until('the driver is pinged', async () => driver.pings > 0)
  driver.send('fix', 0, 0, fixAt(1, 1, 1_000))
  await durable(driver, 1)
  const [row] = await stage.site.storedFixes(region)
  assert.ok(Date.now() - row!.fix.fixedAtMs >= 1_000)
})

test('[PS-8] a clock that is off by more than five seconds is in the view of its unit, and counted', async () => {
  const region = 'clocks'
  const driver = await stage.driver('A1', { region, clientNowMs: Date.now() + 600_000 })
  const { clockAheadMs = 0 } = driver.welcome.driver!.unit
  assert.ok(Math.abs(clockAheadMs - 600_000) < 60_000, `${clockAheadMs} ms`)
  const right = await stage.driver('A2', { region })
  assert.equal(right.welcome.driver!.unit.clockAheadMs, undefined)
  assert.equal(await stage.site.metric(`goldenhour_device_clocks_off{region="${region}"}`), 1)
})
