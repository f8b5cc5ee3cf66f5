/** Who holds a data directory, by what the system says of the process that postmaster.pid names. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { lookAtHolder, moveStaleAway, pidFileOf } from '../../../src/store/embedded/postmaster.ts'
import { viewProcess } from '../../../src/store/embedded/processes.ts'
import { UseMark } from '../../../src/store/embedded/users.ts'
import { until } from '../../support/engine.ts'
import { baseDirWithCluster } from '../../support/postgres.ts'
import { baseDirFor, start } from './place.ts'

const onlyLinux = process.platform === 'linux' ? false : 'there is no /proc to ask here'

async function directory(t: TestContext): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'goldenhour-holder-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  return dir
}

const named = (dir: string, pid: number) => writeFile(pidFileOf(dir), `${pid}\n${dir}\n1700000000\n23456\n`)

function spawned(t: TestContext, program: string, args: readonly string[], argv0?: string): ChildProcess {
  const child = spawn(program, args, { cwd: '/', stdio: 'ignore', ...(argv0 !== undefined && { argv0 }) })
  t.after(() => child.kill('SIGKILL'))
  return child
}

test('no file, and a file of a dead process, hold nothing', async t => {
  const dir = await directory(t)
  assert.equal((await lookAtHolder(dir)).kind, 'none')
  const dead = spawned(t, 'true', [])
  await once(dead, 'exit')
  await named(dir, dead.pid!)
  assert.equal((await lookAtHolder(dir)).kind, 'none')
})

test('this very process, another program and a zombie are no server', { skip: onlyLinux }, async t => {
  const dir = await directory(t)
  const stranger = spawned(t, 'sleep', ['600'])
  await once(stranger, 'spawn')
  // `sleep` takes the place of the shell and never looks after the child that the shell had, which ends later than that.
  const parent = spawn('sh', ['-c', 'sleep 0.5 & echo $!; exec sleep 600'], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.after(() => parent.kill('SIGKILL'))
  const [line] = await once(parent.stdout, 'data')
  const zombie = Number(String(line))
  await until('the child has ended', async () => (await viewProcess(zombie))?.isZombie)
  for (const pid of [process.pid, stranger.pid!, zombie]) {
    await named(dir, pid)
    const holder = await lookAtHolder(dir)
    assert.deepEqual([holder.kind, holder.pid, holder.port], ['stale', pid, 23456])
  }
})

test('a server of this directory holds it, also while it does not run; one of another directory does not', async t => {
  const baseDir = await baseDirFor(t, baseDirWithCluster)
  await start(baseDir)
  const dataDir = path.join(baseDir, 'data')
  const holder = await lookAtHolder(dataDir)
  assert.equal(holder.kind, 'server')
  process.kill(holder.pid, 'SIGSTOP')
  assert.equal((await lookAtHolder(dataDir)).kind, 'server')
  process.kill(holder.pid, 'SIGCONT')
  const other = await directory(t)
  await writeFile(pidFileOf(other), holder.notes)
  assert.equal((await lookAtHolder(other)).kind, onlyLinux ? 'unknown' : 'stale')
})

test('an empty file is waited for while it is young, and moved away when it is old', async t => {
  const dir = await directory(t)
  await writeFile(pidFileOf(dir), '')
  assert.equal((await lookAtHolder(dir)).kind, 'unknown')
  await utimes(pidFileOf(dir), new Date(), new Date(Date.now() - 60_000))
  const old = await lookAtHolder(dir)
  assert.equal(old.kind, 'stale')
  await moveStaleAway(dir, old)
  assert.deepEqual(await readdir(dir), [])
})

test('the file of a server that another process started meanwhile is put back', async t => {
  const dir = await directory(t)
  await named(dir, process.pid)
  const seen = await lookAtHolder(dir)
  await named(dir, 4_000_000)
  await moveStaleAway(dir, seen)
  assert.match(await readFile(pidFileOf(dir), 'utf8'), /^4000000\n/)
  await rm(pidFileOf(dir))
  await moveStaleAway(dir, seen)
  assert.deepEqual(await readdir(dir), [], 'two may move it away at once')
})

test('a mark counts while its process lives, also one that is stopped, and never by its number alone', async t => {
  const baseDir = await directory(t)
  const users = path.join(baseDir, 'users')
  const mine = await UseMark.make(baseDir)
  assert.equal(await mine.hasOthers(), false)
  const [name] = await readdir(users)
  const [, startedAt, boot] = name!.split('_')
  const child = spawned(t, 'sleep', ['600'])
  await once(child, 'spawn')
  const view = await viewProcess(child.pid!)
  const markOf = (pid: number, started: string, booted = boot) =>
    path.join(users, `${pid}_${started}_${booted}_0123456789abcdef`)

  await writeFile(markOf(child.pid!, view?.startedAt ?? ''), '')
  child.kill('SIGSTOP')
  assert.equal(await mine.hasOthers(), true)
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.equal(await mine.hasOthers(), false)
  if (!onlyLinux) {
    await writeFile(markOf(process.ppid, '1'), '')
    await writeFile(markOf(process.pid, startedAt!, '0'.repeat(32)), '')
    assert.equal(await mine.hasOthers(), false, 'a number that was given out again, and one of another boot')
  }
  assert.deepEqual(await readdir(users), [name], 'marks of the dead are removed')
  await mkdir(path.join(users, 'something-else'))
  assert.equal(await mine.hasOthers(), false)
})

test('a joiner waits for a leaver, and a leaver that sees a joiner ends nothing', async t => {
  const baseDir = await directory(t)
  const first = await UseMark.make(baseDir)
  const steps: string[] = []
  let joining: Promise<UseMark> | null = null
  await first.leave(async hasOthers => {
    steps.push(`ends it: ${!hasOthers}`)
    joining = UseMark.make(baseDir).finally(() => steps.push('joined'))
    await new Promise(resolve => setTimeout(resolve, 200))
    steps.push('ended')
  })
  const second = await joining!
  assert.deepEqual(steps, ['ends it: true', 'ended', 'joined'])
  const third = await UseMark.make(baseDir)
  await second.leave(async hasOthers => void steps.push(`second ends it: ${!hasOthers}`))
  await third.leave(async hasOthers => void steps.push(`third ends it: ${!hasOthers}`))
  assert.deepEqual(steps.slice(3), ['second ends it: false', 'third ends it: true'])
  assert.deepEqual(await readdir(path.join(baseDir, 'users')), [])
})
