/** Another policy comes while a region is at work: what goes by it, from when on, and what keeps what it had. */
import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { PolicyIntake } from '../../../src/actors/region/policy-intake.ts'
import { RegionPolicy } from '../../../src/actors/region/region-policy.ts'
import { alike } from '../../../src/domain/policy.ts'
import { callOf, type RecordingSession, RegionWorld, settle, type WorldOptions } from '../../support/region-world.ts'
import { policyOf } from '../../support/scenario.ts'

let world: RegionWorld
const open = async (options: WorldOptions = {}) => {
  world = await RegionWorld.open(options)
}
afterEach(() => world.close())

const decline = (crew: RecordingSession) =>
  world.accepted(world.drive(crew, { type: 'decline-offer', offerId: crew.view.unit.offerId!, reason: 'too-far' }))
const accept = (crew: RecordingSession, happenedAtMs = world.nowMs) =>
  world.accepted(world.drive(crew, { type: 'accept-offer', offerId: crew.view.unit.offerId!, happenedAtMs }))
const count = async (type: 'OfferMade' | 'OfferTimedOut' | 'OfferRevoked' | 'TripAlarmRaised') =>
  (await world.events(type)).length
/** Nothing of these happens until the last millisecond, then one does; with none left, at once. */
async function happensAfter(ms: number, type: Parameters<typeof count>[0]): Promise<void> {
  const before = await count(type)
  if (ms > 0) await world.advance(ms - 1)
  assert.equal(await count(type), before, `${type} came early`)
  await world.advance(1)
  assert.equal(await count(type), before + 1, `${type} did not come`)
}
const offers = async () =>
  (await world.events('OfferMade')).map(({ decision, mode, offeredAtMs, deadlineAtMs }) => {
    return [decision.policyVersion, mode, deadlineAtMs - offeredAtMs]
  })

describe('a decision', () => {
  test('[AD-15] goes by the policy that stands, and its record names the version', async () => {
    await open()
    await world.onDuty('A1', 100)
    await world.onDuty('A2', 200)
    await world.call()
    world.goBy({ mode: 'ordered', orderTimeoutMs: alike(60_000) })
    await world.call()
    assert.deepEqual(await offers(), [
      [1, 'offered', 15_000],
      [2, 'ordered', 60_000],
    ])
  })

  test('by hand names the version, too', async () => {
    await open()
    await world.onDuty('A1', 100)
    world.goBy({ orderTimeoutMs: alike(50_000) })
    const tripId = await world.call({ needs: [{ levelOfCare: 'cct', capabilities: [] }] })
    await world.accepted(world.dispatch({ type: 'assign-unit', tripId, unitId: 'A1', reason: 'closer-unit' }))
    assert.deepEqual(await offers(), [[2, 'ordered', 50_000]])
  })

  test('is made by one policy as a whole: what came before the new one goes by the former, in its order', async () => {
    await open()
    await Promise.all(['A1', 'A2', 'A3', 'A4'].map((unitId, i) => world.onDuty(unitId, 100 * i)))
    const needs = [callOf().needs[0]!, callOf().needs[0]!]
    world.dispatch(callOf({ needs }))
    world.goBy({ offerTimeoutMs: { ...world.policy.offerTimeoutMs, 1: 40_000 } })
    world.dispatch(callOf({ needs }))
    await settle()
    assert.deepEqual(
      (await offers()).map(([version, , ms]) => [version, ms]),
      [
        [1, 15_000],
        [1, 15_000],
        [2, 40_000],
        [2, 40_000],
      ],
    )
    const records = (await world.log()).map(({ events }) =>
      events.flatMap(event => (event.type === 'OfferMade' ? [event.decision.policyVersion] : [])),
    )
    assert.ok(records.every(versions => new Set(versions).size <= 1))
  })

  test('does not go by a policy that is older than the one that stands', async () => {
    await open()
    world.goBy({ offerTimeoutMs: { ...world.policy.offerTimeoutMs, 1: 40_000 } })
    await settle()
    world.region.goBy(policyOf('ordered'))
    await world.onDuty('A1', 100)
    await world.call()
    assert.deepEqual(await offers(), [[2, 'offered', 40_000]])
  })

  test('goes by the newest policy after a start, and in a memory that was rebuilt', async () => {
    await open()
    const crew = await world.onDuty('A1', 100)
    world.goBy({ mode: 'ordered' })
    await settle()
    await world.restart()
    const back = world.connect('A1', undefined, undefined, crew.principal)
    await settle()
    world.fixAt(back, 100)
    await world.call()
    assert.deepEqual(await offers(), [[2, 'ordered', 45_000]])
    await world.onDuty('A2', 200)
    world.journal.failNext('rejected')
    world.dispatch(callOf())
    await world.advance(10_000)
    world.goBy({ orderTimeoutMs: alike(50_000) })
    await world.advance(10_000)
    const there = world.connect('A2')
    await settle()
    world.fixAt(there, 200)
    await world.call()
    assert.deepEqual((await offers()).at(-1), [3, 'ordered', 50_000])
  })
})

describe('what runs already', () => {
  test('[AD-15] an open offer keeps its deadline and its warning', async () => {
    await open({ mode: 'ordered' })
    await world.onDuty('A1', 100)
    await world.call()
    await world.advance(5_000)
    world.goBy({ orderWarnMs: alike(2_000), orderTimeoutMs: alike(8_000) })
    await happensAfter(15_000, 'TripAlarmRaised')
    await happensAfter(25_000, 'OfferTimedOut')
  })

  for (const [noMovementMs, leftMs] of [
    [60_000, 30_000],
    [300_000, 270_000],
    [30_000, 0],
  ] as const) {
    test(`an accepted trip that does not move raises its alarm by the new number (${noMovementMs} ms)`, async () => {
      await open()
      const crew = await world.onDuty('A1', 100)
      await world.call()
      await accept(crew)
      await world.advance(30_000)
      // Its position, which would be lost in between, is of no matter here.
      world.goBy({ noMovementMs, lostAfterMs: 3_600_000 })
      await happensAfter(leftMs, 'TripAlarmRaised')
      await world.advance(600_000)
      assert.equal(await count('TripAlarmRaised'), 1)
    })
  }

  for (const [roundPauseMs, leftMs] of [
    [12_000, 2_000],
    [60_000, 50_000],
  ] as const) {
    test(`the pause before the next round ends by the new number (${roundPauseMs} ms)`, async () => {
      await open()
      const crew = await world.onDuty('A1', 100)
      await world.call()
      await decline(crew)
      await world.advance(10_000)
      world.goBy({ roundPauseMs })
      await happensAfter(leftMs, 'OfferMade')
    })
  }

  for (const [disconnectGraceMs, leftMs] of [
    [15_000, 5_000],
    [60_000, 50_000],
    [5_000, 0],
  ] as const) {
    test(`the grace of a unit that is disconnected ends by the new number (${disconnectGraceMs} ms)`, async () => {
      await open({ policy: { offerTimeoutMs: { 1: 500_000, 2: 0, 3: 0, 4: 0, 5: 0 } } })
      const crew = await world.onDuty('A1', 100)
      await world.call()
      world.host.closed(crew)
      await world.advance(10_000)
      world.goBy({ disconnectGraceMs })
      await happensAfter(leftMs, 'OfferRevoked')
    })
  }

  test('a unit that is passed over no more is no last resort', async () => {
    await open()
    await world.onDuty('A1', 100)
    await world.advance(310_000)
    await world.onDuty('A2', 5_000)
    world.goBy({ lostAfterMs: 400_000 })
    await settle()
    await world.call()
    const [offer] = await world.events('OfferMade')
    assert.deepEqual([offer?.unitId, offer?.decision.eligible], ['A1', 2])
  })

  test('the queue is in the order of the new ageing', async () => {
    await open()
    const old = await world.call({ priority: 4 })
    await world.advance(120_000)
    const newer = await world.call({ priority: 3 })
    world.goBy({ ageingStepMs: 60_000 })
    await world.onDuty('A1', 100)
    assert.deepEqual([(await world.trip(old)).phase, (await world.trip(newer)).phase], ['offered', 'pending'])
  })

  test('positions are fresh, and reports are asked for, by the new numbers', async () => {
    await open()
    const crew = await world.onDuty('A1', 100)
    await world.advance(20_000)
    const freshness = async () => (await world.board()).units[0]!.fix!.freshness
    assert.equal(await freshness(), 'fresh')
    world.goBy({
      cadenceMs: { responding: 2_000, moving: 7_000, parked: 9_000 },
      staleAfterMs: { responding: 5_000, moving: 20_000, parked: 30_000 },
    })
    assert.equal(await freshness(), 'stale')
    await world.call()
    assert.equal(crew.view.cadenceMs, 7_000)
    await accept(crew)
    assert.equal(crew.view.cadenceMs, 2_000)
  })
})

test('[HS-12] welcome has what clients go by of the policy that stands', async () => {
  await open({ mode: 'ordered' })
  const { mode, offerTimeoutMs, orderTimeoutMs, cadenceMs, staleAfterMs } = world.policy
  const first = world.dispatcher()
  world.goBy({ lostAfterMs: 400_000 })
  const second = world.dispatcher()
  await settle()
  const told = { mode, offerTimeoutMs, orderTimeoutMs, cadenceMs, staleAfterMs }
  assert.deepEqual(first.welcome.policy, { version: 1, ...told, lostAfterMs: 300_000 })
  assert.deepEqual(second.welcome.policy, { version: 2, ...told, lostAfterMs: 400_000 })
})

describe('many deadlines', () => {
  function intake() {
    const asked: string[] = []
    let begun = 0
    const policies = new PolicyIntake({
      policy: new RegionPolicy(policyOf('offered'), { graceMs: ms => ms }),
      deadlines: {
        *policyChanged() {
          const run = ++begun
          for (let part = 1; part < 3; part += 1) yield void asked.push(`part ${part} of ${run}`)
          asked.push(`end of ${run}`)
        },
      },
      rematch: { ask: () => void asked.push('matched') },
      later: () => void asked.push('later'),
    })
    const take = (version: number) => {
      policies.take({ policy: { ...policyOf('offered'), version }, onTaken: () => void asked.push(`taken ${version}`) })
      return asked.splice(0)
    }
    const goOn = () => {
      policies.goOn()
      return asked.splice(0)
    }
    return { take, goOn }
  }

  test('are set anew in parts, and decisions go by the new policy from the first one on', async () => {
    await open()
    const { take, goOn } = intake()
    assert.deepEqual(take(2), ['matched', 'part 1 of 1', 'later', 'taken 2'])
    assert.deepEqual(goOn(), ['part 2 of 1', 'later'])
    assert.deepEqual(goOn(), ['end of 1'])
    assert.deepEqual(take(2), ['taken 2'])
  })

  test('begin again with a policy that comes meanwhile', async () => {
    await open()
    const { take, goOn } = intake()
    take(2)
    assert.deepEqual(take(3), ['matched', 'part 1 of 2', 'taken 3'])
    assert.deepEqual(goOn(), ['part 2 of 2', 'later'])
    assert.deepEqual(goOn(), ['end of 2'])
  })

  test('of more trips than one part has are all set', async () => {
    await open()
    const crews: RecordingSession[] = []
    for (let n = 1; n <= 3; n += 1) crews.push(await world.onDuty(`A${n}`, 100 * n))
    const tripIds = [await world.call(), await world.call(), await world.call()]
    for (let n = 0; n < 1_100; n += 1) world.dispatch(callOf({ needs: [{ levelOfCare: 'cct', capabilities: [] }] }))
    for (const crew of crews) await accept(crew)
    tripIds.push(await world.call())
    const last = await world.onDuty('A4', 50)
    await accept(last)
    world.goBy({ noMovementMs: 30_000 })
    await world.advance(30_000)
    const raised = (await world.events('TripAlarmRaised')).filter(({ alarm }) => alarm === 'no-movement')
    assert.deepEqual(new Set(raised.map(({ tripId }) => tripId)), new Set(tripIds))
  })
})
