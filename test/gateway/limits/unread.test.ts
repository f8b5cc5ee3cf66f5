/** What all clients together have not read. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { type Reader, UnreadLedger } from '../../../src/gateway/limits/unread.ts'

function readers(ledger: UnreadLedger, ...names: string[]) {
  const cut: string[] = []
  const byName = new Map<string, Reader>()
  for (const name of names) {
    const reader: Reader = {
      cutAsUnread() {
        cut.push(name)
        ledger.settle(reader, 0, false)
      },
    }
    byName.set(name, reader)
  }
  return { cut, of: (name: string) => byName.get(name)! }
}

test('the one is cut first that has been behind for the longest time, and as many as it takes', () => {
  const ledger = new UnreadLedger(100)
  const { cut, of } = readers(ledger, 'a', 'b', 'c', 'd')
  for (const name of ['b', 'a', 'c']) ledger.settle(of(name), 30, true)
  assert.deepEqual([cut, ledger.bytes], [[], 90])
  // Whoever has read everything begins anew.
  ledger.settle(of('b'), 0, false)
  ledger.settle(of('b'), 35, true)
  assert.deepEqual(cut, [])
  ledger.settle(of('d'), 70, true)
  assert.deepEqual([cut, ledger.bytes], [['a', 'c', 'b'], 70])
})

test('a frame that many wait for counts once, until the last of them has it', () => {
  const ledger = new UnreadLedger(100)
  const { cut, of } = readers(ledger, 'a', 'b')
  const frame = {}
  for (const name of ['a', 'b']) {
    ledger.hold(frame, 80)
    ledger.settle(of(name), 5, true)
  }
  assert.deepEqual([ledger.bytes, cut], [90, []])
  ledger.release(frame, 80)
  assert.equal(ledger.bytes, 90)
  ledger.release(frame, 80)
  assert.equal(ledger.bytes, 10)
})

test('a cut that gives nothing back does not go on for ever', () => {
  const ledger = new UnreadLedger(100)
  const stuck: Reader = { cutAsUnread() {} }
  ledger.hold({}, 200)
  ledger.settle(stuck, 10, true)
  assert.equal(ledger.bytes, 200)
})
