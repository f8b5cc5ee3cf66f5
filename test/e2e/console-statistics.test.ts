/** A supervisor looks at what a shift came to, in a real Chromium: every figure is the one that the engine tells. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import type { StatisticsView } from '../../src/client/index.ts'
import { buildConsole } from '../../tools/console/build.ts'
import { findChromium } from '../support/browser.ts'
import { addDispatcher, addSupervisor, launch, notedPage, seriousFindings, signInAt } from '../support/console-pages.ts'
import { SCENE, Site, until } from '../support/engine.ts'

const program = findChromium()
const skip = program === null ? 'no Chromium is found here; apt-get install chromium (Debian) has it' : false
const LIMIT = { skip, timeout: 300_000 }
const REGION = 'akl'

let browser: Browser

before(async () => {
  if (program === null) return
  await buildConsole()
  browser = await launch(program)
})
after(() => browser?.close())

test(
  'response times, how busy units were and alarms, as charts, tables and files, in light and in dark',
  LIMIT,
  async t => {
    const site = await Site.make(t, { [REGION]: { mode: 'ordered', units: ['A1', 'A2'] } })
    await site.start()
    await addSupervisor(site, 'head-1', REGION)
    await addDispatcher(site, 'desk-1', REGION)
    const desk = site.dispatcher()
    const need = { levelOfCare: 'bls', capabilities: [] } as const
    const nowMs = Date.now()
    for (const minutes of [90, 5]) {
      const { result } = await desk.enterCall({
        ...{ ...SCENE, priority: minutes > 60 ? 1 : 3, problem: '09E01', needs: [need] },
        receivedAtMs: nowMs - minutes * 60_000,
      })
      if (minutes > 60) await desk.cancelCall(result.callId, 'other')
    }
    const token = await site.token({ sub: 'head-1', role: 'supervisor', regions: [REGION] })
    const told = async () =>
      (await site.http(`/v1/statistics?region=${REGION}&limitMs=480000`, { token })).body as StatisticsView
    await until('the views follow', async () => (await told()).response.all.calls === 2)
    const { page, troubles } = await notedPage(t, browser)
    await signInAt(page, site.port, 'head-1')
    await page.keyboard.press('o')
    await page.click('[data-page=statistics]')
    await page.waitForSelector('.summary[data-samples="1"]')
    const { response } = await told()
    assert.equal(response.all.within, 0)
    assert.match(
      (await page.textContent('.summary'))!,
      /0\.0 % within the limit: 0 of 1 calls[\s\S]*target of 90\.0 % is missed/,
    )
    assert.match((await page.textContent('.summary'))!, /1 open, 0 of them over the limit already; 1 cancelled/)
    assert.equal(await page.locator('.chart canvas').count(), 2)
    const rows = () => page.locator('[data-table=priority] tbody tr').allTextContents()
    assert.deepEqual(
      (await rows()).map(row => row.slice(0, 3)),
      ['P110', 'P311'].map(each => each.slice(0, 3)),
    )
    assert.deepEqual(await seriousFindings(page), [], 'light')

    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.click('[data-table=priority] button:has-text("CSV")'),
    ])
    assert.equal(file.suggestedFilename(), `${REGION}-priority.csv`)
    const text = readFileSync((await file.path())!, 'utf8')
    const { samples, p90Ms } = response.byPriority[0]!
    const [, first] = text.split('\r\n')
    assert.deepEqual(first!.split(',').slice(0, 3), ['"P1"', '1', `${samples}`])
    assert.equal(Number(first!.split(',')[7]), p90Ms! / 1_000)

    await page.fill('[name=limit]', 'soon')
    await page.click('.asked button')
    await page.waitForSelector('.refusal:has-text("Write the limit in minutes")')
    await page.fill('[name=limit]', '120')
    await page.selectOption('[name=window]', 'week')
    await page.click('.asked button')
    await page.waitForSelector('.summary[data-share="1"]')
    await page.emulateMedia({ colorScheme: 'dark' })
    assert.deepEqual(await seriousFindings(page), [], 'dark')
    assert.deepEqual(troubles, [])
    if (process.env.SHOT) await page.screenshot({ path: process.env.SHOT, fullPage: true })
  },
)
