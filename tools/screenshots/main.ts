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

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PROGRAM = path.join(ROOT, 'bin/goldenhour.js')
const READY_MS = 120_000
const PASSWORD = 'a quiet night at the desk'
const CENTRE = { lonDeg: 174.76, latDeg: -36.8775 }
const HOSPITALS = [
  { hospitalId: 'CITY', name: 'City Hospital', lonDeg: 174.7473, latDeg: -36.8659, emergencyDepartment: true },
  { hospitalId: 'SOUTH', name: 'South Clinic', lonDeg: 174.7766, latDeg: -36.8936, emergencyDepartment: false },
] as const
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
  await addDesk()
  await addHospitals()
  if (!existsSync(values.chromium)) throw new Error(`There is no ${values.chromium}; name one with --chromium.`)
  browser = await chromium.launch({ executablePath: values.chromium, args: FLAGS })
  await shoot(browser)
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

/** A dispatcher of the demo's region, which the demo makes. */
async function addDesk(): Promise<void> {
  const run = promisify(execFile)
  for (let tries = 0; ; tries += 1) {
    const adding = run(
      process.execPath,
      [PROGRAM, 'user', 'add', 'desk-1', '--role', 'dispatcher', '--region', 'demo', '--password-stdin'],
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
  const login = await fetch(`${url}/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'admin', password: PASSWORD }),
  })
  const { accessToken } = (await login.json()) as { accessToken: string }
  for (const hospital of HOSPITALS) {
    const added = await fetch(`${url}/v1/hospitals?region=demo`, {
      method: 'POST',
      headers: { authorization: `Bearer ${accessToken}`, 'idempotency-key': hospital.hospitalId },
      body: JSON.stringify(hospital),
    })
    if (!added.ok) throw new Error(`Hospital ${hospital.name}: ${await added.text()}`)
  }
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
  await page.click('#tab-units')
  await page.emulateMedia({ colorScheme: 'dark' })
  await sleep(1_500)
  await take(page, 'units-dark')
  await page.setViewportSize({ width: 2560, height: 1440 })
  await page.click('#tab-trips')
  await page.keyboard.press('j')
  await sleep(3_000)
  await take(page, 'wide-dark')
  await page.setViewportSize({ width: 1366, height: 768 })
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
