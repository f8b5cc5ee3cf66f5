/** The connection to Postgres is cut around a commit, so that the engine cannot know whether it took place. */
import { setTimeout as sleep } from 'node:timers/promises'
import { within } from '../wait.ts'
import { REGION } from '../world/fleet.ts'
import type { CutMoment } from '../world/proxy.ts'
import type { World } from '../world/world.ts'
import { between, type Fault, over } from './fault.ts'

const CUTS = 4
const COMMIT_LIMIT_MS = 10_000

const cutAt = (moment: CutMoment, summary: string): Fault => ({
  name: `cut-${moment}-commit`,
  summary,
  modes: ['served'],
  async run({ world, random }) {
    for (let cut = 0; cut < CUTS; cut++) {
      await (moment === 'during' ? cutWhileItRuns(world) : cutOnce(world, moment))
      await sleep(between(random, 100, 1_500))
    }
    return over(moment, { counts: { cuts: CUTS } })
  },
})

export const cutBeforeCommit = cutAt('before', 'connections cut when a commit was asked for and did not reach Postgres')
export const cutDuringCommit = cutAt('during', 'connections cut while Postgres carries a commit out')
export const cutAfterCommit = cutAt('after', 'connections cut when Postgres had answered, before the engine heard it')

async function cutOnce(world: World, moment: CutMoment): Promise<void> {
  const { done, cancel } = world.proxy.cutNextCommit(moment)
  try {
    await within(`A commit to cut ${moment}`, done, COMMIT_LIMIT_MS)
  } finally {
    cancel()
  }
}

/** The statement waits for a lock of ours, so that it surely runs when its connection goes; then it may come to its end. */
async function cutWhileItRuns(world: World): Promise<void> {
  const locker = await world.postgres.connect()
  try {
    await locker.query('BEGIN')
    await locker.query('SELECT 1 FROM log.region_owner WHERE region = $1 FOR UPDATE', [REGION])
    await cutOnce(world, 'during')
    await locker.query('ROLLBACK')
  } finally {
    await locker.end().catch(() => undefined)
  }
}
