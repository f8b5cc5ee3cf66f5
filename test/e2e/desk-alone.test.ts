/** A console whose engine is away, and what is entered late once it is back, in a real Chromium. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { buildConsole } from '../../tools/console/build.ts'
import { findChromium } from '../support/browser.ts'
import { launch, notedPage, seriousFindings, signInAt } from '../support/console-pages.ts'
import { crewOf, deskService, rowIn } from '../support/desk-service.ts'
import { SCENE, until } from '../support/engine.ts'

const program = findChromium()
const skip = program === null ? 'no Chromium is found here; apt-get install chromium (Debian) has it' : false
const LIMIT = { skip, timeout: 300_000 }
const NEED = { levelOfCare: 'als', transport: true, capabilities: [] } as const
const SAID = { callerName: 'the caller', phone: '021 000 000', address: '12 Quay Street' }

let browser: Browser

before(async () => {
  if (program === null) return
  await buildConsole()
  browser = await launch(program)
})
after(() => browser?.close())

const kept = (page: Page) => page.evaluate(() => sessionStorage.getItem('goldenhour.last-board') ?? '')

test(
  'without its engine a console that is loaded anew shows its last board, how old it is, and nothing of callers',
  LIMIT,
  async t => {
    const { site, env, engine } = await deskService(t)
    const { page, troubles } = await notedPage(t, browser)
    page.on('dialog', dialog => void dialog.accept())
    await signInAt(page, site.port, 'desk-1')
    const { offered } = await crewOf(site, 'A1')
    await site.dispatcher().enterCall({ ...SCENE, priority: 1, problem: '09E01', needs: [NEED], details: SAID })
    const tripId = await offered
    await page.waitForSelector(rowIn('assigned'))
    await page.waitForFunction(async () => (await caches.match('/')) !== undefined)
    await until('the board is kept', async () => /"phase":"assigned"/.test(await kept(page)))
    assert.doesNotMatch(await kept(page), /the caller|021 000|Quay Street/)

    await engine.kill()
    await page.reload()
    await page.waitForSelector('.banner.bad')
    assert.match((await page.textContent('.banner'))!, /What you see is \d+ \w+ old/)
    assert.equal(await page.locator(`tr[data-trip="${tripId}"][data-phase="assigned"]`).count(), 1)
    assert.deepEqual(await seriousFindings(page), [])
    await page.keyboard.press('j')
    await page.waitForSelector(`[data-panel="${tripId}"]`)
    await page.fill('[name=note]', 'never to be known')
    await page.keyboard.press('Control+Enter')
    await page.waitForSelector('.outcomes .unknown')
    await page.reload()
    await page.waitForSelector('.outcomes .refused')
    assert.match((await page.textContent('.outcomes'))!, /had no answer when the page was left/)

    await site.forgetLease()
    await site.spawn(env)
    await page.waitForSelector('[data-connection=open]')
    await page.waitForSelector('.banner', { state: 'detached' })
    await page.click('text=Sign out')
    await page.waitForSelector('[name=user]')
    assert.equal(await kept(page), '')
    assert.deepEqual(troubles, [])
  },
)

test('what was written on paper is entered with its own time; a refusal says what stands instead', LIMIT, async t => {
  const { site } = await deskService(t)
  const { page, troubles } = await notedPage(t, browser)
  await signInAt(page, site.port, 'desk-1')
  const { offered } = await crewOf(site, 'A1')
  const beforeMs = Date.now() - 20 * 60_000
  const time = new Date(beforeMs).toISOString().slice(11, 19)
  await page.keyboard.press('n')
  await page.fill('[name=place]', `${SCENE.latDeg} ${SCENE.lonDeg}`)
  await page.click('.late-entry summary')
  await page.fill('[name=received]', time)
  assert.match((await page.textContent('.late-field'))!, /20 min ago/)
  await page.fill('[name=paperNo]', '17')
  await page.keyboard.press('Control+Enter')
  const tripId = await offered
  await page.waitForSelector(rowIn('assigned'))
  await page.waitForFunction(() => /from paper, number 17/.test(document.querySelector('.notes')?.textContent ?? ''))
  await page.fill('[name=happened]', time)
  await page.click('.radio >> text=en route')
  await page.waitForSelector(rowIn('en-route'))
  const events = (await site.records()).flatMap(each => each.events)
  const seconds = Math.floor(beforeMs / 1_000) * 1_000
  assert.deepEqual(
    events.flatMap(event => (event.type === 'CallEntered' ? event.receivedAtMs : [])),
    [seconds],
  )
  assert.deepEqual(
    events.flatMap(event => (event.type === 'TripPhaseReached' ? event.happenedAtMs : [])),
    [seconds],
  )

  // Somebody else is faster than this page hears of.
  await page.click('.panel >> text=Withdraw')
  await page.selectOption('.asked [name=reason]', 'other')
  const other = site.dispatcher({ sub: 'desk-2' })
  for (const phase of ['on-scene', 'transporting'] as const) await other.reportPhase(tripId, phase)
  await page.evaluate(() => document.querySelector<HTMLElement>('.asked button[type=submit]')?.click())
  await page.waitForFunction(() => /transporting/.test(document.querySelector('.outcomes')?.textContent ?? ''))
  assert.match((await page.textContent('.outcomes'))!, /Now: transporting, A1\. Last: desk-2 reported a phase at/)
  assert.deepEqual(troubles, [])
})
