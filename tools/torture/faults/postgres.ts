/** Postgres is away, or slow, and comes back by itself. */
import { setTimeout as sleep } from 'node:timers/promises'
import { between, type Fault, oneOf, over } from './fault.ts'

const STOPPED_MS = 30_000
const SLOW_MS = 6_000

export const postgresStopped: Fault = {
  name: 'postgres-stopped',
  summary: 'Postgres is stopped, or all its processes stand still, for 30 s',
  modes: ['served'],
  async run({ world, random }) {
    const { postgres } = world
    const how = oneOf(random, ['fast', 'immediate', 'SIGSTOP'] as const)
    const fromMs = performance.now()
    if (how === 'SIGSTOP') postgres.freeze()
    else await postgres.stop(how)
    await sleep(STOPPED_MS)
    const toMs = performance.now()
    if (how === 'SIGSTOP') await postgres.thaw()
    else await postgres.start()
    return over(how, { down: { fromMs, toMs } })
  },
}

export const slowDisk: Fault = {
  name: 'slow-disk',
  summary: 'every answer of Postgres takes 50 to 500 ms longer, as if its disk were slow',
  modes: ['served'],
  async run({ world, random }) {
    const mostMs = between(random, 50, 500)
    world.proxy.delayAnswers(() => between(random, 50, Math.max(51, mostMs)))
    try {
      await sleep(SLOW_MS)
    } finally {
      world.proxy.delayAnswers(null)
    }
    return over('answers delayed')
  },
}
