/** The log of a simulated shift, for tests of what is made of logs. */
import type { LogRecord } from '../../src/store/log/journal.ts'
import { drawPlan } from '../sim/plan.ts'
import { runSimulation } from '../sim/run.ts'

/** The logs that the files of this process have asked for: a shift takes seconds. */
const shifts = new Map<string, Promise<string>>()

/** Input: the region whose log it is to be. */
export async function simulatedLog(seed: number, region: string, hours: number, drivers = 8): Promise<LogRecord[]> {
  const shift = `${seed} ${hours} ${drivers}`
  if (!shifts.has(shift)) shifts.set(shift, simulated(seed, hours, drivers))
  const text = await shifts.get(shift)!
  return JSON.parse(text.replaceAll(/(?<=["/])sim(?=[."/])/g, region)) as LogRecord[]
}

async function simulated(seed: number, hours: number, drivers: number): Promise<string> {
  const { log } = await runSimulation(drawPlan(seed, { hours, drivers }), { keepLog: true })
  return JSON.stringify(log)
}
