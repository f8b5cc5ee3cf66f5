/** The library against a running engine: signing in, tickets, a feed's units on the map, after a restart; and bad fixes. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { type ClientFault, connect, SignInRefused, signIn } from '../../src/client/index.ts'
import { freePort } from '../../tools/shared/free-port.ts'
import { ADMIN_PASSWORD, SCENE, Site, until } from '../support/engine.ts'

const PASSWORD = 'six brass kettles on a shelf'

test("a dispatcher signs in, sees a feed's units drive, and goes on after a restart by its ticket", async t => {
  const site = await Site.make(t, { akl: { mode: 'ordered', units: ['A1', 'A2'] } })
  const port = await freePort()
  const engine = await site.start({ port })
  const url = `ws://127.0.0.1:${port}`

  const admin = await signIn({ url, user: 'admin', password: ADMIN_PASSWORD })
  const created = await site.http('/v1/users', {
    method: 'POST',
    token: await admin.token(),
    headers: { 'Idempotency-Key': randomUUID() },
    body: JSON.stringify({ name: 'desk-1', role: 'dispatcher', regions: ['akl'], password: PASSWORD }),
  })
  assert.equal(created.status, 201, JSON.stringify(created.body))
  await assert.rejects(signIn({ url, user: 'desk-1', password: 'not the right one' }), {
    name: 'SignInRefused',
    code: 'credentials-wrong',
  })
  const stored: (string | undefined)[] = []
  const signedIn = await signIn({
    url,
    user: 'desk-1',
    password: PASSWORD,
    onTokens: tokens => stored.push(tokens?.refreshToken),
  })
  assert.deepEqual(signedIn.user, { name: 'desk-1', role: 'dispatcher', regions: ['akl'], unit: null })
  const [first, second] = await Promise.all([signedIn.refresh(), signedIn.refresh()])
  assert.equal(first, second)
  assert.equal(new Set(stored).size, 2, 'the refresh token was replaced')

  let tokens = 0
  const desk = connect({
    url,
    token: () => {
      tokens += 1
      return signedIn.token()
    },
    region: 'akl',
    role: 'dispatcher',
    random: () => 0.1,
  })
  const feedToken = () => site.token({ sub: 'modem-gateway', role: 'feed' })
  const feed = connect({ url, token: feedToken, region: 'akl', role: 'feed', random: () => 0.1 })
  t.after(() => {
    desk.close()
    feed.close()
  })
  const faults: ClientFault[] = []
  for (const client of [desk, feed]) client.onFault(fault => faults.push(fault))

  const fleet = desk.fleet()
  const { westDeg, southDeg } = { westDeg: SCENE.lonDeg - 0.05, southDeg: SCENE.latDeg - 0.05 }
  fleet.lookAt({ westDeg, southDeg, eastDeg: westDeg + 0.1, northDeg: southDeg + 0.1 })
  await until('the map is whole', () => desk.connectionState === 'open' && fleet.tilesAwaited === 0)
  assert.equal(fleet.size, 0)

  // Units that no crew is signed on to are not shown.
  for (const unitId of ['A1', 'A2']) {
    const crew = site.driver(unitId)
    await crew.signOn()
    crew.close()
  }
  feed.attach(['A1', 'A2'])
  for (const unitId of ['A1', 'A2']) feed.send(unitId, { ...SCENE, speedMps: 12, headingDeg: 90 })
  await until('both are on the map', () => fleet.size === 2)
  assert.deepEqual([fleet.get('A1')!.freshness, fleet.get('A1')!.status], ['fresh', 'available'])
  await feed.mark()
  assert.deepEqual([feed.fixesDurable, feed.fixesNotDurable], [2, 0])

  await engine.stop()
  feed.send('A1', { ...SCENE, lonDeg: SCENE.lonDeg + 0.001 })
  assert.equal(fleet.size, 2, 'what was seen stays while the engine is away')
  await site.start({ port })
  await feed.mark()
  await until('the map has gone on', () => (fleet.get('A1')?.lonDeg ?? 0) > SCENE.lonDeg)
  assert.equal(tokens, 1, 'the ticket did')
  assert.deepEqual(
    // An engine that is still starting turns away whoever comes back before it is ready.
    faults
      .filter(({ kind, refusal }) => kind !== 'connection' && refusal?.code !== 'unavailable')
      .map(({ message }) => message),
    [],
  )
  const fixes = (await site.storedFixes()).map(({ unitId, fix }) => `${unitId} ${fix.seq}`)
  assert.deepEqual(fixes.sort(), ['A1 1', 'A1 2', 'A2 1'])

  const end = new Promise<string>(resolve => desk.onClosed(({ reason }) => resolve(reason)))
  await signedIn.signOut()
  assert.equal(await end, 'refused', 'signing out ends the sessions that came of it')
  await assert.rejects(signedIn.token(), SignInRefused)
})

test('[FX-13] a fix of a time that cannot be is left out and told, and those around it are stored at their own', async t => {
  const site = await Site.make(t, { akl: { mode: 'ordered', units: ['A1', 'A2'] } })
  const port = await freePort()
  await site.start({ port })
  const to = { url: `ws://127.0.0.1:${port}`, region: 'akl' }
  const faults: (ClientFault['refusal'] | null)[] = []
  const driverToken = () => site.token({ sub: 'crew', role: 'driver', unit: 'A1' })
  const crew = connect({ ...to, token: driverToken, role: 'driver', unitId: 'A1' })
  const feed = connect({ ...to, token: () => site.token({ sub: 'modems', role: 'feed' }), role: 'feed' })
  t.after(() => {
    crew.close()
    feed.close()
  })
  for (const client of [crew, feed]) client.onFault(({ refusal }) => faults.push(refusal))
  feed.attach(['A2'])
  // Before the engine has said what time it is, nobody can know what is wrong with a receiver's.
  for (const more of [{}, { fixedAtMs: 0 }, {}]) {
    crew.report({ ...SCENE, ...more })
    feed.send('A2', { ...SCENE, ...more })
  }
  await Promise.all([crew.mark(), feed.mark()])
  assert.deepEqual(
    [crew, feed].map(({ fixesDurable, fixesDropped, fixesNotDurable }) => [
      fixesDurable,
      fixesDropped,
      fixesNotDurable,
    ]),
    [
      [2, 1, 0],
      [2, 1, 0],
    ],
  )
  assert.deepEqual(
    faults.map(refusal => [refusal?.code, refusal?.details?.path]),
    [
      ['invalid-field', 'fixes.1.ageMs'],
      ['invalid-field', 'fixes.1.ageMs'],
    ],
  )
  const token = await site.token({ sub: 'desk', role: 'supervisor' })
  for (const unit of ['A1', 'A2']) {
    const span = `fromMs=${Date.now() - 3_600_000}&toMs=${Date.now() + 60_000}`
    const { body } = await site.http(`/v1/units/${unit}/track?region=akl&${span}`, { token })
    assert.deepEqual(
      body.items.map(({ seq }: { seq: number }) => seq),
      [1, 3],
    )
  }
})
