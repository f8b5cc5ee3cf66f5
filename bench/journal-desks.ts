/** An engine with units and dispatchers who are signed in and wait to be told what to do: where `journal` and `soak` begin. */

import { fileURLToPath } from 'node:url'
import { EngineChild, startDatabase } from './engine-child.ts'
import type { FromJournalLoad, ToJournalLoad } from './journal-load.ts'
import { liftedRates } from './lifted-rates.ts'
import { LoadChild } from './load-child.ts'
import { importUnits, prepareRegion, REGION, tokensOf } from './region.ts'

const LOAD = fileURLToPath(new URL('./journal-load.ts', import.meta.url))
export const DISPATCHERS = 16
/** No rate of a client is to be the limit. */
const RATES = liftedRates('command')

export async function startJournalDesks(units: number) {
  const databaseUrl = await startDatabase()
  await prepareRegion(databaseUrl, 0)
  const names = Array.from({ length: DISPATCHERS }, (_, i) => `desk-${i}`)
  const tokens = await tokensOf(databaseUrl, 'dispatcher', names)
  const engine = await EngineChild.start(databaseUrl, { settings: RATES })
  await importUnits(databaseUrl, units)
  const load = new LoadChild<ToJournalLoad, FromJournalLoad>(LOAD)
  load.send({ type: 'sign-in', port: engine.port, region: REGION, tokens, units })
  await load.heard('ready')
  return { databaseUrl, engine, load }
}
