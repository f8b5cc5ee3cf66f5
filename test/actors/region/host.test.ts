/** The host of a region: it answers only while the lease is held, and waits for what is under way only so long. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import type { QueryAnswer } from '../../../src/actors/region-handle.ts'
import { callOf, RegionWorld, SCENE, settle } from '../../support/region-world.ts'
import { within } from '../../support/within.ts'

let world: RegionWorld
beforeEach(async () => {
  world = await RegionWorld.open()
})
afterEach(() => world.close())

test('while its lease is not held a region answers nothing, and goes on when it is held again', async () => {
  const crew = await world.onDuty('A1', 100)
  const tripId = await world.call()
  const console = world.dispatcher()
  await settle()
  const log = await world.log()
  const queries = [
    { type: 'read-trip', tripId },
    { type: 'nearest', ...SCENE, k: 1, levelOfCare: null },
  ] as const
  const ask = async () => {
    const answers: QueryAnswer[] = []
    for (const query of queries) world.host.query(query, answer => answers.push(answer))
    await settle()
    return answers.map(answer => (answer.ok ? 'answered' : answer.refusal.code))
  }

  world.leased = false
  const offerId = crew.view.unit.offerId!
  for (const command of [
    world.dispatch(callOf(), 'call-2'),
    world.dispatch({ type: 'cancel-trip', tripId, reason: 'other' }),
    world.drive(crew, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs }),
  ]) {
    assert.equal(await world.refused(command), 'unavailable')
  }
  assert.deepEqual(await ask(), ['unavailable', 'unavailable'])
  world.host.tell(console, { type: 'watch-board', id: 'w', fromPosition: null })
  world.host.tell(console, { type: 'unwatch-board', id: 'u' })
  assert.deepEqual(
    console.all('error').map(([id, code]) => [id, code]),
    [
      ['w', 'unavailable'],
      ['u', 'unavailable'],
    ],
  )
  for (const session of [world.connect('A1'), world.dispatcher()]) {
    assert.deepEqual([session.last('error')[1], session.closes, session.all('welcome')], ['unavailable', [4503], []])
  }
  await settle()
  assert.deepEqual([await world.log(), crew.closes], [log, []])

  world.leased = true
  await world.accepted(world.dispatch(callOf(), 'call-2'))
  await world.accepted(world.drive(crew, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs }))
  assert.deepEqual(await ask(), ['answered', 'answered'])
  world.host.tell(console, { type: 'watch-board', id: 'w', fromPosition: null })
  await settle()
  assert.equal(console.all('board').length, 1)
  const back = world.connect('A1')
  await settle()
  assert.equal(back.welcome.driver!.trip?.tripId, tripId)
})

describe('settling', () => {
  test('is over at once when nothing is under way', async () => {
    await world.call()
    // Its clock stands still, so no limit ends this.
    await within('it has settled', world.region.settled(1_000))
  })

  test('waits for what is under way, and ends at its limit although more keeps coming', async () => {
    world.journal.stall()
    world.dispatch(callOf())
    await settle()
    let settled = 0
    const wait = (limitMs: number) => void world.region.settled(limitMs).then(() => settled++)
    wait(1_000)
    wait(60_000)
    for (let i = 0; i < 9; i++) {
      world.dispatch(callOf())
      await world.advance(100)
    }
    assert.equal(settled, 0)
    world.dispatch(callOf())
    await world.advance(110)
    assert.equal(settled, 1)
    world.journal.resume()
    await world.advance(10)
    assert.equal(settled, 2)
  })
})
