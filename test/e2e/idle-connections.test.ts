/** Connections that ask for nothing, more than there are files for them: the database keeps its own, and so do others. */
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { SCENE, Site, until } from '../support/engine.ts'
import { HANGS_MS } from '../support/within.ts'

const OPEN_FILES = 400
const CALL = { ...SCENE, priority: 3, needs: [{ levelOfCare: 'als', capabilities: [] }] } as const

/** Comes again and again, asks for what there is not, and stays as long as it is let. */
class Holder {
  readonly #port: number
  #sockets: Socket[] = []
  #isOver = false

  constructor(port: number) {
    this.#port = port
  }

  hold(count: number): void {
    for (let i = 0; i < count; i += 1) this.#open()
  }

  leave(): void {
    this.#isOver = true
    for (const socket of this.#sockets) socket.destroy()
  }

  #open(): void {
    const socket = connect({ port: this.#port, host: '127.0.0.1', localAddress: '127.0.0.5' })
    this.#sockets.push(socket)
    const ask = setInterval(() => socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'), 1_000)
    socket.on('error', () => {})
    socket.on('data', () => {})
    socket.on('close', () => {
      clearInterval(ask)
      this.#sockets = this.#sockets.filter(other => other !== socket)
      if (!this.#isOver) setTimeout(() => this.#isOver || this.#open(), 500)
    })
  }
}

/** Whether a fresh client of another address is answered. */
function isServed(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.6' })
    const end = (isOk: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(isOk)
    }
    const timer = setTimeout(() => end(false), HANGS_MS)
    socket.on('error', () => end(false))
    socket.on('close', () => end(false))
    socket.on('data', data => end(data.toString().startsWith('HTTP/1.1 200 ')))
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
  })
}

test('450 idle connections of one address at 400 files keep nobody out, and nothing from the database', async t => {
  const site = await Site.make(t, { akl: { mode: 'offered', units: ['A1'] } })
  const engine = await site.spawn({}, { openFiles: OPEN_FILES })
  const warned = engine.logs.find(({ msg }) => msg === 'caps on connections were lowered to the open files')
  assert.deepEqual(
    [warned?.openFiles, warned?.connections, warned?.httpConnections, warned?.httpConnectionsPerAddress],
    [OPEN_FILES, 225, 75, 37],
  )
  const desk = site.dispatcher()
  await desk.enterCall(CALL)
  const holder = new Holder(site.port)
  t.after(() => holder.leave())
  holder.hold(450)
  await sleep(1_000)
  for (let i = 0; i < 6; i += 1) {
    assert.ok(await isServed(site.port), `fresh client ${i}`)
    await desk.enterCall(CALL)
    await sleep(300)
  }
  // By what the engine counts: the system takes connections for it before it has seen them.
  await until('as many are there as may be, and no more', async () => {
    const open = await site.metric('goldenhour_http_connections')
    assert.ok(open <= 40, String(open))
    return open >= 30
  })
  await until('all others were refused', async () => {
    return (await site.metric('goldenhour_limit_refusals_total{limit="httpConnectionsPerAddress"}')) > 400
  })
  assert.doesNotMatch(JSON.stringify(engine.logs) + engine.stderr, /EMFILE/)
  assert.deepEqual(
    engine.logs.filter(({ level }) => level >= 50),
    [],
  )
})

test('with too few files the engine does not start, and says what to raise', async t => {
  const site = await Site.make(t, {})
  const engine = site.launch({ GOLDENHOUR_FILES_KEPT: '400' }, { openFiles: OPEN_FILES })
  const { code } = await engine.exited
  assert.equal(code, 1)
  assert.match(engine.stderr, /may open 400 files.*filesKept.*ulimit -n/s)
})
