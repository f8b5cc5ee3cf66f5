/** First in, first out, as an array has it; and the order of tells, as a set that is filled anew has it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type InToldOrder, ToldOrder } from '../../src/actors/region/feeds/told-order.ts'
import { Fifo } from '../../src/base/fifo.ts'

test('what came first leaves first, also once many have left', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -900, max: 1_500 }), { maxLength: 12 }), changes => {
      const fifo = new Fifo<number>()
      let model: number[] = []
      let next = 0
      for (const change of changes) {
        for (let i = 0; i < change; i++) {
          fifo.push(next)
          model.push(next++)
        }
        for (let i = 0; i > change && model.length > 0; i--) {
          assert.equal(fifo.first(), model[0])
          assert.equal(fifo.shift(), model[0])
          model = model.slice(1)
        }
        assert.equal(fifo.length, model.length)
      }
      fifo.clear()
      assert.deepEqual([fifo.length, fifo.first()], [0, undefined])
    }),
    { numRuns: 20 },
  )
})

test('whoever is told moves to the end, and whoever is removed is gone', () => {
  const change = fc.tuple(fc.constantFrom('told', 'removed', 'first removed'), fc.nat({ max: 7 }))
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), changes => {
      const items = Array.from({ length: 8 }, (_, id) => ({ id, toldBefore: null, toldAfter: null, isInOrder: false }))
      const order = new ToldOrder<InToldOrder & { id: number }>()
      const model = new Set<number>()
      for (const [what, id] of changes) {
        const at = what === 'first removed' ? order.first : items[id]!
        if (at === null) continue
        if (what === 'told') order.toEnd(at)
        else order.remove(at)
        model.delete(at.id)
        if (what === 'told') model.add(at.id)
        assert.equal(order.first?.id, [...model][0])
        assert.deepEqual(
          items.filter(item => item.isInOrder).map(item => item.id),
          [...model].sort(),
        )
      }
      const left: number[] = []
      for (let first = order.first; first !== null; first = order.first) {
        left.push(first.id)
        order.remove(first)
      }
      assert.deepEqual(left, [...model])
    }),
  )
})
