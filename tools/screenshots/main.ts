/**
 * `npm run screenshots`: starts an engine of its own with a demo on it, works at its console in a real Chromium, and writes what
 * is seen into `docs/images`. With `--out DIR` elsewhere, with `--calls N` at another pace.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { type Browser, chromium, type Page } from 'playwright-core'
import { buildConsole } from '../console/build.ts'
import { exitOf, spawnEngine, stopEngine, untilReady } from '../shared/engine-process.ts'
import { freePort } from '../shared/free-port.ts'
import { shootOffice } from './office.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PROGRAM = path.join(ROOT, 'bin/goldenhour.js')
const READY_MS = 120_000
const PASSWORD = 'a quiet night at the desk'
const CENTRE = { lonDeg: 174.76, latDeg: -36.8775 }
const HOSPITALS = [
  { hospitalId: 'CITY', name: 'City Hospital', lonDeg: 174.7473, latDeg: -36.8659, emergencyDepartment: true },
  { hospitalId: 'SOUTH', name: 'South Clinic', lonDeg: 174.7766, latDeg: -36.8936, emergencyDepartment: false },
] as const
const STATIONS = [
  { stationId: 'WEST', name: 'West Station', lonDeg: 174.7405, latDeg: -36.8801 },
  { stationId: 'EAST', name: 'East Station', lonDeg: 174.7792, latDeg: -36.8719 },
] as const
/** The vehicle of the crew with the phone. */
const PHONE_UNIT = {
  unitId: 'P1',
  callSign: 'Medic 1',
  levelOfCare: 'als',
  transports: true,
  capabilities: [],
} as const
/** What Chromium draws maps with where there is no graphics card. */
const FLAGS = ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist']

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: path.join(ROOT, 'docs/images') },
    calls: { type: 'string', default: '9' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
})

await buildConsole()
const dataDir = mkdtempSync(path.join(tmpdir(), 'goldenhour-screenshots-'))
// A server that may not run as root has to enter it.
chmodSync(dataDir, 0o711)
const port = await freePort()
const url = `http://127.0.0.1:${port}`
const env = { GOLDENHOUR_DATA_DIR: path.join(dataDir, 'data'), PORT: String(port), GOLDENHOUR_ADMIN_PASSWORD: PASSWORD }
const engine = spawnEngine({ env })
let demo: ChildProcess | null = null
let browser: Browser | null = null
try {
  await untilReady(engine, url, READY_MS)
  demo = spawn(process.execPath, [PROGRAM, 'demo', '--calls', values.calls], { env: surroundings(), stdio: 'ignore' })
  await addUser('desk-1', ['--role', 'dispatcher'])
  await addUser('crew-1', ['--role', 'driver', '--unit', PHONE_UNIT.unitId])
  await addHospitals()
  if (!existsSync(values.chromium)) throw new Error(`There is no ${values.chromium}; name one with --chromium.`)
  browser = await chromium.launch({ executablePath: values.chromium, args: FLAGS })
  await shoot(browser)
  await shootPhone(browser)
  await shootOffice(browser, { url, password: PASSWORD, take })
} finally {
  await browser?.close()
  demo?.kill('SIGKILL')
  if (demo !== null) await exitOf(demo)
  await stopEngine(engine, 30_000)
  await sleep(1_000)
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 20 })
}

function surroundings(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env
  return { ...(TMPDIR === undefined ? {} : { TMPDIR }), PATH, HOME, GOLDENHOUR_HOST: '127.0.0.1', ...env }
}

/** A user of the demo's region, which the demo makes. */
async function addUser(name: string, more: readonly string[]): Promise<void> {
  const run = promisify(execFile)
  for (let tries = 0; ; tries += 1) {
    const adding = run(
      process.execPath,
      [PROGRAM, 'user', 'add', name, ...more, '--region', 'demo', '--password-stdin'],
      { env: surroundings() },
    )
    adding.child.stdin!.end(PASSWORD)
    try {
      await adding
      return
    } catch (error) {
      if (tries > 20) throw error
      await sleep(1_000)
    }
  }
}

async function addHospitals(): Promise<void> {
  const token = await tokenOf('admin')
  for (const hospital of HOSPITALS) await add('/v1/hospitals?region=demo', token, hospital.hospitalId, hospital)
  await change('/v1/hospitals/SOUTH/status?region=demo', token, { status: 'divert', note: 'no scanner until six' })
  for (const station of STATIONS) await add('/v1/stations?region=demo', token, station.stationId, station)
  await add('/v1/units?region=demo', token, PHONE_UNIT.unitId, PHONE_UNIT)
}

async function tokenOf(user: string): Promise<string> {
  const login = await fetch(`${url}/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user, password: PASSWORD }),
  })
  return ((await login.json()) as { accessToken: string }).accessToken
}

async function add(to: string, token: string, key: string, body: object): Promise<void> {
  const added = await fetch(`${url}${to}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'idempotency-key': key },
    body: JSON.stringify(body),
  })
  if (!added.ok) throw new Error(`${to}: ${await added.text()}`)
}

async function change(at: string, token: string, body: object): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'if-match': '*' }
  const changed = await fetch(`${url}${at}`, { method: 'PUT', headers, body: JSON.stringify(body) })
  if (!changed.ok) throw new Error(`${at}: ${await changed.text()}`)
}

/** A crew's page: an order, and the trip that comes of it. */
async function shootPhone(by: Browser): Promise<void> {
  const { lonDeg, latDeg } = CENTRE
  const context = await by.newContext({
    ...{ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, timezoneId: 'UTC' },
    permissions: ['geolocation'],
    geolocation: { longitude: lonDeg + 0.004, latitude: latDeg, accuracy: 6 },
  })
  const page = await context.newPage()
  await page.goto(`${url}/driver`)
  await page.fill('[name=user]', 'crew-1')
  await page.fill('[name=password]', PASSWORD)
  await page.fill('[name=unit]', PHONE_UNIT.unitId)
  await page.tap('button[type=submit]')
  await page.tap('[data-button="sign-on"]')
  await page.waitForSelector('[data-position=ok]')
  await sleep(2_000)
  const needs = [{ levelOfCare: 'als', transport: true, capabilities: [] }]
  const details = { callerName: 'A neighbour', address: '12 Quay Street', notes: 'Third floor, no lift.' }
  const call = { lonDeg, latDeg, priority: 1, problem: '09E01', needs, details }
  await add('/v1/calls?region=demo', await tokenOf('desk-1'), 'phone-call', call)
  await page.waitForSelector('[data-offer]')
  await take(page, 'phone-order')
  await page.tap('[data-button=accept]')
  await page.tap('[data-button="en-route"]')
  await page.waitForSelector('[data-phase="en-route"]')
  await page.emulateMedia({ colorScheme: 'dark' })
  await sleep(500)
  await take(page, 'phone-trip-dark')
  await context.close()
}

async function shoot(by: Browser): Promise<void> {
  mkdirSync(values.out, { recursive: true })
  const page = await by.newPage({ viewport: { width: 1366, height: 768 }, colorScheme: 'light', timezoneId: 'UTC' })
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') console.log(`page: ${message.text()}`)
  })
  page.on('pageerror', error => console.log(`page: ${error.stack}`))
  await page.goto(url)
  await take(page, 'sign-in')
  await page.fill('[name=user]', 'desk-1')
  await page.fill('[name=password]', PASSWORD)
  await page.keyboard.press('Enter')
  await page.waitForSelector('[data-connection=open]')
  // Until calls have come, and units work on some of them.
  await page.waitForFunction(
    () => document.querySelectorAll('[data-phase="en-route"], [data-phase="transporting"]').length > 2,
    null,
    {
      timeout: READY_MS,
    },
  )
  await sleep(2_000)
  await take(page, 'board')
  await page.keyboard.press('j')
  await page.click('tr[data-phase="en-route"] .row-button')
  await page.click('text=Who could go now')
  await page.fill('[name=note]', 'Second caller: the gate is locked, the code is 4711.')
  await page.keyboard.press('Control+Enter')
  await sleep(1_500)
  await take(page, 'trip')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await page.click('.board', { position: { x: 5, y: 5 } })
  await page.keyboard.press('n')
  await page.fill('[name=place]', `${CENTRE.latDeg}, ${CENTRE.lonDeg}`)
  await page.fill('[name=problem]', '09E01')
  await sleep(1_500)
  await take(page, 'call')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await page.click('.board', { position: { x: 5, y: 5 } })
  await page.keyboard.press('f')
  await page.keyboard.press('c')
  await page.selectOption('[name=coverage]', '4')
  await page.waitForFunction(
    () => Number(document.querySelector<HTMLElement>('[data-drawn]')?.dataset.drawn) > 3,
    null,
    {
      timeout: READY_MS,
    },
  )
  await sleep(1_500)
  await take(page, 'coverage')
  await page.click('#tab-units')
  await page.emulateMedia({ colorScheme: 'dark' })
  await sleep(1_500)
  await take(page, 'units-dark')
  await page.setViewportSize({ width: 2560, height: 1440 })
  await page.click('.map-buttons .fit')
  await page.click('#tab-trips')
  await page.keyboard.press('j')
  await sleep(3_000)
  await take(page, 'wide-dark')
  await page.setViewportSize({ width: 390, height: 844 })
  await page.mouse.move(0, 0)
  await page.emulateMedia({ colorScheme: 'light' })
  await sleep(2_000)
  await take(page, 'desk-phone')
  await page.setViewportSize({ width: 1366, height: 768 })
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.keyboard.press('?')
  await sleep(300)
  await take(page, 'keys-dark')
}

/** WebP, a fifth of a PNG. */
async function take(page: Page, name: string): Promise<void> {
  const file = path.join(values.out, `${name}.webp`)
  const session = await page.context().newCDPSession(page)
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 82 })
  await session.detach()
  writeFileSync(file, Buffer.from(data, 'base64'))
  console.log(file)
}
