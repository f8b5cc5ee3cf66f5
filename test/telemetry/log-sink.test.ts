/** A log that is full, slow or gone holds nothing up; what had no room is counted, and told once it can be. */
import assert from 'node:assert/strict'
import { execFile, execFileSync, spawn } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { LogSink, WAITING_BYTES_MAX } from '../../src/telemetry/log-sink.ts'
import { until } from '../support/engine.ts'
import { moduleOf, programText } from '../support/program.ts'
import { HANGS_MS } from '../support/within.ts'

const LINE = `${'x'.repeat(99)}\n`
const MODULE = moduleOf(new URL('../../src/telemetry/log.ts', import.meta.url))

function temporaryDir(t: TestContext): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'goldenhour-log-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** A pipe of which both ends are ours, so that it is full when we want. */
function pipe(t: TestContext): { sink: LogSink; readAll(): string } {
  const file = path.join(temporaryDir(t), 'pipe')
  execFileSync('mkfifo', [file])
  const fd = openSync(file, constants.O_RDWR | constants.O_NONBLOCK)
  t.after(() => closeSync(fd))
  const bytes = Buffer.alloc(1 << 20)
  return {
    sink: new LogSink({ fd, mayTakeLong: false }),
    readAll() {
      let text = ''
      try {
        for (;;) text += bytes.toString('latin1', 0, readSync(fd, bytes))
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN')
      }
      return text
    },
  }
}

test('a full device: lines wait up to their bound, the rest is dropped and counted, and nothing throws', async () => {
  // Left open: a sink never ends, and would go on trying with whatever got the number next.
  const fd = openSync('/dev/full', 'w')
  for (const mayTakeLong of [false, true]) {
    const sink = new LogSink({ fd, mayTakeLong })
    const lines = 20_000
    for (let i = 0; i < lines; i += 1) sink.write(LINE)
    await sink.settled(5_000)
    assert.equal(sink.waitingBytes, Math.floor(WAITING_BYTES_MAX / LINE.length) * LINE.length)
    assert.equal(sink.dropped, lines - sink.waitingBytes / LINE.length)
    sink.flushAtExit()
  }
})

test('a pipe that nobody reads holds nothing up; when it is read, every kept line comes once, in order, and then the count', async t => {
  const { sink, readAll } = pipe(t)
  let written = 0
  while (sink.dropped < 7) sink.write(`${String(written++).padStart(99, ' ')}\n`)
  const kept = written - 7
  let text = ''
  await until('everything came', () => {
    text += readAll()
    return sink.waitingBytes === 0
  })
  text += readAll()
  const lines = text.trimEnd().split('\n')
  const last = JSON.parse(lines.pop()!) as Record<string, unknown>
  assert.deepEqual({ lines: last.lines, part: last.part, level: last.level }, { lines: 7, part: 'log', level: 40 })
  assert.deepEqual(
    lines.map(Number),
    Array.from({ length: kept }, (_, index) => index),
  )
  sink.write(LINE)
  assert.equal(readAll(), LINE, 'what was dropped is told once')
})

test('a line that is larger than all the room is dropped, and the next one is written', t => {
  const { sink, readAll } = pipe(t)
  sink.write(`${'y'.repeat(WAITING_BYTES_MAX)}\n`)
  sink.write(LINE)
  const [first, told] = readAll().trimEnd().split('\n')
  assert.equal(first, LINE.trimEnd())
  assert.equal(JSON.parse(told!).lines, 1)
  assert.equal(sink.dropped, 1)
})

test('a full file system: lines that waited are written when there is room again, whole and in order', async t => {
  const dir = mkdtempSync(path.join(tmpdir(), 'goldenhour-log-'))
  const mounted = await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir]).then(
    () => true,
    () => false,
  )
  if (!mounted) {
    rmSync(dir, { recursive: true })
    return t.skip('this user may not mount a tmpfs')
  }
  const file = path.join(dir, 'log')
  const fd = openSync(file, 'a')
  t.after(() => {
    closeSync(fd)
    execFileSync('umount', [dir])
    rmSync(dir, { recursive: true })
  })
  const sink = new LogSink({ fd, mayTakeLong: true })
  const line = (index: number) => `${String(index).padStart(99, ' ')}\n`
  for (let i = 0; i < 1_000; i += 1) sink.write(line(i))
  await sink.settled(5_000)
  assert.ok(sink.waitingBytes > 0, 'it is full')
  execFileSync('mount', ['-o', 'remount,size=1m', dir])
  await until('it has room', () => sink.waitingBytes === 0)
  assert.equal(readFileSync(file, 'utf8'), Array.from({ length: 1_000 }, (_, index) => line(index)).join(''))
})

const PROGRAM = `import { createLogger } from ${JSON.stringify(MODULE.href)}
  const log = createLogger({ level: 'info' })
  for (let i = 0; i < 2_000; i += 1) log.info({ i }, 'a line that stands just before the end')
  if (process.argv[1] === 'exit') process.exit(3)
  if (process.argv[1] === 'throw') throw new Error('a mistake')
  if (process.argv[1] === 'reject') await Promise.reject(new Error('a mistake'))`

test('what was logged right before an exit or a crash is not lost, in a file or in a pipe that is read', async t => {
  const dir = temporaryDir(t)
  const whole = Array.from({ length: 2_000 }, (_, index) => index)
  const numbers = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line).i as number)
  for (const [end, expected] of [
    ['exit', 3],
    ['throw', 1],
    ['reject', 1],
    ['return', 0],
  ] as const) {
    const args = [...programText(PROGRAM), end]
    const fd = openSync(path.join(dir, end), 'w')
    const toFile = spawn(process.execPath, args, { stdio: ['ignore', fd, 'ignore'] })
    const code = await new Promise(resolve => toFile.once('exit', resolve))
    closeSync(fd)
    assert.equal(code, expected)
    assert.deepEqual(numbers(readFileSync(path.join(dir, end), 'utf8')), whole, `${end}, a file`)

    // By a program that has nothing else to do: for a reader that stands still an ending process waits a moment only.
    const readInto = path.join(dir, `${end} read`)
    const out = openSync(readInto, 'w')
    const reader = spawn('cat', { stdio: ['pipe', out, 'ignore'] })
    const hasRead = new Promise(resolve => reader.once('close', resolve))
    const toPipe = spawn(process.execPath, args, { stdio: ['ignore', reader.stdin, 'ignore'] })
    reader.stdin!.destroy()
    closeSync(out)
    assert.equal(await new Promise(resolve => toPipe.once('close', resolve)), expected)
    await hasRead
    assert.deepEqual(numbers(readFileSync(readInto, 'utf8')), whole, `${end}, a pipe`)
  }
})

test('a process ends although nobody reads what it logged', async () => {
  const args = [...programText(PROGRAM), 'return']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  child.stdout.pause()
  const code = await Promise.race([
    new Promise(resolve => child.once('exit', resolve)),
    sleep(HANGS_MS, 'it hangs', { ref: false }),
  ])
  if (code === 'it hangs') child.kill('SIGKILL')
  assert.equal(code, 0)
})
