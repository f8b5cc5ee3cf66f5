/** `goldenhour demo`: a region of an engine that runs comes alive, and is empty again whichever way the demo ends. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import type { BoardSnapshot } from '../../src/client/index.ts'
import { freePort } from '../../tools/shared/free-port.ts'
import { runProcess } from '../support/command-line.ts'
import { Site, until } from '../support/engine.ts'
import { GOLDENHOUR } from '../support/program.ts'

const WITHIN_MS = 300_000
const FEW = ['--units', '4', '--calls', '60']

async function running(t: TestContext) {
  const site = await Site.make(t, { akl: { mode: 'offered', units: ['A1'] } })
  const engine = await site.spawn()
  const env = { DATABASE_URL: site.databaseUrl, PORT: String(site.port), GOLDENHOUR_HOST: '127.0.0.1' }
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runProcess(['demo', ...args], { env })
    return { code, said: stdout + stderr }
  }
  const launch = (...args: string[]) => new Demo(t, env, args)
  return { site, engine, run, launch }
}

/** A demo that goes on. */
class Demo {
  said = ''
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>
  readonly #child: ChildProcess

  constructor(t: TestContext, env: Readonly<Record<string, string>>, args: readonly string[]) {
    const { PATH, HOME } = process.env
    const child = spawn(process.execPath, [...GOLDENHOUR, 'demo', ...args], { env: { PATH, HOME, ...env } })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (this.said += chunk))
    this.exited = new Promise(resolve => child.once('close', (code, signal) => resolve({ code, signal })))
    t.after(async () => {
      child.kill('SIGKILL')
      await this.exited
    })
  }

  end(signal: NodeJS.Signals) {
    this.#child.kill(signal)
    return this.exited
  }
}

async function boardOf(site: Site, region = 'demo'): Promise<BoardSnapshot> {
  const desk = site.dispatcher({ region })
  try {
    return await new Promise((resolve, reject) => {
      desk.onClosed(reject)
      desk.watchBoard({ onSnapshot: resolve, onEvents: () => undefined })
    })
  } finally {
    desk.close()
  }
}

/** Resolves when a crew works on a trip and every unit has moved. */
async function comesAlive(site: Site, demo: Demo): Promise<void> {
  await until('a crew accepts', () => / accepts$/m.test(demo.said), WITHIN_MS)
  const places = async () => (await boardOf(site)).units.map(({ fix }) => `${fix?.lonE7} ${fix?.latE7}`)
  const before = await places()
  assert.equal(before.length, 4)
  // Some stand at a scene for a while.
  await until('units move', async () => (await places()).some((place, index) => place !== before[index]), WITHIN_MS)
}

const isEmpty = ({ trips, units }: BoardSnapshot) => assert.deepEqual({ trips, units }, { trips: [], units: [] })

test('a demo moves units and enters calls, and when it is ended nothing of it is on the board', async t => {
  const { site, run, launch } = await running(t)
  const demo = launch(...FEW)
  await comesAlive(site, demo)
  const desk = site.dispatcher({ region: 'demo' })
  const { result } = await desk.bestDestinations({ lonDeg: 174.76, latDeg: -36.8775 }, { k: 5 })
  desk.close()
  assert.deepEqual(result.destinations.map(({ name }) => name).sort(), ['East Hospital', 'West Hospital'])
  assert.deepEqual(await demo.end('SIGTERM'), { code: 0, signal: null }, demo.said)
  assert.match(demo.said, /Emptied region demo\.\n$/)
  isEmpty(await boardOf(site))

  const { code, said } = await run('--region', 'akl')
  assert.equal(code, 1)
  assert.match(said, /^error: Region akl has units that are no demo's \(A1\); leave out --region/)
  const { units } = await boardOf(site, 'akl')
  assert.deepEqual(
    units.map(({ unitId }) => unitId),
    ['A1'],
  )
})

test('a demo prints an address that lets a guest in; another one is to be had while it runs, and none after it', async t => {
  const { site, run, launch } = await running(t)
  const none = await run('--guest-link')
  assert.equal(none.code, 1)
  assert.match(none.said, /^error: No guest is let in: no demo runs in region demo/)
  const demo = launch(...FEW)
  const form = /http:\/\/\S+:(\d+)\/#guest=(ghg_h[\w-]{43})\n/
  await until('it prints the address', () => form.test(demo.said), WITHIN_MS)
  const [, port, ticket] = form.exec(demo.said)!
  assert.equal(port, String(site.port))
  const enter = (shown: string) =>
    site.http('/v1/auth/guest', { method: 'POST', body: JSON.stringify({ ticket: shown }) })
  const { status, body } = await enter(ticket!)
  assert.deepEqual([status, body.user.name, body.user.regions], [200, 'guest-demo', ['demo']])
  assert.equal((await enter(ticket!)).status, 401)
  // What the guest enters, wherever that is, is the demo's: it is served, and ended with it.
  const call = { lonDeg: 175.2, latDeg: -36.9, priority: 1, needs: [{ levelOfCare: 'als' }] }
  const entered = await site.http('/v1/calls', {
    method: 'POST',
    token: body.accessToken,
    headers: { 'idempotency-key': 'of-the-guest' },
    body: JSON.stringify(call),
  })
  assert.equal(entered.status, 201)
  const another = await run('--guest-link')
  assert.equal((await enter(form.exec(another.said)![2]!)).status, 200)
  const last = form.exec((await run('--guest-link')).said)![2]!

  assert.equal((await demo.end('SIGTERM')).code, 0, demo.said)
  assert.equal((await enter(last)).status, 401)
  assert.equal((await run('--guest-link')).code, 1)
  const users = await site.query<{ disabled: boolean }>("SELECT disabled FROM auth.users WHERE name = 'guest-demo'")
  assert.deepEqual(users, [{ disabled: true }])
  isEmpty(await boardOf(site))
})

test('what a demo left that was killed is emptied by --clean, and by the next demo before it begins', async t => {
  const { site, run, launch } = await running(t)
  assert.deepEqual(await run('--clean'), { code: 0, said: 'There is no region demo, so nothing to empty.\n' })
  const kill = async () => {
    const demo = launch(...FEW)
    await until('a call is entered', () => demo.said.includes('a call of priority'), WITHIN_MS)
    await demo.end('SIGKILL')
    await until('its crews are gone', async () => (await boardOf(site)).units.every(unit => !unit.connected))
    const left = await boardOf(site)
    assert.equal(left.units.length, 4)
    assert.ok(left.trips.length > 0)
    return demo
  }
  await kill()
  const cleaned = await run('--clean')
  assert.match(cleaned.said, /^Emptied region demo of what an earlier demo had left: \d+ open trips? and 4 units\.\n$/)
  isEmpty(await boardOf(site))
  assert.deepEqual(await run('--clean'), { code: 0, said: 'Nothing of a demo is in region demo.\n' })

  const again = await kill()
  assert.doesNotMatch(again.said, /had left/)
  const next = launch(...FEW)
  await until('it fills the region', () => next.said.includes('4 units drive about'), WITHIN_MS)
  assert.match(next.said, /^Emptied region demo of what an earlier demo had left/)
  const second = await run(...FEW)
  assert.deepEqual(second, {
    code: 1,
    said: 'error: A demo fills region demo already; stop it first, or name another region with --region.\n',
  })
  assert.equal((await next.end('SIGTERM')).code, 0, next.said)
  isEmpty(await boardOf(site))
})

test('a demo fills no region that has trips of others, and leaves them as they are', async t => {
  const site = await Site.make(t, { wlg: { mode: 'offered', units: [] } })
  await site.spawn()
  const env = { DATABASE_URL: site.databaseUrl, PORT: String(site.port), GOLDENHOUR_HOST: '127.0.0.1' }
  const needs = [{ levelOfCare: 'als', capabilities: [] }] as const
  await site.dispatcher({ region: 'wlg' }).enterCall({ lonDeg: 174.7, latDeg: -41.2, priority: 1, needs })
  const refused = await runProcess(['demo', '--region', 'wlg'], { env })
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /Region wlg has trips that are no demo's/)
  const cleaned = await runProcess(['demo', '--region', 'wlg', '--clean'], { env })
  assert.deepEqual(cleaned, { code: 0, stdout: 'Nothing of a demo is in region wlg.\n', stderr: '' })
  assert.equal((await boardOf(site, 'wlg')).trips.length, 1)
})

test('a demo without an engine, or with another database than it has, is told what to do', async t => {
  const { site, run } = await running(t)
  const other = await Site.make(t, {})
  const foreign = { DATABASE_URL: other.databaseUrl, PORT: String(site.port), GOLDENHOUR_HOST: '127.0.0.1' }
  const wrong = await runProcess(['demo'], { env: foreign })
  assert.equal(wrong.code, 1)
  assert.match(wrong.stderr, /does not know the credentials of the database here; set DATABASE_URL/)

  const port = String(await freePort())
  const none = await runProcess(['demo'], { env: { ...foreign, PORT: port } })
  assert.deepEqual([none.code, none.stdout], [1, ''])
  assert.match(none.stderr, /^error: No engine runs here: .* Start one in another terminal with goldenhour serve/)
  const nobody = await run('--url', `ws://127.0.0.1:${port}`)
  assert.match(nobody.said, new RegExp(`^error: No engine that is ready answers at http://127.0.0.1:${port}/`))
  assert.equal((await run('--url', 'nonsense')).code, 2)
})
