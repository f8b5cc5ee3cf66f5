/** A growing map is a map: the same values under the same keys in the same order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GrowingMap } from '../../src/base/growing-map.ts'

test('it holds what a Map holds, in the order in which keys came first', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string({ maxLength: 3 }), fc.nat())), entries => {
      const [map, growing] = [new Map<string, number>(), new GrowingMap<number>()]
      for (const [key, value] of entries) {
        map.set(key, value)
        growing.set(key, value)
      }
      assert.deepEqual([...growing.values()], [...map.values()])
      assert.equal(growing.size, map.size)
      for (const key of [...map.keys(), 'is in none of them']) {
        assert.deepEqual([growing.has(key), growing.get(key)], [map.has(key), map.get(key)])
      }
    }),
  )
})

test('each of a hundred thousand is found in it', () => {
  const growing = new GrowingMap<number>()
  for (let i = 0; i < 100_000; i++) growing.set(`U${i}`, i)
  assert.equal(growing.size, 100_000)
  for (let i = 0; i < 100_000; i += 997) assert.equal(growing.get(`U${i}`), i)
})
