/** Engines are known by files that are believed only while their very process lives. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { noteRunning, otherEngines } from '../../src/process/run-file.ts'
import { until } from '../support/engine.ts'
import { moduleOf, programText } from '../support/program.ts'

const MODULE = moduleOf(new URL('../../src/process/run-file.ts', import.meta.url))

function dataDir(t: TestContext): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'goldenhour-run-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

test('another engine is named while it lives, and not when it was killed; its file is cleaned up', async t => {
  const dir = dataDir(t)
  const code = `import { noteRunning } from ${JSON.stringify(MODULE.href)}
    noteRunning(${JSON.stringify(dir)}, { port: 9001, address: 'https://localhost:9001/' })
    setInterval(() => {}, 1_000)`
  const other = spawn(process.execPath, programText(code), { stdio: 'ignore' })
  t.after(() => void other.kill('SIGKILL'))
  const [found] = await until('it is known', () => (otherEngines(dir).length > 0 ? otherEngines(dir) : null), 60_000)
  assert.deepEqual(found, { pid: other.pid, port: 9001, address: 'https://localhost:9001/' })
  const exited = new Promise(resolve => other.once('exit', resolve))
  other.kill('SIGKILL')
  await exited
  assert.deepEqual(otherEngines(dir), [])
  assert.deepEqual(readdirSync(path.join(dir, 'engines')), [])
})

test('a number that another process has by now, and files that are none of ours, name nobody', t => {
  const dir = dataDir(t)
  mkdirSync(path.join(dir, 'engines'))
  const parent = { pid: process.ppid, port: 9001, startedAt: 'an earlier boot/17' }
  for (const [index, text] of [JSON.stringify(parent), '{"pid":"1"}', '{', 'null', ''].entries()) {
    writeFileSync(path.join(dir, 'engines', `${index}.json`), text)
  }
  assert.deepEqual(otherEngines(dir), [])
  assert.deepEqual(otherEngines(path.join(dir, 'nowhere')), [])
})

test('an engine does not name itself, and takes its file away', t => {
  const dir = dataDir(t)
  const forget = noteRunning(dir, { port: 9001, address: 'http://localhost:9001/' })
  assert.deepEqual(otherEngines(dir), [])
  assert.equal(readdirSync(path.join(dir, 'engines')).length, 1)
  forget()
  assert.deepEqual(readdirSync(path.join(dir, 'engines')), [])
})
