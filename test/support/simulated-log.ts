/** The log of a simulated shift, for tests of what is made of logs. */
import type { LogRecord } from '../../src/store/log/journal.ts'
import { drawPlan } from '../sim/plan.ts'
import { runSimulation } from '../sim/run.ts'

/** Input: the region whose log it is to be. */
export async function simulatedLog(seed: number, region: string, hours: number, drivers = 8): Promise<LogRecord[]> {
  const { log } = await runSimulation(drawPlan(seed, { hours, drivers }), { keepLog: true })
  const text = JSON.stringify(log).replaceAll(/(?<=["/])sim(?=[."/])/g, region)
  return JSON.parse(text) as LogRecord[]
}
