/** What is told of the database: away when it refuses, falls silent or takes no renewal; up again when it answers. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { systemClock } from '../../../src/base/time.ts'
import { StoreUnavailable } from '../../../src/store/log/journal.ts'
import { isAwayForNow, isBusyServer, retryWhileAway } from '../../../src/store/postgres/retry-while-away.ts'
import { StoreHealth } from '../../../src/store/postgres/store-health.ts'
import { until } from '../../support/engine.ts'
import { emptyDatabase } from '../../support/postgres.ts'

/** A database behind a wire that can be held: what is sent then waits, in both directions. */
async function wired(t: TestContext) {
  const database = await emptyDatabase()
  const url = new URL(database.url)
  const target = Number(url.port)
  const ends = new Set<Socket>()
  let isHeld = false
  const wire = createServer(near => {
    const far = connect(target, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(from)
      from.on('error', () => undefined)
      from.on('data', data => to.write(data))
      from.on('close', () => {
        ends.delete(from)
        to.destroy()
      })
      if (isHeld) from.pause()
    }
  }).listen(0, '127.0.0.1')
  await once(wire, 'listening')
  url.port = String((wire.address() as { port: number }).port)
  const changes: string[] = []
  const health = new StoreHealth({
    url: url.href,
    scheduler: systemClock,
    onChange: ({ status }, reason) => changes.push(`${status}: ${reason}`),
  })
  t.after(async () => {
    await health.stop()
    for (const end of ends) end.destroy()
    wire.close()
    await database.drop()
  })
  const hold = (held: boolean) => {
    isHeld = held
    for (const end of ends) held ? end.pause() : end.resume()
  }
  return { health, changes, hold, ends, wire, port: Number(url.port) }
}

test('a database that falls silent is away, and up again when it answers', async t => {
  const { health, changes, hold, ends } = await wired(t)
  health.start()
  await until('it is asked', () => ends.size > 0)
  assert.equal(health.state().status, 'up')
  hold(true)
  await until('it is away', () => health.state().status === 'away')
  assert.deepEqual(changes, ['away: it does not answer'])
  hold(false)
  await until('it is up', () => health.state().status === 'up')
  assert.equal(changes.length, 2)
})

test('a database that refuses is away; a connection that was cut, and can be made again, is no reason', async t => {
  const { health, changes, ends, wire, port } = await wired(t)
  health.start()
  await until('it is asked', () => ends.size > 0)
  for (const end of [...ends]) end.destroy()
  await until('it is asked anew', () => ends.size > 0)
  assert.deepEqual(changes, [])
  wire.close()
  for (const end of [...ends]) end.destroy()
  await until('it is away', () => health.state().status === 'away')
  assert.match(changes[0]!, /ECONNREFUSED|ECONNRESET|terminated/)
  wire.listen(port, '127.0.0.1')
  await until('it is up', () => health.state().status === 'up')
})

test('leases that are not renewed make it away, until they are, or are given back', async t => {
  const { health, changes, ends } = await wired(t)
  health.start()
  await until('it is asked', () => ends.size > 0)
  health.renewal(new Error('no room'))
  assert.match(changes[0]!, /^away: the leases could not be renewed: no room$/)
  health.renewal(null)
  assert.equal(health.state().status, 'up')
  await until('no renewal came', () => health.state().status === 'away')
  assert.equal(changes[2], 'away: the leases are not renewed')
  health.leasesEnded()
  assert.equal(health.state().status, 'up')
})

test('who holds leases is up after a silence once they are renewed too, so that it is told once', async t => {
  const { health, changes, hold, ends } = await wired(t)
  let isRenewed = true
  const renewing = setInterval(() => isRenewed && health.renewal(null), 100)
  t.after(() => clearInterval(renewing))
  health.start()
  health.renewal(null)
  await until('it is asked', () => ends.size > 0)
  isRenewed = false
  hold(true)
  await until('it is away', () => health.state().status === 'away')
  hold(false)
  // It is answered by now, and the renewal fails on a connection that died meanwhile.
  await new Promise(resolve => setTimeout(resolve, 1_000))
  assert.equal(health.state().status, 'away')
  health.renewal(new Error('Connection terminated unexpectedly'))
  isRenewed = true
  await until('it is up', () => health.state().status === 'up')
  assert.equal(changes.length, 2, changes.join('; '))
})

test('a step of a start is done again while the store is away, and no longer', async () => {
  const { signal } = new AbortController()
  const away = Object.assign(new Error('terminating connection due to administrator command'), {
    code: '57P01',
    severity: 'FATAL',
  })
  let tries = 0
  const retried: unknown[] = []
  const done = await retryWhileAway(
    () => {
      tries += 1
      return tries < 3 ? Promise.reject(new StoreUnavailable('away', { cause: away })) : Promise.resolve('done')
    },
    { signal, onRetry: error => retried.push(error) },
  )
  assert.deepEqual([done, tries, retried.length], ['done', 3, 2])

  const damaged = Object.assign(new Error('invalid page in block 2'), { code: 'XX001', severity: 'ERROR' })
  for (const error of [damaged, new StoreUnavailable('invalid page', { cause: damaged }), new TypeError('ours')]) {
    assert.equal(isAwayForNow(error), false)
    await assert.rejects(
      retryWhileAway(() => Promise.reject(error), { signal, onRetry: () => undefined }),
      error,
    )
  }
})

test('a wait for the store ends with the reason of its signal', async () => {
  const giveUp = new AbortController()
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' })
  assert.deepEqual([isAwayForNow(refused), isBusyServer(refused)], [true, false])
  const waiting = retryWhileAway(() => Promise.reject(refused), {
    signal: giveUp.signal,
    onRetry: () => setImmediate(() => giveUp.abort()),
  })
  await assert.rejects(waiting, error => error === giveUp.signal.reason)
})
