/** What leaves a region leaves once its position is durable, in the order in which it was put in. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Outbox } from '../../src/actors/region/outbox.ts'

const start = (durable = 0) => {
  const left: string[] = []
  const dropped: string[] = []
  const refused: string[] = []
  const errors: unknown[] = []
  const outbox = new Outbox(durable, error => errors.push(error))
  const hold = (position: number, name: string) =>
    outbox.hold(position, () => left.push(name), { drop: () => dropped.push(name) })
  const ask = (position: number, name: string) =>
    outbox.hold(position, () => left.push(name), {
      drop: () => dropped.push(name),
      refuse: () => refused.push(name),
    })
  return { outbox, hold, ask, left, dropped, refused, errors }
}

test('what is durable already leaves at once', () => {
  const { hold, left } = start(5)
  hold(5, 'a')
  hold(0, 'b')
  assert.deepEqual(left, ['a', 'b'])
})

test('what is not durable waits, and all behind it', () => {
  const { outbox, hold, left } = start()
  hold(1, 'a')
  hold(2, 'b')
  hold(0, 'c')
  assert.deepEqual([left, outbox.depth], [[], 3])
  outbox.release(1)
  assert.deepEqual(left, ['a'])
  outbox.release(2)
  assert.deepEqual([left, outbox.depth], [['a', 'b', 'c'], 0])
})

test('a durable position that was heard of late changes nothing', () => {
  const { outbox, hold, left } = start(3)
  outbox.release(1)
  hold(3, 'a')
  assert.deepEqual(left, ['a'])
})

test('the order is kept and nothing leaves early, for any positions and releases', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(2), fc.nat(3)), { maxLength: 3_000, size: 'max' }), steps => {
      const left: number[] = []
      const outbox = new Outbox(0, error => assert.fail(String(error)))
      let [head, durable, put] = [0, 0, 0]
      for (const [grow, release] of steps) {
        head += grow
        const [position, name] = [head, put++]
        outbox.hold(position, () => {
          assert.ok(position <= durable)
          left.push(name)
        })
        durable = Math.min(head, durable + release)
        outbox.release(durable)
      }
      durable = head
      outbox.release(head)
      assert.deepEqual([left.length, left], [put, Array.from({ length: put }, (_, i) => i)])
      assert.equal(outbox.depth, 0)
    }),
    { numRuns: 50 },
  )
})

test('one receiver that throws does not keep the others waiting', () => {
  const { outbox, hold, left, errors } = start()
  outbox.hold(1, () => {
    throw new Error('socket gone')
  })
  hold(1, 'b')
  outbox.release(1)
  assert.deepEqual([left, errors.length], [['b'], 1])
})

test('what is put in while others leave takes its turn behind them', () => {
  const { outbox, hold, left } = start()
  outbox.hold(1, () => {
    left.push('a')
    hold(1, 'c')
  })
  hold(1, 'b')
  outbox.release(1)
  assert.deepEqual(left, ['a', 'b', 'c'])
})

test('dropping tells those who want to know, and nothing leaves afterwards', () => {
  const { outbox, hold, left, dropped } = start()
  hold(1, 'a')
  outbox.hold(1, () => left.push('no drop'))
  hold(2, 'b')
  outbox.release(0)
  outbox.dropAll()
  outbox.release(2)
  assert.deepEqual([left, dropped, outbox.depth], [[], ['a', 'b'], 0])
})

test('when the store stalls, answers are refused once and forgotten, news stay, and what comes then does not wait', () => {
  const { outbox, hold, ask, left, refused } = start(3)
  hold(4, 'news')
  ask(4, 'answer')
  hold(5, 'more news')
  ask(5, 'another answer')
  outbox.setStalled(true)
  assert.deepEqual([left, refused, outbox.depth], [[], ['answer', 'another answer'], 2])
  ask(5, 'late')
  hold(6, 'last news')
  assert.deepEqual([refused.at(-1), outbox.depth], ['late', 3])
  outbox.release(6)
  outbox.setStalled(false)
  assert.deepEqual(left, ['news', 'more news', 'last news'])
  assert.equal(refused.length, 3)
  ask(7, 'waits again')
  outbox.release(7)
  assert.equal(left.at(-1), 'waits again')
})

test('answers that had left before, and a queue that was cut, are not refused', () => {
  const { outbox, ask, left, refused } = start()
  for (let position = 1; position <= 2_000; position += 1) ask(position, String(position))
  outbox.release(1_500)
  outbox.setStalled(true)
  assert.deepEqual([left.length, refused.length, refused[0], outbox.depth], [1_500, 500, '1501', 0])
})
