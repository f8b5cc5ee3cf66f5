/**
 * The dispatcher's console in a real Chromium, over an engine with thousands of moving units: how smooth it is, how much of the
 * main thread that takes, how soon something useful is seen, and how large it is.
 *
 * The engine is a process with its defaults, and so are Chromium's parts; the feed that moves the units is in this process. Where
 * there is no graphics card Chromium draws with the processor, which is then most of what is measured: `settings.graphics` says so.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core'
import { buildConsole } from '../tools/console/build.ts'
import { UsageError } from '../tools/shared/command-line.ts'
import type { ValuesOf } from '../tools/shared/option-table.ts'
import { seeded } from '../tools/shared/random.ts'
import { defineBench, type Outcome } from './bench.ts'
import { layCity } from './city-roads.ts'
import { atEnd } from './clean-up.ts'
import { percentile } from './come-back-figures.ts'
import { DrivenFleet } from './driven-fleet.ts'
import { EngineChild, startDatabase } from './engine-child.ts'
import { importUnits, prepareRegion, REGION, tokensOf } from './region.ts'

const BUILT = fileURLToPath(new URL('../dist/console', import.meta.url))
const PASSWORD = 'sixteen slow otters swim'
const FLAGS = ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist']
/** Until tiles of roads and what the browser compiles are there. */
const WARMUP_MS = 10_000
const READY_MS = 120_000
/** The crowd of a whole city, then a part of it with call signs. */
const CLOSER_BY = 3

const options = {
  units: { kind: 'number', what: 'moving units', initial: 10_000, quick: 300, min: 1, max: 15_000 },
  'cadence-s': { kind: 'number', what: 'seconds between fixes of a unit', initial: 5, min: 1, max: 60 },
  seconds: {
    kind: 'number',
    what: 'seconds that are measured, of each view',
    initial: 30,
    quick: 5,
    min: 1,
    max: 3_600,
  },
  seed: { kind: 'number', what: 'the same seed drives the same fleet', initial: 1, min: 0, max: 4_294_967_295 },
  chromium: { kind: 'text', what: 'the browser; /usr/bin/chromium unless told' },
} as const

export const consoleBench = defineBench({
  name: 'console',
  summary:
    "the dispatcher's console in Chromium, with thousands of moving units: frames, main thread, first paint, size",
  options,
  run,
})

async function run(values: ValuesOf<typeof options>): Promise<Outcome> {
  const { units, seconds, seed } = values
  const cadenceS = values['cadence-s']
  await buildConsole()
  const databaseUrl = await startDatabase()
  await prepareRegion(databaseUrl, 0)
  await layCity(databaseUrl, seeded(seed))
  const engine = await EngineChild.start(databaseUrl, { settings: { GOLDENHOUR_ADMIN_PASSWORD: PASSWORD } })
  await importUnits(databaseUrl, units)
  const [feed, ...desks] = [
    ...(await tokensOf(databaseUrl, 'feed', ['feed-1'])),
    ...(await tokensOf(
      databaseUrl,
      'dispatcher',
      Array.from({ length: 20 }, (_, i) => `voice-${i}`),
    )),
  ]
  const fleet = new DrivenFleet({ port: engine.port, units, cadenceS, random: seeded(seed) })
  atEnd(() => fleet.close())
  await fleet.start(feed!, desks)
  await addDesk(engine.port)

  const browser = await launched(values.chromium ?? '/usr/bin/chromium')
  const page = await browser.newPage({ viewport: { width: 1366, height: 768 } })
  const troubles: string[] = []
  page.on('pageerror', error => troubles.push(error.message))
  const signedInMs = await signIn(page, `http://127.0.0.1:${engine.port}/`)
  const paint = await painted(page)
  await sleep(WARMUP_MS)
  const whole = await measured(page, seconds)
  const shown = await page.evaluate(() =>
    Number(document.querySelector<HTMLElement>('.map-canvas')?.dataset.units ?? 0),
  )
  for (let step = 0; step < CLOSER_BY; step += 1) await page.click('.map-buttons button:first-child')
  await sleep(WARMUP_MS)
  const closer = await measured(page, seconds)
  const { lagP99Ms } = fleet
  return {
    valid: shown >= units * 0.9 && lagP99Ms < 1_000,
    settings: { units, cadenceS, seconds, seed, graphics: 'SwiftShader, on the processor' },
    figures: {
      units,
      unitsInPicture: shown,
      signInToBoardMs: signedInMs,
      ...paint,
      ...named('whole', whole),
      ...named('closer', closer),
      feedLagP99Ms: lagP99Ms,
    },
    complaints: troubles,
  }
}

/** The name of each figure behind that of the view. */
const named = (view: string, figures: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(figures).map(([name, figure]) => [`${view}${name}`, figure]))

async function launched(executablePath: string): Promise<Browser> {
  const browser = await chromium.launch({ executablePath, args: FLAGS }).catch((error: Error) => {
    throw new UsageError(`${executablePath} does not start; name a Chromium with --chromium. ${error.message}`)
  })
  atEnd(() => browser.close())
  return browser
}

/** A dispatcher who can sign in. */
async function addDesk(port: number): Promise<void> {
  const url = `http://127.0.0.1:${port}`
  const post = (route: string, body: object, headers: Record<string, string> = {}) =>
    fetch(`${url}${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  const login = await post('/v1/auth/login', { user: 'admin', password: PASSWORD })
  const { accessToken } = (await login.json()) as { accessToken: string }
  const user = { name: 'desk-1', role: 'dispatcher', regions: [REGION], password: PASSWORD }
  const added = await post('/v1/users', user, { authorization: `Bearer ${accessToken}`, 'idempotency-key': 'desk-1' })
  if (!added.ok) throw new Error(await added.text())
}

/** Output: from the key that signs in until the board is there, in milliseconds. */
async function signIn(page: Page, url: string): Promise<number> {
  await page.goto(url)
  await page.fill('[name=user]', 'desk-1')
  await page.fill('[name=password]', PASSWORD)
  const startedMs = performance.now()
  await page.keyboard.press('Enter')
  await page.waitForSelector('[data-connection=open]', { timeout: READY_MS })
  await page.waitForSelector('.banner', { state: 'detached', timeout: READY_MS })
  return performance.now() - startedMs
}

/** Loads the page anew, which a browser that has it all in its cache would not feel: so it is told to keep nothing. */
async function painted(page: Page): Promise<Record<string, number>> {
  const session = await page.context().newCDPSession(page)
  await session.send('Network.setCacheDisabled', { cacheDisabled: true })
  await page.evaluate(async () => {
    for (const worker of await navigator.serviceWorker.getRegistrations()) await worker.unregister()
  })
  await page.reload({ waitUntil: 'commit' })
  const since = () => page.evaluate(() => performance.now())
  await page.waitForSelector('.queue[data-waiting]', { timeout: READY_MS })
  await page.waitForSelector('.banner', { state: 'detached', timeout: READY_MS })
  const boardMs = await since()
  await page.waitForSelector('.map-canvas[data-theme]', { timeout: READY_MS })
  const mapMs = await since()
  const firstPaintMs = await page.evaluate(
    () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
  )
  return { firstPaintMs, boardMs, mapMs, ...(await bytesOf(page)) }
}

/** Frames as the page gets them, and what its main thread does meanwhile. */
async function measured(page: Page, seconds: number): Promise<Record<string, number>> {
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  const before = await metricsOf(session)
  // What compiles this file names functions by a helper, which the page does not have.
  await page.evaluate('globalThis.__name ??= named => named')
  const { frames, tasks } = await page.evaluate(watchFrames, seconds * 1_000)
  const after = await metricsOf(session)
  const share = (name: string) =>
    (after.get(name)! - before.get(name)!) / (after.get('Timestamp')! - before.get('Timestamp')!)
  frames.sort((a, b) => a - b)
  tasks.sort((a, b) => a - b)
  await session.detach()
  return {
    FramesPerS: frames.length / seconds,
    FrameP50Ms: percentile(frames, 0.5),
    FrameP95Ms: percentile(frames, 0.95),
    FrameP99Ms: percentile(frames, 0.99),
    FrameMaxMs: frames.at(-1) ?? 0,
    MainThreadShare: share('TaskDuration'),
    ScriptShare: share('ScriptDuration'),
    LongTasksPerS: tasks.length / seconds,
    LongTaskMaxMs: tasks.at(-1) ?? 0,
    HeapBytes: after.get('JSHeapUsedSize')!,
  }
}

async function metricsOf(session: CDPSession): Promise<ReadonlyMap<string, number>> {
  const { metrics } = await session.send('Performance.getMetrics')
  return new Map(metrics.map(({ name, value }) => [name, value]))
}

/** Runs in the page. Output: milliseconds between its frames, and of its tasks of more than 50. */
function watchFrames(forMs: number): Promise<{ frames: number[]; tasks: number[] }> {
  const [frames, tasks]: [number[], number[]] = [[], []]
  const observer = new PerformanceObserver(list => {
    for (const { duration } of list.getEntries()) tasks.push(duration)
  })
  observer.observe({ entryTypes: ['longtask'] })
  return new Promise(resolve => {
    const startedMs = performance.now()
    let lastMs = startedMs
    const frame = (nowMs: number) => {
      if (nowMs > lastMs) frames.push(nowMs - lastMs)
      lastMs = nowMs
      if (nowMs - startedMs < forMs) return void requestAnimationFrame(frame)
      observer.disconnect()
      resolve({ frames, tasks })
    }
    requestAnimationFrame(frame)
  })
}

/** What a first visit has loaded until board and map are there, as the engine has it packed. */
async function bytesOf(page: Page): Promise<Record<string, number>> {
  const loaded = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name))
  const html = readFileSync(path.join(BUILT, 'index.html'), 'utf8')
  const text = `${loaded.join('\n')}\n${html}`
  const found = [...text.matchAll(/\/assets\/([\w-]+-[A-Z0-9]{8}\.\w+)/g)].map(([, name]) => name!)
  const names = new Set(['index.html', ...found])
  const sizes = (suffix: string) =>
    [...names].reduce((sum, name) => sum + readFileSync(path.join(BUILT, `${name}${suffix}`)).length, 0)
  return { firstLoadGzipBytes: sizes('.gz'), firstLoadBrotliBytes: sizes('.br'), firstLoadFiles: names.size }
}
