import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'

const MAIN = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../bench/main.ts')

function bench(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise(resolve => {
    execFile(process.execPath, ['--import', 'tsx', MAIN, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

test('without a name the benches are listed, and each tells its options', async () => {
  const { code, stdout } = await bench()
  assert.equal(code, 0)
  const names = [...stdout.matchAll(/^ {2}(\S+)/gm)].map(([, name]) => name!)
  assert.ok(names.includes('ingest') && names.includes('finder'))
  for (const help of await Promise.all(names.map(name => bench(name, '--help')))) {
    assert.equal(help.code, 0)
    assert.match(help.stdout, /--json FILE/)
  }
})

test('a name or an option that does not exist is answered with what does, and exit code 2', async () => {
  const [name, option, json] = await Promise.all([
    bench('nope'),
    bench('ingest', '--drivers', '0'),
    bench('ingest', '--json'),
  ])
  assert.deepEqual([name.code, option.code, json.code], [2, 2, 2])
  assert.match(name.stderr, /"nope"[\s\S]*ingest/)
  assert.match(option.stderr, /--drivers must be a whole number from 1 to 15000/)
  assert.match(json.stderr, /--json needs the name of a file/)
})
