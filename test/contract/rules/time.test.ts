/** `docs/protocol/core.md`: time. Region time runs 60 times as fast as the wall here, so that neither is taken for the other. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LIMITS } from '../../../src/protocol/limits.ts'
import { CALL, fixAt, Stage } from './stage.ts'

const RATE = 60
const ordered = { mode: 'ordered', units: ['A1', 'A2'] } as const
const stage = new Stage(
  { akl: ordered, moments: ordered, gnss: ordered, device: ordered, late: ordered },
  { clockRate: RATE },
)
/** The wall's milliseconds are whole, and a machine under load takes its time between two looks. */
const TICK_MS = RATE * 2

/** Region time by the rule, from what welcome told. */
function regionMs({ welcome }: Awaited<ReturnType<Stage['desk']>>, wallMs: number): number {
  const { anchorRegionMs, anchorWallMs, rate } = welcome.clock
  return anchorRegionMs + (wallMs - anchorWallMs) * rate
}

test('[TM-1] region time is the anchor plus the wall time since, times the rate, and records are stamped with it', async () => {
  const beforeMs = Date.now()
  const desk = await stage.desk({ region: 'akl' })
  const afterMs = Date.now()
  assert.equal(desk.welcome.clock.rate, RATE)
  const { nowMs } = desk.welcome.clock
  assert.ok(nowMs >= regionMs(desk, beforeMs) - TICK_MS && nowMs <= regionMs(desk, afterMs) + TICK_MS)
  const sentMs = Date.now()
  const { position } = await desk.ask('enter-call', CALL)
  const record = (await stage.site.records('akl')).find(each => each.position === position)!
  assert.ok(record.recordedAtMs >= regionMs(desk, sentMs) - TICK_MS)
  assert.ok(record.recordedAtMs <= regionMs(desk, Date.now()) + TICK_MS)
})

test('[TM-2] a moment too far ahead or behind, or of a unit well before what it follows, is taken as now, and its event keeps what was sent', async () => {
  const region = 'moments'
  const desk = await stage.desk({ region })
  const driver = await stage.driver('A1', { region })
  const nowMs = () => Math.round(regionMs(desk, Date.now()))
  const aheadMs = LIMITS.aheadMs * RATE
  const hourMs = 3_600_000
  const event = async (position: number) => {
    const record = (await stage.site.records(region)).find(each => each.position === position)!
    return record.events[0] as { happenedAtMs?: number; receivedAtMs?: number; sentAtMs?: number }
  }
  /** What became of a moment that was sent. */
  const taken = async (sentAtMs: number, { position }: { position: number }) => {
    const { happenedAtMs, receivedAtMs = happenedAtMs!, sentAtMs: kept } = await event(position)
    if (kept === undefined) return receivedAtMs === sentAtMs ? 'as sent' : 'changed'
    // An hour of region time is a minute here: no pause of this test comes near these margins.
    return kept === sentAtMs && Math.abs(receivedAtMs - nowMs()) < hourMs / 2 ? 'as now' : 'changed'
  }
  const call = async (offMs: number) => {
    const receivedAtMs = nowMs() + offMs
    return taken(receivedAtMs, await desk.ask('enter-call', { ...CALL, receivedAtMs }))
  }
  assert.equal(await call(aheadMs + hourMs), 'as now')
  assert.equal(await call(-LIMITS.behindMs - hourMs), 'as now')
  assert.equal(await call(-hourMs), 'as sent')
  const onMs = nowMs() + aheadMs + hourMs
  assert.equal(await taken(onMs, await driver.ask('sign-on', onMs)), 'as now')
  const breakMs = nowMs() - LIMITS.behindMs + hourMs
  assert.equal(await taken(breakMs, await driver.ask('set-status', 'unavailable', 'break', breakMs)), 'as now')
  const overMs = Math.round(nowMs() / 1_000)
  assert.equal(await taken(overMs, await driver.ask('set-status', 'available', null, overMs)), 'as now')
  const goneMs = nowMs() + aheadMs / 2
  assert.equal(await taken(goneMs, await driver.ask('sign-off', goneMs)), 'as sent')
  // Over HTTP, too.
  const { lonE7, latE7, ...rest } = CALL
  const { status, body } = await stage.site.http('/v1/calls', {
    method: 'POST',
    token: await stage.site.token({ regions: [region] }),
    headers: { 'idempotency-key': stage.id() },
    body: JSON.stringify({ ...rest, lonDeg: lonE7 / 1e7, latDeg: latE7 / 1e7, receivedAtMs: 1_000 }),
  })
  assert.equal(status, 201)
  const entered = (await stage.site.records(region)).flatMap(({ events }) => events)
  const found = entered.find(each => each.type === 'CallEntered' && each.callId === body.callId)
  assert.equal((found as { sentAtMs?: number }).sentAtMs, 1_000)
})

test('[TM-3] a fix of a gnss stream has its own time, to the millisecond, however long it was under way', async () => {
  const region = 'gnss'
  const clientNowMs = Date.now() - 20_000
  const driver = await stage.driver('A1', { region, clientNowMs })
  for (const [seq, ageMs] of [
    [1, 7_000],
    [2, -3_000],
  ] as const) {
    driver.send('fix', 0, 10_000, fixAt(seq, 1, ageMs))
    driver.send('mark', 0)
    await driver.hear('marks', ([, , durableSeq]) => durableSeq === seq)
    const [stored] = (await stage.site.storedFixes(region)).filter(row => row.fix.seq === seq)
    assert.equal(stored?.fix.fixedAtMs, Math.round(regionMs(driver, clientNowMs + 10_000) - ageMs))
  }
})

test('[TM-3] of a fix of a device stream only the age is trusted', async () => {
  const region = 'device'
  // This clock is an hour slow, and says nonsense about when it sent.
  const driver = await stage.driver('A1', {
    region,
    clientNowMs: Date.now() - 3_600_000,
    streams: [['s1', 'device', 1]],
  })
  const sentMs = Date.now()
  driver.send('fix', 0, -123_456_789, fixAt(1, 1, 600_000))
  driver.send('mark', 0)
  await driver.hear('marks')
  const [stored] = await stage.site.storedFixes(region)
  const receivedMs = stored!.fix.fixedAtMs + 600_000
  // Half of what its pong took is taken off, a second at most [PS-7].
  const earliestMs = regionMs(driver, sentMs) - 1_000 * RATE - TICK_MS
  assert.ok(receivedMs >= earliestMs && receivedMs <= regionMs(driver, Date.now()) + TICK_MS)
})

test('[TM-4] recordedAtMs never runs backwards; happenedAtMs does when a button reaches us late', async () => {
  const region = 'late'
  const desk = await stage.desk({ region })
  await desk.ask('watch-board', null)
  const driver = await stage.driver('A1', { region })
  const nowMs = Math.round(regionMs(desk, Date.now()))
  const other = await stage.driver('A2', { region })
  const minuteMs = 60_000
  await driver.ask('sign-on', nowMs)
  await other.ask('sign-on', nowMs - minuteMs / 2)
  await driver.ask('set-status', 'unavailable', 'break', nowMs - minuteMs / 4)
  const records = (await stage.site.records(region)).slice(-3)
  const happened = records.map(({ events }) => (events[0] as { happenedAtMs?: number }).happenedAtMs)
  assert.deepEqual(happened, [nowMs, nowMs - minuteMs / 2, nowMs - minuteMs / 4])
  const recorded = records.map(({ recordedAtMs }) => recordedAtMs)
  assert.deepEqual(
    recorded,
    recorded.toSorted((a, b) => a - b),
  )
  const told = []
  for (const { position } of records) {
    told.push((await desk.hear('board-events', ([, at]) => at === position))[2])
  }
  assert.deepEqual(told, recorded)
})
