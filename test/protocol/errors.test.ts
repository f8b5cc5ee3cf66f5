/** PROTOCOL.md's tables of error codes and close codes are those of the code, row by row. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLOSE_CODES, ERRORS } from '../../src/protocol/errors.ts'
import { DOCUMENT, quoted, tableAfter } from './document.ts'

test('[ER-1] the document lists every error code with its HTTP status, whether to retry, and its meaning', () => {
  const expected = Object.entries(ERRORS).map(([code, { status, retryable, meaning }]) => [
    `\`${code}\``,
    String(status),
    retryable ? 'yes' : 'no',
    meaning,
  ])
  assert.deepEqual(tableAfter('  the code; the sentence may change.'), expected)
})

test('[ER-5] the document lists every close code under its name', () => {
  const listed = tableAfter('- [ER-5] Close codes:').map(([code, name]) => [quoted(name!)[0], Number(code)])
  assert.deepEqual(listed, Object.entries(CLOSE_CODES))
})

test('only codes that ask to wait are retryable: 5xx, 408 and 429', () => {
  for (const [code, { status, retryable }] of Object.entries(ERRORS)) {
    assert.equal(retryable, status >= 500 || status === 408 || status === 429, code)
  }
})

test('each code is explained by a rule besides its row, or names a state that its row tells whole', () => {
  const explainedByRow = new Set(['token-invalid', 'token-expired', 'internal', 'unknown-region'])
  for (const code of Object.keys(ERRORS)) {
    const uses = DOCUMENT.split(`\`${code}\``).length - 1
    assert.ok(uses >= (explainedByRow.has(code) ? 1 : 2), `${code} has no rule`)
  }
})
