/** A stop ends what was begun, the newest first, each part within its time, and says what it left undone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Endings } from '../../src/process/endings.ts'

class Away extends Error {}

const endings = () => new Endings({ monotonicMs: () => performance.now(), isAway: error => error instanceof Away })

test('what was begun last ends first, and one part waits for the other', async () => {
  const ended: string[] = []
  const all = endings()
  for (const what of ['first', 'second', 'third']) {
    all.add(what, async () => {
      await new Promise(resolve => setTimeout(resolve, 5))
      ended.push(what)
    })
  }
  await all.run(performance.now(), 10_000, what => assert.fail(what))
  assert.deepEqual(ended, ['third', 'second', 'first'])
})

test('a part that does not end in its time is named, and the others have theirs', async () => {
  const ended: string[] = []
  const left: string[] = []
  const all = endings()
  all.add('last', async () => void ended.push('last'))
  all.add('hangs', () => new Promise(() => undefined))
  all.add('has a share', () => new Promise(() => undefined), 0.2)
  await all.run(performance.now(), 1_000, what => left.push(what))
  assert.deepEqual([left, ended], [['has a share', 'hangs'], ['last']])
})

test('what is away is left undone; any other failure is told once everything has had its turn', async () => {
  const ended: string[] = []
  const left: string[] = []
  const all = endings()
  all.add('last', async () => void ended.push('last'))
  all.add('away', () => Promise.reject(new Away()))
  all.add('broken', () => Promise.reject(new Error('a mistake')))
  await assert.rejects(
    all.run(performance.now(), 1_000, what => left.push(what)),
    (error: AggregateError) => error.errors.length === 1 && error.errors[0].message === 'a mistake',
  )
  assert.deepEqual([left, ended], [['broken', 'away'], ['last']])
})
