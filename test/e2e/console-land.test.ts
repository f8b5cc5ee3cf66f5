/** Pictures of the land under the roads of the console's map, from a server that the operator names, in a real Chromium. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { buildConsole } from '../../tools/console/build.ts'
import { freePort } from '../../tools/shared/free-port.ts'
import { findChromium } from '../support/browser.ts'
import { addDispatcher, launch, notedPage, signInAt } from '../support/console-pages.ts'
import { Site, until } from '../support/engine.ts'

const program = findChromium()
const skip = program === null ? 'no Chromium is found here; apt-get install chromium (Debian) has it' : false
/** One pixel. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
)

test('the map asks the server that is configured for pictures, without who asks, and names their owner', {
  skip,
  timeout: 300_000,
}, async t => {
  await buildConsole()
  const asked: string[] = []
  const tiles = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization ?? ''}${request.headers.cookie ?? ''}`)
    response.setHeader('access-control-allow-origin', '*').setHeader('content-type', 'image/png').end(PICTURE)
  })
  await new Promise<void>(resolve => tiles.listen(0, '127.0.0.1', resolve))
  t.after(() => tiles.close())
  const { port } = tiles.address() as AddressInfo
  const browser = await launch(program!)
  t.after(() => browser.close())
  const site = await Site.make(t, { akl: { mode: 'ordered', units: ['A1'] } })
  await site.spawn({
    PORT: String(await freePort()),
    GOLDENHOUR_MAP_TILES: `http://127.0.0.1:${port}/land/{z}/{x}/{y}.png`,
    GOLDENHOUR_MAP_ATTRIBUTION: '© the owner of the land',
  })
  await addDispatcher(site, 'desk-1', 'akl')
  const { page, requests, troubles } = await notedPage(t, browser)
  await signInAt(page, site.port, 'desk-1')
  await page.waitForSelector('.map-owner')
  assert.equal(await page.textContent('.map-owner'), '© the owner of the land')
  await until('pictures are asked for', () => asked.length > 0)
  assert.deepEqual(
    asked.filter(line => !/^\/land\/\d+\/\d+\/\d+\.png $/.test(line)),
    [],
  )
  const own = new RegExp(`^(http|ws|blob:http)://127\\.0\\.0\\.1:(${site.port}|${port}/land)/`)
  assert.deepEqual(
    requests.filter(url => !own.test(url)),
    [],
  )
  assert.deepEqual(troubles, [])
})
