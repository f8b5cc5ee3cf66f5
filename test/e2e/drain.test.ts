/** SIGTERM under many connections and running trips: everybody is told, comes back, and nothing is lost or doubled. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { CommandOutcome, DriverClient } from '../../src/client/index.ts'
import { decodeServer, encodeClient } from '../../src/protocol/codec.ts'
import { SUBPROTOCOL_BINARY } from '../../src/protocol/wire/message-types.ts'
import { freePort } from '../../tools/shared/free-port.ts'
import { SCENE, Site, until } from '../support/engine.ts'
import { times } from '../support/long.ts'

const CREWS = times(80, 5_000)
const TRIPS = times(10, 200)
const CALL = { ...SCENE, priority: 2, needs: [{ levelOfCare: 'als', capabilities: [] }] } as const
/** Tight enough that fixes and commands are always under way, wide enough for one test process. */
const REPORT_EVERY_MS = times(250, 4_000)
const unitId = (index: number) => `U${index}`

test('a drain under load loses nothing: all are told, come back to the next engine each in its own time, and go on', async t => {
  const site = await Site.make(t, {
    akl: { mode: 'ordered', units: Array.from({ length: CREWS }, (_, i) => unitId(i)) },
  })
  const port = await freePort()
  const first = await site.spawn({ PORT: String(port) })
  const acknowledged = new Map<string, number>()
  const note = (command: Promise<CommandOutcome<unknown>>) =>
    command.then(({ id, position }) => void acknowledged.set(id, position))

  const crews: DriverClient[] = []
  for (let from = 0; from < CREWS; from += 100) {
    const part = Array.from({ length: Math.min(100, CREWS - from) }, (_, i) =>
      site.driver(unitId(from + i), { random: Math.random }),
    )
    await Promise.all(part.map(crew => note(crew.signOn())))
    crews.push(...part)
  }
  const desk = site.dispatcher()
  for (const [index, crew] of crews.entries()) crew.report({ ...SCENE, lonDeg: SCENE.lonDeg + index / 10_000 })
  await Promise.all(crews.map(crew => crew.mark()))
  for (let i = 0; i < TRIPS; i++) await note(desk.enterCall(CALL, { id: `call-${i}` }))
  const working = await until('every call has its order', () => {
    const ordered = crews.filter(crew => crew.driver?.trip?.offer)
    return ordered.length === TRIPS && ordered
  })
  await Promise.all(working.map(crew => note(crew.acceptOffer(crew.driver!.trip!.offer!.offerId))))

  const backAfterMs: number[] = []
  const told = new Set<DriverClient>()
  let stoppedAtMs = Number.POSITIVE_INFINITY
  for (const crew of crews) {
    crew.onConnection(state => {
      if (state === 'open') backAfterMs.push(performance.now() - stoppedAtMs)
      else told.add(crew)
    })
  }
  let reported = CREWS
  const reporting = setInterval(() => {
    for (const crew of crews) crew.report({ ...SCENE, latDeg: SCENE.latDeg + reported / 1e7 })
    reported += CREWS
  }, REPORT_EVERY_MS)
  t.after(() => clearInterval(reporting))
  const buttons = working.map((crew, i) =>
    note(crew.reportPhase(crew.driver!.trip!.tripId, 'en-route', { id: `en-${i}` })),
  )

  stoppedAtMs = performance.now()
  first.signal('SIGTERM')
  // The buttons and calls of the very moment in which the engine stops.
  const during = working.map((crew, i) =>
    note(crew.reportPhase(crew.driver!.trip!.tripId, 'on-scene', { id: `on-${i}` })),
  )
  for (let i = 0; i < 5; i++) during.push(note(desk.enterCall(CALL, { id: `late-${i}` })))
  const { code } = await first.exited
  assert.equal(code, 0, first.stderr)
  await site.spawn({ PORT: String(port) })
  await Promise.all([...buttons, ...during])
  await until('everybody is back', () => backAfterMs.length >= CREWS)
  clearInterval(reporting)
  await Promise.all(crews.map(crew => crew.mark()))

  assert.equal(told.size, CREWS, 'every connection was given up for another')
  const spreadMs = Math.max(...backAfterMs) - Math.min(...backAfterMs)
  assert.ok(spreadMs > 500, `all came back within ${spreadMs} ms of each other`)
  const log = await site.records()
  for (const [id, position] of acknowledged) {
    assert.deepEqual(
      log.filter(record => record.commandId === id && record.events.length > 0).map(record => record.position),
      [position],
      `${id} is in the log once, where its answer said`,
    )
  }
  const stored = await site.storedFixes()
  assert.equal(
    new Set(stored.map(row => `${row.streamId}/${row.fix.seq}`)).size,
    stored.length,
    'no fix is stored twice',
  )
  assert.equal(stored.length, reported, 'every fix is stored')
  for (const crew of working) assert.equal(crew.driver?.trip?.phase, 'on-scene', 'trips go on where they were')
})

test('a client that never reads does not hold up a drain', async t => {
  const site = await Site.make(t, { akl: { mode: 'ordered', units: ['A1'] } })
  const engine = await site.spawn()
  const token = await site.token()
  // Nothing is awaited between making the socket and listening to it: it may open at once.
  const socket = new WebSocket(`ws://127.0.0.1:${engine.port}/v1/ws`, [SUBPROTOCOL_BINARY])
  t.after(() => socket.terminate())
  await new Promise(resolve => {
    socket.once('open', () =>
      socket.send(encodeClient(['hello', 'h', token, 'akl', 'dispatcher', null, Date.now(), []], 'binary')),
    )
    socket.once('message', data => resolve(assert.equal(decodeServer(data as Buffer)[0], 'welcome')))
  })
  socket.pause()
  for (let i = 0; i < 200; i++) socket.send(encodeClient(['watch-board', `w${i}`, null], 'binary'))
  engine.signal('SIGTERM')
  assert.equal((await engine.exited).code, 0)
})

test('a second SIGTERM ends a drain that hangs on a database that has gone', async t => {
  const site = await Site.make(t, { akl: { mode: 'ordered', units: ['A1'] } })
  const engine = await site.spawn({ GOLDENHOUR_DRAIN_LIMIT_MS: '60000' })
  const crew = site.driver('A1')
  await crew.signOn()
  const holder = await site.session()
  await holder.query('BEGIN')
  await holder.query("SELECT 1 FROM log.region_owner WHERE region = 'akl' FOR UPDATE")
  crew.report(SCENE)
  const sent = crew.becomeUnavailable('break', { retry: false }).catch(error => error as Error)
  await until(
    'the fix has arrived',
    async () => (await site.metric('goldenhour_fixes_not_durable{region="akl"}')) === 1,
  )
  engine.signal('SIGTERM')
  await engine.logged('draining')
  // Sooner it would count as the same one: npm and a terminal may both send it.
  await sleep(700)
  engine.signal('SIGTERM')
  assert.equal((await engine.exited).code, 1)
  crew.close()
  assert.ok((await sent) instanceof Error, 'nothing that could not be stored was acknowledged')
  await holder.query('ROLLBACK')
})
