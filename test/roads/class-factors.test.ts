import assert from 'node:assert/strict'
import { test } from 'node:test'
import { classFactors, wholeFactor } from '../../src/roads/learn/class-factors.ts'
import { seeded } from '../../tools/shared/random.ts'

const MINUTE_MS = 60_000
const near = (found: readonly number[], wanted: readonly number[], by: number) =>
  assert.ok(
    found.every((each, index) => Math.abs(each - wanted[index]!) < by),
    `${found.map(each => each.toFixed(3))}, not ${wanted}`,
  )

test('the factor of each class is found although every leg leads over several', () => {
  const random = seeded(3)
  const hidden = [1.5, 0.8, 1]
  const legs = Array.from({ length: 400 }, () => {
    const saidMs = hidden.map((_, index) => [index, random() * MINUTE_MS] as const)
    const realMs = saidMs.reduce((sum, [index, ms]) => sum + ms * hidden[index]!, 0) * (0.9 + 0.2 * random())
    return { realMs, saidMs }
  })
  near(classFactors(legs, [1, 1, 1], MINUTE_MS), hidden, 0.05)
})

test('what was little driven keeps to what was known, and what was never driven is that', () => {
  const leg = { realMs: 2 * MINUTE_MS, saidMs: [[0, MINUTE_MS]] } as const
  near(classFactors([leg], [1, 1.3], 19 * MINUTE_MS), [1.05, 1.3], 0.001)
  near([wholeFactor([leg], 1, 19 * MINUTE_MS), wholeFactor([], 1.2, MINUTE_MS)], [1.05, 1.2], 0.001)
})

test('with nothing to keep to, the factors make the sum of what was said that of what was real', () => {
  const random = seeded(4)
  const legs = Array.from({ length: 50 }, () => ({
    realMs: 10_000 + random() * MINUTE_MS,
    saidMs: [0, 1, 2].map(index => [index, 1 + random() * MINUTE_MS] as const),
  }))
  const factors = classFactors(legs, [1, 1, 1], 0)
  const said = legs.flatMap(({ saidMs }) => saidMs).reduce((sum, [index, ms]) => sum + ms * factors[index]!, 0)
  const real = legs.reduce((sum, { realMs }) => sum + realMs, 0)
  assert.ok(Math.abs(said / real - 1) < 1e-9, `${said / real}`)
  assert.ok(factors.every(factor => factor >= 0))
})
