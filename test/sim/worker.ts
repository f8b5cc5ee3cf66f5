/** A process of its own that runs one plan after another for its parent, so that every core is used. */

import type { FromWorker } from './many.ts'
import type { Plan } from './plan.ts'
import { runSimulation } from './run.ts'

const tell = (message: FromWorker): void => void process.send!(message)

// Ctrl-C is the parent's business; it ends its workers itself.
process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit())
process.on('message', async ({ plan, stopAtFirst }: { plan: Plan; stopAtFirst: boolean }) => {
  const { figures, violations } = await runSimulation(plan, {
    stopAtFirst,
    onProgress: () => tell({ type: 'progress' }),
  })
  tell({ type: 'done', figures, violations })
})
