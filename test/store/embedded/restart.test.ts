/** The server is watched: what ends it, it comes back at the same URL with all that it held. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, chown, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { boundLogFile } from '../../../src/store/embedded/log-file.ts'
import { lookAtHolder, pidFileOf } from '../../../src/store/embedded/postmaster.ts'
import { until } from '../../support/engine.ts'
import { baseDirWithCluster, stopServerIn, temporaryBaseDir } from '../../support/postgres.ts'
import { ask, baseDirFor, killServer, postmasterOf, start, stopAll, takePort } from './place.ts'

const MIB = 1_024 * 1_024
/** Far more than a restart takes, also where many programs run. */
const BACK_WITHIN_MS = 60_000

const answers = (url: string, sql = 'SELECT 1') => ask(url, sql).catch(() => null)

test('a server that was killed is started again at the same URL, with all that it held', async t => {
  const baseDir = await baseDirFor(t, baseDirWithCluster)
  const said: string[] = []
  const server = await start(baseDir, { log: message => said.push(message) })
  await ask(server.url, 'CREATE TABLE kept AS SELECT 7 AS n')
  for (let round = 1; round <= 2; round += 1) {
    const killed = await killServer(baseDir)
    await until('it is seen', () => server.isRestarting, BACK_WITHIN_MS)
    const [row] = await until('it is back', () => answers(server.url, 'SELECT n FROM kept'), BACK_WITHIN_MS)
    assert.deepEqual(row, { n: 7 })
    assert.notEqual(await postmasterOf(baseDir), killed)
    await until('it is said', () => !server.isRestarting)
  }
  assert.equal(said.filter(message => message.includes('runs again')).length, 2)
})

test('whoever joined keeps the server: it stays when the starter leaves, comes back when it is killed, and ends with the last', async t => {
  const baseDir = await baseDirFor(t, baseDirWithCluster)
  const starter = await start(baseDir)
  const joiner = await start(baseDir)
  assert.deepEqual([starter.startedByUs, joiner.startedByUs], [true, false])
  await starter.stop()
  await killServer(baseDir)
  await until('it is back', () => answers(joiner.url), BACK_WITHIN_MS)
  await joiner.stop()
  assert.equal((await lookAtHolder(path.join(baseDir, 'data'))).kind, 'none')
})

test('users that leave while others come never take the server from them', async t => {
  const baseDir = await baseDirFor(t, baseDirWithCluster)
  let users = [await start(baseDir)]
  for (let round = 1; round <= 5; round += 1) {
    const [next] = await Promise.all([start(baseDir), ...users.map(user => user.stop())])
    const pid = await postmasterOf(baseDir)
    await sleep(300)
    assert.equal((await ask(next.url, 'SELECT 1')).length, 1)
    assert.equal(await postmasterOf(baseDir), pid, 'it was not stopped behind the back of the newcomer')
    users = [next, await start(baseDir)]
  }
  await Promise.all(users.map(user => user.stop()))
  assert.equal((await lookAtHolder(path.join(baseDir, 'data'))).kind, 'none', 'of two that leave at once one ends it')
})

test('while another program has the port the server waits for it, and the log names it', async t => {
  const baseDir = await baseDirFor(t, baseDirWithCluster)
  const said: string[] = []
  const server = await start(baseDir, { log: message => said.push(message) })
  const port = Number(new URL(server.url).port)
  const squatter = await takePort(baseDir, () => listenOn(port))
  await until('it is said', () => said.some(message => message.includes(`has taken its port ${port}`)), BACK_WITHIN_MS)
  assert.equal(server.isRestarting, true)
  squatter.close()
  await until('it is back', () => answers(server.url), BACK_WITHIN_MS)
})

test('a pid file that names a living stranger is moved away, by two that start at once too', async t => {
  const baseDir = await baseDirFor(t, baseDirWithCluster)
  const first = await start(baseDir)
  await ask(first.url, 'CREATE TABLE kept AS SELECT 7 AS n')
  const notes = await readFile(pidFileOf(path.join(baseDir, 'data')), 'utf8')
  await first.stop()
  const owner = await stat(path.join(baseDir, 'data'))
  const stranger = spawn('sleep', ['600'], { uid: owner.uid, gid: owner.gid, cwd: '/' })
  t.after(() => stranger.kill('SIGKILL'))
  await once(stranger, 'spawn')
  // As after a power cut: the file of the dead server, whose number another program of the same user has got since.
  const file = pidFileOf(path.join(baseDir, 'data'))
  await writeFile(file, notes.replace(/^\d+/, String(stranger.pid)), { mode: 0o600 })
  await chown(file, owner.uid, owner.gid)

  const [one, other] = await Promise.all([start(baseDir), start(baseDir)])
  assert.equal(one.url, other.url)
  assert.deepEqual(await ask(one.url, 'SELECT n FROM kept'), [{ n: 7 }])
  assert.notEqual(await postmasterOf(baseDir), stranger.pid)
  assert.equal(stranger.exitCode, null, 'the stranger lives')
})

test('a log that is longer than its limit is cut while the server writes, and one file before it is kept', async t => {
  const baseDir = await baseDirFor(t, baseDirWithCluster)
  const server = await start(baseDir)
  const logFile = path.join(baseDir, 'postgres.log')
  for (let round = 1; round <= 2; round += 1) {
    await appendFile(logFile, `${`${'x'.repeat(1_023)}\n`.repeat(9 * 1_024)}round ${round}\n`)
    await until('it is cut', async () => (await stat(logFile)).size < MIB, BACK_WITHIN_MS)
    await answers(server.url, `SELECT 'mark ${round}' FROM nowhere`)
    await until('it is written on', async () => (await readFile(logFile, 'utf8')).includes(`mark ${round}`))
    assert.match(await readFile(`${logFile}.1`, 'utf8'), new RegExp(`round ${round}\\n$`))
  }
  assert.doesNotMatch(await readFile(logFile, 'utf8'), /^\0/, 'no hole where the cut part was')
  assert.ok((await stat(`${logFile}.1`)).size < 10 * MIB)
  await boundLogFile(path.join(baseDir, 'no-such-file'))
})

test('a server that shut itself down on a full disk is back when there is room again', async t => {
  const small = await temporaryBaseDir()
  const mount = ['-t', 'tmpfs', '-o', 'size=300m,mode=755', 'tmpfs', small]
  const refused = await promisify(execFile)('mount', mount).then(
    () => null,
    error => error as Error,
  )
  if (refused !== null) {
    await rm(small, { recursive: true })
    return t.skip(`no small disk can be mounted here: ${refused.message.trim()}`)
  }
  const baseDir = path.join(small, 'base')
  t.after(async () => {
    await stopAll()
    await stopServerIn(baseDir)
    await promisify(execFile)('umount', ['-l', small])
    await rm(small, { recursive: true })
  })
  const said: string[] = []
  const server = await start(baseDir, { log: message => said.push(message) })
  await ask(server.url, "CREATE TABLE kept AS SELECT 'stands' AS text")

  const filler = path.join(small, 'filler')
  await promisify(execFile)('sh', ['-c', 'dd if=/dev/zero of="$1" bs=64k 2>/dev/null || true', 'sh', filler])
  // Writes to the WAL alone, which must grow for it.
  const grow = "SELECT pg_logical_emit_message(true, 'fill', repeat('x', 50000000))"
  await until(
    'it has ended',
    async () => {
      await answers(server.url, grow)
      return server.isRestarting
    },
    BACK_WITHIN_MS,
  )
  await until(
    'it cannot start',
    () => said.some(message => message.includes('does not start, trying again')),
    BACK_WITHIN_MS,
  )
  assert.equal(await answers(server.url), null)
  await rm(filler)
  const [row] = await until('it is back', () => answers(server.url, 'SELECT text FROM kept'), BACK_WITHIN_MS)
  assert.deepEqual(row, { text: 'stands' })
})

/** Null while the port is not free. */
function listenOn(port: number) {
  const server = createServer()
  return new Promise<ReturnType<typeof createServer> | null>(resolve => {
    server.once('error', () => resolve(null))
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
