/** Who may ask an engine to stop, and how; and that nothing outlives a program that was killed. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../../tools/shared/free-port.ts'
import { ADMIN_PASSWORD, EngineProcess, Site, until } from '../support/engine.ts'
import { forms } from '../support/long.ts'
import { emptyDatabase, temporaryBaseDir } from '../support/postgres.ts'
import { GOLDENHOUR, program } from '../support/program.ts'
import { NO_TERMINAL, TerminalWindow } from '../support/terminal.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const REPLAY = program(new URL('../../tools/replay/main.ts', import.meta.url))
const LIMIT_MS = 120_000

test('SIGHUP, also when it comes twice, is an orderly stop; so is the end of the input that an engine was told to watch', async t => {
  const site = await Site.make(t, { akl: { mode: 'offered', units: ['A1'] } })
  const endings: [string, (engine: EngineProcess) => void][] = [
    [
      'SIGHUP',
      engine => {
        engine.signal('SIGHUP')
        setTimeout(() => engine.signal('SIGHUP'), 50)
      },
    ],
    ['stdin-ended', engine => engine.endInput()],
  ]
  for (const [reason, end] of endings) {
    const engine = await site.spawn()
    end(engine)
    assert.deepEqual(await engine.exited, { code: 0, signal: null }, reason)
    assert.equal(engine.logs.find(({ msg }) => msg === 'draining')?.reason, reason)
    assert.ok(engine.logs.some(({ msg }) => msg === 'stopped'))
  }
})

test('two signals that come as one, as those of Ctrl-C under npm may, are one', async t => {
  const site = await Site.make(t, { akl: { mode: 'offered', units: ['A1'] } })
  const engine = await site.spawn()
  engine.signal('SIGINT')
  await engine.logged('draining')
  engine.signal('SIGINT')
  assert.deepEqual(await engine.exited, { code: 0, signal: null })
})

test('npm start: Ctrl-C ends the engine in order, and npm then says 130; when npm is ended alone, its engine follows', async t => {
  if (NO_TERMINAL !== null) return t.skip(NO_TERMINAL)
  const site = await Site.make(t, { akl: { mode: 'offered', units: ['A1'] } })
  const environment = async () => ({
    DATABASE_URL: site.engineUrl,
    GOLDENHOUR_HOST: '127.0.0.1',
    GOLDENHOUR_AUTH_SCRYPT_LOG_N: '14',
    GOLDENHOUR_ADMIN_PASSWORD: ADMIN_PASSWORD,
    PORT: String(await freePort()),
  })
  const shell = ['bash', '-c', `cd ${ROOT} && exec npm start --silent`]
  const window = new TerminalWindow(shell, await environment())
  t.after(() => window.kill())
  await until('it is ready', () => window.shown.includes('Goldenhour is ready at http:'), LIMIT_MS)
  window.pressCtrlC()
  // npm ends itself by the same signal when all else has ended; a shell shows that as 130.
  assert.equal(await window.ended, -2)
  assert.match(window.shown, /\d stopped\r?\n/)

  const { PATH, HOME } = process.env
  const env = { PATH, HOME, ...(await environment()) }
  const npm = spawn('npm', ['start', '--silent'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => void npm.kill('SIGKILL'))
  let said = ''
  npm.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  await until('it is ready', () => said.includes('"msg":"ready"'), LIMIT_MS)
  npm.kill('SIGTERM')
  await until('it stopped in order', () => said.includes('"msg":"stopped"'), LIMIT_MS)
  assert.match(said, /"reason":"(npm-ended|SIGTERM)","msg":"draining"/)
})

test('an engine that cannot start ends, although the input that it watches is open', async t => {
  const database = await emptyDatabase()
  t.after(() => database.drop())
  const engine = new EngineProcess({ DATABASE_URL: database.url, GOLDENHOUR_HOST: '192.0.2.1', PORT: '9' })
  t.after(() => engine.kill())
  assert.deepEqual(await engine.exited, { code: 1, signal: null })
})

for (const how of forms(['SIGKILL', 'SIGHUP'] as const)) {
  test(`a demo that is ended by ${how} leaves no engine, no Postgres and no directory behind`, async t => {
    const dir = await temporaryBaseDir()
    await chmod(dir, 0o755)
    const { PATH, HOME } = process.env
    const args = [...REPLAY, 'demo', '--units', '3', '--calls', '1']
    const demo = spawn(process.execPath, args, { env: { PATH, HOME, TMPDIR: dir }, stdio: 'ignore' })
    t.after(() => void demo.kill('SIGKILL'))
    const exited = new Promise(resolve => demo.once('exit', resolve))
    const pids = await until('its engine is ready', () => startedIn(dir), LIMIT_MS)
    demo.kill(how)
    await exited
    await until('nothing of it is left', () => pids.every(pid => !isAlive(pid)) && placesIn(dir).length === 0, LIMIT_MS)
  })
}

test('a command that is interrupted takes the Postgres that it started with it', async t => {
  const dir = await temporaryBaseDir()
  const { PATH, HOME } = process.env
  const env = { PATH, HOME, GOLDENHOUR_DATA_DIR: dir }
  await promisify(execFile)(process.execPath, [...GOLDENHOUR, 'region', 'add', 'sf'], { env })
  const command = spawn(process.execPath, [...GOLDENHOUR, 'audit', 'list'], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  t.after(() => void command.kill('SIGKILL'))
  const exited = new Promise(resolve => command.once('exit', (code, signal) => resolve(code ?? signal)))
  const server = await until('its Postgres is there', () => postmasterOf(dir), LIMIT_MS)
  command.kill('SIGINT')
  assert.ok([0, 130].includes((await exited) as number), 'it ended by itself, done or interrupted')
  await until('its Postgres is gone', () => !isAlive(server), LIMIT_MS)
})

const placesIn = (dir: string): string[] => readdirSync(dir).filter(name => name.startsWith('goldenhour-replay-'))

function postmasterOf(baseDir: string): number | null {
  const file = path.join(baseDir, 'data', 'postmaster.pid')
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) || null : null
}

/** The engine and the Postgres of the demo that runs in this directory; null until its engine is ready. */
function startedIn(dir: string): number[] | null {
  const [place] = placesIn(dir)
  if (place === undefined) return null
  const log = path.join(dir, place, 'engine.log')
  const engine = existsSync(log) ? /"pid":(\d+).*"msg":"ready"/.exec(readFileSync(log, 'utf8'))?.[1] : undefined
  const server = postmasterOf(path.join(dir, place))
  return engine === undefined || server === null ? null : [Number(engine), server]
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // One that nobody has waited for yet has ended all the same.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
