/** One timer for many deadlines of the same length. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/time.ts'
import { Deadlines } from '../../../src/gateway/limits/deadlines.ts'
import { until } from '../harness.ts'

test('what has not happened in time comes due, in order; what has happened does not', async () => {
  const due: string[] = []
  const deadlines = new Deadlines<string>(30, systemClock, item => due.push(item))
  for (const item of ['a', 'b', 'c', 'd']) deadlines.add(item)
  deadlines.remove('b')
  await until(() => due.length === 3)
  assert.deepEqual(due, ['a', 'c', 'd'])
  assert.equal(deadlines.size, 0)
  deadlines.add('e')
  await until(() => due.length === 4)
  assert.equal(due[3], 'e')
})
