/** Supervisors, administrators, crews on the radio and the guest of a demo at the console, in a real Chromium. */
import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { guestsOf } from '../../src/cli/demo-guest.ts'
import { buildConsole } from '../../tools/console/build.ts'
import { withDatabaseAt, withReference } from '../../tools/shared/reference.ts'
import { findChromium } from '../support/browser.ts'
import {
  addDispatcher,
  addSupervisor,
  launch,
  notedPage,
  PATIENCE_MS,
  seriousFindings,
  signInAt,
} from '../support/console-pages.ts'
import { ADMIN_PASSWORD, SCENE, Site, until } from '../support/engine.ts'

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

async function service(t: TestContext, units: readonly string[] = ['A1', 'A2']) {
  const site = await Site.make(t, { [REGION]: { mode: 'ordered', units } })
  await site.start()
  await addDispatcher(site, 'desk-1', REGION)
  return site
}

/** As an admin, who has no board. */
async function signInAsAdmin(page: Page, port: number): Promise<void> {
  await page.goto(`http://127.0.0.1:${port}/`)
  await page.fill('[name=user]', 'admin')
  await page.fill('[name=password]', ADMIN_PASSWORD)
  await page.keyboard.press('Enter')
  await page.waitForSelector('.office nav')
}

const open = async (page: Page, name: string) => {
  await page.click(`[data-page=${name}]`)
  await page.waitForSelector(`[data-page=${name}][aria-current=page]`)
}
const save = (page: Page) => page.click('dialog[open] button[type=submit]')

test(
  'an administrator makes units and users; a password is shown once, works, and a disabled user is out',
  LIMIT,
  async t => {
    const site = await service(t)
    const { page, troubles } = await notedPage(t, browser)
    await signInAsAdmin(page, site.port)

    await page.click('text=Add a unit')
    await page.fill('dialog [name=unitId]', 'A9')
    await page.fill('dialog [name=callSign]', ' Medic 9')
    await page.fill('dialog [name=homeStation]', 'nowhere!')
    await save(page)
    // The engine's own refusal, at the field.
    await page.waitForSelector('dialog [name=homeStation][aria-invalid=true]:focus')
    await page.fill('dialog [name=homeStation]', '')
    await save(page)
    await page.waitForSelector('tr[data-row=A9]')

    await open(page, 'users')
    await page.click('text=Add a user')
    await page.fill('dialog [name=name]', 'desk-2')
    await save(page)
    const password = (await page.textContent('dialog .secret'))!
    await page.click('dialog[open] button.primary')
    await page.waitForSelector('tr[data-row="desk-2"]')
    const login = (secret: string) =>
      site.http('/v1/auth/login', { method: 'POST', body: JSON.stringify({ user: 'desk-2', password: secret }) })
    assert.equal((await login(password)).status, 200)

    await page.click('[aria-label="New password: desk-2"]')
    await page.click('dialog[open] button.primary')
    const second = (await page.textContent('dialog .secret'))!
    await page.click('dialog[open] button.primary')
    assert.deepEqual([(await login(password)).status, (await login(second)).status], [401, 200])
    await page.click('[aria-label="Disable: desk-2"]')
    await page.click('dialog[open] button.primary')
    await page.waitForSelector('[aria-label="Enable: desk-2"]')
    assert.equal((await login(second)).status, 401)

    await page.click('[aria-label="Disable: admin"]')
    await page.click('dialog[open] button.primary')
    await page.waitForSelector('dialog .refusal:has-text("last admin")')
    await page.keyboard.press('Escape')

    await open(page, 'audit')
    await page.fill('.audit-search [name=subject]', 'desk-2')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.querySelectorAll('tr[data-action=user-changed]').length === 2)
    const told = (await page.textContent('.audit table'))!
    assert.equal(told.includes(password) || told.includes(second), false)
    await page.click('text=Prove that it is whole')
    assert.match((await page.textContent('.audit-end'))!, /^\d+:[0-9a-f]{64}$/)
    assert.deepEqual(troubles, [])
  },
)

test(
  'of two who change the policy at once the second sees what the first has set, and sets the own on top of it',
  LIMIT,
  async t => {
    const site = await service(t)
    const [one, two] = [await notedPage(t, browser), await notedPage(t, browser)]
    for (const { page } of [one, two]) {
      await signInAsAdmin(page, site.port)
      await open(page, 'policy')
      await page.waitForSelector('[name="roundsMax"]')
    }
    const set = async (page: Page, name: string, typed: string, note: string) => {
      await page.fill(`[name="${name}"]`, typed)
      await page.fill('[name=policy-note]', note)
      await page.click('.policy-save button[type=submit]')
    }
    await set(one.page, 'roundsMax', '5', 'more rounds at night')
    await one.page.waitForSelector('[data-version="2"]')
    await set(two.page, 'orderTimeoutMs.1', '50', 'crews need longer')
    await two.page.waitForSelector('.meanwhile:has-text("roundsMax now 5")')
    assert.equal(await two.page.inputValue('[name="roundsMax"]'), '5')
    assert.equal(await two.page.inputValue('[name="orderTimeoutMs.1"]'), '50')
    await two.page.click('.policy-save button[type=submit]')
    await two.page.waitForSelector('[data-version="3"]')
    const history = (await two.page.textContent('.policy-history table'))!
    assert.match(
      history,
      /crews need longer.*orderTimeoutMs\.1: 45 s → 50 s[\s\S]*more rounds at night.*roundsMax: 2 → 5/,
    )
    const policy = await withReference(site.databaseUrl, reference => reference.policy(REGION))
    assert.deepEqual([policy.version, policy.policy.roundsMax, policy.policy.orderTimeoutMs[1]], [3, 5, 50_000])

    // Refused by the engine, at the number that it is about.
    await set(two.page, 'orderWarnMs.2', '60', 'wrong')
    await two.page.waitForSelector('[name="orderTimeoutMs.2"][aria-invalid=true]')
    assert.match((await two.page.textContent('.policy-save .refusal'))!, /must be more than orderWarnMs\.2/)
    assert.deepEqual([...one.troubles, ...two.troubles], [])
  },
)

test(
  'a supervisor changes units beside the board, keeps what was typed when somebody was faster, and sees the own region’s audit',
  LIMIT,
  async t => {
    const site = await service(t)
    await addSupervisor(site, 'head-1', REGION)
    const { page, troubles } = await notedPage(t, browser)
    await signInAt(page, site.port, 'head-1')
    await page.keyboard.press('o')
    await page.waitForSelector('tr[data-row=A1]:has-text("off duty")')
    assert.deepEqual(
      await page.locator('[data-page]').evaluateAll(all => all.map(each => (each as HTMLElement).dataset.page)),
      ['units', 'hospitals', 'policy', 'statistics', 'audit'],
    )
    await page.click('[aria-label="Change A1"]')
    await page.fill('dialog [name=callSign]', 'Rescue 1')
    const token = await site.token({ sub: 'admin-1', role: 'admin', regions: [] })
    const { headers } = await site.http(`/v1/units/A1?region=${REGION}`, { token })
    const faster = await site.http(`/v1/units/A1?region=${REGION}`, {
      ...{ method: 'PATCH', token, headers: { 'if-match': headers.get('etag')! } },
      body: JSON.stringify({ capabilities: ['bariatric'] }),
    })
    assert.equal(faster.status, 200)
    await save(page)
    await page.waitForSelector('dialog .meanwhile:has-text("Capabilities now bariatric")')
    assert.equal(await page.inputValue('dialog [name=callSign]'), 'Rescue 1')
    assert.equal(await page.inputValue('dialog [name=capabilities]'), 'bariatric')
    await save(page)
    await page.waitForSelector('tr[data-row=A1]:has-text("Rescue 1"):has-text("bariatric")')
    await page.click('tr[data-row=A2] button:has-text("Retire")')
    await page.click('dialog[open] button.primary')
    await page.waitForSelector('tr[data-row=A2]', { state: 'detached' })

    await open(page, 'audit')
    await page.waitForSelector('tr[data-action=unit-deleted]')
    assert.equal(await page.locator('tr[data-action=user-created]').count(), 0)
    assert.equal(await page.locator('text=Prove that it is whole').count(), 0)
    await page.keyboard.press('Escape')
    await page.waitForSelector('.board')
    assert.deepEqual(troubles, [])
  },
)

test(
  'a crew on the radio signs on, takes an order and works a trip, each by two keys from its unit',
  LIMIT,
  async t => {
    const site = await service(t)
    const { page, troubles } = await notedPage(t, browser)
    await signInAt(page, site.port, 'desk-1')
    const unitIs = async (status: string) => {
      await page.waitForSelector(`[data-unit-status=${status}]`)
    }
    await page.keyboard.press('r')
    await page.waitForSelector('[name=radio-unit]:focus')
    await page.keyboard.type('a1')
    await page.keyboard.press('Enter')
    await unitIs('off-duty')
    await page.keyboard.press('1')
    await unitIs('available')
    await page.keyboard.press('6')
    await page.waitForSelector('.keys[role=group]:focus')
    await page.keyboard.press('2')
    await unitIs('unavailable')
    await page.keyboard.press('1')
    await unitIs('available')

    const { result } = await site.dispatcher().enterCall({
      ...SCENE,
      priority: 1,
      needs: [{ levelOfCare: 'als', capabilities: [] }],
    })
    const tripId = result.tripIds[0]!
    await site.dispatcher().assignUnit(tripId, 'A1', 'local-knowledge')
    await unitIs('offered')
    await page.keyboard.press('Escape')
    // From the trip that is open its unit is chosen already: R and one digit.
    await page.keyboard.press('j')
    await page.waitForSelector('.panel .actions')
    for (const [key, status] of [
      ['2', 'assigned'],
      ['3', 'en-route'],
      ['4', 'on-scene'],
      ['7', 'transporting'],
      ['8', 'at-destination'],
    ] as const) {
      await page.keyboard.press('j')
      await page.waitForSelector('.panel .actions')
      await page.keyboard.press('r')
      await page.waitForSelector('.radio-panel [data-unit-status]')
      await page.keyboard.press(key)
      await unitIs(status)
    }
    await page.keyboard.press('9')
    await page.waitForSelector('.keys[role=group]:focus')
    await page.keyboard.press('1')
    await unitIs('available')
    await page.keyboard.press('0')
    await unitIs('off-duty')
    const events = (await site.records()).flatMap(({ events: some }) => some)
    const signedOn = events.find(event => event.type === 'CrewSignedOn')
    assert.ok(signedOn !== undefined && 'cause' in signedOn && signedOn.cause === 'dispatcher')
    assert.ok(events.some(event => event.type === 'TripClosed'))
    assert.deepEqual(troubles, [])
  },
)

test(
  'the address that a demo prints lets one guest in, leaves no trace in the address, and ends with the demo',
  LIMIT,
  async t => {
    const site = await service(t)
    const withGuests = <T>(work: (guests: ReturnType<typeof guestsOf>) => Promise<T>) =>
      withDatabaseAt(site.databaseUrl, database => work(guestsOf(database)))
    const ticket = await withGuests(async guests => {
      await guests.open(REGION)
      return guests.ticket(REGION, 'here')
    })
    const address = `http://127.0.0.1:${site.port}/#guest=${ticket}`
    const { page, requests, troubles } = await notedPage(t, browser)
    await page.goto(address)
    await page.waitForSelector('[data-connection=open]')
    assert.equal(page.url(), `http://127.0.0.1:${site.port}/`)
    assert.equal(await page.textContent('.user'), `guest-${REGION}`)
    assert.deepEqual(
      requests.filter(url => url.includes(ticket!) && !url.startsWith(address)),
      [],
    )
    await page.goBack().catch(() => null)
    assert.equal(page.url().includes('guest='), false)

    const { page: second } = await notedPage(t, browser)
    await second.goto(address)
    await second.waitForSelector('.refusal:has-text("lets nobody in")')
    assert.equal(second.url().includes('guest='), false)

    const { page: third } = await notedPage(t, browser)
    await third.goto(
      `http://127.0.0.1:${site.port}/#guest=${await withGuests(guests => guests.ticket(REGION, 'here'))}`,
    )
    await third.waitForSelector('[data-connection=open]')
    await withGuests(guests => guests.close(REGION))
    await third.waitForSelector('.banner.bad')
    assert.deepEqual(troubles, [])
  },
)

test('somebody who is signed in stays who they are, whatever address with a ticket is opened', LIMIT, async t => {
  const site = await service(t)
  const ticket = await withDatabaseAt(site.databaseUrl, async database => {
    await guestsOf(database).open(REGION)
    return guestsOf(database).ticket(REGION, 'here')
  })
  const { page } = await notedPage(t, browser)
  await signInAt(page, site.port, 'desk-1')
  await page.goto(`http://127.0.0.1:${site.port}/#guest=${ticket}`)
  await until('the ticket is gone from the address', () => !page.url().includes('guest='), PATIENCE_MS)
  await page.reload()
  await page.waitForSelector('[data-connection=open]')
  assert.equal(await page.textContent('.user'), 'desk-1')
})

test('an empty service says what to do next, and a region is made there', LIMIT, async t => {
  const site = await Site.make(t, {})
  await site.start()
  const { page, troubles } = await notedPage(t, browser)
  await signInAsAdmin(page, site.port)
  await page.waitForSelector('.empty-service')
  assert.match((await page.textContent('.empty-service'))!, /npx goldenhour demo/)
  assert.deepEqual(await seriousFindings(page), [])
  await page.click('text=Make the region')
  await page.fill('dialog [name=region]', 'akl')
  await page.fill('dialog [name=name]', 'Auckland')
  await save(page)
  await page.waitForSelector('.office-list:has-text("A region needs units")')
  assert.deepEqual(troubles, [])
})

test(
  'axe finds nothing serious on any of these pages, in light and in dark; a dispatcher may only look',
  LIMIT,
  async t => {
    const site = await service(t)
    await withReference(site.databaseUrl, reference =>
      reference.import('hospitals', REGION, [
        {
          hospitalId: 'H1',
          name: 'Central',
          ...SCENE,
          address: null,
          emergencyDepartment: true,
          capabilities: ['stroke'],
        },
      ]),
    )
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await notedPage(t, browser, { colorScheme })
      const look = async (where: string) =>
        assert.deepEqual(await seriousFindings(page), [], `${where}, ${colorScheme}`)
      await signInAsAdmin(page, site.port)
      await page.waitForSelector('tr[data-row=A1]')
      await look('units')
      await page.click('tr[data-row=A1] button')
      await page.waitForSelector('dialog [name=callSign]')
      await look('a unit')
      await page.keyboard.press('Escape')
      await open(page, 'hospitals')
      await page.waitForSelector('tr[data-row=H1]')
      await look('hospitals')
      await open(page, 'policy')
      await page.waitForSelector('[data-version="1"]')
      await page.fill('[name="roundsMax"]', '6')
      await look('policy')
      await open(page, 'users')
      await page.waitForSelector('tr[data-row=admin]')
      await look('users')
      await open(page, 'devices')
      await look('devices')
      await open(page, 'audit')
      await page.waitForSelector('tr[data-action]')
      await look('audit')
      await page.click('text=Sign out')

      await signInAt(page, site.port, 'desk-1')
      await page.keyboard.press('r')
      await page.keyboard.type('a')
      await page.waitForSelector('.radio-panel .keys button')
      await page.keyboard.press('Enter')
      await page.waitForSelector('[data-unit-status]')
      await look('radio')
      await page.keyboard.press('o')
      await page.waitForSelector('tr[data-row=A1]')
      assert.equal(await page.locator('.office-list button:has-text("Add")').count(), 0)
      await open(page, 'hospitals')
      const next = colorScheme === 'light' ? 'divert' : 'closed'
      await page.click('tr[data-row=H1] button')
      await page.waitForSelector('dialog [name=status]')
      await look('a status')
      await page.selectOption('dialog [name=status]', next)
      await page.fill('dialog [name=statusNote]', 'no scanner')
      await save(page)
      await page.waitForFunction(
        words => document.querySelector('tr[data-row=H1]')?.textContent?.includes(words),
        next === 'divert' ? 'on divert, since' : 'closed, since',
      )
      await open(page, 'policy')
      await page.waitForSelector('[name="roundsMax"]:disabled')
      assert.equal(await page.locator('[data-page=users], [data-page=audit]').count(), 0)
      await page.keyboard.press('Escape')
      await page.waitForSelector('.board')
    }
  },
)
