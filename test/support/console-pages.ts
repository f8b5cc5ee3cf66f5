/** The console in a real Chromium: an engine with a region, a dispatcher who can sign in, and pages that note what they do. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { TestContext } from 'node:test'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { ADMIN_PASSWORD, type Site } from './engine.ts'

/** Maps are drawn by the processor where there is no graphics card. It refuses to run as root with its sandbox. */
const FLAGS = ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist']
export const PASSWORD = 'nineteen slow otters swim'
export const PATIENCE_MS = 60_000

export const launch = (executablePath: string): Promise<Browser> => chromium.launch({ executablePath, args: FLAGS })

/** A page with all that it asked for, warned of and broke. */
export interface NotedPage {
  readonly page: Page
  /** Addresses of everything that was requested. */
  readonly requests: string[]
  /** Errors, refused by the policy of the page or thrown; warnings of the map. */
  readonly troubles: string[]
}

export async function notedPage(
  t: TestContext,
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<NotedPage> {
  const context = await browser.newContext({
    viewport: { width: 1366, height: 768 },
    // A map that is drawn by the processor is drawn as seldom as may be.
    reducedMotion: 'reduce',
    ...options,
  })
  t.after(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  const [requests, troubles]: [string[], string[]] = [[], []]
  page.on('request', request => requests.push(request.url()))
  page.on('websocket', socket => requests.push(socket.url()))
  page.on('pageerror', error => troubles.push(String(error.stack)))
  page.on('console', message => {
    // A request that an engine did not answer while it was away is no mistake of the page.
    const isTrouble =
      ['error', 'warning'].includes(message.type()) &&
      !/ERR_CONNECTION|Failed to load resource|WebSocket connection/.test(message.text())
    if (isTrouble) troubles.push(message.text())
  })
  return { page, requests, troubles }
}

/** Makes a dispatcher of the region. Input: an engine that is ready. */
export const addDispatcher = (site: Site, name: string, region: string): Promise<void> =>
  addUser(site, name, { role: 'dispatcher', regions: [region] })

export const addSupervisor = (site: Site, name: string, region: string): Promise<void> =>
  addUser(site, name, { role: 'supervisor', regions: [region] })

/** Makes a crew that may sign in for these units. */
export const addCrew = (site: Site, name: string, region: string, units: readonly string[]): Promise<void> =>
  addUser(site, name, { role: 'driver', regions: [region], units })

async function addUser(site: Site, name: string, more: Readonly<Record<string, unknown>>): Promise<void> {
  const login = await site.http('/v1/auth/login', {
    method: 'POST',
    body: JSON.stringify({ user: 'admin', password: ADMIN_PASSWORD }),
  })
  const { status, body } = await site.http('/v1/users', {
    method: 'POST',
    token: login.body.accessToken,
    headers: { 'idempotency-key': `user-${name}` },
    body: JSON.stringify({ name, ...more, password: PASSWORD }),
  })
  if (status !== 201) throw new Error(JSON.stringify(body))
}

/** Signs in by keyboard alone, and waits for the board. */
export async function signInAt(page: Page, port: number, name: string): Promise<void> {
  await page.goto(`http://127.0.0.1:${port}/`)
  await page.waitForSelector('[name=user]:focus')
  await page.keyboard.type(name)
  await page.keyboard.press('Tab')
  await page.keyboard.type(PASSWORD)
  await page.keyboard.press('Enter')
  await page.waitForSelector('[data-connection=open]')
  await page.waitForSelector('.banner', { state: 'detached' })
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string
    readonly impact: string
    readonly nodes: readonly { readonly html: string }[]
  }[]
}

/** What axe finds, from `serious` on. */
export async function seriousFindings(page: Page): Promise<string[]> {
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  // Beside the page's own policy, which lets no script in that did not come with it.
  await page.evaluate(axe)
  const { violations } = (await page.evaluate('axe.run()')) as AxeResult
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}
