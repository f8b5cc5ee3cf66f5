/** Caps on connections fit into the files that the process may open. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fittedToFiles, openFilesMax, TooFewFiles } from '../../../src/gateway/limits/open-files.ts'
import { DEFAULT_LIMITS } from '../../../src/protocol/limits.ts'

const capsOf = ({ connections, httpConnections, httpConnectionsPerAddress }: typeof DEFAULT_LIMITS) => ({
  connections,
  httpConnections,
  httpConnectionsPerAddress,
})

test('caps that fit stay, and so they do where the system has no limit', () => {
  assert.equal(fittedToFiles(DEFAULT_LIMITS, 100, 54_196), DEFAULT_LIMITS)
  assert.equal(fittedToFiles(DEFAULT_LIMITS, 100, null), DEFAULT_LIMITS)
})

test('caps that do not fit are lowered, so that files are left for the database and no address has all places', () => {
  assert.deepEqual(capsOf(fittedToFiles(DEFAULT_LIMITS, 100, 54_195)), {
    connections: 49_999,
    httpConnections: 4_096,
    httpConnectionsPerAddress: 2_048,
  })
  assert.deepEqual(capsOf(fittedToFiles(DEFAULT_LIMITS, 100, 400)), {
    connections: 225,
    httpConnections: 75,
    httpConnectionsPerAddress: 37,
  })
})

test('with too few files for anybody there is no start, and the message says what to raise', () => {
  assert.throws(() => fittedToFiles(DEFAULT_LIMITS, 100, 163), {
    name: 'TooFewFiles',
    message: /may open 163 files.*filesKept.*ulimit -n/s,
  })
  assert.throws(() => fittedToFiles(DEFAULT_LIMITS, 100, 50), TooFewFiles)
})

test('whatever is allowed and kept, connections take no more than what is left', () => {
  const cap = fc.integer({ min: 16, max: 100_000 })
  fc.assert(
    fc.property(cap, cap, cap, fc.integer({ min: 164, max: 300_000 }), (connections, http, perAddress, filesMax) => {
      const limits = { connections, httpConnections: http, httpConnectionsPerAddress: perAddress }
      const fitted = fittedToFiles(limits, 100, filesMax)
      assert.ok(fitted.connections + fitted.httpConnections <= filesMax - 100)
      assert.ok(fitted.connections <= connections && fitted.httpConnections <= http)
      assert.ok(fitted.connections > 0 && fitted.httpConnections > 0 && fitted.httpConnectionsPerAddress > 0)
    }),
  )
})

test('what this process may open is known', () => {
  const filesMax = openFilesMax()
  assert.ok(filesMax === null || filesMax > 0)
})
