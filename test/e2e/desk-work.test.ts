/** What a dispatcher does with calls and trips at the console, in a real Chromium, beside taking one from its first key to its end. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { buildConsole } from '../../tools/console/build.ts'
import { findChromium } from '../support/browser.ts'
import {
  addCrew,
  addSupervisor,
  launch,
  notedPage,
  PASSWORD,
  seriousFindings,
  signInAt,
} from '../support/console-pages.ts'
import { crewOf, deskService, noted, REGION, rowIn } from '../support/desk-service.ts'
import { SCENE, type Site, until } from '../support/engine.ts'

const program = findChromium()
const skip = program === null ? 'no Chromium is found here; apt-get install chromium (Debian) has it' : false
const LIMIT = { skip, timeout: 300_000 }
const NEED = { levelOfCare: 'als', transport: true, capabilities: [] } as const
const CALL = { ...SCENE, priority: 3, problem: '26A01', needs: [NEED] } as const

let browser: Browser

before(async () => {
  if (program === null) return
  await buildConsole()
  browser = await launch(program)
})
after(() => browser?.close())

const shows = (page: Page, selector: string, pattern: RegExp) =>
  page.waitForFunction(
    ({ selector: of, source }) => new RegExp(source).test(document.querySelector(of)?.textContent ?? ''),
    { selector, source: pattern.source },
  )

/** The console of a dispatcher, once its map knows the roads. */
async function desk(t: Parameters<typeof notedPage>[0], site: Site, name = 'desk-1') {
  const noted = await notedPage(t, browser)
  await signInAt(noted.page, site.port, name)
  await noted.page.waitForFunction(() => document.querySelector('.map-note') === null)
  return noted
}

async function addHospital(site: Site): Promise<void> {
  const hospital = { hospitalId: 'CITY', name: 'City Hospital', emergencyDepartment: true, capabilities: [] }
  const { status } = await site.http(`/v1/hospitals?region=${REGION}`, {
    method: 'POST',
    token: await site.token({ sub: 'super', role: 'supervisor' }),
    headers: { 'idempotency-key': 'city' },
    body: JSON.stringify({ ...hospital, lonDeg: SCENE.lonDeg - 0.006, latDeg: SCENE.latDeg + 0.004 }),
  })
  assert.equal(status, 201)
}

test('a call is placed by the name of a street, sent before its triage is over, and amended', LIMIT, async t => {
  const { site } = await deskService(t)
  await addHospital(site)
  const { page, troubles } = await desk(t, site)
  const { crew, offered } = await crewOf(site, 'A1')
  await page.keyboard.press('n')
  await page.waitForSelector('[name=place]:focus')
  await page.keyboard.type('12 quen street')
  await page.waitForSelector('[role=option][aria-selected=true]')
  assert.match((await page.textContent('#found-places'))!, /Queen Street street · all of it within .+\d+ % sure/)
  assert.deepEqual(await seriousFindings(page), [])
  await page.keyboard.press('Enter')
  await shows(page, '.found-taken', /Queen Street, \d+ % sure/)
  assert.equal(await page.inputValue('[name=address]'), '12 quen street', 'the house number stays with the call')
  await page.waitForSelector('.unit-choice kbd')
  assert.match((await page.textContent('.ranked'))!, /by road[\s\S]*1\s*A1[\s\S]*\d:\d\d \+ \d:\d\d turnout/)

  await page.keyboard.press('Control+Shift+Enter')
  await page.waitForSelector('[data-sent]')
  const tripId = await offered
  await shows(page, '.sent', /assigned A1/)
  await page.fill('[name=problem]', '09E01')
  await page.click('.panel .priorities .p1')
  await page.keyboard.press('Control+Enter')
  await page.waitForSelector(`[data-panel="${tripId}"]`)
  await shows(page, '#trip-title', /1[\s\S]*09E01/)
  await shows(page, '.facts', /12 quen street/)

  await page.waitForSelector('.arrival-line [data-arrival=roads]')
  assert.match((await page.textContent('.arrival-line'))!, /there in \d:\d\d[\s\S]* to go · by road/)
  await page.waitForSelector('[data-route=roads]')
  for (const phase of ['en-route', 'on-scene', 'transporting'] as const) await crew.reportPhase(tripId, phase)
  await page.waitForSelector('.arrival-line [data-arrival=no-destination]')
  await page.waitForSelector('[data-route=""]')
  await page.waitForSelector('[name=destination] option[value=CITY]', { state: 'attached' })
  assert.match((await page.textContent('[name=destination]'))!, /City Hospital · \d:\d\d/)
  await page.selectOption('[name=destination]', 'CITY')
  await page.waitForSelector('[data-destination=CITY]')
  const said = await site.http(`/v1/hospitals/CITY/status?region=${REGION}`, {
    method: 'PUT',
    token: await site.token({ sub: 'super', role: 'supervisor' }),
    headers: { 'if-match': '*' },
    body: JSON.stringify({ status: 'divert', note: 'no scanner' }),
  })
  assert.equal(said.status, 200)
  await shows(page, '.not-open', /City Hospital: on divert: no scanner/)
  await shows(page, '.arrival-line', /at the hospital in \d:\d\d/)
  await page.waitForSelector('[data-route=roads]')

  await crew.callEmergency()
  await page.waitForSelector('[data-alarm=emergency].loud.s1')
  assert.match((await page.textContent('[data-alarm=emergency]'))!, /Crew calls for help for itself[\s\S]*A1/)
  await page.click('[data-alarm=emergency] >> text=The crew is safe')
  await shows(page, '[data-alarm=emergency]', /cause is gone/)
  await page.click('[data-alarm=emergency] >> text=Take on')
  await page.waitForSelector('[data-alarm=emergency]', { state: 'detached' })
  assert.deepEqual(troubles, [])
})

/** A phone with a crew on it that is on duty near the scene. */
async function crewOnPhone(t: Parameters<typeof notedPage>[0], site: Site): Promise<Page> {
  await addCrew(site, 'crew-1', REGION, ['A1'])
  const { page } = await notedPage(t, browser, {
    ...{ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, permissions: ['geolocation'] },
    geolocation: { longitude: SCENE.lonDeg + 0.004, latitude: SCENE.latDeg, accuracy: 8 },
  })
  await page.goto(`http://127.0.0.1:${site.port}/driver`)
  await page.fill('[name=user]', 'crew-1')
  await page.fill('[name=password]', PASSWORD)
  await page.fill('[name=unit]', 'A1')
  await page.tap('button[type=submit]')
  await page.tap('[data-button="sign-on"]')
  await page.waitForSelector('[data-position=ok]')
  return page
}

test('seven keys beside what is typed bring a call by name to the page of its crew', LIMIT, async t => {
  const { site } = await deskService(t)
  const phone = await crewOnPhone(t, site)
  const { page, troubles } = await desk(t, site)
  await page.keyboard.press('u')
  await page.waitForSelector('tr[data-unit=A1][data-status=available]')
  const startedMs = performance.now()
  let [keys, typed] = [0, 0]
  const press = async (key: string) => {
    await page.keyboard.press(key)
    keys += 1
  }
  const type = async (text: string) => {
    await page.keyboard.type(text)
    typed += text.length
  }
  await press('n')
  // At once: a house number must not be taken for a key of the board.
  await type('queen street')
  await page.waitForSelector('[role=option][aria-selected=true]')
  await press('Enter')
  await press('Tab')
  await press('Tab')
  await press('ArrowLeft')
  await press('Tab')
  await type('09E01')
  await press('Control+Enter')
  await phone.waitForSelector('[data-offer]')
  t.diagnostic(`${keys} keys and ${typed} typed, ${Math.round(performance.now() - startedMs)} ms to the crew's page`)
  assert.deepEqual([keys, typed], [7, 17])
  assert.match((await phone.textContent('main'))!, /Priority 1 09E01/)
  assert.deepEqual(troubles, [])
})

test(
  'a trip is amended, noted to its crew, held up, given one more unit and diverted, with both clocks in sight',
  LIMIT,
  async t => {
    const { site } = await deskService(t)
    const { page, troubles } = await desk(t, site)
    const other = site.dispatcher()
    const { crew, offered } = await crewOf(site, 'A1')
    const { result: first } = await other.enterCall(CALL)
    const tripId = await offered
    await page.waitForSelector(rowIn('assigned'))
    await page.keyboard.press('j')
    await page.click('.panel >> text=Change call')
    await page.click('.asked .priorities .p2')
    await page.click('text=Change it')
    await page.waitForSelector('.panel-head .p2')

    await page.fill('[name=note]', 'The gate is locked.')
    await page.keyboard.press('Control+Enter')
    await until('the note is there', async () => (await noted(page, 'The gate is locked.')) === 1)
    await shows(page, '[data-note="1"]', /not read by A1 yet/)
    await crew.readNotes(first.callId, 1)
    await shows(page, '[data-note="1"]', /read by A1, \d\d:\d\d/)

    await page.click('.panel >> text=One more unit')
    await page.selectOption('[name=more-level]', 'bls')
    await page.click('.asked button[type=submit]')
    await page.waitForSelector(rowIn('pending'))
    const second = (await page.getAttribute(rowIn('pending'), 'data-trip'))!

    await page.click('.panel >> text=Divert to')
    await page.selectOption('[name=to]', second)
    await page.waitForFunction(() => !/Loading/.test(document.querySelector('.clocks')?.textContent ?? 'Loading'))
    const clocks = (await page.textContent('.clocks'))!
    assert.match(clocks, /P2[\s\S]*waits for \d:\d\d[\s\S]*A1 there in[\s\S]*nobody could go/)
    assert.match(clocks, /P2[\s\S]*—[\s\S]*A1 there in \d:\d\d · \d:\d\d after the call/)
    assert.deepEqual(await seriousFindings(page), [])
    await page.selectOption('.asked [name=reason]', 'better-suited')
    await page.click('.asked button[type=submit]')
    await page.waitForSelector(`tr[data-trip="${tripId}"][data-phase="pending"]`)
    await page.waitForSelector(
      `tr[data-trip="${second}"][data-phase="assigned"], tr[data-trip="${second}"][data-phase="offered"]`,
    )

    await page.click('.panel >> text=Hold')
    await shows(page, '.trips', /On hold[\s\S]*by desk-1 for/)
    await page.keyboard.press('Escape')
    await page.keyboard.press('l')
    await shows(page, '.log', /desk-1 put on hold[\s\S]*desk-1 changed the call/)
    await page.keyboard.press('t')
    await page.click('[data-view=held]')
    assert.deepEqual(await shownTrips(page), [tripId])
    await page.click('[data-view=mine]')
    assert.deepEqual((await shownTrips(page)).sort(), [tripId, second].sort())
    await page.keyboard.press('4')
    await page.waitForFunction(() => document.querySelector('tr[data-trip]') === null)
    assert.deepEqual(troubles, [])
  },
)

const shownTrips = (page: Page): Promise<string[]> =>
  page.$$eval('tr[data-trip]', rows => rows.map(row => row.getAttribute('data-trip')!))

test(
  'coverage is drawn and told by a key; alarms are put aside for as long as is chosen; sound is off until chosen',
  LIMIT,
  async t => {
    const { site } = await deskService(t)
    const { page, troubles } = await desk(t, site)
    await crewOf(site, 'A1')
    await page.keyboard.press('u')
    await page.waitForSelector('tr[data-unit=A1][data-status=available]')
    await page.keyboard.press('t')
    await page.keyboard.press('c')
    await page.waitForSelector('[data-coverage="1"]')
    assert.match((await page.textContent('.coverage'))!, /\d+ % of \d+ points of the roads by 1 free unit, \d+ s ago/)
    await page.waitForSelector('[data-drawn="1"]')
    await page.selectOption('[name=coverage]', '15')
    await page.waitForSelector('[data-drawn="0"]')
    await page.waitForSelector('[data-drawn="1"]')
    await page.keyboard.press('c')
    await page.waitForSelector('.coverage', { state: 'detached' })

    await page.click('.tell-me summary')
    assert.equal(await page.isChecked('[name=tell-sound]'), false)
    assert.equal(await page.isChecked('[name=tell-notification]'), false)
    await page.check('[name=tell-sound]')
    assert.deepEqual(await seriousFindings(page), [])
    // The one unit cannot carry out a second call, and nobody else is there.
    const other = site.dispatcher()
    for (let calls = 0; calls < 2; calls += 1) await other.enterCall({ ...CALL, priority: 1 })
    await page.waitForSelector('.alarm.loud')
    await page.selectOption('.shelve', '5')
    await shows(page, '.alarms', /put aside by desk-1 until/)
    await page.reload()
    await page.waitForSelector('[data-connection=open]')
    await page.click('.tell-me summary')
    assert.equal(await page.isChecked('[name=tell-sound]'), true)
    assert.deepEqual(troubles, [])
  },
)

test('a supervisor plays the track of a unit, and a time is corrected with its reason', LIMIT, async t => {
  const { site } = await deskService(t)
  await addSupervisor(site, 'super-1', REGION)
  const { crew, offered } = await crewOf(site, 'A1')
  await site.dispatcher().enterCall(CALL)
  const tripId = await offered
  await crew.reportPhase(tripId, 'en-route')
  for (let step = 1; step <= 5; step += 1) {
    crew.report({ lonDeg: SCENE.lonDeg + 0.004 - step * 0.0005, latDeg: SCENE.latDeg })
    await crew.mark()
  }
  const { page, troubles } = await desk(t, site, 'super-1')
  await page.waitForSelector(rowIn('en-route'))
  await page.keyboard.press('j')
  await page.click('.response >> text=Track')
  await page.waitForSelector('.track-player')
  assert.ok(Number(await page.getAttribute('.track-player', 'data-fixes')) >= 5)
  await page.click('.response >> text=Correct a time')
  await page.selectOption('.response [name=time]', 'en-route')
  await page.fill('[name=new-time]', '25:99')
  await shows(page, '.response .late-field', /Give a time of day/)
  await page.check('.response [type=checkbox]')
  await page.selectOption('.response [name=reason]', 'wrong-button')
  assert.deepEqual(await seriousFindings(page), [])
  await page.click('.response button[type=submit]')
  await shows(page, '[data-time="en-route"]', /not known[\s\S]*corrected: wrong button/)
  assert.deepEqual(troubles, [])
})
