/** The client library as a page has it: bundled, in a real Chromium, with the browser's own WebSocket, against an engine. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { freePort } from '../../tools/shared/free-port.ts'
import { Browser, findChromium, servePage } from '../support/browser.ts'
import { SCENE, Site, until } from '../support/engine.ts'

const chromium = findChromium()
const skip = chromium === null ? 'no Chromium is found here; apt-get install chromium (Debian) has it' : false
const LIMIT_MS = 300_000

let browser: Browser
let page: Awaited<ReturnType<typeof servePage>>

before(async () => {
  if (chromium === null) return
  page = await servePage()
  browser = await Browser.launch(chromium)
})
after(async () => {
  await browser?.close()
  await page?.close()
})

/** Runs in a page, which has the library as `goldenhour`; what it returns comes back as data. */
const body = (code: string) => `(async () => { ${code} })()`

const connectAs = (port: number, token: string) => `
  const faults = [], states = [], warnings = []
  let tokens = 0, end = null
  const client = goldenhour.connect({
    url: 'ws://127.0.0.1:${port}', region: 'akl', role: 'driver', unitId: 'A1', random: () => 0.1,
    token: async () => { tokens += 1; return '${token}' },
    warn: message => warnings.push(message),
  })
  client.onConnection(state => states.push(state))
  client.onClosed(closed => { end = { reason: closed.reason, code: closed.refusal && closed.refusal.code } })
  Object.assign(window, { client, faults, states, warnings, ended: () => end, tokens: () => tokens })`

test('a page connects, is welcomed, has a command answered and a fix stored', { skip, timeout: LIMIT_MS }, async t => {
  const site = await Site.make(t, { akl: { mode: 'offered', units: ['A1'] } })
  await site.start({ allowedOrigins: [page.origin] })
  const run = await browser.open(page.url)
  const token = await site.token({ sub: 'crew-A1', role: 'driver', unit: 'A1' })
  const seen = await run(
    body(`${connectAs(site.port, token)}
      await client.opened()
      const { result } = await client.signOn()
      client.report(${JSON.stringify(SCENE)})
      await client.mark()
      client.close()
      return { result, durable: client.durableSeq, states, warnings, end: ended(), hasProcess: 'process' in window }`),
  )
  assert.deepEqual(seen, {
    result: { unitId: 'A1', status: 'available' },
    durable: 1,
    states: ['connecting', 'greeting', 'open', 'closed'],
    warnings: [],
    end: { reason: 'closed', code: null },
    hasProcess: false,
  })
  assert.equal((await site.storedFixes()).length, 1)
})

test('a page whose engine goes and comes back resumes by its ticket, and loses nothing', {
  skip,
  timeout: LIMIT_MS,
}, async t => {
  const site = await Site.make(t, { akl: { mode: 'offered', units: ['A1'] } })
  const settings = { allowedOrigins: [page.origin], port: await freePort() }
  const engine = await site.start(settings)
  const run = await browser.open(page.url)
  const token = await site.token({ sub: 'crew-A1', role: 'driver', unit: 'A1' })
  await run(
    body(
      `${connectAs(site.port, token)}; await client.signOn(); client.report(${JSON.stringify(SCENE)}); await client.mark()`,
    ),
  )

  await engine.stop()
  await until('the page has seen it go', () => run(`client.connectionState !== 'open'`))
  await run(
    body(`
    for (let step = 1; step <= 20; step += 1) client.report({ lonDeg: ${SCENE.lonDeg} + step / 1e4, latDeg: ${SCENE.latDeg} })
    window.broken = client.becomeUnavailable('breakdown')
    window.stored = client.mark()`),
  )
  await site.start(settings)
  const seen = await run(
    body(`const { result } = await broken; await stored; const { durableSeq, fixesNotDurable, fixesDropped } = client; client.close()
      return { result, durableSeq, fixesNotDurable, fixesDropped, tokens: tokens() }`),
  )
  assert.deepEqual(seen, {
    result: { unitId: 'A1', status: 'unavailable' },
    durableSeq: 21,
    fixesNotDurable: 0,
    fixesDropped: 0,
    tokens: 1,
  })
  const seqs = (await site.storedFixes()).map(({ fix }) => fix.seq)
  assert.deepEqual(
    seqs,
    Array.from({ length: 21 }, (_, index) => index + 1),
  )
  const set = (await site.records())
    .flatMap(({ events }) => events.map(({ type }) => type))
    .filter(type => type === 'UnitBecameUnavailable')
  assert.equal(set.length, 1)
})

test('a page is told once that nobody listens, or that its origin or its token will not do', {
  skip,
  timeout: LIMIT_MS,
}, async t => {
  const site = await Site.make(t, { akl: { mode: 'offered', units: ['A1'] } })
  const port = await freePort()
  const run = await browser.open(page.url)
  const token = await site.token({ sub: 'crew-A1', role: 'driver', unit: 'A1' })

  // Nobody listens.
  await run(body(connectAs(port, token)))
  const tries = (count: number) => run(`states.filter(state => state === 'connecting').length >= ${count}`)
  await until('the page has tried again', () => tries(3))
  const warnings = (await run('warnings')) as string[]
  assert.equal(warnings.length, 1, warnings.join('\n'))
  assert.match(
    warnings[0]!,
    new RegExp(`^goldenhour: not connected to ws://127\\.0\\.0\\.1:${port}/v1/ws yet: .*tried on`),
  )

  // An engine that takes no pages of this origin.
  const closed = await site.start({ port })
  const refused = await browser.open(page.url)
  await refused(body(connectAs(port, token)))
  await until('the page has tried again', () => refused(`states.filter(state => state === 'connecting').length >= 3`))
  assert.deepEqual(await refused('[client.connectionState === "open", warnings.length, ended()]'), [false, 1, null])
  await refused('client.close()')
  await closed.stop()

  await site.start({ port, allowedOrigins: [page.origin] })
  await run('client.opened()')
  assert.equal(await run('warnings.length'), 1)
  await run('client.close()')

  // A token that is none: its function is asked once more, and that is the end.
  const forged = await browser.open(page.url)
  await forged(body(connectAs(port, 'nonsense')))
  await until('the page is told', () => forged('ended() !== null'))
  assert.deepEqual(await forged('[ended(), tokens(), client.connectionState, warnings.length]'), [
    { reason: 'refused', code: 'token-invalid' },
    2,
    'closed',
    1,
  ])
})
