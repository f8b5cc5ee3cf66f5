import assert from 'node:assert/strict'
import test from 'node:test'
import { runHere } from '../support/command-line.ts'

const MAIN = new URL('../../bench/main.ts', import.meta.url)
const bench = (...args: string[]) => runHere(args, {}, MAIN)

test('without a name the benches are listed, and each tells its options', async () => {
  const { code, stdout } = await bench()
  assert.equal(code, 0)
  const names = [...stdout.matchAll(/^ {2}(\S+) \[options\]/gm)].map(([, name]) => name!)
  assert.ok(names.includes('ingest') && names.includes('finder'))
  for (const help of await Promise.all(names.map(name => bench(name, '--help')))) {
    assert.equal(help.code, 0)
    assert.match(help.stdout, /--json <file>/)
  }
})

test('a name or an option that does not exist is answered with what does, and exit code 2', async () => {
  const [name, option, json] = await Promise.all([
    bench('ingst'),
    bench('ingest', '--drivers', '0'),
    bench('ingest', '--json'),
  ])
  assert.deepEqual([name.code, option.code, json.code], [2, 2, 2])
  assert.match(name.stderr, /unknown command 'ingst'\n\(Did you mean ingest\?\)/)
  assert.match(option.stderr, /--drivers .*whole number from 1 to 1000000/)
  assert.match(json.stderr, /--json <file>' argument missing/)
})
