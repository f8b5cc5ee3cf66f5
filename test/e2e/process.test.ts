/** The engine as a process: how it starts, gives way, takes over, drains and ends. */
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DispatcherClient } from '../../src/client/index.ts'
import { freePort } from '../../tools/shared/free-port.ts'
import { EngineProcess, SCENE, Site, until } from '../support/engine.ts'
import { emptyDatabase } from '../support/postgres.ts'

const AKL = { akl: { mode: 'offered', units: ['A1', 'A2'] } } as const
const CALL = { ...SCENE, priority: 2, needs: [{ levelOfCare: 'als', capabilities: [] }] } as const

test('a port that is taken, and a clock rate that differs, end the start with 1 and a sentence that helps', async t => {
  const site = await Site.make(t, AKL)
  const taken = createServer()
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
  t.after(() => taken.close())
  const { port } = taken.address() as { port: number }

  const engine = await site.start()
  await site.driver('A1').signOn()
  await engine.stop()
  const starts = [site.launch({ PORT: String(port) }), site.launch({ GOLDENHOUR_CLOCK_RATE: '2' })]
  const [withoutPort, withoutRate] = await Promise.all(starts.map(start => start.exited))
  assert.deepEqual([withoutPort!.code, withoutRate!.code], [1, 1])
  assert.match(starts[0]!.stderr, new RegExp(`^error: Port ${port} of 127.0.0.1 cannot be listened on.*\\n$`))
  assert.match(starts[1]!.stderr, /^error: .*GOLDENHOUR_CLOCK_RATE=1, and 2 was asked for.*\n$/)
  await engineWorks(site)
})

/** The database is as good as before. */
async function engineWorks(site: Site): Promise<void> {
  const engine = await site.start()
  assert.equal((await site.http('/readyz')).status, 200)
  await engine.stop()
}

test('[HS-10] SIGTERM drains: 50 clients under way are told, lose nothing, and come to the next process by themselves', async t => {
  const units = Array.from({ length: 40 }, (_, index) => `U${index}`)
  const site = await Site.make(t, { akl: { mode: 'offered', units } })
  const port = await freePort()
  const engine = await site.spawn({ PORT: String(port) })
  const crews = units.map(unitId => site.driver(unitId))
  const desks = Array.from({ length: 10 }, (_, index) => site.dispatcher({ sub: `desk-${index}` }))
  const boards = desks.map(watched)
  const acknowledged = new Map<string, number>()
  await Promise.all([...crews, ...desks].map(client => client.opened()))
  let isOver = false
  const working = [
    ...crews.map(async crew => {
      await crew.signOn()
      for (let turn = 0; !isOver; turn += 1) {
        crew.report(SCENE)
        const { id, position } = await (turn % 2 === 0 ? crew.becomeUnavailable('break') : crew.becomeAvailable())
        acknowledged.set(id, position)
        await sleep(20)
      }
    }),
    ...desks.map(async desk => {
      while (!isOver) {
        const { id, position, result } = await desk.enterCall(CALL)
        acknowledged.set(id, position)
        const cancelled = await desk.cancelTrip(result.tripIds[0]!, 'other')
        acknowledged.set(cancelled.id, cancelled.position)
        await sleep(20)
      }
    }),
  ]
  await until('all are at work', () => acknowledged.size > 200)
  engine.signal('SIGTERM')
  assert.deepEqual(await engine.exited, { code: 0, signal: null })
  assert.equal(engine.stderr, '')
  assert.deepEqual(
    // How many files may be open is the machine's, and so is how fast the store answers: what it keeps waiting for long is
    // given up and done again, which begins a trouble.
    engine.logs.filter(({ level, msg, trouble }) => level >= 40 && !/open files/.test(msg) && trouble === undefined),
    [],
    'nothing went wrong',
  )
  const [kept] = await site.query("SELECT position FROM log.snapshots WHERE entity = 'region'")
  assert.ok(kept !== undefined, 'it left snapshots')
  assert.deepEqual(await site.query('SELECT * FROM log.region_lease'), [], 'it gave its lease back')

  await site.spawn({ PORT: String(port) })
  const before = acknowledged.size
  await Promise.all([...crews, ...desks].map(client => until('it is back', () => client.reconnects > 0)))
  await until('all are at work again', () => acknowledged.size > before + 100)
  isOver = true
  await Promise.all(working)
  await Promise.all(crews.map(crew => crew.mark()))

  const log = await site.records()
  assert.deepEqual(
    log.map(({ position }) => position),
    log.map((_, index) => index + 1),
  )
  const positions = new Map<string, number[]>()
  for (const { commandId, position } of log) {
    if (commandId !== null) positions.set(commandId, [...(positions.get(commandId) ?? []), position])
  }
  for (const [id, position] of acknowledged) assert.deepEqual(positions.get(id), [position], `${id} stands once`)
  const stored = await site.storedFixes()
  for (const crew of crews) {
    const seqs = stored.filter(({ streamId }) => streamId === crew.streamId).map(({ fix }) => fix.seq)
    assert.deepEqual(
      seqs,
      Array.from({ length: crew.lastSeq }, (_, index) => index + 1),
    )
  }
  const end = log.at(-1)!.position
  for (const board of boards) {
    await until('the board has come to the end', () => board.last >= end)
    assert.equal(board.gaps, 0, '[BD-3] no record is missing, also across the restart')
  }
})

test('an engine whose region was taken stops answering, drops what was not stored, and exits with 1', async t => {
  const site = await Site.make(t, AKL)
  const engine = await site.spawn()
  const crew = site.driver('A1')
  await crew.signOn()
  const log = await site.records()
  await site.query("UPDATE log.region_owner SET epoch = epoch + 1, incarnation = 'another' WHERE region = 'akl'")
  const outcome = crew.becomeUnavailable('break').then(
    () => 'answered',
    () => 'refused',
  )
  assert.deepEqual(await engine.exited, { code: 1, signal: null })
  assert.ok(engine.logs.some(({ reason }) => String(reason).includes('was taken by another engine')))
  assert.deepEqual(await site.records(), log)
  crew.close()
  assert.equal(await outcome, 'refused')
})

test('an engine that stood still while another took over acknowledges nothing when it wakes, and exits with 1', async t => {
  const site = await Site.make(t, AKL)
  const sleeper = await site.spawn()
  const crew = site.driver('A1')
  await crew.signOn()
  sleeper.signal('SIGSTOP')
  let answered = false
  const asleep = crew.becomeUnavailable('break', { id: 'asleep' }).then(
    () => {
      answered = true
    },
    () => undefined,
  )
  crew.report(SCENE)
  const next = await site.spawn()
  const nextCrew = site.driver('A1', { sub: 'next-crew' })
  await nextCrew.signOn()
  const log = await site.records()
  sleeper.signal('SIGCONT')
  assert.deepEqual(await sleeper.exited, { code: 1, signal: null })
  assert.equal(answered, false)
  assert.deepEqual(await site.records(), log)
  assert.deepEqual(await site.storedFixes(), [])
  crew.close()
  await asleep
  // The new owner is untouched by it.
  await nextCrew.becomeUnavailable('refuel')
  next.signal('SIGTERM')
  assert.deepEqual(await next.exited, { code: 0, signal: null })
})

test('an engine starts on an empty database, and notices regions and units that come while it runs', async t => {
  const database = await emptyDatabase()
  t.after(() => database.drop())
  const engine = new EngineProcess({ DATABASE_URL: database.url, GOLDENHOUR_HOST: '127.0.0.1', PORT: '0' })
  t.after(() => engine.kill())
  await engine.ready()
  await engine.logged(/there is no region yet/)
  const site = await Site.make(t, {}, database.url)
  site.goTo(engine.port)
  await site.addRegion('new', { mode: 'ordered', units: ['N1'] })
  await engine.logged('region recovered')
  // Its unit was imported after it, so the engine may have met the region without.
  const token = await site.token({ regions: ['new'] })
  await until('the unit is there', async () => (await site.http('/v1/units/N1/state', { token })).status === 200)
  const first = site.driver('N1', { region: 'new' })
  await first.signOn()

  await site.importUnits('new', ['N2', { unitId: 'N1', callSign: 'Medic One' }])
  await until('the unit has its new call sign', () => first.driver!.unit.callSign === 'Medic One')
  await site.driver('N2', { region: 'new' }).signOn()
  engine.signal('SIGINT')
  assert.deepEqual(await engine.exited, { code: 0, signal: null })
})

function watched(desk: DispatcherClient): { last: number; gaps: number } {
  const board = { last: 0, gaps: 0 }
  desk.watchBoard({
    onSnapshot: ({ position }) => {
      board.last = position
    },
    onEvents: ({ position }) => {
      if (position !== board.last + 1) board.gaps += 1
      board.last = position
    },
  })
  return board
}
