/** The rules once more, spoken in JSON: what holds in one subprotocol holds in the other. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const HERE = new URL('./', import.meta.url)
/** Every test of these goes through both formats by itself, or is about HTTP. */
const LEFT_OUT = ['desk-commands', 'feeds', 'administration', 'sign-in', 'track'].map(name => `${name}.test.ts`)

/** The files whose rules are shown over sockets of the stage. */
const files = readdirSync(HERE)
  .filter(name => name.endsWith('.test.ts') && !name.endsWith('.long.test.ts') && !LEFT_OUT.includes(name))
  .filter(name =>
    /^import .* from '\.\/stage\.ts'$/m.test(
      readFileSync(new URL(name, HERE), 'utf8').replaceAll(/\n {2}|,\n\}/g, ' '),
    ),
  )

test('every rule that is shown over a socket holds in JSON as well', { timeout: 240_000 }, async () => {
  assert.ok(files.includes('fixes.test.ts') && files.includes('offers.test.ts'), files.join(' '))
  // One after the other: each has an engine of its own, and the database server only so many connections.
  const flags = ['--import', 'tsx', '--test', '--test-concurrency=1', '--test-reporter=tap']
  const paths = files.map(name => fileURLToPath(new URL(name, HERE)))
  // Left in, the runner's own variable would make the child report to it instead of to us.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const child = spawn(process.execPath, [...flags, ...paths], {
    env: { ...env, GOLDENHOUR_TEST_FORMAT: 'json' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', chunk => {
    said += chunk
  })
  const code = await new Promise(resolve => child.once('close', resolve))
  assert.equal(code, 0, said)
  const [, passed] = /^# pass (\d+)$/m.exec(said) ?? []
  assert.ok(Number(passed) > 50, `only ${passed} tests ran`)
})
