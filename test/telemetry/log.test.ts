/** What the log keeps to itself, whoever passes it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { moduleOf, programText } from '../support/program.ts'

const MODULE = moduleOf(new URL('../../src/telemetry/log.ts', import.meta.url))

/** The lines that a program writes which logs these. */
async function logged(...lines: readonly object[]): Promise<string> {
  const code = `import { createLogger } from ${JSON.stringify(MODULE.href)}
    const log = createLogger({ level: 'info' })
    for (const line of ${JSON.stringify(lines)}) log.info(line, 'said')`
  const { stdout } = await promisify(execFile)(process.execPath, programText(code))
  return stdout
}

test('tokens and personal data do not reach the log, whoever passes an object that has them', async () => {
  const details = { callerName: 'the caller', phone: '+64 21 000 000' }
  const text = await logged(
    { token: 'secret-1' },
    { hello: { token: 'secret-2', region: 'akl' } },
    { authorization: 'Bearer secret-3' },
    { headers: { authorization: 'Bearer secret-4' } },
    { details },
    { call: { details } },
  )
  assert.equal(text.trim().split('\n').length, 6)
  assert.match(text, /"region":"akl"/)
  assert.doesNotMatch(text, /secret|the caller|\+64/)
})
