import assert from 'node:assert/strict'
import { hostname, userInfo } from 'node:os'
import test from 'node:test'
import { printed, resultOf } from '../../bench/result.ts'

const OUTCOME = { valid: true, settings: { seed: 1 }, figures: { lost: 123_456_789, lagMs: 1.234567 }, complaints: [] }

test('a result has the form that all benches share, counts exact and measures to four digits', () => {
  const result = resultOf('trial', OUTCOME)
  assert.deepEqual(Object.keys(result), ['bench', 'valid', 'machine', 'settings', 'figures'])
  assert.deepEqual(result.figures, { lost: 123_456_789, lagMs: 1.235 })
  assert.deepEqual(JSON.parse(JSON.stringify(result)), result)
})

test('the machine is described and not named', () => {
  const { machine } = resultOf('trial', OUTCOME)
  assert.ok(machine.cores > 0 && machine.memoryBytes > 0 && machine.node === process.version)
  const words = JSON.stringify(machine).split(/[^A-Za-z0-9._-]+/)
  assert.deepEqual(
    [hostname(), userInfo().username].filter(name => words.includes(name)),
    [],
  )
})

test('a figure that is no number is an error: JSON would turn it into null unseen', () => {
  assert.throws(() => resultOf('trial', { ...OUTCOME, figures: { lagMs: Number.NaN } }), /lagMs/)
})

test('what is printed says when a result is not valid', () => {
  assert.match(printed(resultOf('trial', OUTCOME)), /^trial: valid\n/)
  assert.match(printed(resultOf('trial', { ...OUTCOME, valid: false })), /^trial: NOT VALID\n/)
})
