/** A log that cannot be written stops nothing, and a terminal that closes ends an engine in order. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { appendFileSync, closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '../../tools/shared/free-port.ts'
import { ADMIN_PASSWORD, Site, until } from '../support/engine.ts'
import { GOLDENHOUR } from '../support/program.ts'
import { NO_TERMINAL, TerminalWindow } from '../support/terminal.ts'

const AKL = { akl: { mode: 'offered', units: ['A1'] } } as const
/** Longer than a drain on a busy machine, shorter than for ever. */
const END_WITHIN_MS = 60_000

/** An engine whose standard output is this descriptor, which is closed here. */
async function launch(
  t: TestContext,
  site: Site,
  stdout: number,
): Promise<{ child: ChildProcess; exited: Promise<number | null> }> {
  const env = await environment(site)
  const child = spawn(process.execPath, [...GOLDENHOUR, 'serve'], { env, stdio: ['ignore', stdout, 'ignore'] })
  closeSync(stdout)
  t.after(() => void child.kill('SIGKILL'))
  return { child, exited: new Promise(resolve => child.once('exit', resolve)) }
}

async function environment(site: Site): Promise<Record<string, string>> {
  site.goTo(await freePort())
  return {
    PATH: process.env.PATH!,
    HOME: process.env.HOME!,
    DATABASE_URL: site.engineUrl,
    GOLDENHOUR_HOST: '127.0.0.1',
    GOLDENHOUR_AUTH_SCRYPT_LOG_N: '14',
    GOLDENHOUR_ADMIN_PASSWORD: ADMIN_PASSWORD,
    PORT: String(site.port),
  }
}

const isReady = (site: Site) =>
  site.http('/readyz').then(
    ({ status }) => status === 200,
    () => false,
  )

async function assertServes(site: Site): Promise<void> {
  await until('it is ready', () => isReady(site), END_WITHIN_MS)
  const crew = site.driver('A1')
  await crew.signOn()
  await crew.signOff()
  crew.close()
}

async function endsInOrder(exited: Promise<number | null>): Promise<void> {
  assert.equal(await Promise.race([exited, sleep(END_WITHIN_MS, 'it hangs', { ref: false })]), 0)
}

test('standard output on a full device: the engine is ready, serves, and SIGTERM ends it with 0', async t => {
  const site = await Site.make(t, AKL)
  const { child, exited } = await launch(t, site, openSync('/dev/full', 'w'))
  await assertServes(site)
  assert.ok((await site.metric('goldenhour_log_waiting_bytes')) > 0)
  child.kill('SIGTERM')
  await endsInOrder(exited)
})

test('a pipe that is full and that nobody reads: the engine is ready, serves, and SIGINT ends it with 0', async t => {
  const site = await Site.make(t, AKL)
  const dir = mkdtempSync(path.join(tmpdir(), 'goldenhour-log-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const file = path.join(dir, 'pipe')
  execFileSync('mkfifo', [file])
  const reader = openSync(file, constants.O_RDWR | constants.O_NONBLOCK)
  t.after(() => closeSync(reader))
  assert.throws(() => {
    for (;;) writeSync(reader, Buffer.alloc(4_096))
  }, /EAGAIN/)
  const { child, exited } = await launch(t, site, openSync(file, 'w'))
  await assertServes(site)
  child.kill('SIGINT')
  await endsInOrder(exited)
})

test('a file system that fills up under a running engine: it goes on, and its lines come when there is room again', async t => {
  const dir = mkdtempSync(path.join(tmpdir(), 'goldenhour-log-'))
  const mounted = await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', dir]).then(
    () => true,
    () => false,
  )
  t.after(() => {
    // Lazily: an engine that a failed test left there keeps what it has open.
    if (mounted) execFileSync('umount', ['-l', dir])
    rmSync(dir, { recursive: true })
  })
  if (!mounted) return t.skip('this user may not mount a tmpfs')
  const site = await Site.make(t, AKL)
  const file = path.join(dir, 'log')
  const { child, exited } = await launch(t, site, openSync(file, 'a'))
  await assertServes(site)
  const filler = path.join(dir, 'filler')
  assert.throws(() => {
    for (;;) appendFileSync(filler, Buffer.alloc(512))
  }, /ENOSPC/)
  // What is left of the last page of the log itself, into which the engine may write at the same time.
  assert.throws(() => {
    for (;;) appendFileSync(file, '\n')
  }, /ENOSPC/)
  await site.addRegion('wlg', { mode: 'offered', units: ['W1'] })
  await until(
    'the new region is there',
    async () => (await site.metric('goldenhour_log_head_position{region="wlg"}').catch(() => 0)) > 0,
  )
  await assertServes(site)
  assert.doesNotMatch(readFileSync(file, 'utf8'), /"region":"wlg"/)
  rmSync(filler)
  await until('the line has come', () => readFileSync(file, 'utf8').includes('"region":"wlg"'))
  child.kill('SIGTERM')
  await endsInOrder(exited)
  assert.match(readFileSync(file, 'utf8'), /"msg":"stopped"\}\n$/)
})

for (const [what, command] of [
  ['a terminal that closes', ['node', ...GOLDENHOUR, 'serve']],
  // As a shell made by `su -`: nobody passes the signal on.
  [
    'a terminal that closes without a signal',
    ['bash', '-c', `trap '' HUP; node ${GOLDENHOUR.join(' ')} serve; exit $?`],
  ],
] as const) {
  test(`${what} is an orderly stop with exit code 0`, async t => {
    if (NO_TERMINAL !== null) return t.skip(NO_TERMINAL)
    const site = await Site.make(t, AKL)
    const window = new TerminalWindow(command, await environment(site))
    t.after(() => window.kill())
    await assertServes(site)
    await until('it was shown', () => window.shown.includes('Goldenhour is ready at http:'))
    window.close()
    assert.equal(await Promise.race([window.ended, sleep(END_WITHIN_MS, 'it hangs', { ref: false })]), 0)
    const [kept] = await site.query("SELECT position FROM log.snapshots WHERE entity = 'region'")
    assert.ok(kept !== undefined, 'it left snapshots')
    assert.deepEqual(await site.query('SELECT * FROM log.region_lease'), [], 'it gave its lease back')
  })
}
