import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { byRoad, byStraightLine, type DayCall, DayRun, type Ranking, type Shift } from '../../bench/policy-day.ts'
import { postOrder } from '../../bench/policy-days.ts'
import { pairFigures } from '../../bench/policy-figures.ts'
import { seeded } from '../../tools/shared/random.ts'
import { runHere } from '../support/command-line.ts'
import { tinyWorld } from './policy-world.ts'

const S = 1_000

/** Corners 0 to 4 in a row, a minute between two; the last is bent back to beside the first. */
const { roads, back, goals } = tinyWorld(
  [
    [0, 0],
    [10, 0],
    [10, 10],
    [5, 10],
    [0, 1],
  ],
  [0, 1, 2, 3].map(a => ({ a, b: a + 1, seconds: 60 })),
)

const callAt = (corner: number, enteredS: number, more: Partial<DayCall> = {}): DayCall => ({
  enteredAtMs: enteredS * S,
  priority: 1,
  scene: goals[corner]!,
  turnoutMs: 10 * S,
  serviceMs: 100 * S,
  end: goals[corner]!.place,
  ...more,
})

const shiftAt = (corner: number, fromS = 0, untilS = Infinity): Shift => ({
  post: goals[corner]!,
  startsAtMs: fromS * S,
  endsAtMs: untilS * S,
})

function ran(calls: readonly DayCall[], shifts: readonly Shift[], ranking: Ranking = byRoad(roads)) {
  const { responseMs, shift, late } = new DayRun(
    roads,
    back,
    { name: 'd', calls, shifts, targetMs: 200 * S },
    ranking,
  ).run()
  return { responseS: Array.from(responseMs, ms => ms / S), shift: [...shift], late }
}

test('a unit is chosen on its way back, from where it is: it goes on to the next corner before it turns', () => {
  // Idle at corner 4 at 10 + 240 + 100 = 350 s; at 440 s it is half-way from corner 3 to corner 2.
  const { responseS } = ran([callAt(4, 0), callAt(4, 440)], [shiftAt(0)])
  assert.deepEqual(responseS, [250, 10 + 30 + 120])
  assert.deepEqual(ran([callAt(4, 0), callAt(4, 350)], [shiftAt(0)]).responseS[1], 10)
  assert.deepEqual(ran([callAt(4, 0), callAt(4, 5_000)], [shiftAt(0)]).responseS[1], 250)
})

test('a call ahead on the way back is reached without a turn', () => {
  assert.deepEqual(ran([callAt(4, 0), callAt(1, 440)], [shiftAt(0)]).responseS[1], 10 + 30 + 60)
})

test('by straight line the unit that looks near is sent, by road the one that is', () => {
  const shifts = [shiftAt(0), shiftAt(3)]
  assert.deepEqual(ran([callAt(4, 0)], shifts, byStraightLine), { responseS: [250], shift: [0], late: 1 })
  assert.deepEqual(ran([callAt(4, 0)], shifts), { responseS: [70], shift: [1], late: 0 })
})

test('calls wait by priority, then by age', () => {
  const calls = [callAt(0, 0), callAt(0, 1, { priority: 3 }), callAt(0, 2), callAt(0, 3)]
  assert.deepEqual(ran(calls, [shiftAt(0)]).responseS, [10, 110 + 2 * 110 + 10 - 1, 110 + 10 - 2, 110 + 110 + 10 - 3])
})

test('who is idle at the moment of a call can be sent to it, and who comes to work then as well', () => {
  // Unit 0 is idle at corner 2 at 10 + 120 + 100 s; the other one comes to work at corner 0 then.
  const calls = [callAt(2, 0), callAt(3, 230)]
  assert.deepEqual(ran(calls, [shiftAt(0), shiftAt(0, 230)]), { responseS: [130, 70], shift: [0, 0], late: 0 })
  assert.deepEqual(ran(calls, [shiftAt(0, 0, 200), shiftAt(0, 230)]).shift, [0, 1])
})

test('a unit whose shift ends is not chosen from that moment on, and ends the call that it has', () => {
  const { responseS, shift } = ran([callAt(1, 0), callAt(1, 5)], [shiftAt(0, 0, 5), shiftAt(4, 90)])
  assert.deepEqual({ responseS, shift }, { responseS: [70, 85 + 10 + 180], shift: [0, 1] })
})

test('a call is served from where the patient was brought to', () => {
  const carried = callAt(1, 0, { end: goals[4]!.place })
  assert.deepEqual(ran([carried, callAt(4, 170)], [shiftAt(0)]).responseS, [70, 10])
})

test('changes keep a call for one unit, and hold it back', () => {
  const day = { name: 'd', calls: [callAt(0, 0), callAt(0, 1)], shifts: [shiftAt(0), shiftAt(1)], targetMs: 200 * S }
  const changes = { shift: new Map([[0, 1]]), heldMs: new Map([[1, 40 * S]]) }
  const { responseMs, shift } = new DayRun(roads, back, day, byRoad(roads), changes).run()
  assert.deepEqual([...shift], [1, 0])
  assert.deepEqual([...responseMs], [70 * S, 50 * S])
})

test('posts are taken where one more unit adds most, with units that are busy half of the time', () => {
  const calls = [callAt(0, 0), callAt(0, 1), callAt(0, 2), callAt(4, 3)]
  const order = postOrder([goals[0]!, goals[4]!], calls, roads, { count: 4, busyShare: 0.5, targetMs: 30 * S })
  // Gains 3 and 1; 1.5 and 1; 0.75 and 1; 0.75 and 0.5.
  assert.deepEqual(
    order.map(post => goals.indexOf(post)),
    [0, 0, 4, 0],
  )
})

test('figures are of all calls, differences of pairs, and what is equal on every day is equal for certain', () => {
  const draw = { targetMs: 100 * S, draws: 200, random: seeded(1) }
  const figures = pairFigures(
    [
      { nearestMs: [60 * S, 120 * S], policyMs: [50 * S, 110 * S] },
      { nearestMs: [80 * S, 160 * S], policyMs: [70 * S, 90 * S] },
    ],
    draw,
  )
  assert.equal(figures.nearestP50S, 80)
  assert.equal(figures.policyP90S, 110)
  assert.equal(figures.nearestWithinTargetShare, 0.5)
  assert.equal(figures.gainedWithinTargetShare, 0.25)
  assert.deepEqual([figures.gainedWithinTargetShareLow, figures.gainedWithinTargetShareHigh], [0, 0.5])
  const same = pairFigures([{ nearestMs: [1, 2, 3], policyMs: [1, 2, 3] }], draw)
  assert.deepEqual([same.savedP50SLow, same.savedP50S, same.savedP50SHigh], [0, 0, 0])
})

test('where the data are missing nothing is run, and what is missing is named', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'goldenhour-policy-'))
  try {
    const main = new URL('../../bench/main.ts', import.meta.url)
    const { code, stdout, stderr } = await runHere(['policy', '--roads', directory], {}, main)
    assert.equal(code, 1)
    assert.match(stdout, /^policy: NOT VALID$/m)
    assert.match(stdout, /filesMissing +5/)
    assert.match(
      stderr,
      /lacks sf\/nodes\.csv\.gz.*calls-2020-04\.csv\.gz\. Name a directory that has them with --roads\./,
    )
  } finally {
    rmSync(directory, { recursive: true })
  }
})
