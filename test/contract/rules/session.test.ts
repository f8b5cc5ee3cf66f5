/** `docs/protocol/core.md`: handshake and session. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLOSE_CODES } from '../../../src/protocol/errors.ts'
import { DEFAULT_LIMITS, LIMITS } from '../../../src/protocol/limits.ts'
import { CALL, FORMATS, fixAt, PLACE, Stage } from './stage.ts'

const ordered = { mode: 'ordered', units: ['A1', 'A2'] } as const
const stage = new Stage({ akl: ordered, wlg: ordered, resume: ordered, clock: ordered })

test('[HS-1] anything before welcome, and a second hello, is answered hello-first', async () => {
  for (const format of FORMATS) {
    const early = await stage.open(format)
    assert.equal(await early.refused('unwatch-board'), 'hello-first')
    early.send('hint', 0, 0, fixAt(1))
    assert.equal(await early.refusal(null), 'hello-first')
    await early.hello([await stage.site.token(), 'akl', 'dispatcher', null, Date.now(), []])
    const again = [await stage.site.token(), 'akl', 'dispatcher', null, Date.now(), []]
    assert.equal(await early.refused('hello', ...again), 'hello-first')
    // Its form is looked at before its turn is.
    assert.equal(await early.refused('hello', '', ...again.slice(1)), 'invalid-field token')
    await early.ask('unwatch-board')
  }
})

test('[HS-2] a session is of one region and one role, both of the token’s; several regions are several sessions', async () => {
  const token = await stage.site.token({ regions: ['akl', 'wlg'] })
  for (const region of ['akl', 'wlg']) {
    const desk = await stage.open()
    await desk.hello([token, region, 'dispatcher', null, Date.now(), []])
    assert.deepEqual([desk.welcome.region, desk.welcome.role], [region, 'dispatcher'])
    const { result } = await desk.ask('enter-call', { ...CALL, needs: [{ levelOfCare: 'cct' }] })
    assert.match(result.callId as string, new RegExp(`^${region}\\.`))
  }
  for (const [code, region, role] of [
    ['wrong-region', 'resume', 'dispatcher'],
    ['wrong-role', 'akl', 'supervisor'],
  ]) {
    const stranger = await stage.open()
    assert.equal(await stranger.refused('hello', token, region, role, null, Date.now(), []), code)
    assert.equal((await stranger.closed).code, CLOSE_CODES.unauthenticated)
  }
})

test("[HS-3] a driver's hello names the token's unit; every other role names none", async () => {
  const tokens = {
    driver: await stage.site.token({ role: 'driver', unit: 'A1' }),
    dispatcher: await stage.site.token(),
  }
  for (const format of FORMATS) {
    const client = await stage.open(format)
    for (const [role, unit] of [
      ['driver', null],
      ['dispatcher', 'A1'],
    ] as const) {
      assert.equal(
        await client.refused('hello', tokens[role], 'akl', role, unit, Date.now(), []),
        'invalid-field unitId',
      )
    }
    assert.equal(await client.refused('hello', tokens.driver, 'akl', 'driver', 'A2', Date.now(), []), 'wrong-unit')
    const driver = await stage.open(format)
    await driver.hello([tokens.driver, 'akl', 'driver', 'A1', Date.now(), []])
    assert.equal(driver.welcome.driver?.unit.unitId, 'A1')
  }
})

test('[HS-4] the sentAtMs of later messages counts from the clientNowMs of hello', async () => {
  const region = 'clock'
  for (const [unit, offsetMs] of [
    ['A1', -3_600_000],
    ['A2', 3_600_000],
  ] as const) {
    // A clock that was an hour off when hello was sent, and the moment of the fix counted from there.
    const fixedAtMs = Date.now() - 1_000
    const driver = await stage.driver(unit, { region, clientNowMs: fixedAtMs + offsetMs })
    driver.send('fix', 0, -offsetMs, fixAt(1))
    driver.send('mark', 0)
    await driver.hear('marks')
    const { anchorRegionMs, anchorWallMs } = driver.welcome.clock
    const back = await stage.driver(unit, { region })
    assert.equal(back.welcome.driver?.unit.fix?.fixedAtMs, anchorRegionMs + fixedAtMs - anchorWallMs)
  }
})

test('[HS-5] streams are at most eight, each once, in the order of their index; a desk has none', async () => {
  const declared = Array.from({ length: LIMITS.streamsPerHello }, (_, i) => [`n${i}`, i % 2 ? 'gnss' : 'device', 1])
  const driver = await stage.driver('A2', { region: 'akl', streams: declared as never })
  assert.deepEqual(
    driver.welcome.streams,
    declared.map(([id]) => [id, 0]),
  )
  driver.send('fix', 7, 0, fixAt(1))
  driver.send('mark', 7)
  assert.deepEqual(await driver.hear('marks'), ['marks', 7, 1])
  const desk = await stage.desk({ region: 'akl' })
  assert.deepEqual(desk.welcome.streams, [])
  const token = await stage.site.token({ role: 'driver', unit: 'A2' })
  const stranger = await stage.open()
  for (const [path, streams] of [
    ['streams', [...declared, ['n8', 'gnss', 1]]],
    ['streams', [declared[0], declared[0]]],
    ['streams.0.1', [['s', 'sundial', 1]]],
    ['streams.0.2', [['s', 'gnss', 0]]],
  ] as const) {
    assert.equal(
      await stranger.refused('hello', token, 'akl', 'driver', 'A2', Date.now(), streams),
      `invalid-field ${path}`,
    )
  }
})

test('[HS-6] a refused hello is answered under its id and closed; an ill-formed one leaves the way open for a good one', async () => {
  for (const format of FORMATS) {
    const client = await stage.open(format)
    assert.equal(await client.refused('hello', '', 'akl', 'dispatcher', null, Date.now(), []), 'invalid-field token')
    await client.hello([await stage.site.token(), 'akl', 'dispatcher', null, Date.now(), []])
    const stranger = await stage.open(format)
    assert.equal(await stranger.refused('hello', 'x.y.z', 'akl', 'dispatcher', null, Date.now(), []), 'token-invalid')
    assert.equal((await stranger.closed).code, CLOSE_CODES.unauthenticated)
  }
})

test('[HS-7] welcome tells a driver its marks in the order of hello, its status, and its open trip with its version', async () => {
  const region = 'resume'
  const crew = await stage.crew('A1', { region, streams: [['old', 'gnss', 1]] }, 1)
  const desk = await stage.desk({ region })
  const { result } = await desk.ask('enter-call', CALL)
  const [tripId] = result.tripIds as string[]
  const [, , ordered] = await crew.hear('unit-state', ([, , { trip }]) => trip?.offer !== null && trip !== null)
  const { position } = await crew.ask('accept-offer', ordered.trip!.offer!.offerId, Date.now())
  for (const format of FORMATS) {
    const back = await stage.driver('A1', {
      region,
      format,
      streams: [
        [`new-${format}`, 'device', 1],
        ['old', 'gnss', 2],
      ],
    })
    const { streams, driver, clock, limits } = back.welcome
    assert.deepEqual(streams, [
      [`new-${format}`, 0],
      ['old', 1],
    ])
    assert.equal(driver?.unit.status, 'assigned')
    assert.deepEqual([driver?.trip?.tripId, driver?.trip?.version, driver?.trip?.offer], [tripId, position, null])
    assert.deepEqual(Object.keys(clock).sort(), ['anchorRegionMs', 'anchorWallMs', 'nowMs', 'rate'])
    assert.deepEqual(limits, {
      frameBytes: DEFAULT_LIMITS.frameBytes.driver,
      fixesPerFrame: DEFAULT_LIMITS.fixesPerFrame,
      comeBackSpreadMs: 1_000,
    })
    // The first thing that a session hears.
    assert.deepEqual(await back.heardSoFar(), [])
  }
})

test('[HS-8] the newest session of a unit wins, and the older is closed with 4409', async () => {
  const older = await stage.driver('A1', { region: 'wlg' })
  const newer = await stage.driver('A1', { region: 'wlg', format: 'json' })
  assert.equal((await older.closed).code, CLOSE_CODES.superseded)
  await newer.ask('sign-on', Date.now())
  const desk = await stage.desk({ region: 'wlg' })
  await desk.ask('nearest', PLACE.lonE7, PLACE.latE7, 1, null)
})
