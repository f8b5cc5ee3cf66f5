/** A small replay through a real engine that is killed in the middle, judged as the large ones are. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { DemoCity } from '../../src/demo/demo-city.ts'
import type { ReplayCall } from '../../tools/replay/calls.ts'
import { makeTrace } from '../../tools/replay/demo.ts'
import { drivingIn, streetsOf } from '../../tools/replay/driving.ts'
import { type Fleet, ownPlace } from '../../tools/replay/place.ts'
import { reportOf, tableOf } from '../../tools/replay/report.ts'
import { type RunSettings, run } from '../../tools/replay/run.ts'
import { readStored } from '../../tools/replay/stored.ts'
import { testDatabase } from '../support/postgres.ts'

const SPEED = 60
const MINUTE_MS = 60_000

const call = (key: string, offsetMs: number, levelOfCare: 'als' | 'bls'): ReplayCall => ({
  key,
  offsetMs,
  lonDeg: 174.76,
  latDeg: -36.87,
  priority: 2,
  levelOfCare,
  problem: null,
  plan: {
    acceptAfterMs: 5_000,
    steps: [
      { phase: 'en-route', afterMs: 20_000 },
      { phase: 'on-scene', afterMs: MINUTE_MS },
      { phase: 'transporting', afterMs: MINUTE_MS },
      { phase: 'at-destination', afterMs: MINUTE_MS },
    ],
    closeAfterMs: MINUTE_MS,
    disposition: 'transported',
  },
  cancelAfterMs: null,
})

const longOnScene = (made: ReplayCall): ReplayCall => ({
  ...made,
  plan: {
    ...made.plan,
    steps: made.plan.steps.map(step => (step.phase === 'transporting' ? { ...step, afterMs: 60 * MINUTE_MS } : step)),
  },
})

const fleetOf = (unitIds: readonly string[]): Fleet => ({
  region: 'replay',
  mode: 'offered',
  timeZone: 'UTC',
  units: unitIds.map(unitId => ({ unitId, callSign: unitId, levelOfCare: 'als', capabilities: [], homeStation: null })),
})

test('a killed engine that had lost what was in memory loses nothing that a client was told, and every trip ends', async t => {
  const trace = makeTrace({ seed: 3, units: 5, calls: 3, durationMs: 5 * MINUTE_MS })
  const fleet = fleetOf(trace.vehicles)
  const settings: RunSettings = {
    trace,
    calls: [
      call('one', 30_000, 'als'),
      call('two', 70_000, 'bls'),
      // Cancelled before a patient is on board, however long the engine is away; later nobody may cancel.
      { ...longOnScene(call('three', 110_000, 'als')), cancelAfterMs: 3 * MINUTE_MS },
    ],
    fleet,
    // Every trip loses its connection once, and half of all commands are sent twice.
    habits: { seed: 3, declineShare: 0, silentShare: 0, dropShare: 1, repeatShare: 0.5 },
    speed: SPEED,
    streets: null,
    killAfterS: [1.5],
  }
  const database = await testDatabase()
  t.after(() => database.drop())
  const tell = () => {}
  const place = await ownPlace({ clockRate: SPEED, databaseUrl: database.url, keep: false, fleet, tell })
  t.after(() => place.close())
  const result = await run(settings, place, { tell, signal: AbortSignal.timeout(300_000) })
  const report = reportOf(result, await readStored(place.databaseUrl, fleet.region), 'UTC', {})

  assert.ok(report.valid, tableOf(report))
  const [kill] = report.kills
  assert.ok(kill!.hurt && kill!.statementsEnded > 0 && kill!.logEndAfter < kill!.atStake.logHead, tableOf(report))
  const { figures } = report
  assert.ok(figures.fixesSent! >= trace.fixes.length)
  assert.equal(figures.fixesDurable, figures.fixesSent)
  assert.deepEqual([figures.callsEntered, figures.tripsClosed, figures.tripsCancelled], [3, 2, 1])
  assert.ok(figures.connectionsDropped! > 0 && figures.commandsRepeated! > 0 && figures.reconnects! >= 6)
})

test('once every trip has ended nobody begins anything more, so every command of the account was answered', async t => {
  const trace = makeTrace({ seed: 3, units: 1, calls: 1, durationMs: 15_000 })
  const fleet = fleetOf(trace.vehicles)
  // Cancelled while its crew still means to accept the offer.
  const { plan, ...received } = call('one', 20_000, 'als')
  const offered = { ...received, plan: { ...plan, acceptAfterMs: 30_000 }, cancelAfterMs: 5_000 }
  const habits = { seed: 3, declineShare: 0, silentShare: 0, dropShare: 0, repeatShare: 0 }
  const settings: RunSettings = { trace, calls: [offered], fleet, habits, speed: SPEED, streets: null, killAfterS: [] }
  const database = await testDatabase()
  t.after(() => database.drop())
  const place = await ownPlace({ clockRate: SPEED, databaseUrl: database.url, keep: false, fleet, tell: () => {} })
  t.after(() => place.close())
  let overMs = Number.POSITIVE_INFINITY
  const tell = (line: string) => {
    if (!line.startsWith('All trips')) return
    overMs = performance.now()
    // Until the moment at which the crew would have accepted is past: its timer is due before the run goes on.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000)
  }
  const result = await run(settings, place, { tell, signal: AbortSignal.timeout(300_000) })
  const report = reportOf(result, await readStored(place.databaseUrl, fleet.region), 'UTC', {})
  assert.ok(report.valid, tableOf(report))
  assert.equal(report.figures.tripsCancelled, 1)
  assert.deepEqual(
    result.log.commands.filter(({ sentAtMs }) => sentAtMs > overMs).map(({ subject }) => subject.kind),
    [],
  )
})

test('crews that drive on the roads of their region are there when it predicted, but for what they took to roll, over a kill too', async t => {
  const city = new DemoCity()
  // Its vehicles stand where they are seen first, so that nothing but the drive comes between prediction and arrival.
  const standing = makeTrace({
    seed: 3,
    units: 4,
    calls: 2,
    durationMs: 10_000,
    somewhere: random => city.somewhere(random),
  })
  const fleet = fleetOf(standing.vehicles)
  const at = (share: number) => city.somewhere(() => share)
  const settings = {
    trace: { ...standing, fixes: standing.fixes.map(fix => ({ ...fix, offsetMs: Math.min(fix.offsetMs, 5_000) })) },
    calls: [
      { ...call('one', 10_000, 'als'), ...at(0.3) },
      { ...call('two', 20_000, 'als'), ...at(0.7) },
    ],
    fleet,
    habits: { seed: 3, declineShare: 0, silentShare: 0, dropShare: 0, repeatShare: 0.5 },
    speed: SPEED,
    killAfterS: [1.5],
  }
  const database = await testDatabase()
  t.after(() => database.drop())
  const tell = () => {}
  const place = await ownPlace({ clockRate: SPEED, databaseUrl: database.url, keep: false, fleet, tell })
  t.after(() => place.close())
  const streets = await streetsOf(place.databaseUrl, fleet, drivingIn(city), tell)
  const result = await run({ ...settings, streets }, place, { tell, signal: AbortSignal.timeout(300_000) })
  const report = reportOf(result, await readStored(place.databaseUrl, fleet.region), 'UTC', {})

  assert.ok(report.valid, tableOf(report))
  assert.deepEqual([report.kills.length, report.figures.drivesByRoad, report.figures.drivesStraight], [1, 4, 0])
  const all = report.eta!.groups.find(({ group }) => group === 'all')!.truth
  assert.equal(all.arrivals, 2)
  // It takes 5 s until it is accepted and 20 s until it rolls; what is predicted has 30 s for a crew that stands with its vehicle.
  // The trace runs fast, so what the machine comes late by counts many times over; a siren that is forgotten makes a minute.
  assert.ok(all.biasMs > -7_000 && all.biasMs < 30_000, tableOf(report))
  assert.match(tableOf(report), /Predicted arrivals against real ones:\ngroup\tarrivals/)
})
