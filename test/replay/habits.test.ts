/** Simulated crews: what they do follows from the seed alone, in the shares that are asked for. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { answerTo, dropsConnection, type Habits, repeatOf, USUAL_HABITS } from '../../tools/replay/habits.ts'

const habits = (seed: number): Habits => ({ seed, ...USUAL_HABITS })
const CALLS = Array.from({ length: 20_000 }, (_, index) => `call-${index}`)
const shareOf = (is: (call: string) => boolean) => CALLS.filter(is).length / CALLS.length

function decisions(seed: number) {
  return CALLS.slice(0, 500).map(call => [
    answerTo(habits(seed), 'offered', call, 1),
    answerTo(habits(seed), 'offered', call, 2),
    dropsConnection(habits(seed), call),
    repeatOf(habits(seed), call, 'en-route'),
  ])
}

test('the same seed decides the same, another seed otherwise', () => {
  assert.deepEqual(decisions(7), decisions(7))
  assert.notDeepEqual(decisions(7), decisions(8))
})

test('the same crew may answer the next offer of the same call otherwise', () => {
  const answers = CALLS.map(call => [1, 2].map(attempt => answerTo(habits(1), 'offered', call, attempt)))
  assert.ok(answers.some(([first, second]) => first === 'decline' && second === 'accept'))
})

test('crews decline, stay silent, drop and repeat in the shares that are asked for', () => {
  const answer = (call: string) => answerTo(habits(1), 'offered', call, 1)
  const near = (share: number, wanted: number) => assert.ok(Math.abs(share - wanted) < 0.006, `${share} for ${wanted}`)
  near(
    shareOf(call => answer(call) === 'decline'),
    0.05,
  )
  near(
    shareOf(call => answer(call) === 'silent'),
    0.03,
  )
  near(
    shareOf(call => dropsConnection(habits(1), call)),
    0.02,
  )
  near(
    shareOf(call => repeatOf(habits(1), call, 'close-trip') !== 'none'),
    0.05,
  )
})

test('a crew under orders never declines: who would have stays silent', () => {
  const answersIn = (mode: 'offered' | 'ordered') => CALLS.map(call => answerTo(habits(1), mode, call, 1))
  const asked = answersIn('offered')
  assert.deepEqual(
    answersIn('ordered'),
    asked.map(answer => (answer === 'decline' ? 'silent' : answer)),
  )
})
