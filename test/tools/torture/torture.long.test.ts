/** The tool itself, over some rounds with real processes: it comes to an end, says what it counted, and found nothing. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { temporaryBaseDir } from '../../support/postgres.ts'
import { program } from '../../support/program.ts'

const TORTURE = program(new URL('../../../tools/torture/main.ts', import.meta.url))
const ROUNDS = 5
/** Those that need no root, one of each kind. */
const FAULTS = 'kill-engine,kill-both,cut-during-commit,standby-takeover,clock-ahead'

test('five rounds of faults lose nothing, double nothing and leave nobody behind', async t => {
  const base = await temporaryBaseDir()
  t.after(() => rm(base, { recursive: true, force: true }))
  const file = path.join(base, 'torture.json')
  const args = ['--rounds', String(ROUNDS), '--faults', FAULTS, '--json', file]
  const { code, said } = await new Promise<{ code: number | null; said: string }>(resolve => {
    const child = spawn(process.execPath, [...TORTURE, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (text += chunk))
    child.once('exit', exitCode => resolve({ code: exitCode, said: text }))
  })
  assert.equal(code, 0, said)
  const { figures } = JSON.parse(await readFile(file, 'utf8')) as { figures: Record<string, number> }
  const { acknowledgedLost, durableFixesLost, doubled, zombieWrites, unplaced, violations } = figures
  assert.deepEqual(
    [acknowledgedLost, durableFixesLost, doubled, zombieWrites, unplaced, violations],
    [0, 0, 0, 0, 0, 0],
  )
  assert.equal(figures.rounds, ROUNDS)
  assert.ok(figures.acknowledged! > 0 && figures.durableFixes! > 0)
})

/** Processes whose command line, or working environment, names the directory. */
function processesOf(dir: string): string[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(pid => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8')
      } catch {
        return ''
      }
    })
    .filter(text => text.includes(dir))
}

test('SIGTERM in the middle of a round ends every process, and the directory', { timeout: 240_000 }, async t => {
  const base = await temporaryBaseDir()
  t.after(() => rm(base, { recursive: true, force: true }))
  const tmp = path.join(base, 'tmp')
  await mkdir(tmp)
  // tsx keeps a cache there, too.
  const runs = async () => (await readdir(tmp)).filter(name => name.startsWith('goldenhour-'))
  const args = [...TORTURE, '--rounds', '3', '--faults', 'kill-engine']
  const child = spawn(process.execPath, args, { env: { ...process.env, TMPDIR: tmp }, stdio: 'ignore' })
  const exited = new Promise<number | null>(resolve => child.once('exit', resolve))
  for (;;) {
    const [dir] = await runs()
    const engines = dir === undefined ? [] : await readdir(path.join(tmp, dir, 'engines')).catch(() => [])
    if (engines.length > 0) break
    await sleep(100)
  }
  await sleep(1_000)
  assert.ok(processesOf(tmp).length > 1)
  child.kill('SIGTERM')
  assert.equal(await exited, 143)
  assert.deepEqual(processesOf(tmp), [])
  assert.deepEqual(await runs(), [])
})
