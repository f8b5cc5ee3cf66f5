/**
 * Runs the tests over one Postgres of their own, and leaves nothing behind.
 *
 * `node --import tsx test/run.ts [--long] [file …]`: all tests, or those files. With --long the tests that repeat a rule
 * over random runs or rounds do so many more times (`support/long.ts`), and files that end in .long.test.ts run too.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startTestServer, stopServerIn, temporaryBaseDir } from './support/postgres.ts'

/** Tests that start programs of their own take longest: they go first, so that none of them runs alone at the end. */
const SLOW_FIRST = ['store', 'e2e', 'cli', 'client']

const testDir = path.dirname(fileURLToPath(import.meta.url))
const { values, positionals } = parseArgs({ allowPositionals: true, options: { long: { type: 'boolean' } } })

const missing = positionals.filter(file => !existsSync(file))
if (missing.length > 0) {
  console.error(`There is no ${missing.join(', ')}.`)
  process.exit(2)
}
if (values.long === true) process.env.GOLDENHOUR_TEST_LONG = '1'
const files = positionals.length > 0 ? positionals : await testFiles(values.long === true)
process.exitCode = await runTests(files)

async function testFiles(withLong: boolean): Promise<string[]> {
  const all = await readdir(testDir, { recursive: true })
  return all
    .filter(file => file.endsWith('.test.ts') && (withLong || !file.endsWith('.long.test.ts')))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map(file => path.join(testDir, file))
}

function rank(file: string): number {
  const index = SLOW_FIRST.indexOf(file.split(path.sep)[0]!)
  return index < 0 ? SLOW_FIRST.length : index
}

async function runTests(paths: readonly string[]): Promise<number> {
  let interrupted = false
  let stopChild = (): void => undefined
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      interrupted = true
      stopChild()
    })
  }
  const dir = await temporaryBaseDir()
  // All directories of all tests lie in this one, so that those of a test that was killed are found below.
  process.env.GOLDENHOUR_TEST_DIR = dir
  try {
    process.env.GOLDENHOUR_TEST_POSTGRES ??= (await startTestServer()).url
    if (interrupted) return 1
    const flags = ['--import', 'tsx', '--test', '--test-concurrency=3', '--test-reporter=spec']
    // A group of its own: the runner does not take the processes of its test files with it when it is killed.
    const child = spawn(process.execPath, [...flags, ...paths], { stdio: 'inherit', detached: true })
    stopChild = () => process.kill(-child.pid!, 'SIGKILL')
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', exitCode => resolve(exitCode ?? 1))
    })
    stopChild = () => undefined
    return code
  } finally {
    for (const name of await readdir(dir)) await stopServerIn(path.join(dir, name))
    await rm(dir, { recursive: true, force: true })
  }
}
