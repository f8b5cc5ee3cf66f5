/** The rules once more, spoken in JSON: what holds in one subprotocol holds in the other. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { drawn } from '../../support/long.ts'

// Before the first of them is loaded: the stage reads it then.
process.env.GOLDENHOUR_TEST_FORMAT = 'json'

const HERE = new URL('./', import.meta.url)
/** Every test of these goes through both formats by itself, or is about HTTP. */
const LEFT_OUT = ['desk-commands', 'feeds', 'administration', 'sign-in', 'track', 'trackers'].map(
  name => `${name}.test.ts`,
)

/** The files whose rules are shown over sockets of the stage. */
const files = readdirSync(HERE)
  .filter(name => name.endsWith('.test.ts') && !name.endsWith('.long.test.ts') && !LEFT_OUT.includes(name))
  .filter(name =>
    /^import .* from '\.\/stage\.ts'$/m.test(
      readFileSync(new URL(name, HERE), 'utf8').replaceAll(/\n {2}|,\n\}/g, ' '),
    ),
  )

// Each has an engine of its own, and the database server only so many connections.
describe('every rule that is shown over a socket holds in JSON as well', { concurrency: 3 }, () => {
  test('these are the files, and their clients speak JSON', async () => {
    assert.ok(files.includes('fixes.test.ts') && files.includes('offers.test.ts'), files.join(' '))
    assert.deepEqual((await import('./stage.ts')).FORMATS, ['json'])
  })
  for (const file of drawn(files, 4)) describe(file, { concurrency: 1 }, async () => void (await import(`./${file}`)))
})
