/** What a test of the console works with: an engine with a region on roads, people who can sign in, and crews that answer. */
import type { TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import type { DriverClient } from '../../src/client/index.ts'
import { freePort } from '../../tools/shared/free-port.ts'
import { addDispatcher } from './console-pages.ts'
import { SCENE, Site } from './engine.ts'
import { layRoads } from './laid-roads.ts'

export const REGION = 'akl'

export async function deskService(t: TestContext, units: readonly string[] = ['A1', 'A2']) {
  const site = await Site.make(t, { [REGION]: { mode: 'offered', units } })
  await layRoads(site, REGION)
  const env = { PORT: String(await freePort()) }
  const engine = await site.spawn(env)
  await addDispatcher(site, 'desk-1', REGION)
  return { site, env, engine }
}

/** A crew that takes what it is offered, and says when; so far east of the scene, in degrees. */
export async function crewOf(
  site: Site,
  unitId: string,
  eastDeg = 0.004,
): Promise<{ crew: DriverClient; offered: Promise<string> }> {
  const crew = site.driver(unitId)
  const offered = new Promise<string>(resolve => {
    crew.onOffer((offer, trip) => {
      void crew.acceptOffer(offer.offerId).then(() => resolve(trip.tripId))
    })
  })
  await crew.signOn()
  crew.report({ lonDeg: SCENE.lonDeg + eastDeg, latDeg: SCENE.latDeg })
  await crew.mark()
  return { crew, offered }
}

export const rowIn = (phase: string): string => `tr[data-trip][data-phase="${phase}"]`

export const noted = (page: Page, text: string): Promise<number> => page.locator('.notes li', { hasText: text }).count()
