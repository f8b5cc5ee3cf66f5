/** `npm run conformance` as a command: what it takes, what it says, and how it ends. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { RULES } from '../../../tools/conformance/judge/rule-list.ts'
import { readOptions } from '../../../tools/conformance/options.ts'
import { HelpAsked, UsageError } from '../../../tools/shared/command-line.ts'
import { DOCUMENT } from '../../protocol/document.ts'
import { program } from '../../support/program.ts'
import { goodDay, ordered } from './day.ts'

const CONFORMANCE = program(new URL('../../../tools/conformance/main.ts', import.meta.url))

function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise(resolve => {
    const child = execFile(process.execPath, [...CONFORMANCE, ...args], (_, out, err) => {
      resolve({ code: child.exitCode, out, err })
    })
  })
}

test('options are taken as they are given, and what cannot be run is refused by its name', () => {
  assert.deepEqual(readOptions(['check-log', 'a.log', '--json']), { command: 'check-log', file: 'a.log', json: true })
  assert.deepEqual(readOptions(['serve', '--port', '9100', '--patience=30', '--run', 'app', '--log', 'a.log']), {
    ...{ command: 'serve', json: false, port: 9_100, patienceS: 30, run: 'app', logFile: 'a.log', databaseUrl: null },
  })
  const helpOf = (...args: string[]): string => {
    try {
      readOptions(args)
    } catch (error) {
      if (error instanceof HelpAsked) return error.message
    }
    return assert.fail('there is no help')
  }
  const wrong: readonly (readonly [args: string[], says: RegExp])[] = [
    [['serv'], /unknown command 'serv'\n\(Did you mean serve\?\)/],
    [['check-log'], /missing required argument 'file'/],
    [['check-log', 'a', '--port', '1'], /unknown option '--port'/],
    [['serve', 'a.log'], /too many arguments/],
    [['serve', '--port', '70000'], /--port.* whole number from 0 to 65535/],
    [['serve', '--speed', '2'], /unknown option '--speed'/],
  ]
  for (const [args, says] of wrong) {
    assert.throws(
      () => readOptions(args),
      (error: Error) => error instanceof UsageError && says.test(error.message),
    )
  }
  for (const args of [[], ['--help']]) assert.match(helpOf(...args), /check-log[\s\S]*serve/)
  assert.match(helpOf('check-log', '--help'), /"dir": "open"/)
  assert.match(helpOf('serve', '--help'), /--run[\s\S]*--patience/)
})

test('check-log ends with 0, 1 or 2, and names rule and line', async t => {
  const dir = await mkdtemp(path.join(tmpdir(), 'goldenhour-log-'))
  t.after(() => rm(dir, { recursive: true }))
  const file = async (name: string, text: string) => {
    await writeFile(path.join(dir, name), text)
    return path.join(dir, name)
  }
  const good = await run('check-log', await file('good.log', goodDay().text()))
  assert.deepEqual([good.code, good.err], [0, ''])
  assert.match(good.out, /0 violations by the client, 0 by the server/)
  const broken = ordered().sent('1', 'sign-on', 'c-1', 0)
  const bad = await run('check-log', await file('bad.log', broken.text()))
  assert.equal(bad.code, 1)
  assert.match(bad.out, new RegExp(`bad\\.log:${broken.lines.length}: \\[CM-5\\] `))
  const none = await run('check-log', path.join(dir, 'no.log'))
  assert.deepEqual([none.code, none.out], [2, ''])
  assert.match(none.err, /no\.log cannot be read/)
})

test('every rule that the judge looks at is one of PROTOCOL.md', () => {
  assert.deepEqual(
    Object.keys(RULES).filter(rule => !DOCUMENT.includes(`- [${rule}]`)),
    [],
  )
})
