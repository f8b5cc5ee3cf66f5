/** Pictures of an administrator's page, and of a crew on the radio. */
import type { Browser, Page } from 'playwright-core'

interface OfficeShots {
  readonly url: string
  readonly password: string
  readonly take: (page: Page, name: string) => Promise<void>
}

export async function shootOffice(by: Browser, { url, password, take }: OfficeShots): Promise<void> {
  const page = await by.newPage({ viewport: { width: 1366, height: 768 }, colorScheme: 'light', timezoneId: 'UTC' })
  const signIn = async (user: string) => {
    await page.goto(url)
    await page.fill('[name=user]', user)
    await page.fill('[name=password]', password)
    await page.keyboard.press('Enter')
  }
  await signIn('admin')
  await page.click('[data-page=policy]')
  await page.fill('[name="orderTimeoutMs.1"]', '60')
  await page.fill('[name=policy-note]', 'Radio is bad in the valley')
  await take(page, 'policy')
  await page.click('[data-page=statistics]')
  // Until the first units have arrived there is nothing to show.
  while ((await page.locator('.summary:not([data-samples="0"]) ~ .charts canvas').count()) === 0) {
    await page.waitForTimeout(2_000)
    await page.click('.asked button')
  }
  await page.emulateMedia({ colorScheme: 'dark' })
  await take(page, 'statistics-dark')
  await page.emulateMedia({ colorScheme: 'light' })
  await page.click('text=Sign out')
  await signIn('desk-1')
  await page.waitForSelector('[data-connection=open]')
  await page.click('tr[data-phase="en-route"] .row-button')
  await page.waitForSelector('.panel .actions')
  await page.click('.board', { position: { x: 5, y: 5 } })
  await page.keyboard.press('r')
  await page.waitForSelector('[data-unit-status]')
  await take(page, 'radio')
  await page.close()
}
