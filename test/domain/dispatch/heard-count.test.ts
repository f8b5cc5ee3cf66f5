/** The count by seconds says what a look at every unit would. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HeardCount } from '../../../src/domain/dispatch/heard-count.ts'

const UNITS = 12
const second = fc.nat(40)
const step = fc.oneof(
  fc.record({ type: fc.constant('heard' as const), unit: fc.nat(UNITS - 1), at: fc.option(second) }),
  fc.record({ type: fc.constant('leaves' as const), unit: fc.nat(UNITS - 1) }),
  fc.record({ type: fc.constant('forget' as const), before: second }),
  fc.record({ type: fc.constant('watch' as const), from: second, span: fc.integer({ min: 1, max: 10 }) }),
  fc.record({ type: fc.constant('unwatch' as const) }),
  fc.record({ type: fc.constant('step' as const), by: fc.integer({ min: -20, max: 20 }) }),
)

test('whatever comes and goes, the count is that of a look at every unit, but for what is forgotten', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), second, fc.integer({ min: 1, max: 12 }), (steps, at, width) => {
      const count = new HeardCount()
      /** Seconds as they are by now; null: it is here. */
      const units = new Map<number, number | null>()
      let forgotten = Number.NEGATIVE_INFINITY
      let watched: { from: number; to: number } | null = null
      const ms = (each: number | null) => (each === null ? null : each * 1_000 + 7)
      for (const each of steps) {
        if (each.type === 'heard') {
          if (units.has(each.unit)) count.remove(ms(units.get(each.unit)!))
          units.set(each.unit, each.at)
          count.add(ms(each.at))
        } else if (each.type === 'leaves') {
          if (units.has(each.unit)) count.remove(ms(units.get(each.unit)!))
          units.delete(each.unit)
        } else if (each.type === 'forget') {
          count.forget(each.before * 1_000)
          forgotten = Math.max(forgotten, Math.min(each.before, watched?.from ?? each.before))
        } else if (each.type === 'watch') {
          // As it is used: nobody is watched whose second is forgotten.
          const from = Math.max(each.from, forgotten)
          watched = { from, to: from + each.span }
          count.watch({ fromMs: from * 1_000, toMs: watched.to * 1_000 })
        } else if (each.type === 'unwatch') {
          watched = null
          count.watch(null)
        } else {
          count.stepped(each.by * 1_000)
          for (const [unit, last] of units) if (last !== null) units.set(unit, last + each.by)
          forgotten += each.by
          if (watched !== null) watched = { from: watched.from + each.by, to: watched.to + each.by }
        }
      }
      const last = [...units.values()]
      const within = (from: number, to: number) =>
        last.filter(s => s !== null && s >= from && s < to && s >= forgotten).length
      if (watched === null) assert.equal(count.watched, null)
      else {
        const { from, to } = watched
        assert.deepEqual(count.watched, { fromMs: from * 1_000, toMs: to * 1_000, units: within(from, to) })
      }
      assert.equal(count.lastIn(at * 1_000, (at + width) * 1_000), within(at, at + width))
      assert.equal(count.heardSince(at * 1_000), last.filter(s => s === null || (s >= at && s >= forgotten)).length)
      const until = at + 5
      const spans = Array.from({ length: width }, (_, i) => at - width + 1 + i)
      const sizes = spans.map(from => within(from, Math.min(from + width, until + 1)))
      const best = sizes.lastIndexOf(Math.max(...sizes))
      assert.deepEqual(count.most(at * 1_000, width * 1_000, until * 1_000), {
        fromMs: spans[best]! * 1_000,
        toMs: (spans[best]! + width) * 1_000,
        units: sizes[best],
      })
    }),
    { numRuns: 500 },
  )
})
