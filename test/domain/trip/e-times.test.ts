/** The moments of a response and their numbers in NEMSIS. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { E_TIMES } from '../../../src/domain/trip/e-times.ts'
import { RESPONSE_TIMES } from '../../../src/domain/vocabulary.ts'

test('the page on dispatch has each moment with its number', () => {
  const page = readFileSync(new URL('../../../docs/dispatch.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (\d\d) \| .+ \|$/gm)].map(([, time, number]) => [time, number])
  assert.deepEqual(
    rows,
    RESPONSE_TIMES.map(time => [time, E_TIMES[time]]),
  )
})
