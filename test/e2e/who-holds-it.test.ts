/** A port or a data directory that cannot be had: the message says why, who has it, and which setting helps. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { freePort } from '../../tools/shared/free-port.ts'
import { runProcess } from '../support/command-line.ts'
import { ADMIN_PASSWORD, EngineProcess, Site } from '../support/engine.ts'
import { baseDirWithPrograms, emptyDatabase, stopServerIn, temporaryBaseDir } from '../support/postgres.ts'
import { GOLDENHOUR } from '../support/program.ts'

const ON_LINUX = process.platform === 'linux'

test('a port that another engine has is said to be that of another Goldenhour, with its process', async t => {
  const site = await Site.make(t, { akl: { mode: 'offered', units: ['A1'] } })
  const port = await freePort()
  const first = await site.spawn({ PORT: String(port) })
  // On a database of its own: on the same one it would stand by for the first.
  const elsewhere = await Site.make(t, { wlg: { mode: 'offered', units: ['W1'] } })
  const second = elsewhere.launch({ PORT: String(port) })
  assert.deepEqual(await second.exited, { code: 1, signal: null })
  const pid = ON_LINUX ? ` \\(process ${first.logs[0]!.pid}: .*${GOLDENHOUR.at(-1)} serve.*\\)` : ''
  const told = `^error: Port ${port} of 127\\.0\\.0\\.1 cannot be listened on: another Goldenhour has it${pid}\\..*PORT\\.\\n$`
  assert.match(second.stderr, new RegExp(told))
})

test('a port that another program has names that program, and an address of another machine names the setting', async t => {
  const site = await Site.make(t, {})
  const silent = createServer(socket => socket.resume())
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  t.after(() => silent.close())
  const { port } = silent.address() as { port: number }
  const starts = [
    site.launch({ PORT: String(port) }),
    site.launch({ GOLDENHOUR_HOST: '192.0.2.1', PORT: String(port) }),
  ]
  for (const start of starts) assert.deepEqual(await start.exited, { code: 1, signal: null })
  const [taken, elsewhere] = starts.map(({ stderr }) => stderr)
  assert.match(taken!, /another program has it/)
  if (ON_LINUX) assert.match(taken!, new RegExp(`\\(process ${process.pid}: `))
  assert.match(elsewhere!, /the address is not one of this machine.*GOLDENHOUR_HOST/)
})

test('the first admin is made once the port is had, so that the start that shows the password is one that serves', async t => {
  const database = await emptyDatabase()
  t.after(() => database.drop())
  const other = createServer(socket => socket.resume())
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
  t.after(() => other.close())
  const { port } = other.address() as { port: number }
  const env = { DATABASE_URL: database.url, GOLDENHOUR_AUTH_SCRYPT_LOG_N: '14', GOLDENHOUR_ADMIN_PASSWORD: '' }
  const inVain = new EngineProcess({ ...env, PORT: String(port) })
  t.after(() => inVain.kill())
  assert.deepEqual(await inVain.exited, { code: 1, signal: null })
  assert.match(inVain.stderr, /another program has it/)
  assert.deepEqual(inVain.said, [])
  const engine = new EngineProcess({ ...env, PORT: '0' })
  t.after(() => engine.kill())
  await engine.ready()
  assert.match(engine.said.join(), /^The user admin was made\. Its password, shown this once: /)
})

test('a data directory that another engine uses is said so, with its process', async t => {
  const dir = await baseDirWithPrograms()
  const env = { GOLDENHOUR_DATA_DIR: dir, PORT: '0', GOLDENHOUR_HOST: '127.0.0.1' }
  const quick = { GOLDENHOUR_ADMIN_PASSWORD: ADMIN_PASSWORD, GOLDENHOUR_AUTH_SCRYPT_LOG_N: '14' }
  const first = new EngineProcess({ ...env, ...quick })
  t.after(() => first.kill())
  t.after(() => stopServerIn(dir))
  await first.ready()
  const second = new EngineProcess({ ...env, ...quick })
  t.after(() => second.kill())
  const line = await second.logged('another Goldenhour uses this data directory')
  const { port } = first
  const other = { pid: first.logs[0]!.pid, port, address: `http://127.0.0.1:${port}/` }
  assert.deepEqual([line.dataDir, line.other], [dir, other])
})

test('a data directory that cannot be one names the setting', async t => {
  const dir = await temporaryBaseDir()
  const file = path.join(dir, 'file')
  writeFileSync(file, '')
  const inPlace = await runProcess(['region', 'list'], { env: { GOLDENHOUR_DATA_DIR: file } })
  assert.equal(inPlace.code, 1)
  assert.match(
    inPlace.stderr,
    /^error: The data directory .*file cannot be used: there is a file in its place.*GOLDENHOUR_DATA_DIR\.\n$/,
  )
  if (process.geteuid?.() === 0) return t.diagnostic('root has every right')
  const closed = path.join(dir, 'closed')
  mkdirSync(closed)
  chmodSync(closed, 0o500)
  const noRight = await runProcess(['region', 'list'], { env: { GOLDENHOUR_DATA_DIR: path.join(closed, 'data') } })
  assert.equal(noRight.code, 1)
  assert.match(noRight.stderr, /this user has no right to it.*GOLDENHOUR_DATA_DIR/)
})
