/** A crew at its page on a phone, in a real Chromium: a shift from sign-in to sign-off, while the engine is killed in the middle. */
import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { buildConsole } from '../../tools/console/build.ts'
import { freePort } from '../../tools/shared/free-port.ts'
import { findChromium } from '../support/browser.ts'
import { addCrew, launch, notedPage, PASSWORD, seriousFindings } from '../support/console-pages.ts'
import { SCENE, Site, until } from '../support/engine.ts'

const program = findChromium()
const skip = program === null ? 'no Chromium is found here; apt-get install chromium (Debian) has it' : false
const LIMIT = { skip, timeout: 300_000 }
const REGION = 'akl'
const START = { longitude: SCENE.lonDeg + 0.01, latitude: SCENE.latDeg, accuracy: 8 }
const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
  permissions: ['geolocation'],
  geolocation: START,
}
const NEED = { levelOfCare: 'als', transport: true, capabilities: [] } as const

let browser: Browser

before(async () => {
  if (program === null) return
  await buildConsole()
  browser = await launch(program)
})
after(() => browser?.close())

async function service(t: TestContext, mode: 'offered' | 'ordered') {
  const site = await Site.make(t, { [REGION]: { mode, units: ['A1'] } })
  const env = { PORT: String(await freePort()) }
  const engine = await site.spawn(env)
  await addCrew(site, 'crew-1', REGION, ['A1'])
  return { site, env, engine }
}

const button = (name: string) => `[data-button="${name}"]`
const chosen = (name: string) => `[data-choice="${name}"]`

async function signInOnPhone(page: Page, port: number): Promise<void> {
  await page.goto(`http://127.0.0.1:${port}/driver`)
  await page.fill('[name=user]', 'crew-1')
  await page.fill('[name=password]', PASSWORD)
  await page.fill('[name=unit]', 'A1')
  await page.tap('button[type=submit]')
  await page.waitForSelector('[data-connection=open]')
}

async function signOn(page: Page): Promise<void> {
  await page.tap(button('sign-on'))
  await page.waitForSelector('[data-status=available]')
  await page.waitForSelector('[data-position=ok]')
}

/** A step along a road towards the scene. */
const driveTo = (page: Page, part: number) =>
  page.context().setGeolocation({ ...START, longitude: START.longitude + (SCENE.lonDeg - START.longitude) * part })

test(
  'a crew works a trip with its thumb; what it presses while the engine is killed is sent in order',
  LIMIT,
  async t => {
    const { site, env, engine } = await service(t, 'offered')
    const { page, requests, troubles } = await notedPage(t, browser, PHONE)
    await signInOnPhone(page, site.port)
    await signOn(page)
    await until('the first position is stored', async () => (await site.storedFixes()).length > 0)

    const desk = site.dispatcher()
    const details = { callerName: 'the caller', address: '12 Quay Street' }
    const call = { ...SCENE, priority: 1, problem: '09E01', needs: [NEED], details } as const
    const { result } = await desk.enterCall(call)
    await page.waitForSelector('[data-offer]')
    const offer = (await page.textContent('main'))!
    assert.match(offer, /Offer[\s\S]*Answer within \d:\d\d[\s\S]*Priority 1 09E01[\s\S]*8\d\d m by the straight line/)
    assert.doesNotMatch(offer, /Quay Street/, 'a crew that is not bound is shown nothing of the caller')
    await page.tap(button('accept'))
    await page.waitForSelector('[data-phase=assigned]')
    assert.match((await page.textContent('main'))!, /12 Quay Street[\s\S]*the caller/)
    await desk.addNote(result.callId, 'The gate is locked.')
    await page.waitForSelector('.unread')
    await page.tap(button('read-notes'))
    await page.waitForSelector('.unread', { state: 'detached' })
    await page.tap(button('en-route'))
    await page.waitForSelector('[data-phase=en-route]')
    await driveTo(page, 0.5)

    await engine.kill()
    await page.waitForSelector('.crew-banner.bad')
    await driveTo(page, 1)
    await page.tap(button('on-scene'))
    await page.tap(button('at-patient'))
    const waits = /(\d positions? and )?2 reports wait; sent as soon as there is a connection\./
    await page.waitForFunction(() => /position/.test(document.querySelector('.not-sent')?.textContent ?? ''))
    assert.match((await page.textContent('.not-sent'))!, waits)
    assert.match((await page.textContent('.not-sent ol'))!, /On scene, pressed \S+At patient, pressed/)
    assert.match((await page.textContent('main h2'))!, /Now: at patient pressed here, not sent yet/)

    await site.forgetLease()
    await site.spawn(env)
    await page.waitForSelector('[data-connection=open]')
    await page.waitForSelector('[data-phase=at-patient]')
    await page.waitForSelector('.not-sent', { state: 'detached' })
    for (const phase of ['transporting', 'at-destination', 'transferred']) {
      await page.tap(button(phase))
      await page.waitForSelector(`[data-phase=${phase}]`)
    }
    await page.tap(button('close'))
    await page.tap(chosen('transported'))
    await page.waitForSelector('[data-status=available]')

    const events = (await site.records()).flatMap(each => each.events)
    assert.deepEqual(
      events.flatMap(event => (event.type === 'TripPhaseReached' ? event.phase : [])),
      ['en-route', 'on-scene', 'at-patient', 'transporting', 'at-destination', 'transferred'],
    )
    await until('the position of the gap is stored', async () =>
      (await site.storedFixes()).some(({ fix }) => Math.abs(fix.lonDeg - SCENE.lonDeg) < 1e-6),
    )
    await page.tap(button('sign-off'))
    await page.waitForSelector('[data-status=off-duty]')
    assert.deepEqual(troubles, [])
    const own = new RegExp(`^(http|ws)://127\\.0\\.0\\.1:${site.port}/`)
    assert.deepEqual(
      requests.filter(url => !own.test(url) || /eyJ|token|otters/.test(url)),
      [],
    )
  },
)

test(
  'the page itself opens without an engine, keeps nothing of patients, and goes on when the engine is back',
  LIMIT,
  async t => {
    const { site, env, engine } = await service(t, 'ordered')
    const { page, troubles } = await notedPage(t, browser, PHONE)
    page.on('dialog', dialog => void dialog.accept())
    await signInOnPhone(page, site.port)
    await signOn(page)
    await page.waitForFunction(async () => (await caches.match('/driver')) !== undefined)
    const desk = site.dispatcher()
    const { result } = await desk.enterCall({ ...SCENE, priority: 2, problem: '26A01', needs: [NEED] })
    await page.waitForSelector('[data-offer]')
    assert.equal(await page.locator(button('decline')).count(), 0, 'an order cannot be declined')
    await page.tap(button('accept'))
    await page.waitForSelector('[data-phase=assigned]')

    await engine.kill()
    await page.reload()
    await page.waitForSelector('.crew header')
    assert.notEqual(await page.getAttribute('[data-connection]', 'data-connection'), 'open')
    assert.match((await page.textContent('main'))!, /Nothing is known of your unit yet/)
    const keptUrls = await page.evaluate(async () => {
      const names = await caches.keys()
      const all = await Promise.all(names.map(async name => (await caches.open(name)).keys()))
      return all.flat().map(({ url }) => new URL(url).pathname)
    })
    assert.ok(keptUrls.length > 3)
    assert.deepEqual(
      keptUrls.filter(path => path !== '/driver' && !/^\/assets\/[\w-]+-[A-Z0-9]{8}\.\w+$/.test(path)),
      [],
    )
    await site.forgetLease()
    await site.spawn(env)
    await page.waitForSelector('[data-phase=assigned]')

    await desk.cancelCall(result.callId, 'caller-cancelled')
    await page.waitForSelector('.stand-down')
    await page.tap(button('stand-down'))
    await page.waitForSelector('.stand-down', { state: 'detached' })
    await page.tap(button('unavailable'))
    await page.tap(chosen('decontamination'))
    await page.waitForSelector('[data-status=unavailable]')
    assert.match((await page.textContent('main'))!, /You are unavailable: cleaning the vehicle/)
    await page.tap(button('available'))
    await page.waitForSelector('[data-status=available]')
    assert.deepEqual(troubles, [])
  },
)

test('a crew names its hospital, and calls for help for itself, also without a connection', LIMIT, async t => {
  const { site, env, engine } = await service(t, 'ordered')
  const { page, troubles } = await notedPage(t, browser, PHONE)
  await signInOnPhone(page, site.port)
  await signOn(page)
  const desk = site.dispatcher()
  const { result } = await desk.enterCall({ ...SCENE, priority: 1, problem: '09E01', needs: [NEED] })
  await page.waitForSelector('[data-offer]')
  await page.tap(button('accept'))
  await page.tap(button('en-route'))
  await page.waitForFunction(() =>
    /by the straight line, predicted arrival in/.test(document.querySelector('[data-way]')!.textContent!),
  )
  await page.tap(button('on-scene'))
  await page.tap(button('at-patient'))
  await page.waitForSelector('[data-phase=at-patient]')
  await page.tap('.more summary')
  await page.tap(button('hospital'))
  await page.waitForSelector('.choices')
  assert.match((await page.textContent('.choices'))!, /Asking|no hospitals on its list/)
  await page.tap('.choices .quiet')
  const token = await site.token({ role: 'supervisor', regions: [REGION] })
  const hospital = { hospitalId: 'H1', name: 'City Hospital', emergencyDepartment: true, capabilities: [] }
  const answer = await fetch(`http://127.0.0.1:${site.port}/v1/hospitals?region=${REGION}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': 'hospital-1' },
    body: JSON.stringify({ ...hospital, lonDeg: SCENE.lonDeg - 0.02, latDeg: SCENE.latDeg }),
  })
  assert.equal(answer.status, 201, await answer.text())
  const said = await fetch(`http://127.0.0.1:${site.port}/v1/hospitals/H1/status?region=${REGION}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'if-match': '*' },
    body: JSON.stringify({ status: 'divert', note: 'no scanner' }),
  })
  assert.equal(said.status, 200, await said.text())
  await until('the region knows the hospital', async () => {
    const { result: found } = await desk.bestDestinations({ tripId: result.tripIds[0]! })
    return found.destinations.length === 1
  })
  await page.tap('.more summary')
  await page.tap(button('hospital'))
  await page.waitForSelector(chosen('H1'))
  assert.match((await page.textContent('.choices'))!, /ON DIVERT \(no scanner\): City Hospital, /)
  await page.tap(chosen('H1'))
  await page.waitForSelector('[data-hospital=H1]')
  await page.tap(button('transporting'))
  await page.waitForFunction(() => /predicted arrival in/.test(document.querySelector('[data-way]')!.textContent!))

  await page.tap(button('emergency'))
  await page.waitForSelector('.emergency.armed')
  await page.waitForSelector('.emergency:not(.armed)')
  await engine.kill()
  await page.waitForSelector('.crew-banner.bad')
  await page.tap(button('emergency'))
  await page.tap(button('emergency'))
  assert.match((await page.textContent('[data-emergency=pressed]'))!, /NOT SENT YET. Use the radio/)
  await site.forgetLease()
  await site.spawn(env)
  await page.waitForSelector('[data-emergency=known]')
  const events = (await site.records()).flatMap(each => each.events)
  const told = events.filter(({ type }) => ['DestinationNamed', 'EmergencyCalled', 'UnitAlarmRaised'].includes(type))
  assert.deepEqual(
    told.map(event => [event.type, 'alarm' in event ? event.alarm : null]),
    [
      ['DestinationNamed', null],
      ['EmergencyCalled', null],
      ['UnitAlarmRaised', 'emergency'],
    ],
  )
  await desk.endEmergency('A1')
  await page.waitForSelector(button('emergency'))
  assert.deepEqual(troubles, [])
})

test('a phone that may not tell where it is says so, and works all the same', LIMIT, async t => {
  const { site } = await service(t, 'offered')
  const { page } = await notedPage(t, browser, { ...PHONE, permissions: [] })
  await signInOnPhone(page, site.port)
  await page.tap(button('sign-on'))
  await page.waitForSelector('[data-status=available]')
  await page.waitForSelector('[data-position=denied]')
  assert.match((await page.textContent('[data-position]'))!, /until then the desk does not see you/)
})

test('a crew whose phone has a wrong clock is told so, and by how much', LIMIT, async t => {
  const { site } = await service(t, 'offered')
  const { page } = await notedPage(t, browser, PHONE)
  await page.addInitScript(() => {
    const trueNow = Date.now
    Date.now = () => trueNow() - 125_000
  })
  await signInOnPhone(page, site.port)
  await page.waitForSelector('[data-clock=off]')
  assert.match((await page.textContent('[data-clock]'))!, /clock is 2 min behind/)
  const other = await notedPage(t, browser, PHONE)
  await signInOnPhone(other.page, site.port)
  await other.page.waitForSelector(button('sign-on'))
  assert.equal(await other.page.$('[data-clock]'), null)
})

test(
  'axe finds nothing serious on the crew’s page, in light and in dark, and every button is large',
  LIMIT,
  async t => {
    const { site } = await service(t, 'offered')
    const desk = site.dispatcher()
    const { page } = await notedPage(t, browser, PHONE)
    const look = async (where: string) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        assert.deepEqual(await seriousFindings(page), [], `${where}, ${colorScheme}`)
      }
      const small = await page.evaluate(() =>
        [...document.querySelectorAll('button, summary, a')]
          .filter(element => element.checkVisibility() && element.getBoundingClientRect().height < 48)
          .map(element => element.textContent),
      )
      assert.deepEqual(small, [], where)
      const isWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
      assert.equal(isWide, false, `${where} fits the phone's width`)
    }
    await page.goto(`http://127.0.0.1:${site.port}/driver`)
    await page.waitForSelector('[name=user]')
    await look('sign-in')
    await signInOnPhone(page, site.port)
    await signOn(page)
    await page.tap('.crew-settings summary')
    await look('duty')
    await page.tap(button('emergency'))
    await look('call for help')
    await page.tap(button('emergency'))
    await page.waitForSelector('[data-emergency=known]')
    await look('help was called')
    await desk.endEmergency('A1')
    await page.waitForSelector(button('emergency'))
    await page.tap(button('unavailable'))
    await look('reasons')
    await page.tap('.choices .quiet')
    const { result } = await desk.enterCall({ ...SCENE, priority: 1, problem: '09E01', needs: [NEED] })
    await page.waitForSelector('[data-offer]')
    await look('offer')
    await page.tap(button('accept'))
    await page.waitForSelector('[data-phase=assigned]')
    await desk.addNote(result.callId, 'The gate is locked.')
    await page.waitForSelector('.unread')
    await page.tap('.more summary')
    await look('work')
    await desk.cancelCall(result.callId, 'caller-cancelled')
    await page.waitForSelector('.stand-down')
    await look('stand-down')
  },
)
