import assert from 'node:assert/strict'
import test from 'node:test'
import { GuardedTimes } from '../../src/roads/providers/guarded-times.ts'
import type { ManyToOne, ManyToOneAnswer, NoTimes } from '../../src/roads/providers/many-to-one.ts'

const ASK = { from: [], to: { lonDeg: 0, latDeg: 0 }, priority: 1, atMs: 0 } as const
const GOOD: ManyToOneAnswer = { ok: true, driveMs: [1], basis: 'osrm' }
const OWN: ManyToOneAnswer = { ok: true, driveMs: [2], basis: 'roads' }
const bad = (why: NoTimes): ManyToOneAnswer => ({ ok: false, why, message: 'as said' })

/** A server that answers what stands in `next`, a clock that stands still until it is moved, and what was told. */
function guarded(failuresToOpen = 3) {
  const world = {
    next: GOOD as ManyToOneAnswer | Promise<ManyToOneAnswer>,
    nowMs: 5_000,
    asked: 0,
    told: [] as NoTimes[],
  }
  const server: ManyToOne = {
    timesToOne: () => {
      world.asked += 1
      return Promise.resolve(world.next)
    },
  }
  const fallBack: ManyToOne = { timesToOne: () => Promise.resolve(OWN) }
  const scheduler = { monotonicMs: () => world.nowMs, after: () => () => undefined }
  const times = new GuardedTimes(
    { failuresToOpen, pauseMs: 10_000 },
    { server, fallBack, scheduler, fellBack: why => world.told.push(why) },
  )
  const ask = async () => {
    const answer = await times.timesToOne(ASK)
    assert.ok(answer.ok)
    return answer.basis
  }
  return { world, times, ask }
}

test('a server that answers is who answers; one that does not has the own roads answer, and it is told why', async () => {
  const { world, ask } = guarded()
  assert.equal(await ask(), 'osrm')
  for (const why of ['too-slow', 'unreachable'] as const) {
    world.next = bad(why)
    assert.equal(await ask(), 'roads')
  }
  world.next = GOOD
  assert.equal(await ask(), 'osrm')
  assert.deepEqual(world.told, ['too-slow', 'unreachable'])
})

test('after so many failures in a row it is left alone for the pause, and then tried once', async () => {
  const { world, times, ask } = guarded()
  world.next = bad('server-error')
  for (let round = 0; round < 3; round++) await ask()
  assert.deepEqual([times.mode, world.asked], ['open', 3])
  world.nowMs += 9_999
  assert.equal(await ask(), 'roads')
  assert.deepEqual([world.asked, world.told.at(-1)], [3, 'open-circuit'])
  world.nowMs += 1
  assert.equal(await ask(), 'roads')
  assert.deepEqual([times.mode, world.asked], ['open', 4])
  // The pause begins anew with the failed trial.
  world.nowMs += 9_999
  await ask()
  assert.equal(world.asked, 4)
  world.nowMs += 1
  world.next = GOOD
  assert.equal(await ask(), 'osrm')
  assert.deepEqual([times.mode, await ask(), world.asked], ['closed', 'osrm', 6])
})

test('failures that are not in a row open nothing, and neither does what is too large for the server', async () => {
  const { world, times, ask } = guarded(2)
  for (const next of [bad('unreadable'), GOOD, bad('wrong-size'), bad('too-many'), bad('too-long'), GOOD]) {
    world.next = next
    await ask()
  }
  for (let round = 0; round < 5; round++) {
    world.next = bad('too-many')
    assert.equal(await ask(), 'roads')
  }
  assert.deepEqual([times.mode, world.asked], ['closed', 11])
})

test('while one question is the trial, the others do not wait for it', async () => {
  const { world, times, ask } = guarded(1)
  world.next = bad('too-slow')
  await ask()
  world.nowMs += 10_000
  let answer: (answer: ManyToOneAnswer) => void = () => undefined
  world.next = new Promise(resolve => {
    answer = resolve
  })
  const trial = ask()
  assert.equal(times.mode, 'half-open')
  assert.deepEqual([await ask(), await ask(), world.asked], ['roads', 'roads', 2])
  answer(GOOD)
  assert.equal(await trial, 'osrm')
  assert.equal(times.mode, 'closed')
})
