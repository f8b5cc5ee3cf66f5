/** A dispatcher at the console, in a real Chromium: a call from its first key to its end, while the engine is killed in the middle. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { buildConsole } from '../../tools/console/build.ts'
import { findChromium } from '../support/browser.ts'
import { launch, type NotedPage, notedPage, PASSWORD, seriousFindings, signInAt } from '../support/console-pages.ts'
import { crewOf, deskService, noted, rowIn } from '../support/desk-service.ts'
import { SCENE, until } from '../support/engine.ts'

const program = findChromium()
const skip = program === null ? 'no Chromium is found here; apt-get install chromium (Debian) has it' : false
const LIMIT = { skip, timeout: 300_000 }

let browser: Browser

before(async () => {
  if (program === null) return
  await buildConsole()
  browser = await launch(program)
})
after(() => browser?.close())

/** The keys with which a call is taken, from the first to the order; nothing is clicked. */
async function takeCall(page: Page): Promise<number> {
  let keys = 0
  const press = async (key: string) => {
    await page.keyboard.press(key)
    keys += 1
  }
  const type = async (text: string) => {
    await page.keyboard.type(text)
    keys += text.length
  }
  await press('n')
  await page.waitForSelector('[name=place]:focus')
  await type(`${SCENE.latDeg} ${SCENE.lonDeg}`)
  await press('Tab')
  await press('Tab')
  await press('ArrowLeft')
  await page.waitForSelector('[name=priority][value="1"]:checked')
  await press('Tab')
  await type('09E01')
  await page.waitForSelector('.unit-choice kbd')
  await press('Control+Enter')
  return keys
}

test('a call is taken by keyboard alone; its crew drives; a killed engine costs the board nothing', LIMIT, async t => {
  const { site, env, engine } = await deskService(t)
  const { page, requests, troubles } = await notedPage(t, browser)
  await signInAt(page, site.port, 'desk-1')
  const { crew, offered } = await crewOf(site, 'A1')
  await page.keyboard.press('u')
  await page.waitForSelector('tr[data-unit=A1][data-status=available]')
  await page.keyboard.press('t')

  const keys = await takeCall(page)
  assert.ok(keys < 40, `${keys} keys, 18 of them the place and the code`)
  const tripId = await offered
  await page.waitForSelector(`tr[data-trip="${tripId}"][data-phase="assigned"]`)
  assert.match((await page.textContent(rowIn('assigned')))!, /09E01[\s\S]*assigned[\s\S]*A1/)
  await crew.reportPhase(tripId, 'en-route')
  await page.waitForSelector(rowIn('en-route'))
  await page.waitForSelector('.panel [data-time="en-route"]')

  await engine.kill()
  await page.waitForSelector('.banner.bad')
  assert.match((await page.textContent('.banner'))!, /What you see is \d+ \w+ old/)
  assert.equal(await page.locator(rowIn('en-route')).count(), 1, 'the last board stays readable')
  await page.focus('[name=note]')
  await page.keyboard.type('said while the engine was away')
  await page.keyboard.press('Control+Enter')
  await page.waitForSelector('.outcomes .unknown')

  await site.forgetLease()
  await site.spawn(env)
  await page.waitForSelector('[data-connection=open]')
  await page.waitForSelector('.banner', { state: 'detached' })
  await until('the note is there', async () => (await noted(page, 'said while the engine was away')) === 1)
  await crew.reportPhase(tripId, 'on-scene')
  await page.waitForSelector(rowIn('on-scene'))
  const second = await notedPage(t, browser)
  await signInAt(second.page, site.port, 'desk-1')
  await second.page.waitForSelector(`tr[data-trip="${tripId}"][data-phase="on-scene"]`)
  for (const phase of ['transporting', 'at-destination'] as const) {
    await crew.reportPhase(tripId, phase)
    await page.waitForSelector(rowIn(phase))
    await second.page.waitForSelector(rowIn(phase))
  }
  await crew.closeTrip(tripId, 'transported')
  await page.waitForSelector('tr[data-trip]', { state: 'detached' })
  await page.waitForSelector('.panel [data-time="back-in-service"]')
  assert.equal(await noted(page, 'said while the engine was away'), 1)

  assert.deepEqual(troubles, [])
  const tiles = requests.filter(url => /\/roads\/\d+\/\d+\/\d+\/\d+$/.test(url))
  assert.ok(tiles.length > 0, 'the map has asked for the roads')
  assertOwnRequests({ page, requests, troubles }, site.port)
})

/** No page of ours asks anybody else, and no address has anything of a credential in it. */
function assertOwnRequests({ page, requests }: NotedPage, port: number): void {
  const own = new RegExp(`^(blob:)?(http|ws)://127\\.0\\.0\\.1:${port}/`)
  assert.deepEqual(
    requests.filter(url => !own.test(url) && !url.startsWith('data:')),
    [],
  )
  const secrets = /eyJ|token|password|otters|authorization/i
  assert.deepEqual(
    [...requests, page.url()].filter(url => secrets.test(url)),
    [],
  )
}

test(
  'what callers and crews write is text; strangers’ pages can neither frame the console nor speak for it',
  LIMIT,
  async t => {
    const { site } = await deskService(t)
    const evil = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>'
    const desk = site.dispatcher()
    const { result } = await desk.enterCall({
      ...SCENE,
      priority: 1,
      problem: '<b>x</b>',
      needs: [{ levelOfCare: 'als', capabilities: [] }],
      details: { callerName: evil, notes: evil },
    })
    await desk.addNote(result.callId, evil)
    const { page, requests, troubles } = await notedPage(t, browser)
    await signInAt(page, site.port, 'desk-1')
    await page.keyboard.press('j')
    await page.waitForSelector('.notes li')
    await page.waitForFunction(() => document.querySelector('.facts')?.textContent?.includes('onerror') === true)
    assert.equal(await noted(page, '<script>window.harmed=1</script>'), 1)
    assert.equal(await page.evaluate(() => (globalThis as { harmed?: number }).harmed), undefined)
    assert.equal(await page.locator('.panel img, .panel script').count(), 0)
    assert.deepEqual(troubles, [])
    assertOwnRequests({ page, requests, troubles }, site.port)
    assert.equal(await page.evaluate(() => Object.keys(localStorage).some(key => key.includes('sign-in'))), false)

    const stranger = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<p>elsewhere'))
    await new Promise<void>(resolve => stranger.listen(0, '127.0.0.1', resolve))
    t.after(() => stranger.close())
    const { page: foreign } = await notedPage(t, browser)
    await foreign.goto(`http://127.0.0.1:${(stranger.address() as AddressInfo).port}/`)
    const origin = `127.0.0.1:${site.port}`
    const tried = await foreign.evaluate(tryAsStranger, { origin, password: PASSWORD })
    assert.deepEqual(tried, { socket: 'closed', login: 'failed' })
    // The browser's own page stands in place of one that may not be framed.
    assert.deepEqual(
      foreign
        .frames()
        .slice(1)
        .map(frame => frame.url()),
      ['chrome-error://chromewebdata/'],
    )
  },
)

test('a token in an address opens nothing, and no page hands its address on', LIMIT, async t => {
  const { site } = await deskService(t)
  const token = await site.token()
  const origin = `http://127.0.0.1:${site.port}`
  const asked = await fetch(`${origin}/v1/regions?access_token=${token}&token=${token}`)
  assert.equal(asked.status, 401)
  const { page } = await notedPage(t, browser)
  const [answer] = await Promise.all([
    page.waitForResponse(response => response.url().startsWith(`${origin}/?`)),
    page.goto(`${origin}/?token=${token}#access_token=${token}`),
  ])
  await page.waitForSelector('[name=user]')
  assert.equal(answer.headers()['referrer-policy'], 'no-referrer')
  assert.match(answer.headers()['content-security-policy'] ?? '', /default-src 'none'.*frame-ancestors 'none'/)
  assert.equal(await page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage })), '{}')
  const socket = await page.evaluate(
    ({ url, credential }) =>
      new Promise<string>(resolve => {
        const made = new WebSocket(`${url}/v1/ws?token=${credential}`, 'goldenhour.v1')
        made.onmessage = ({ data }) => resolve(String(data))
        made.onclose = () => resolve('closed')
        // Nothing is told to who has not said hello, whatever is in the address.
        setTimeout(() => resolve('silent'), 2_000)
      }),
    { url: origin.replace('http', 'ws'), credential: token },
  )
  assert.match(socket, /closed|silent/)
})

/** Runs in a page of another origin. */
async function tryAsStranger({ origin, password }: { readonly origin: string; readonly password: string }) {
  const socket = await new Promise<string>(resolve => {
    const made = new WebSocket(`ws://${origin}/v1/ws`, 'goldenhour.v1')
    made.onopen = () => resolve('open')
    made.onclose = () => resolve('closed')
  })
  const body = JSON.stringify({ user: 'desk-1', password })
  const login = await fetch(`http://${origin}/v1/auth/login`, { method: 'POST', body }).then(
    () => 'answered',
    () => 'failed',
  )
  const frame = document.createElement('iframe')
  frame.src = `http://${origin}/`
  document.body.append(frame)
  await new Promise(resolve => {
    frame.onload = resolve
  })
  return { socket, login }
}

test('axe finds nothing serious on any page, in light and in dark', LIMIT, async t => {
  const { site } = await deskService(t)
  const desk = site.dispatcher()
  // Nobody is on duty, so this raises an alarm.
  await desk.enterCall({ ...SCENE, priority: 1, problem: '09E01', needs: [{ levelOfCare: 'als', capabilities: [] }] })
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page } = await notedPage(t, browser, { colorScheme })
    const look = async (where: string) => assert.deepEqual(await seriousFindings(page), [], `${where}, ${colorScheme}`)
    await page.goto(`http://127.0.0.1:${site.port}/`)
    await page.waitForSelector('[name=user]')
    await look('sign-in')
    await signInAt(page, site.port, 'desk-1')
    await page.waitForSelector('.alarm')
    await look('board')
    await page.keyboard.press('j')
    await page.waitForSelector('.panel .decisions')
    await page.click('text=Assign')
    await look('trip')
    await page.keyboard.press('n')
    await page.waitForSelector('[name=place]')
    await look('call')
    await page.keyboard.press('Escape')
    await page.keyboard.press('?')
    await page.waitForSelector('dialog[open]')
    await look('keys')
  }
})
